//! What a shard keeps is bounded, and no bound makes an answer older than allowed.

use super::*;

/// Submits a strict read with `bytes` bytes of arguments.
fn read(leader: &mut Leader, bytes: usize) -> oneshot::Receiver<Answer> {
    read_of(leader, GROUP, bytes)
}

fn read_of(leader: &mut Leader, group: GroupId, bytes: usize) -> oneshot::Receiver<Answer> {
    let (reply, answer) = oneshot::channel();
    let call = with_body(FREE, vec![0; bytes]);
    leader.turn([Input::Request(Request { group, call, reply })]);
    answer
}

#[test]
fn arguments_are_kept_up_to_a_bound_and_one_request_more() {
    let mut leader = Leader::elected_within(Bounds { argument_bytes_max: 100, ..Bounds::DEFAULT });
    leader.acknowledges(2);
    let mut held = [read(&mut leader, 60), read(&mut leader, 60)];
    assert_eq!(seen(&mut read(&mut leader, 0)), Some(Err(RequestError::Busy)));
    assert_eq!(held.each_mut().map(seen), [None, None]);
    leader.records();
    leader.records();
    assert_eq!(held.each_mut().map(seen), [Some(Ok(0)); 2]);
    assert_eq!(seen(&mut read(&mut leader, 60)), None, "there is room again");
}

#[test]
fn requests_are_counted_until_they_are_answered() {
    let mut leader = Leader::elected_within(Bounds { requests_max: 2, ..Bounds::DEFAULT });
    leader.acknowledges(2);
    let [mut write, mut waits, mut busy] = leader.call([Access::Write, FREE, FREE]);
    assert_eq!(seen(&mut busy), Some(Err(RequestError::Busy)));
    leader.acknowledges(3);
    leader.records();
    assert_eq!((seen(&mut write), seen(&mut waits)), (Some(Ok(1)), Some(Ok(1))));
    let [mut more] = leader.call([Access::Write]);
    assert_eq!(seen(&mut more), None);
}

#[test]
fn what_one_group_gives_back_is_found_for_another_that_was_refused() {
    let mut leader = Leader::elected_within(Bounds { requests_max: 1, ..Bounds::DEFAULT });
    leader.acknowledges(2);
    let [second, third] = [GroupId(8), GroupId(9)];
    leader.opens("second", second);
    leader.opens("third", third);
    let mut first = read(&mut leader, 0);
    let mut kept = read_of(&mut leader, second, 0);
    for _ in 0..2 {
        assert_eq!(
            seen(&mut read_of(&mut leader, third, 0)),
            Some(Err(RequestError::Busy)),
            "the two took it all"
        );
    }
    leader.records();
    assert_eq!((seen(&mut first), seen(&mut kept)), (Some(Ok(0)), None));
    assert_eq!(seen(&mut read_of(&mut leader, third, 0)), None, "what the first one gave back");
}

#[test]
fn a_confirmed_read_waits_for_all_that_is_committed_and_not_for_what_is_dispatched() {
    let bounds = Bounds { unapplied_bytes: 1, piece_bytes: 1, ..Bounds::DEFAULT };
    let mut leader = Leader::elected_within(bounds);
    leader.acknowledges(2);
    let mut writes = leader.call([Access::Write; 4]);
    leader.acknowledges(6);
    let before = writes.iter_mut().filter_map(seen).count();
    assert!(before < 4, "all of them were dispatched at once");
    let mut strict = read(&mut leader, 0);
    leader.shard.turn(leader.now, []);
    leader.records();
    let mut turns = 0;
    let found = loop {
        match seen(&mut strict) {
            Some(found) => break found,
            None => leader.now += Duration::from_millis(5),
        }
        leader.shard.turn(leader.now, []);
        leader.turn([]);
        turns += 1;
        assert!(turns < 10, "one entry is dispatched each time that it is looked at");
    };
    assert_eq!(found, Ok(4));
}

#[test]
fn one_turn_proposes_up_to_a_bound_and_the_next_one_the_rest() {
    let mut leader = Leader::elected_within(Bounds { proposed_bytes: 1, ..Bounds::DEFAULT });
    leader.acknowledges(2);
    let reply = || oneshot::channel().0;
    let requests = [reply(), reply()]
        .map(|reply| Input::Request(Request { group: GROUP, call: call(Access::Write), reply }));
    leader.shard.turn(leader.now, requests);
    assert_eq!(leader.status().last.index, 3, "one entry");
    assert!(leader.shard.awaits_flush(), "and another that waits");
    leader.turn([]);
    assert_eq!(leader.status().last.index, 4);
}
