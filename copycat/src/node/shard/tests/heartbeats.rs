//! Two members that lead groups of each other exchange as many messages as if only one of them led.

use super::*;
use crate::codec::terms::LogId;
use std::collections::VecDeque;

const INTERVAL: Duration = Duration::from_millis(20);
/// The groups that the first and the second member lead.
const LED: [GroupId; 2] = [GroupId(7), GroupId(8)];

/// The messages that the members have sent, in order.
type Wire = Arc<Mutex<VecDeque<(MemberId, MemberId, wire::Message)>>>;

/// The connections of one member.
#[derive(Clone, Debug)]
struct End(MemberId, Wire);

impl Links for End {
    fn send(&mut self, to: MemberId, message: wire::Message) -> bool {
        self.1.lock().unwrap().push_back((self.0, to, message));
        true
    }

    fn flush(&mut self) {}
}

struct Member {
    shard: Shard,
    end: End,
    now: Duration,
}

impl Member {
    fn turn(&mut self, inputs: Vec<Input>) {
        self.shard.turn(self.now, inputs);
        loop {
            let out = self.shard.jobs();
            out.work.clear();
            let (flush, preparation) = (out.flush.take(), out.preparation.take());
            let mut done = Vec::new();
            done.extend(flush.map(|flush| Done::Written(flush.run(&mut self.end))));
            done.extend(preparation.map(|preparation| Done::Prepared(preparation.run())));
            if done.is_empty() {
                return;
            }
            self.shard.turn(self.now, done.into_iter().map(Input::Done));
        }
    }

    fn leads(&self, group: GroupId) -> bool {
        self.shard.group_status(group).is_some_and(|status| status.raft.role == raft::effect::Role::Leader)
    }
}

/// Two of three members; the third is down.
struct Pair {
    members: [Member; 2],
    wire: Wire,
    /// The number of messages with heartbeats or answers, by sender.
    messages: [usize; 2],
}

impl Pair {
    /// Creates a pair whose first member leads one group. If `both`, the second member leads another one.
    fn leading(both: bool) -> Pair {
        let wire = Wire::default();
        let raft = raft::options::RaftOptions {
            election_timeout: 5 * INTERVAL,
            heartbeat_interval: INTERVAL,
            inflight_max: 64,
            entries_max: 64,
            seed: 1,
        };
        let members = [1, 2].map(|id| {
            let end = End(MemberId(id), Arc::clone(&wire));
            let shard = shard_of(MemberId(id), raft.clone(), Bounds::DEFAULT, Box::new(end.clone()));
            // The clocks of the members are unrelated, and so are the times of their heartbeats.
            Member { shard, end, now: Duration::from_millis(1_000 + 7 * id) }
        });
        let mut pair = Pair { members, wire, messages: [0, 0] };
        for (leader, group) in LED.into_iter().enumerate().take(1 + usize::from(both)) {
            for member in &mut pair.members {
                let (attachment, mut attached) = attachment(&format!("group {}", group.0), group);
                member.turn(vec![Input::Attach(attachment)]);
                attached.try_recv().unwrap().unwrap();
            }
            // Without a state machine the other member does not stand for election.
            pair.members[1 - leader].turn(vec![Input::Detach(vec![group])]);
            pair.pass(50 * INTERVAL);
            assert!(pair.members[leader].leads(group));
        }
        pair.messages = [0, 0];
        pair
    }

    /// Lets time pass, one millisecond at a time.
    fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_millis() {
            for member in &mut self.members {
                member.now += Duration::from_millis(1);
                if member.shard.deadline(member.now) <= member.now {
                    member.turn(Vec::new());
                }
            }
            self.deliver();
        }
    }

    /// Delivers all messages at once, and everything that follows from them.
    fn deliver(&mut self) {
        while let Some((from, to, message)) = { self.wire.lock().unwrap().pop_front() } {
            let Some(receiver) = self.members.get_mut(to.0 as usize - 1) else { continue };
            let inputs = match message {
                wire::Message::Heartbeats(HeartbeatBatch { records, .. }) => {
                    self.messages[from.0 as usize - 1] += 1;
                    let input = |record: wire::heartbeats::HeartbeatRecord| {
                        input(from, record.group, record.message, Vec::new())
                    };
                    records.into_iter().map(input).collect()
                }
                wire::Message::Raft { group, message, frames, .. } => {
                    vec![input(from, group, message, frames.concat())]
                }
                other => panic!("{other:?}"),
            };
            receiver.turn(inputs);
        }
    }

    /// Submits a read to the first member. Returns the number of messages that follow from it at once, by sender.
    fn read(&mut self, consistency: Consistency) -> [usize; 2] {
        let before = self.messages;
        let call = call(Access::Read(consistency, ReadOrder::Unordered));
        let (reply, _) = oneshot::channel();
        self.members[0].turn(vec![Input::Request(Request { group: LED[0], call, reply })]);
        self.deliver();
        [0, 1].map(|member| self.messages[member] - before[member])
    }
}

fn input(from: MemberId, group: GroupId, message: Message, frames: Vec<u8>) -> Input {
    let entries = match &message {
        Message::Append { term, prev, .. } => Entries::read(group, *prev, *term, frames.into()).unwrap(),
        _ => Entries::read(group, LogId::ZERO, 0, frames.into()).unwrap(),
    };
    Input::Raft { from, group, message, entries }
}

#[test]
fn members_that_lead_groups_of_each_other_send_no_more_messages_than_one_that_leads_all() {
    let [mut one, mut both] = [Pair::leading(false), Pair::leading(true)];
    one.pass(100 * INTERVAL);
    both.pass(100 * INTERVAL);
    assert_eq!(one.messages, [100, 100], "heartbeats one way, answers the other way");
    assert_eq!(both.messages, one.messages, "each message is both");
    assert!(both.members[0].leads(LED[0]) && both.members[1].leads(LED[1]));
}

#[test]
fn an_answer_that_somebody_waits_for_is_not_held_back() {
    let mut both = Pair::leading(true);
    for _ in 0..2 * INTERVAL.as_millis() {
        both.pass(Duration::from_millis(1));
        assert_eq!(both.read(Consistency::Strict), [1, 1], "a round, and its answer");
    }
}

#[test]
fn a_lease_lasts_although_answers_are_held_back() {
    let mut both = Pair::leading(true);
    for _ in 0..10 * INTERVAL.as_millis() {
        both.pass(Duration::from_millis(1));
        assert_eq!(both.read(Consistency::Lease), [0, 0], "nobody has to be asked");
    }
}

#[test]
fn answers_leave_although_no_heartbeats_do_any_more() {
    let mut both = Pair::leading(true);
    // The first member stays connected, but loses its group: the second one's heartbeats are answered as before.
    both.members[0].turn(vec![Input::Detach(vec![LED[0]])]);
    let before = both.messages[0];
    both.pass(20 * INTERVAL);
    let sent = both.messages[0] - before;
    assert!((18..=22).contains(&sent), "{sent} messages in 20 intervals");
    assert!(both.members[1].leads(LED[1]), "it hears from a majority");
}
