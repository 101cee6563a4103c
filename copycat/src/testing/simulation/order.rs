//! Checks the answers to the calls of one line against their order.
//!
//! An answer names its position in the total order of commands, so it shows which of the line's writes it reflects.

use super::history::Operation;
use super::violation::Violation;
use crate::codec::access::{Access, Consistency, ReadOrder};

/// The answered calls of one line: the number of each operation, and the number of commands that its answer reflects.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// All writes of the line, answered or not.
    asked: Vec<u64>,
    writes: Vec<(u64, u64)>,
    reads: Vec<(u64, u64, Access)>,
}

/// Returns whether the call must reflect every earlier write of its line, not only those that its member has applied.
fn is_fresh(access: Access) -> bool {
    !matches!(access, Access::Read(Consistency::Eventual, ReadOrder::Unordered | ReadOrder::Ordered))
}

impl Order {
    /// Records that a call was sent.
    pub(super) fn asked(&mut self, operation: &Operation) {
        if operation.access == Access::Write {
            self.asked.push(operation.number);
        }
    }

    /// Checks the answer to a call: the state after `found` commands. `position_of` returns the position of a committed
    /// write.
    pub(super) fn answered(
        &mut self,
        operation: &Operation,
        found: u64,
        position_of: impl Fn(u64) -> Option<u64>,
    ) -> Result<(), Violation> {
        let Operation { number, group, access, .. } = *operation;
        let broken = |earlier, later| Violation::OutOfLine { group, earlier, later };
        if access == Access::Write {
            let swapped = |(write, position): &&(u64, u64)| (*write < number) != (*position < found);
            if let Some((write, _)) = self.writes.iter().find(swapped) {
                return Err(broken(*write.min(&number), *write.max(&number)));
            }
            let missed = |read: &&(u64, u64, Access)| read.0 > number && read.1 < found && is_fresh(read.2);
            if let Some((read, ..)) = self.reads.iter().find(missed) {
                return Err(broken(number, *read));
            }
            self.writes.push((number, found));
            return Ok(());
        }
        let early =
            |write: &&u64| **write > number && position_of(**write).is_some_and(|position| position <= found);
        if let Some(write) = self.asked.iter().find(early) {
            return Err(broken(number, *write));
        }
        let missed = |(write, position): &&(u64, u64)| *write < number && *position > found;
        if let Some((write, _)) = self.writes.iter().find(missed).filter(|_| is_fresh(access)) {
            return Err(broken(*write, number));
        }
        self.check_reads(operation, found)?;
        self.reads.push((number, found, access));
        Ok(())
    }

    /// Checks that reads of one consistency never go back.
    fn check_reads(&self, operation: &Operation, found: u64) -> Result<(), Violation> {
        let Operation { number, group, access, .. } = *operation;
        let turned = |other: &&(u64, u64, Access)| {
            let in_turn = if other.0 < number { other.1 <= found } else { found <= other.1 };
            !in_turn && is_alike(access, other.2)
        };
        match self.reads.iter().find(turned) {
            Some(&(other, ..)) => {
                Err(Violation::OutOfLine { group, earlier: other.min(number), later: other.max(number) })
            }
            None => Ok(()),
        }
    }
}

/// Returns whether both are reads of one consistency that see the newest state.
fn is_alike(one: Access, other: Access) -> bool {
    match (one, other) {
        (Access::Read(a, _), Access::Read(b, _)) => a == b && is_fresh(one) && is_fresh(other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::GroupId;

    fn call(number: u64, access: Access) -> Operation {
        Operation { number, group: GroupId(1), access, known: 0, line: Some(1), malformed: false }
    }

    fn read(number: u64, consistency: Consistency, order: ReadOrder) -> Operation {
        call(number, Access::Read(consistency, order))
    }

    /// Returns a line of the writes 1 and 3. The first was answered at position 1, and the second is committed at
    /// position 2.
    fn written() -> Order {
        let mut order = Order::default();
        order.asked(&call(1, Access::Write));
        order.asked(&call(3, Access::Write));
        order.answered(&call(1, Access::Write), 1, |_| None).unwrap();
        order
    }

    fn position_of(write: u64) -> Option<u64> {
        (write == 3).then_some(2)
    }

    #[test]
    fn a_read_that_misses_an_earlier_write_or_sees_a_later_one_is_refused() {
        for consistency in [Consistency::Strict, Consistency::Lease, Consistency::Eventual] {
            let between = read(2, consistency, ReadOrder::AfterWrites);
            assert!(written().answered(&between, 0, position_of).is_err(), "it misses 1");
            written().answered(&between, 1, position_of).unwrap();
            assert!(written().answered(&between, 2, position_of).is_err(), "it sees 3");
        }
        let local = read(2, Consistency::Eventual, ReadOrder::Ordered);
        written().answered(&local, 0, position_of).unwrap();
        assert!(written().answered(&local, 2, position_of).is_err(), "it sees 3");
    }

    #[test]
    fn a_write_whose_answer_comes_late_is_compared_with_the_reads_behind_it() {
        let mut order = written();
        order.answered(&read(4, Consistency::Strict, ReadOrder::AfterWrites), 1, position_of).unwrap();
        let refused = order.answered(&call(3, Access::Write), 2, position_of).unwrap_err();
        assert!(matches!(refused, Violation::OutOfLine { earlier: 3, later: 4, .. }), "{refused}");
    }

    #[test]
    fn reads_of_one_consistency_and_writes_keep_their_order() {
        let mut order = written();
        order.answered(&read(6, Consistency::Strict, ReadOrder::Ordered), 5, position_of).unwrap();
        let earlier = |consistency| read(5, consistency, ReadOrder::Ordered);
        assert!(order.answered(&earlier(Consistency::Strict), 6, position_of).is_err());
        order.answered(&earlier(Consistency::Strict), 5, position_of).unwrap();
        order.answered(&earlier(Consistency::Lease), 6, position_of).unwrap();
        let mut order = written();
        assert!(order.answered(&call(3, Access::Write), 0, position_of).is_err());
    }
}
