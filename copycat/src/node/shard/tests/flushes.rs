//! What follows from a flush, and when: a flush that nobody waits for is no step of a core.

use super::*;
use crate::codec::entries::Packer;
use crate::codec::frame::{Header, Kind};
use crate::codec::terms::LogId;

/// The first entry of a group whose leader is the follower, as it arrives here. It is committed already.
fn first_entry(group: GroupId) -> Input {
    let mut packer = Packer::with_capacity(1, 0);
    packer.push(&Header::bare(Kind::Noop, group, 1, 1, 1), &[]);
    let entries = packer.finish();
    let (prev, spans) = (LogId::ZERO, entries.spans().clone());
    let message = Message::Append { term: 1, prev, commit: 1, spans, configurations: Vec::new() };
    Input::Raft { from: FOLLOWER, group, message, entries }
}

/// Returns a leader that has dispatched the first entries of its group.
fn idle() -> Leader {
    let mut leader = Leader::settled();
    leader.now += Duration::from_millis(5);
    leader.turn([]);
    leader
}

fn applied(leader: &Leader) -> Vec<Index> {
    leader.shard.status().groups.iter().map(|group| group.applied).collect()
}

#[test]
fn an_acknowledgement_finds_what_was_flushed_before_it_and_was_not_awaited() {
    let mut leader = Leader::settled();
    let (mut answer, flush) = leader.proposes();
    let written = flush.run(&mut leader.sent);
    assert!(!leader.shard.awaits_flush(), "one of three is no majority");
    leader.turn([Input::Done(Done::Written(written))]);
    assert_eq!(seen(&mut answer), None);
    leader.acknowledges(3);
    assert_eq!(seen(&mut answer), Some(Ok(1)));
}

#[test]
fn dispatches_that_nobody_waits_for_are_due_together() {
    let mut leader = idle();
    let [second, third] = [GroupId(8), GroupId(9)];
    leader.opens("second", second);
    leader.opens("third", third);
    let begin = leader.now;
    leader.turn([first_entry(second)]);
    leader.now += Duration::from_millis(3);
    leader.turn([first_entry(third)]);
    assert_eq!(applied(&leader), [RECORD, 0, 0]);
    assert_eq!(leader.shard.deadline(leader.now), begin + Duration::from_millis(5));
    leader.now = begin + Duration::from_millis(5);
    leader.turn([]);
    assert_eq!(applied(&leader), [RECORD, 1, 1]);
    assert!(leader.shard.deadline(leader.now) > leader.now, "nothing is left to be done");
}

#[test]
fn a_read_does_not_wait_for_a_dispatch_that_was_postponed_nor_does_the_next_dispatch_wait_longer() {
    let mut leader = idle();
    let second = GroupId(8);
    leader.opens("second", second);
    let begin = leader.now;
    leader.turn([first_entry(second)]);
    assert_eq!(applied(&leader), [RECORD, 0]);
    let (reply, mut answer) = oneshot::channel();
    let call = Call { access: Access::Read(Consistency::Eventual, ReadOrder::Unordered), ..call(FREE) };
    leader.turn([Input::Request(Request { group: second, call, reply })]);
    assert_eq!((seen(&mut answer), applied(&leader)), (Some(Ok(0)), vec![RECORD, 1]));
    leader.now = begin + Duration::from_millis(5);
    leader.turn([]);
    assert!(leader.shard.deadline(leader.now) > leader.now, "the list is empty again");
}
