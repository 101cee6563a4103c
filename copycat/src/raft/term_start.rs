//! The start of a leadership: the first entry of the term, and the first messages to all followers.

use super::effect::{Effect, Effects, InternalEntry};
use super::leadership::Leader;
use crate::codec::terms::LogId;

impl Leader<'_> {
    /// Begins a leadership: appends an entry of its own term, because nothing older commits before it, and sends
    /// heartbeats and appends to all followers.
    pub(super) fn begin(&mut self, fx: &mut Effects) {
        assert_eq!(self.leadership.rounds.newest(), 0, "a leadership begins once");
        self.append_term_start(fx);
        self.send_heartbeats(fx);
        self.replicate(fx);
    }

    /// Appends the first entry of the term. The very first entry of a group is its initial configuration. Every later
    /// leader begins with a no-op.
    // Rule: Raft §8
    fn append_term_start(&mut self, fx: &mut Effects) {
        let server = &mut *self.server;
        let at = server.append(server.term, 1);
        assert_eq!(
            at.first, self.leadership.term_start,
            "the first entry of the term is the first after it began"
        );
        let entry = if server.log.base() == LogId::ZERO && at.first == 1 {
            let initial = server.configurations.initial().clone();
            server.adopt(at.first, initial.clone());
            InternalEntry::Configuration(initial)
        } else {
            InternalEntry::Noop
        };
        fx.push(Effect::AppendInternal { id: LogId::new(at.term, at.first), entry });
    }
}
