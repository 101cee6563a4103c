//! The leader's strict reads: ReadIndex. Their queue is in [`read_queue`](super::read_queue); the rounds of heartbeats that
//! confirm them are in [`heartbeat`](super::heartbeat).

use super::effect::{Effect, Effects};
use super::leadership::Leader;
use super::read_queue::{ReadBatch, ReadTicket};
use crate::codec::ids::Index;

impl Leader<'_> {
    /// Registers a strict read. It needs a round of heartbeats that starts from now on.
    pub(super) fn register_read(&mut self) -> ReadTicket {
        self.leadership.idle.note_activity();
        let ticket = ReadTicket(self.server.number_read());
        // A leader may not know all committed entries before it commits the first entry of its own term.
        // Rule: thesis §6.4 (1)
        // Rule: thesis §6.4 (2)
        let index = self.server.commit.max(self.leadership.term_start);
        assert!(index <= self.server.log.last().index, "a read waits for {index}, which is not in the log");
        self.leadership.reads.register(ticket, index, self.leadership.rounds.newest());
        ticket
    }

    /// Confirms the reads that arrived before `round` started, because a majority has answered it.
    pub(super) fn confirm_reads(&mut self, round: u64, fx: &mut Effects) {
        push_ready(self.leadership.reads.confirm(round, self.server.commit), fx);
    }

    /// Handles a new commit index, for which confirmed reads may have waited.
    pub(super) fn commit_reads(&mut self, commit: Index, fx: &mut Effects) {
        push_ready(self.leadership.reads.committed(commit), fx);
    }
}

/// Reports reads that may be answered as soon as the state has applied their index.
// Rule: thesis §6.4 (4)
fn push_ready(ready: Option<ReadBatch>, fx: &mut Effects) {
    if let Some(batch) = ready {
        fx.push(Effect::ReadReady { through: batch.through, index: batch.index });
    }
}
