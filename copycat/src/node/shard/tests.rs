//! A shard that leads a group of three, with two followers that a test controls.

mod bounds;
mod flushes;
mod heartbeats;
mod members;
mod quiet;
mod refusals;
mod schemas;

use super::*;
use crate::codec::access::{Access, Consistency, ReadOrder};
use crate::codec::command::{Call, Command};
use crate::codec::entries::Entries;
use crate::codec::ids::{Index, MethodId};
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::codec::shape::{Shape, Types};
use crate::node::applier::Applier;
use crate::node::machine::{Checks, Entry, Halt, Machine, MachineError, Query};
use crate::node::wire;
use crate::node::wire::heartbeats::HeartbeatBatch;
use crate::raft;
use crate::raft::message::{AppendResult, Message};
use crate::request::sender::Answer;
use crate::storage::{self, MemoryDisk, Owner};
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

const GROUP: GroupId = GroupId(7);
const FOLLOWER: MemberId = MemberId(2);
const AFTER_WRITES: Access = Access::Read(Consistency::Strict, ReadOrder::AfterWrites);
const IN_LINE: Access = Access::Read(Consistency::Strict, ReadOrder::Ordered);
const FREE: Access = Access::Read(Consistency::Strict, ReadOrder::Unordered);

const WRITE: MethodId = MethodId(1);
const READ: MethodId = MethodId(2);
/// A command that the state machine does not know, although it is on record.
const UNKNOWN: MethodId = MethodId(9);

/// The index of the record of the commands. The first entry of a group is its configuration.
const RECORD: Index = 2;

/// A state machine that counts its commands. Each answer is the count.
#[derive(Default)]
struct Count(u8);

impl Machine for Count {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        if entry.command.method == UNKNOWN {
            return Err(Halt::UnknownMethod.into());
        }
        self.0 += 1;
        out.push(self.0);
        Ok(())
    }

    fn read(&self, _: &Query<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        out.push(self.0);
        Ok(())
    }
}

/// Returns the schema of commands with these ids. Those that are even are reads.
fn schema(ids: &[u32]) -> Schema {
    let method = |id: &u32| MethodShape {
        name: format!("method {id}"),
        id: *id,
        read: id.is_multiple_of(2),
        key: None,
        arguments: Vec::new(),
        result: Shape::Opaque("count".into()),
    };
    Schema { name: "Count".into(), methods: ids.iter().map(method).collect(), types: Types::default() }
}

/// Returns a resource of one group.
fn resource(name: &str, group: GroupId, schema: Schema) -> OpenResource {
    let encoded = schema.encode().unwrap().into();
    OpenResource { name: name.into(), groups: vec![group], checks: Checks::new(Arc::new(schema)), encoded }
}

/// Returns what another member announces that has opened the same resource.
fn announced(from: MemberId, OpenResource { name, groups, encoded, .. }: &OpenResource) -> Input {
    let (partitions, schema) = (groups.len() as u32, encoded.clone());
    Input::Announced { from, announcement: Announcement { resource: name.clone(), partitions, schema } }
}

/// The messages to the follower: those of the core, the entries and checksums that appends name, and the number of
/// announcements.
#[derive(Clone, Debug, Default)]
struct Sent(Arc<Mutex<Vec<Message>>>, Arc<Mutex<Vec<(Index, u32)>>>, Arc<Mutex<usize>>);

impl Sent {
    fn announcements(&self) -> usize {
        *self.2.lock().unwrap()
    }
}

impl Links for Sent {
    fn send(&mut self, to: MemberId, message: wire::Message) -> bool {
        let messages = match message {
            wire::Message::Raft { message, prev_checksum, .. } => {
                if let (FOLLOWER, Message::Append { prev, .. }) = (to, &message) {
                    self.1.lock().unwrap().push((prev.index, prev_checksum));
                }
                vec![message]
            }
            wire::Message::Heartbeats(HeartbeatBatch { records, .. }) => {
                records.into_iter().map(|record| record.message).collect()
            }
            wire::Message::Announcement(_) if to == FOLLOWER => {
                *self.2.lock().unwrap() += 1;
                Vec::new()
            }
            _ => Vec::new(),
        };
        if to == FOLLOWER {
            self.0.lock().unwrap().extend(messages);
        }
        true
    }

    fn flush(&mut self) {}
}

/// Returns the shard of one of three members, with a journal in memory.
fn shard_of(me: MemberId, raft: raft::options::RaftOptions, bounds: Bounds, links: Box<dyn Links>) -> Shard {
    let kept = storage::JournalOptions::new(Owner { disk_id: 1, member: me, shard: 0 });
    let (journal, recovered) = Journal::open(Arc::new(MemoryDisk::default()), kept, 1).unwrap();
    let (request_timeout, longest_election_timeout) = (Duration::from_secs(10), Duration::ZERO);
    let options = ShardOptions { me, raft, longest_election_timeout, request_timeout, bounds };
    let mut shard = Shard::new(options, journal, recovered, links);
    shard.bootstrap(Duration::ZERO, Configuration::of_voters([1, 2, 3].map(MemberId)));
    shard
}

/// Returns an attachment for a resource.
fn attachment(resource: OpenResource) -> (Attachment, oneshot::Receiver<Result<(), AttachError>>) {
    let (done, attached) = oneshot::channel();
    let machines = resource.groups.iter().map(|_| Box::new(Count::default()) as Box<dyn Machine>).collect();
    (Attachment { resource: Arc::new(resource), machines, done }, attached)
}

/// Returns the commands that all members have.
fn common() -> Schema {
    schema(&[WRITE.0, READ.0, UNKNOWN.0])
}

struct Leader {
    shard: Shard,
    applier: Applier,
    sent: Sent,
    now: Duration,
    term: u64,
}

impl Leader {
    /// Returns an elected leader whose first entry, at index 1, is not committed, and the record after it neither.
    fn elected() -> Leader {
        Leader::elected_within(Bounds { requests_max: 100, ..Bounds::DEFAULT })
    }

    /// Returns such a leader with other bounds.
    fn elected_within(bounds: Bounds) -> Leader {
        let mut leader = Leader::new(bounds);
        leader.opens("count", GROUP);
        leader.is_elected(1);
        leader
    }

    /// Returns a member that has opened nothing and leads nothing yet.
    fn new(bounds: Bounds) -> Leader {
        let sent = Sent::default();
        let raft = raft::options::RaftOptions {
            election_timeout: Duration::from_millis(100),
            heartbeat_interval: Duration::from_secs(3_600),
            quiet_after: u64::MAX,
            inflight_max: 64,
            entries_max: 64,
            seed: 1,
        };
        let shard = shard_of(MemberId(1), raft, bounds, Box::new(sent.clone()));
        let now = Duration::from_secs(1);
        Leader { shard, applier: Applier::default(), sent, now, term: 1 }
    }

    /// Opens a resource of one group, as a follower has done.
    fn opens(&mut self, name: &str, group: GroupId) {
        let opened = || resource(name, group, common());
        let (attachment, mut attached) = attachment(opened());
        self.turn([Input::Attach(attachment), announced(FOLLOWER, &opened())]);
        attached.try_recv().unwrap().unwrap();
    }

    /// Lets the leadership end, and elects this member in `term`.
    fn is_elected(&mut self, term: u64) {
        self.now += Duration::from_secs(1);
        self.shard.turn(self.now, []);
        self.gets_vote();
        self.gets_vote();
        assert_eq!((self.status().role, self.status().term), (raft::effect::Role::Leader, term));
        self.term = term;
    }

    /// Returns a leader whose first entry and the record after it are committed.
    fn settled() -> Leader {
        let mut leader = Leader::elected();
        leader.acknowledges(RECORD);
        leader
    }

    fn status(&self) -> raft::state::Status {
        self.shard.status().groups[0].raft
    }

    /// Runs a turn and all its jobs.
    fn turn(&mut self, inputs: impl IntoIterator<Item = Input>) {
        self.shard.turn(self.now, inputs);
        loop {
            let (flush, preallocation) =
                (self.shard.jobs().flush.take(), self.shard.jobs().preallocation.take());
            let work = std::mem::take(&mut self.shard.jobs().work);
            self.applier.run(work, &|| self.now);
            let mut done = Vec::new();
            done.extend(flush.map(|flush| Done::Written(flush.run(&mut self.sent))));
            done.extend(preallocation.map(|preallocation| Done::Preallocated(preallocation.run())));
            if done.is_empty() {
                return;
            }
            self.shard.turn(self.now, done.into_iter().map(Input::Done));
        }
    }

    /// Proposes a write. Its flush is left to the caller.
    fn proposes(&mut self) -> (oneshot::Receiver<Answer>, FlushTask) {
        let (reply, answer) = oneshot::channel();
        self.shard
            .turn(self.now, [Input::Request(Request { group: GROUP, call: call(Access::Write), reply })]);
        (answer, self.shard.jobs().flush.take().expect("the entry is written"))
    }

    fn hears(&mut self, message: Message) {
        self.turn([Input::Raft { from: FOLLOWER, group: GROUP, message, entries: Entries::default() }]);
    }

    /// One follower grants its vote in the latest campaign.
    fn gets_vote(&mut self) {
        let latest = self.sent.0.lock().unwrap().last().cloned();
        let Some(Message::RequestVote { term, pre, campaign, .. }) = latest else { panic!("no campaign") };
        self.hears(Message::Vote { term, granted: true, pre, campaign });
    }

    /// One follower acknowledges everything up to `matched`: with the leader itself, a majority.
    fn acknowledges(&mut self, matched: Index) {
        let term = self.term;
        self.hears(Message::AppendReply { term, result: AppendResult::Accepted { matched } });
    }

    /// One follower answers the newest round of heartbeats.
    fn records(&mut self) {
        let sent = self.sent.0.lock().unwrap().clone();
        let newest = |message: &Message| match message {
            Message::Heartbeat { round, .. } => Some(*round),
            _ => None,
        };
        let (term, round) = (self.term, sent.iter().rev().find_map(newest).unwrap());
        let last = self.shard.status().groups[0].raft.last.index;
        self.hears(Message::HeartbeatReply { term, round, verified: 0, durable: 0, last, quiet: false });
    }

    fn rounds(&self) -> usize {
        let sent = self.sent.0.lock().unwrap();
        sent.iter().filter(|message| matches!(message, Message::Heartbeat { .. })).count()
    }

    /// Submits calls in one turn.
    fn call<const N: usize>(&mut self, calls: [Access; N]) -> [oneshot::Receiver<Answer>; N] {
        let mut requests = Vec::new();
        let answers = calls.map(|access| {
            let (reply, answer) = oneshot::channel();
            requests.push(Input::Request(Request { group: GROUP, call: call(access), reply }));
            answer
        });
        self.turn(requests);
        answers
    }
}

/// Returns a call without arguments.
fn call(access: Access) -> Call {
    with_body(access, Bytes::new())
}

fn with_body(access: Access, body: impl Into<Bytes>) -> Call {
    let method = if access == Access::Write { WRITE } else { READ };
    Call::new(access, Command { method, key_len: 0, body: body.into() })
}

/// Returns the answer; `None`: there is none yet.
fn seen(answer: &mut oneshot::Receiver<Answer>) -> Option<Result<u8, RequestError>> {
    answer.try_recv().ok().map(|answer| answer.map(|bytes| bytes[0]))
}

#[test]
fn a_pipeline_sees_what_it_wrote_without_a_round_of_its_own() {
    let mut leader = Leader::settled();
    let rounds = leader.rounds();
    let [mut first, mut one, mut second, mut two] =
        leader.call([Access::Write, AFTER_WRITES, Access::Write, AFTER_WRITES]);
    assert_eq!(leader.rounds(), rounds, "the writes' acknowledgement confirms the reads");
    assert_eq!((seen(&mut one), seen(&mut two)), (None, None));
    leader.acknowledges(3);
    assert_eq!((seen(&mut first), seen(&mut one)), (Some(Ok(1)), Some(Ok(1))));
    assert_eq!((seen(&mut second), seen(&mut two)), (None, None));
    leader.acknowledges(4);
    assert_eq!((seen(&mut second), seen(&mut two)), (Some(Ok(2)), Some(Ok(2))));
}

#[test]
fn a_whole_pipeline_that_is_committed_at_once_is_read_in_between() {
    let mut leader = Leader::settled();
    let mut answers =
        leader.call([IN_LINE, Access::Write, AFTER_WRITES, Access::Write, Access::Write, AFTER_WRITES, FREE]);
    leader.acknowledges(5);
    let counts = answers.each_mut().map(seen);
    assert_eq!(counts[..6], [0, 1, 1, 2, 3, 3].map(|count| Some(Ok(count))));
    assert_eq!(counts[6], None, "only a read of a line is confirmed by what follows it");
    leader.records();
    assert_eq!(seen(&mut answers[6]), Some(Ok(3)));
}

#[test]
fn a_read_with_nothing_before_it_waits_for_no_disk() {
    let mut leader = Leader::settled();
    let [_write, mut read] = leader.call([Access::Write, IN_LINE]);
    leader.records();
    assert_eq!(seen(&mut read), Some(Ok(0)));
}

#[test]
fn what_was_proposed_before_a_read_confirms_nothing() {
    let mut leader = Leader::settled();
    let [_write] = leader.call([Access::Write]);
    let [mut read] = leader.call([AFTER_WRITES]);
    // The follower may have acknowledged before the read arrived, and voted for another member since.
    leader.acknowledges(3);
    assert_eq!(seen(&mut read), None);
    leader.records();
    assert_eq!(seen(&mut read), Some(Ok(1)));
    let [_write] = leader.call([Access::Write]);
    let [mut read, _later] = leader.call([AFTER_WRITES, Access::Write]);
    leader.acknowledges(5);
    assert_eq!(seen(&mut read), Some(Ok(2)), "what was proposed after it does confirm it");
}

#[test]
fn a_new_leader_serves_nothing_below_its_first_own_entry() {
    let mut leader = Leader::elected();
    let mut reads = leader.call([FREE, IN_LINE, AFTER_WRITES]);
    leader.records();
    leader.records();
    assert!(reads.iter_mut().all(|read| seen(read).is_none()));
    leader.acknowledges(2);
    assert!(reads.iter_mut().all(|read| seen(read) == Some(Ok(0))));
}

#[test]
fn a_lease_answers_at_once_and_not_before_a_read_that_found_none() {
    let lease = Access::Read(Consistency::Lease, ReadOrder::Ordered);
    let mut leader = Leader::settled();
    leader.records();
    let [mut read] = leader.call([lease]);
    assert_eq!(seen(&mut read), Some(Ok(0)));
    leader.now += Duration::from_millis(90);
    let [mut strict] = leader.call([FREE]);
    let [mut lapsed] = leader.call([lease]);
    leader.records();
    assert_eq!(seen(&mut strict), Some(Ok(0)), "which renews the lease");
    let [mut later] = leader.call([lease]);
    assert_eq!((seen(&mut lapsed), seen(&mut later)), (None, None));
    leader.records();
    leader.records();
    assert_eq!((seen(&mut lapsed), seen(&mut later)), (Some(Ok(0)), Some(Ok(0))));
}

#[test]
fn an_eventual_read_goes_to_the_leader_only_after_what_is_unanswered() {
    let mut leader = Leader::settled();
    let eventual = |order| Access::Read(Consistency::Eventual, order);
    let [_write, mut after_write, mut here] =
        leader.call([Access::Write, eventual(ReadOrder::AfterWrites), eventual(ReadOrder::Ordered)]);
    assert_eq!((seen(&mut here), seen(&mut after_write)), (Some(Ok(0)), None));
    leader.acknowledges(3);
    assert_eq!(seen(&mut after_write), Some(Ok(1)));
}

#[test]
fn reads_of_a_line_end_with_the_leadership_and_others_ask_the_next_leader() {
    let mut leader = Leader::settled();
    let [mut write, mut free, mut in_line, mut after_write] =
        leader.call([Access::Write, FREE, IN_LINE, AFTER_WRITES]);
    leader.hears(Message::Heartbeat { term: 2, commit: 0, round: 1, urgent: false, quiet: false });
    assert_eq!(seen(&mut in_line), Some(Err(RequestError::NotLeader)));
    assert_eq!(seen(&mut after_write), Some(Err(RequestError::NotLeader)));
    assert_eq!((seen(&mut write), seen(&mut free)), (None, None), "what becomes of them is open");
}

#[test]
fn reads_of_a_line_expire_in_the_order_of_their_arrival() {
    let mut leader = Leader::settled();
    let mut early = leader.call([Access::Write, IN_LINE, AFTER_WRITES, FREE]);
    leader.now += Duration::from_secs(4);
    let [mut late] = leader.call([IN_LINE]);
    leader.now += Duration::from_secs(6);
    leader.shard.turn(leader.now, []);
    assert_eq!(early.each_mut().map(seen)[1..], [Some(Err(RequestError::Timeout)); 3]);
    assert_eq!(seen(&mut late), None);
}

#[test]
fn what_a_flush_permits_is_said_before_the_shard_is_told_of_it() {
    let mut leader = Leader::settled();
    let deposed = Message::Heartbeat { term: 2, commit: 0, round: 1, urgent: false, quiet: false };
    let input = Input::Raft { from: FOLLOWER, group: GROUP, message: deposed, entries: Entries::default() };
    leader.shard.turn(leader.now, [input]);
    let replies = |leader: &Leader| {
        let sent = leader.sent.0.lock().unwrap();
        sent.iter().filter(|message| matches!(message, Message::HeartbeatReply { term: 2, .. })).count()
    };
    let flush = leader.shard.jobs().flush.take().expect("a new term is written");
    assert_eq!(replies(&leader), 0, "and nobody hears of it before");
    assert!(!leader.shard.awaits_flush(), "nothing is left to be done here");
    let written = flush.run(&mut leader.sent);
    assert_eq!(replies(&leader), 1);
    leader.turn([Input::Done(Done::Written(written))]);
    assert_eq!(replies(&leader), 1, "it is said once");
}

#[test]
fn a_leader_waits_for_its_disk_only_when_a_follower_was_quicker() {
    let mut leader = Leader::settled();
    let (mut answer, flush) = leader.proposes();
    assert!(!leader.shard.awaits_flush(), "one of three is no majority");
    let message = Message::AppendReply { term: 1, result: AppendResult::Accepted { matched: 3 } };
    leader.shard.turn(
        leader.now,
        [Input::Raft { from: FOLLOWER, group: GROUP, message, entries: Entries::default() }],
    );
    assert!(leader.shard.awaits_flush());
    assert_eq!(seen(&mut answer), None);
    let written = flush.run(&mut leader.sent);
    leader.turn([Input::Done(Done::Written(written))]);
    assert_eq!(seen(&mut answer), Some(Ok(1)));
    assert!(!leader.shard.awaits_flush());
}

#[test]
fn a_write_that_has_to_wait_for_another_awaits_its_end() {
    let mut leader = Leader::settled();
    let write =
        || Input::Request(Request { group: GROUP, call: call(Access::Write), reply: oneshot::channel().0 });
    leader.shard.turn(leader.now, [write()]);
    let flush = leader.shard.jobs().flush.take().expect("the entry is written");
    leader.shard.turn(leader.now, [write()]);
    assert!(leader.shard.awaits_flush());
    leader.shard.turn(leader.now, [Input::Done(Done::Written(flush.run(&mut Sent::default())))]);
    assert!(leader.shard.jobs().flush.is_some());
}

#[test]
fn appends_name_the_frame_before_their_first() {
    let mut leader = Leader::settled();
    for written in RECORD + 1..=RECORD + 3 {
        let _answer = leader.call([Access::Write]);
        leader.acknowledges(written);
    }
    let named = leader.sent.1.lock().unwrap().clone();
    let known: Vec<_> = named.iter().filter(|(_, checksum)| *checksum != 0).copied().collect();
    assert!(known.iter().map(|(index, _)| *index).eq(RECORD..=RECORD + 2), "{named:?}");
    for (index, checksum) in known {
        let frame = leader.shard.journal_mut().read(GROUP, index, index, 0).unwrap().frames.remove(0);
        assert_eq!(frame[4..8], checksum.to_le_bytes(), "entry {index}");
    }
}
