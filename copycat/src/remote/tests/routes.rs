//! Tests of the connection that a request takes, given leader hints, broken connections and answers.

use super::super::connections::ConnectionId;
use super::super::queue::{QueueKey, Recipient};
use super::super::routes::Routes;
use crate::codec::access::{Access, Consistency};
use crate::codec::command::{Call, Command};
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::request::error::RequestError;
use crate::request::sender::{Answer, Request};
use crate::request::wire::leaders::LeaderHint;
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

const GROUP: GroupId = GroupId(7);
const OTHER: GroupId = GroupId(8);
/// The connection to each member has its number.
const DEFAULT: ConnectionId = ConnectionId(1);
const SECOND: ConnectionId = ConnectionId(2);
const THIRD: ConnectionId = ConnectionId(3);

/// Routes with a clock set by the test, and with requests that are identified by their method.
struct Test {
    routes: Routes,
    start: Instant,
    now: Instant,
    taken: u32,
    /// Requests in flight, in the order of sending.
    sent: Vec<(QueueKey, ConnectionId, u32)>,
}

impl Test {
    /// Creates routes that are connected to member 1, the default member.
    fn new() -> Test {
        let start = Instant::now();
        let mut test = Test { routes: Routes::default(), start, now: start, taken: 0, sent: Vec::new() };
        test.open(DEFAULT);
        test.routes.set_default_connection(DEFAULT);
        test
    }

    fn open(&mut self, connection: ConnectionId) {
        self.routes.opened(MemberId(connection.0), connection);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn take(&mut self, group: GroupId, access: Access) -> oneshot::Receiver<Answer> {
        let (reply, answer) = oneshot::channel();
        self.taken += 1;
        let command = Command { method: MethodId(self.taken), key_len: 0, body: Bytes::new() };
        let request = Request { group, call: Call::new(access, command), reply };
        self.routes.take(self.now, self.now + Duration::from_secs(5), request);
        answer
    }

    fn write(&mut self, group: GroupId) {
        drop(self.take(group, Access::Write));
    }

    /// Sends what may be sent, and returns the connection and the requests of each batch.
    fn send(&mut self) -> Vec<(ConnectionId, Vec<u32>)> {
        let mut batches = Vec::new();
        while let Some(batch) = self.routes.next() {
            let (queue, connection) = (batch.queue, batch.connection);
            let numbers: Vec<u32> =
                batch.requests.map(|(_, request)| request.call.command.method.0).collect();
            self.sent.extend(numbers.iter().map(|number| (queue, connection, *number)));
            batches.push((connection, numbers));
        }
        batches.sort();
        batches
    }

    fn answer(&mut self, number: u32) {
        let at = self.sent.iter().position(|(.., sent)| *sent == number).expect("it was sent");
        let (queue, ..) = self.sent.remove(at);
        self.routes.ended(queue, 1);
    }

    fn disconnect(&mut self, connection: ConnectionId) {
        for (queue, ..) in
            self.sent.extract_if(.., |(_, sent_on, _)| *sent_on == connection).collect::<Vec<_>>()
        {
            self.routes.ended(queue, 1);
        }
        self.routes.closed(self.now, connection);
    }

    fn hear(&mut self, group: GroupId, term: u64, member: u64) {
        let address = format!("member:{member}");
        self.routes.hear(vec![LeaderHint { group, term, member: MemberId(member), address }]);
    }

    fn forget_leader(&mut self, group: GroupId, connection: ConnectionId) {
        self.routes.forget_leader(self.now, QueueKey { group, recipient: Recipient::Leader }, connection);
    }

    fn missing(&self) -> Vec<u64> {
        self.routes.missing().map(|leader| leader.member.0).collect()
    }

    fn seek(&mut self) -> Vec<(ConnectionId, Vec<GroupId>)> {
        self.routes.seek(self.now).into_iter().collect()
    }
}

#[test]
fn requests_take_the_default_member_until_the_leader_is_connected() {
    let mut test = Test::new();
    test.write(GROUP);
    test.write(OTHER);
    test.write(GROUP);
    assert_eq!(test.send(), [(DEFAULT, vec![1, 3]), (DEFAULT, vec![2])], "one batch for each group");
    (1..=3).for_each(|number| test.answer(number));
    test.hear(GROUP, 4, 2);
    assert_eq!(test.missing(), [2]);
    test.write(GROUP);
    assert_eq!(test.send(), [(DEFAULT, vec![4])], "nobody waits for a connection that may never be");
    test.answer(4);
    test.open(SECOND);
    assert_eq!(test.missing(), [0; 0]);
    test.write(GROUP);
    test.write(OTHER);
    assert_eq!(test.send(), [(DEFAULT, vec![6]), (SECOND, vec![5])]);
}

#[test]
fn groups_with_different_leaders_take_different_connections() {
    let mut test = Test::new();
    test.open(SECOND);
    test.open(THIRD);
    for (group, member) in [(GROUP, 2), (OTHER, 3)] {
        test.write(group);
        test.hear(group, 1, member);
    }
    test.write(GroupId(9));
    test.hear(GroupId(9), 1, 1);
    assert_eq!(test.send(), [(DEFAULT, vec![3]), (SECOND, vec![1]), (THIRD, vec![2])]);
}

#[test]
fn nobody_overtakes_those_who_are_under_way_on_the_old_connection() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.write(GROUP);
    assert_eq!(test.send(), [(DEFAULT, vec![1, 2])]);
    test.hear(GROUP, 1, 2);
    test.write(GROUP);
    assert_eq!(test.send(), [], "1 and 2 may still be proposed");
    test.answer(2);
    test.write(OTHER);
    test.write(GROUP);
    assert_eq!(test.send(), [(DEFAULT, vec![4])], "other groups do not wait");
    assert_eq!(test.routes.waiting(), 2);
    test.answer(1);
    assert_eq!(test.send(), [(SECOND, vec![3, 5])], "in their order");
    assert_eq!(test.routes.waiting(), 0);
    // And back again: there is another leader, to which there is no connection yet.
    test.hear(GROUP, 2, 3);
    test.write(GROUP);
    assert_eq!(test.send(), []);
    test.answer(3);
    test.answer(5);
    assert_eq!(test.send(), [(DEFAULT, vec![6])]);
}

#[test]
fn a_change_that_is_taken_back_delays_nobody() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.send();
    test.hear(GROUP, 1, 2);
    test.write(GROUP);
    assert_eq!(test.send(), []);
    test.forget_leader(GROUP, SECOND);
    assert_eq!(test.send(), [(DEFAULT, vec![2])]);
}

#[test]
fn after_a_break_nothing_is_under_way_and_the_next_go_at_once() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.hear(GROUP, 1, 2);
    assert_eq!(test.send(), [(SECOND, vec![1])]);
    test.hear(GROUP, 2, 1);
    test.write(GROUP);
    assert_eq!(test.send(), [], "the leader changed, and 1 is in flight");
    test.disconnect(SECOND);
    assert_eq!(test.send(), [(DEFAULT, vec![2])]);
    test.disconnect(DEFAULT);
    test.write(GROUP);
    assert_eq!((test.routes.default_connection(), test.send()), (None, vec![]));
    // A new default member, on another connection.
    test.routes.opened(MemberId(3), THIRD);
    test.routes.set_default_connection(THIRD);
    assert_eq!(test.send(), [(THIRD, vec![3])]);
}

#[test]
fn without_its_default_member_a_handle_goes_on_with_what_it_has() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.hear(GROUP, 1, 2);
    assert_eq!(test.send(), [(SECOND, vec![1])]);
    test.disconnect(DEFAULT);
    assert_eq!(test.routes.default_connection(), Some(SECOND));
    test.write(GROUP);
    test.write(OTHER);
    assert_eq!(
        test.send(),
        [(SECOND, vec![2]), (SECOND, vec![3])],
        "the leader's requests are not disturbed"
    );
}

#[test]
fn a_broken_connection_puts_its_leader_in_doubt() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.hear(GROUP, 1, 2);
    test.send();
    test.seek();
    test.disconnect(SECOND);
    assert_eq!(test.missing(), [0; 0], "it is not called again before it is named again");
    test.pass(Duration::from_millis(60));
    assert_eq!(test.seek(), [(DEFAULT, vec![GROUP])], "and that is asked soon");
    test.hear(GROUP, 1, 2);
    assert_eq!(test.missing(), [2]);
    test.routes.unreachable(MemberId(2));
    assert_eq!(test.missing(), [0; 0]);
}

#[test]
fn the_newer_term_is_right() {
    let mut test = Test::new();
    test.open(SECOND);
    test.open(THIRD);
    test.write(GROUP);
    test.hear(GROUP, 5, 3);
    test.hear(GROUP, 4, 2);
    assert_eq!(test.send(), [(THIRD, vec![1])]);
    test.answer(1);
    // The newest leader turns out not to lead: then older hints count again.
    test.forget_leader(GROUP, SECOND);
    test.write(GROUP);
    assert_eq!(test.send(), [(THIRD, vec![2])], "who was not asked is not forgotten");
    test.answer(2);
    test.forget_leader(GROUP, THIRD);
    test.hear(GROUP, 4, 2);
    test.write(GROUP);
    assert_eq!(test.send(), [(SECOND, vec![3])]);
}

#[test]
fn who_leads_is_asked_of_those_who_may_know_and_only_while_it_matters() {
    let mut test = Test::new();
    test.open(SECOND);
    assert_eq!(test.seek(), [], "no group is used");
    test.write(GROUP);
    drop(test.take(OTHER, Access::read(Consistency::Eventual)));
    assert_eq!(test.seek(), [(DEFAULT, vec![GROUP])], "at once; any member will do for the other");
    assert_eq!(test.seek(), [], "once");
    test.send();
    test.hear(GROUP, 1, 2);
    test.pass(Duration::from_millis(999));
    assert_eq!(test.seek(), []);
    test.pass(Duration::from_millis(1));
    assert_eq!(test.seek(), [(DEFAULT, vec![GROUP]), (SECOND, vec![GROUP])], "as long as one is in flight");
    test.answer(1);
    test.pass(Duration::from_secs(1));
    assert_eq!(test.seek(), [], "nothing was asked since");
    test.write(GROUP);
    assert_eq!(test.seek().len(), 2);
    test.forget_leader(GROUP, DEFAULT);
    assert_eq!(test.seek(), [], "a storm of failures is no storm of questions");
    test.pass(Duration::from_millis(50));
    assert_eq!(test.seek().len(), 2);
}

#[test]
fn reads_of_any_state_stay_with_the_default_member() {
    let mut test = Test::new();
    test.open(SECOND);
    test.write(GROUP);
    test.hear(GROUP, 1, 2);
    drop(test.take(GROUP, Access::read(Consistency::Eventual)));
    drop(test.take(GROUP, Access::read(Consistency::Lease)));
    drop(test.take(GROUP, Access::read(Consistency::Strict)));
    drop(test.take(GROUP, Access::read(Consistency::Eventual).in_line(false)));
    assert_eq!(
        test.send(),
        [(DEFAULT, vec![2]), (SECOND, vec![1, 3, 4, 5])],
        "except for those that keep their order"
    );
}

#[test]
fn connections_are_kept_as_long_as_somebody_takes_them() {
    let mut test = Test::new();
    test.open(SECOND);
    assert!(test.routes.needs(DEFAULT) && !test.routes.needs(SECOND));
    test.write(GROUP);
    test.hear(GROUP, 1, 2);
    test.send();
    test.hear(GROUP, 2, 1);
    assert!(test.routes.needs(SECOND), "1 is in flight on it");
    test.pass(Duration::from_secs(20));
    test.routes.forget(test.now);
    test.answer(1);
    assert!(!test.routes.needs(SECOND));
    test.write(GROUP);
    test.hear(GROUP, 3, 2);
    test.send();
    test.answer(2);
    test.routes.forget(test.now);
    assert!(test.routes.needs(SECOND), "it was used a moment ago");
    test.pass(Duration::from_secs(10));
    test.routes.forget(test.now);
    assert!(!test.routes.needs(SECOND), "nobody uses the group any more");
    assert!(test.routes.needs(DEFAULT));
}

#[test]
fn those_who_wait_too_long_are_told_that_nothing_happened() {
    let mut test = Test::new();
    test.disconnect(DEFAULT);
    let mut first = test.take(GROUP, Access::Write);
    test.pass(Duration::from_secs(1));
    let mut second = test.take(OTHER, Access::Write);
    assert_eq!(test.send(), []);
    test.routes.expire(test.start + Duration::from_millis(4_999));
    assert!(first.try_recv().is_err());
    test.routes.expire(test.start + Duration::from_secs(5));
    assert_eq!(first.try_recv(), Ok(Err(RequestError::NoLeader)));
    assert!(second.try_recv().is_err());
    assert_eq!(test.routes.waiting(), 1);
    test.open(DEFAULT);
    test.routes.set_default_connection(DEFAULT);
    assert_eq!(test.send(), [(DEFAULT, vec![2])]);
}

#[test]
fn what_was_not_asked_about_is_not_heard() {
    let mut test = Test::new();
    test.write(GROUP);
    let noise = (1..5_000).map(|number| LeaderHint {
        group: GroupId(number << 32),
        term: u64::MAX,
        member: MemberId(number),
        address: "nowhere:1".into(),
    });
    test.routes.hear(noise.collect());
    assert_eq!(test.missing(), [0; 0]);
    assert_eq!(test.send(), [(DEFAULT, vec![1])]);
}

/// Requests of one group are sent in their order, each once, as long as no connection breaks.
#[test]
fn order_is_kept_through_any_changes() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut test = Test::new();
        test.open(SECOND);
        test.open(THIRD);
        let mut last = [0; 2];
        for step in 1..500 {
            match random.u32(..10) {
                0..5 => test.write(if random.bool() { GROUP } else { OTHER }),
                5..7 => test.hear(if random.bool() { GROUP } else { OTHER }, step, random.u64(1..=4)),
                7 => test.forget_leader(GROUP, ConnectionId(random.u64(1..=3))),
                8 => test.routes.set_default_connection(ConnectionId(random.u64(1..=3))),
                _ => test.pass(Duration::from_millis(random.u64(..100))),
            }
            let before = test.sent.len();
            test.send();
            for (queue, connection, number) in &test.sent[before..] {
                let last = &mut last[usize::from(queue.group == OTHER)];
                assert!(*number > *last, "seed {seed}");
                *last = *number;
                let elsewhere =
                    |(other, on, _): &&(QueueKey, ConnectionId, u32)| other == queue && on != connection;
                assert_eq!(test.sent.iter().find(elsewhere), None, "seed {seed}: in flight on two at once");
            }
            while !test.sent.is_empty() && random.u32(..3) == 0 {
                let answered = test.sent[random.usize(..test.sent.len())].2;
                test.answer(answered);
            }
        }
        while let Some((.., number)) = test.sent.first() {
            test.answer(*number);
            test.send();
        }
        assert_eq!(test.routes.waiting(), 0, "seed {seed}: nobody is forgotten");
    }
}
