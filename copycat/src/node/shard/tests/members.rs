//! Up to three members, connected without delay, whose clocks a test moves.

use super::*;
use crate::codec::terms::LogId;
use std::collections::VecDeque;

pub(super) const INTERVAL: Duration = Duration::from_millis(20);
/// The groups that the first and the second member lead.
pub(super) const LED: [GroupId; 2] = [GroupId(7), GroupId(8)];

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

pub(super) struct Member {
    pub(super) shard: Shard,
    applier: Applier,
    end: End,
    now: Duration,
}

impl Member {
    /// Creates a member of three, with an empty disk.
    fn new(id: u64, quiet_after: u64, seed: u64, wire: &Wire) -> Member {
        let raft = raft::options::RaftOptions {
            election_timeout: 5 * INTERVAL,
            heartbeat_interval: INTERVAL,
            quiet_after,
            inflight_max: 64,
            entries_max: 64,
            seed,
        };
        let end = End(MemberId(id), Arc::clone(wire));
        let shard = shard_of(MemberId(id), raft, Bounds::DEFAULT, Box::new(end.clone()));
        // The clocks of the members are unrelated, and so are the times of their heartbeats.
        Member { shard, applier: Applier::default(), end, now: Duration::from_millis(1_000 + 7 * id) }
    }

    pub(super) fn turn(&mut self, inputs: Vec<Input>) {
        self.shard.turn(self.now, inputs);
        loop {
            let out = self.shard.jobs();
            let (flush, preallocation) = (out.flush.take(), out.preallocation.take());
            let work = std::mem::take(&mut out.work);
            self.applier.run(work, &|| self.now);
            let mut done = Vec::new();
            done.extend(flush.map(|flush| Done::Written(flush.run(&mut self.end))));
            done.extend(preallocation.map(|preallocation| Done::Preallocated(preallocation.run())));
            if done.is_empty() {
                return;
            }
            self.shard.turn(self.now, done.into_iter().map(Input::Done));
        }
    }

    fn status(&self, group: GroupId) -> Option<raft::state::Status> {
        self.shard.group_status(group).map(|status| status.raft)
    }

    pub(super) fn leads(&self, group: GroupId) -> bool {
        self.status(group).is_some_and(|status| status.role == raft::effect::Role::Leader)
    }

    pub(super) fn is_quiet(&self, group: GroupId) -> bool {
        self.status(group).is_some_and(|status| status.quiet)
    }
}

/// Returns the resource of a group.
fn opened(group: GroupId) -> OpenResource {
    resource(&format!("group {}", group.0), group, common())
}

/// The members that are up, beginning with the first.
pub(super) struct Members {
    pub(super) members: Vec<Member>,
    wire: Wire,
    /// The number of messages with heartbeats or answers, by sender.
    pub(super) messages: [usize; 3],
    /// The pairs of sender and receiver between which every message is held up.
    pub(super) cut: Vec<(u64, u64)>,
    /// The messages that were held up, in order.
    held_up: Vec<(MemberId, MemberId, wire::Message)>,
    quiet_after: u64,
}

impl Members {
    /// Returns two of three members, whose first one leads one group. If `both`, the second member leads another one.
    pub(super) fn two(both: bool) -> Members {
        let mut two = Members::up(2, u64::MAX);
        two.elect(0);
        if both {
            two.elect(1);
        }
        two.messages = [0; 3];
        two
    }

    /// Returns `count` of three members. Their groups are quiet after so many idle rounds.
    pub(super) fn up(count: u64, quiet_after: u64) -> Members {
        let wire = Wire::default();
        let members = (1..=count).map(|id| Member::new(id, quiet_after, id, &wire)).collect();
        Members { members, wire, messages: [0; 3], cut: Vec::new(), held_up: Vec::new(), quiet_after }
    }

    /// Opens a group on all members, and lets one of them be elected.
    pub(super) fn elect(&mut self, leader: usize) {
        let group = LED[leader];
        for at in 0..self.members.len() {
            self.attach(at, group);
        }
        let announced = |id| announced(MemberId(id), &opened(group));
        self.members[leader].turn([1, 2, 3].map(announced).into());
        // Without a state machine the other members do not stand for election.
        for (at, member) in self.members.iter_mut().enumerate() {
            if at != leader {
                member.turn(vec![Input::Detach(vec![group])]);
            }
        }
        self.pass(50 * INTERVAL);
        assert!(self.members[leader].leads(group));
    }

    /// Opens the resource of a group on a member, which may stand for election from then on.
    pub(super) fn attach(&mut self, at: usize, group: GroupId) {
        let (attachment, mut attached) = attachment(opened(group));
        self.members[at].turn(vec![Input::Attach(attachment)]);
        attached.try_recv().unwrap().unwrap();
    }

    /// Replaces a member by a new process with an empty disk.
    pub(super) fn replace(&mut self, at: usize) {
        let now = self.members[at].now;
        let (id, seed) = (at as u64 + 1, 100 + at as u64);
        self.members[at] = Member { now, ..Member::new(id, self.quiet_after, seed, &self.wire) };
    }

    /// Lets time pass, one millisecond at a time.
    pub(super) fn pass(&mut self, time: Duration) {
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
            if self.cut.contains(&(from.0, to.0)) {
                self.held_up.push((from, to, message));
                continue;
            }
            let Some(receiver) = self.members.get_mut(to.0 as usize - 1) else { continue };
            let inputs = match message {
                wire::Message::Heartbeats(HeartbeatBatch { head, records }) => {
                    self.messages[from.0 as usize - 1] += 1;
                    let input = |record: wire::heartbeats::HeartbeatRecord| {
                        input(from, record.group, record.message, Vec::new())
                    };
                    let head = Input::HeartbeatHead { from, head };
                    std::iter::once(head).chain(records.into_iter().map(input)).collect()
                }
                wire::Message::Raft { group, message, frames, .. } => {
                    vec![input(from, group, message, frames.concat())]
                }
                other => panic!("{other:?}"),
            };
            receiver.turn(inputs);
        }
    }

    /// Ends all cuts, and delivers the newest message that each of them has held up.
    pub(super) fn deliver_newest(&mut self) {
        for (from, to) in std::mem::take(&mut self.cut) {
            let of_cut =
                |(sender, receiver, _): &&(MemberId, MemberId, _)| (sender.0, receiver.0) == (from, to);
            let newest = self.held_up.iter().rev().find(of_cut).cloned();
            self.wire.lock().unwrap().extend(newest);
        }
        self.held_up.clear();
        self.deliver();
    }

    /// Submits a read to the first member. Returns the number of messages that follow from it at once, by sender.
    pub(super) fn read(&mut self, consistency: Consistency) -> [usize; 3] {
        self.call(Access::Read(consistency, ReadOrder::Unordered)).0
    }

    /// Submits a request to the first member. Returns the number of messages with heartbeats or answers that follow
    /// from it at once, by sender, and whether it was carried out.
    pub(super) fn call(&mut self, access: Access) -> ([usize; 3], bool) {
        let before = self.messages;
        let (reply, mut answer) = oneshot::channel();
        self.members[0].turn(vec![Input::Request(Request { group: LED[0], call: call(access), reply })]);
        self.deliver();
        let done = matches!(answer.try_recv(), Ok(Ok(_)));
        ([0, 1, 2].map(|member| self.messages[member] - before[member]), done)
    }
}

fn input(from: MemberId, group: GroupId, message: Message, frames: Vec<u8>) -> Input {
    let entries = match &message {
        Message::Append { term, prev, .. } => Entries::read(group, *prev, *term, frames.into()).unwrap(),
        _ => Entries::read(group, LogId::ZERO, 0, frames.into()).unwrap(),
    };
    Input::Raft { from, group, message, entries }
}
