//! Checks the operations of clients on one group against their answers, in real time.
//!
//! Each answer of a tape names its position in the total order of commands, so linearizability needs no search. A
//! write or a strict read must take effect after everything that was acknowledged, or seen by such a read, before it
//! began. It must show exactly the state after that number of committed commands. The outcome of a failed write stays
//! open to the end, unless the error said that it was not applied.

use super::machine::{Taken, operation};
use super::order::Order;
use super::violation::Violation;
use crate::codec::access::{Access, Consistency};
use crate::codec::ids::GroupId;
use crate::request::error::{Outcome, RequestError};
use crate::request::sender::Answer;
use std::collections::BTreeMap;

/// An operation that a client has sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// The identifier of the operation, never reused.
    pub number: u64,
    /// The group that it reads or writes.
    pub group: GroupId,
    /// The kind of access.
    pub access: Access,
    /// Number of commands that were acknowledged or seen when it began.
    pub known: u64,
    /// The line that it belongs to.
    pub line: Option<u64>,
    /// The operation is malformed and must fail.
    pub malformed: bool,
}

impl Operation {
    /// Returns the kind of the operation in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.access {
            Access::Write => "write",
            Access::Read(Consistency::Strict, _) => "strict read",
            Access::Read(Consistency::Lease, _) => "lease read",
            Access::Read(Consistency::Eventual, _) => "eventual read",
        }
    }
}

/// The outcome of a write, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteOutcome {
    Refused(RequestError),
    /// The position among the committed commands.
    Committed(u64),
}

/// The operations on one group.
#[derive(Debug)]
pub(super) struct History {
    group: GroupId,
    /// The state after each number of commands, from none on, and the last command of each.
    states: Vec<(Taken, u64)>,
    fates: BTreeMap<u64, WriteOutcome>,
    lines: BTreeMap<u64, Order>,
    /// Number of commands that were acknowledged, or seen by a read that may not be stale.
    known: u64,
}

impl History {
    /// Creates the history of a group without operations.
    pub(super) fn new(group: GroupId) -> History {
        let states = vec![(Taken::default(), 0)];
        History { group, states, fates: BTreeMap::new(), lines: BTreeMap::new(), known: 0 }
    }

    /// Records that an operation was sent.
    pub(super) fn asked(&mut self, operation: &Operation) {
        if let Some(line) = operation.line {
            self.lines.entry(line).or_default().asked(operation);
        }
    }

    /// Returns the number of commands that have certainly happened.
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    /// Returns the state after all committed commands.
    pub(super) fn newest(&self) -> Taken {
        self.states.last().map_or(Taken::default(), |(taken, _)| *taken)
    }

    /// Records a committed command.
    pub(super) fn committed(&mut self, body: &[u8]) -> Result<(), Violation> {
        let (group, operation) = (self.group, operation(body).unwrap_or(0));
        self.states.push((self.newest().then(body), operation));
        match self.fates.insert(operation, WriteOutcome::Committed(self.newest().count)) {
            None => Ok(()),
            Some(WriteOutcome::Committed(_)) => Err(Violation::Twice { group, operation }),
            Some(WriteOutcome::Refused(error)) => Err(Violation::RefusedAndDone { group, operation, error }),
        }
    }

    /// Checks the answer to an operation.
    pub(super) fn answered(&mut self, asked: &Operation, answer: &Answer) -> Result<(), Violation> {
        match answer {
            Ok(_) if asked.malformed => {
                Err(Violation::Accepted { group: self.group, operation: asked.number })
            }
            Ok(bytes) => {
                let taken = Taken::decode(bytes).ok_or(Violation::OtherAnswer { operation: asked.number })?;
                self.succeeded(asked, taken)
            }
            Err(error) if asked.access == Access::Write && error.outcome() == Outcome::NotApplied => {
                self.refused(asked.number, *error)
            }
            Err(_) => Ok(()),
        }
    }

    fn refused(&mut self, operation: u64, error: RequestError) -> Result<(), Violation> {
        match self.fates.insert(operation, WriteOutcome::Refused(error)) {
            None | Some(WriteOutcome::Refused(_)) => Ok(()),
            Some(WriteOutcome::Committed(_)) => {
                Err(Violation::RefusedAndDone { group: self.group, operation, error })
            }
        }
    }

    fn succeeded(&mut self, asked: &Operation, taken: Taken) -> Result<(), Violation> {
        let Operation { number: operation, access, known, .. } = *asked;
        let (group, found) = (self.group, taken.count);
        let state = usize::try_from(found).ok().and_then(|count| self.states.get(count));
        let Some((_, last)) = state.filter(|(state, _)| *state == taken) else {
            return Err(Violation::NeverWas { group, operation, found });
        };
        if let Some(line) = asked.line {
            let position_of = |write| match self.fates.get(&write) {
                Some(WriteOutcome::Committed(position)) => Some(*position),
                _ => None,
            };
            self.lines.entry(line).or_default().answered(asked, found, position_of)?;
        }
        if matches!(access, Access::Read(Consistency::Eventual, _)) {
            return Ok(());
        }
        if access == Access::Write && *last != operation {
            return Err(Violation::OtherAnswer { operation });
        }
        // A write takes a position after the known commands; a read may show exactly those.
        let stale = if access == Access::Write { found <= known } else { found < known };
        if stale {
            return Err(Violation::Stale { group, operation, kind: asked.kind(), found, known });
        }
        self.known = self.known.max(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine::command;
    use super::*;

    const GROUP: GroupId = GroupId(3);

    fn asked(history: &History, number: u64, access: Access) -> Operation {
        Operation { number, group: GROUP, access, known: history.known(), line: None, malformed: false }
    }

    fn says(taken: Taken) -> Answer {
        let mut bytes = taken.count.to_le_bytes().to_vec();
        bytes.extend_from_slice(&taken.chain.to_le_bytes());
        Ok(bytes.into())
    }

    /// Returns a history in which the writes 1 to `count` were committed and acknowledged.
    fn written(count: u64) -> History {
        let mut history = History::new(GROUP);
        for number in 1..=count {
            let write = asked(&history, number, Access::Write);
            history.committed(&command(number, 8)).unwrap();
            let newest = history.newest();
            history.answered(&write, &says(newest)).unwrap();
        }
        history
    }

    #[test]
    fn a_stale_read_is_refused_unless_it_may_be_stale() {
        let mut history = written(2);
        let old = history.states[1].0;
        for consistency in [Consistency::Strict, Consistency::Lease] {
            let read = asked(&history, 9, Access::read(consistency));
            let refused = history.answered(&read, &says(old)).unwrap_err();
            assert!(matches!(refused, Violation::Stale { found: 1, known: 2, .. }), "{refused}");
            history.answered(&read, &says(history.newest())).unwrap();
        }
        let read = asked(&history, 9, Access::read(Consistency::Eventual));
        history.answered(&read, &says(old)).unwrap();
    }

    #[test]
    fn what_one_read_saw_no_later_read_may_miss() {
        let mut history = written(1);
        let early = asked(&history, 8, Access::read(Consistency::Strict));
        history.committed(&command(2, 8)).unwrap();
        let (before, newest) = (history.states[1].0, history.newest());
        let read = asked(&history, 9, Access::read(Consistency::Strict));
        history.answered(&read, &says(newest)).unwrap();
        history.answered(&early, &says(before)).unwrap();
        let later = asked(&history, 10, Access::read(Consistency::Strict));
        assert!(history.answered(&later, &says(before)).is_err());
    }

    #[test]
    fn a_lost_write_is_refused() {
        // It is acknowledged with a position in the order, but never committed.
        let mut history = written(1);
        let write = asked(&history, 2, Access::Write);
        let lost = history.newest().then(&command(2, 8));
        let refused = history.answered(&write, &says(lost)).unwrap_err();
        assert!(matches!(refused, Violation::NeverWas { found: 2, .. }), "{refused}");
        // It is acknowledged in the position of another write.
        history.committed(&command(3, 8)).unwrap();
        let newest = history.newest();
        assert!(history.answered(&write, &says(newest)).is_err());
    }

    #[test]
    fn a_refused_write_that_happens_and_a_write_that_happens_twice_are_refused() {
        let mut history = written(1);
        assert!(matches!(history.committed(&command(1, 8)).unwrap_err(), Violation::Twice { .. }));
        let write = asked(&history, 2, Access::Write);
        history.answered(&write, &Err(RequestError::NotLeader)).unwrap();
        assert!(matches!(
            history.committed(&command(2, 8)).unwrap_err(),
            Violation::RefusedAndDone { operation: 2, error: RequestError::NotLeader, .. }
        ));
        let write = asked(&history, 3, Access::Write);
        history.answered(&write, &Err(RequestError::Timeout)).unwrap();
        history.committed(&command(3, 8)).unwrap();
    }
}
