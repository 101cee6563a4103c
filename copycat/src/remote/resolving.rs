//! Names that are asked about: a synchronous value that touches no connection and reads no clock.
//!
//! A member can resolve a name once it has opened the resource, and its commands are on record. Otherwise it says so.
//! Another member may have opened it, or the same one may soon. So the question is repeated, to the default member of that moment,
//! until its deadline.

use super::connections::ConnectionId;
use crate::codec::ids::GroupId;
use crate::request::error::RequestError;
use crate::request::wire::resolve::{Resolve, Resolved};
use bytes::Bytes;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Pause before a name is asked about again.
const PAUSE: Duration = Duration::from_millis(50);

/// The reason why a name could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum ResolveError {
    /// A member answered that it has not opened the resource, and no other resolved the name in time.
    #[error("the resource is not open on the members that were asked")]
    NotOpen,
    /// A member has opened the resource, but its commands are not on record: for that, a majority must have opened it.
    #[error("no majority of the members has opened the resource with the same commands")]
    NotRecorded,
    /// No member answered in time.
    #[error("no member answered in time")]
    Silent,
    /// The handle is closed.
    #[error("the handle is closed")]
    Closed,
}

/// A resource that a member has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The groups of its partitions, in their order.
    pub groups: Vec<GroupId>,
    /// The encoded schema of its commands, not decoded.
    pub schema: Bytes,
}

/// Receives what is known of a resource.
pub(super) type Reply = oneshot::Sender<Result<Resource, ResolveError>>;

/// A name that a caller asks about.
#[derive(Debug)]
struct Question {
    id: u64,
    name: String,
    deadline: Instant,
    reply: Reply,
    /// The connection on which it was asked and not answered yet.
    asked: Option<ConnectionId>,
    next: Instant,
    /// The error at the deadline.
    otherwise: ResolveError,
}

/// All names that are asked about.
#[derive(Debug, Default)]
pub(super) struct Resolving {
    questions: Vec<Question>,
    made: u64,
}

impl Resolving {
    /// Adds a question, which ends at `deadline`.
    pub(super) fn take(&mut self, now: Instant, deadline: Instant, name: String, reply: Reply) {
        self.made += 1;
        let (id, otherwise) = (self.made, ResolveError::Silent);
        self.questions.push(Question { id, name, deadline, reply, asked: None, next: now, otherwise });
    }

    /// Returns the questions to ask on `connection` now, and counts them as asked.
    pub(super) fn ask(&mut self, now: Instant, connection: ConnectionId) -> Vec<Resolve> {
        let due =
            self.questions.iter_mut().filter(|question| question.asked.is_none() && question.next <= now);
        due.map(|question| {
            (question.asked, question.next) = (Some(connection), now + PAUSE);
            Resolve { id: question.id, name: question.name.clone() }
        })
        .collect()
    }

    /// Handles an answer that arrived on `connection`. Returns whether another member should be asked.
    pub(super) fn answered(&mut self, connection: ConnectionId, resolved: &Resolved) -> bool {
        let asked = |question: &Question| question.id == resolved.id && question.asked == Some(connection);
        let Some(at) = self.questions.iter().position(asked) else { return false };
        match &resolved.partitions {
            Ok(partitions) => {
                let groups = partitions.iter().map(|partition| partition.group).collect();
                let resource = Resource { groups, schema: resolved.schema.clone() };
                // A caller that has stopped waiting needs no answer. This holds for all answers here.
                let _ = self.questions.remove(at).reply.send(Ok(resource));
                false
            }
            Err(error) => {
                let question = &mut self.questions[at];
                question.asked = None;
                question.otherwise = match RequestError::from_code(*error) {
                    Some(RequestError::NoLeader) => ResolveError::NotRecorded,
                    // Another member may have opened it, and said so.
                    Some(RequestError::UnknownResource)
                        if question.otherwise != ResolveError::NotRecorded =>
                    {
                        ResolveError::NotOpen
                    }
                    _ => question.otherwise,
                };
                true
            }
        }
    }

    /// Marks the questions on `connection` to be asked again, because the connection is gone.
    pub(super) fn lost(&mut self, connection: ConnectionId) {
        for question in self.questions.iter_mut().filter(|question| question.asked == Some(connection)) {
            question.asked = None;
        }
    }

    /// Ends the questions whose deadline has passed, and those whose caller has stopped waiting.
    pub(super) fn expire(&mut self, now: Instant) {
        let over = |question: &mut Question| question.deadline <= now || question.reply.is_closed();
        for question in self.questions.extract_if(.., over) {
            let _ = question.reply.send(Err(question.otherwise));
        }
    }

    /// Returns the number of questions.
    pub(super) fn len(&self) -> usize {
        self.questions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::wire::resolve::Partition;

    const HERE: ConnectionId = ConnectionId(1);
    const THERE: ConnectionId = ConnectionId(2);
    const PATIENCE: Duration = Duration::from_secs(5);

    fn open(id: u64) -> Resolved {
        let partitions = Ok(vec![Partition { group: GroupId(7), leader: None }]);
        Resolved { id, partitions, schema: Bytes::from_static(b"shapes") }
    }

    fn not_open(id: u64) -> Resolved {
        let partitions = Err(RequestError::UnknownResource.code());
        Resolved { id, partitions, schema: Bytes::new() }
    }

    /// The end that waits for the answer about "bank".
    type Waiting = oneshot::Receiver<Result<Resource, ResolveError>>;

    fn asked(now: Instant) -> (Resolving, Waiting) {
        let (mut resolving, (reply, answer)) = (Resolving::default(), oneshot::channel());
        resolving.take(now, now + PATIENCE, "bank".into(), reply);
        (resolving, answer)
    }

    #[test]
    fn a_name_is_asked_about_until_somebody_knows_it() {
        let now = Instant::now();
        let (mut resolving, mut answer) = asked(now);
        assert_eq!(resolving.ask(now, HERE), [Resolve { id: 1, name: "bank".into() }]);
        assert_eq!(resolving.ask(now + PAUSE, HERE), [], "one question at a time");
        assert!(!resolving.answered(THERE, &open(1)), "who was not asked is not heard");
        assert!(resolving.answered(HERE, &not_open(1)), "somebody else may know");
        assert_eq!(resolving.ask(now, THERE), [], "not at once");
        assert_eq!(resolving.ask(now + PAUSE, THERE).len(), 1);
        assert!(!resolving.answered(THERE, &open(1)));
        let known = Resource { groups: vec![GroupId(7)], schema: Bytes::from_static(b"shapes") };
        assert_eq!(answer.try_recv(), Ok(Ok(known)));
        assert!(!resolving.answered(THERE, &open(1)), "once");
        assert_eq!(resolving.len(), 0);
    }

    #[test]
    fn whoever_waits_in_vain_learns_why() {
        let now = Instant::now();
        let cases: [(&[RequestError], _); 4] = [
            (&[], ResolveError::Silent),
            (&[RequestError::UnknownResource], ResolveError::NotOpen),
            (&[RequestError::NoLeader], ResolveError::NotRecorded),
            (&[RequestError::NoLeader, RequestError::UnknownResource], ResolveError::NotRecorded),
        ];
        for (answers, expected) in cases {
            let (mut resolving, mut answer) = asked(now);
            for (round, error) in (0..).zip(answers) {
                resolving.ask(now + round * PAUSE, HERE);
                let partitions = Err(error.code());
                resolving.answered(HERE, &Resolved { id: 1, partitions, schema: Bytes::new() });
            }
            resolving.expire(now + PATIENCE - PAUSE);
            assert!(answer.try_recv().is_err());
            resolving.expire(now + PATIENCE);
            assert_eq!(answer.try_recv(), Ok(Err(expected)));
        }
        let (mut resolving, answer) = asked(now);
        drop(answer);
        resolving.expire(now);
        assert_eq!(resolving.len(), 0, "nobody waits any more");
    }

    #[test]
    fn a_broken_connection_answers_nothing_and_another_is_asked() {
        let now = Instant::now();
        let (mut resolving, _answer) = asked(now);
        resolving.ask(now, HERE);
        resolving.lost(THERE);
        assert_eq!(resolving.ask(now + PAUSE, THERE), []);
        resolving.lost(HERE);
        assert_eq!(resolving.ask(now + PAUSE, THERE).len(), 1);
    }
}
