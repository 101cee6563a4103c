//! What may be in a log: the commands on record, how they get there, and what happens to a program that contradicts
//! them.

use super::*;
use crate::codec::entries::Packer;
use crate::codec::frame::{Codec, Header, Kind};
use crate::codec::shape::Primitive;
use crate::codec::shape::fingerprint::Fingerprint;
use crate::codec::shape::record::{Conflict, SchemaRecord};
use crate::codec::terms::LogId;
use crate::request::error::NamedMembers;

const THIRD: MemberId = MemberId(3);
/// A command that only the newer program has.
const NEW: MethodId = MethodId(11);

fn newer() -> Schema {
    schema(&[WRITE.0, READ.0, UNKNOWN.0, NEW.0])
}

/// Returns the commands with another argument of the first one.
fn other() -> Schema {
    let mut other = common();
    other.methods[0].arguments.push(("by".into(), Shape::Primitive(Primitive::U64)));
    other
}

fn announces(from: MemberId, schema: Schema) -> Input {
    announced(from, &resource("count", GROUP, schema))
}

/// Opens the group with these commands, after which the follower grants its vote.
fn leader_of(schema: Schema, announcements: impl IntoIterator<Item = Input>) -> Leader {
    let mut leader = Leader::new(Bounds::DEFAULT);
    let (attachment, mut attached) = attachment(resource("count", GROUP, schema));
    leader.turn([Input::Attach(attachment)]);
    attached.try_recv().unwrap().unwrap();
    leader.turn(announcements);
    leader.is_elected(1);
    leader
}

fn writes(leader: &mut Leader, method: MethodId) -> oneshot::Receiver<Answer> {
    let (reply, answer) = oneshot::channel();
    let call = Call::new(Access::Write, Command { method, key_len: 0, body: Bytes::new() });
    leader.turn([Input::Request(Request { group: GROUP, call, reply })]);
    answer
}

fn refused(members: &[u64]) -> Option<Result<u8, RequestError>> {
    let members = members.iter().map(|id| MemberId(*id));
    Some(Err(RequestError::UnknownToMembers(NamedMembers::new(members))))
}

#[test]
fn a_new_command_is_refused_until_every_voter_has_announced_it() {
    let both = [announces(FOLLOWER, common()), announces(THIRD, common())];
    let mut leader = leader_of(newer(), both);
    leader.acknowledges(RECORD);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[2, 3]));
    leader.turn([announces(FOLLOWER, newer())]);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[3]));
    assert_eq!(leader.status().last.index, RECORD, "nothing was proposed");
    leader.turn([announces(THIRD, newer())]);
    assert_eq!(leader.status().last.index, RECORD + 1, "now it is on record");
    let mut write = writes(&mut leader, NEW);
    leader.acknowledges(RECORD + 2);
    assert_eq!(seen(&mut write), Some(Ok(1)));
    leader.turn([announces(THIRD, newer()), announces(FOLLOWER, newer())]);
    assert_eq!(leader.status().last.index, RECORD + 2, "it is put there once");
}

#[test]
fn a_command_on_record_is_refused_while_a_voter_says_that_it_does_not_have_it() {
    let mut leader = leader_of(newer(), [announces(FOLLOWER, newer())]);
    leader.acknowledges(RECORD);
    let mut write = writes(&mut leader, NEW);
    leader.acknowledges(RECORD + 1);
    assert_eq!(seen(&mut write), Some(Ok(1)), "the third was never heard, and nobody waits for it");
    leader.turn([announces(THIRD, common())]);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[3]), "it was replaced by an older program");
    // Once it has met the command it is halted, takes back what it said, and holds nobody up.
    let halted = Announcement { resource: "count".into(), partitions: 1, schema: Bytes::new() };
    leader.turn([Input::Announced { from: THIRD, announcement: halted }]);
    let mut write = writes(&mut leader, NEW);
    leader.acknowledges(RECORD + 2);
    assert_eq!(seen(&mut write), Some(Ok(2)));
    // A newer process has nothing to say. What the earlier one has announced is not repeated, and expires.
    leader.turn([announces(THIRD, common())]);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[3]));
    leader.now += Duration::from_secs(4);
    leader.turn([announces(THIRD, common())]);
    leader.now += Duration::from_secs(4);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[3]), "it was repeated");
    leader.now += Duration::from_secs(2);
    let mut write = writes(&mut leader, NEW);
    leader.acknowledges(RECORD + 3);
    assert_eq!(seen(&mut write), Some(Ok(3)));
}

#[test]
fn a_voter_that_takes_part_is_heard_although_its_program_differs_in_what_is_not_on_record() {
    let mut leader = leader_of(newer(), [announces(FOLLOWER, newer())]);
    leader.acknowledges(RECORD);
    let with_draft = |by| {
        let mut schema = common();
        let mut draft = schema.methods[0].clone();
        (draft.name, draft.id, draft.arguments) =
            ("draft".into(), 21, vec![("by".into(), Shape::Primitive(by))]);
        schema.methods.push(draft);
        schema
    };
    leader.turn([announces(THIRD, with_draft(Primitive::U8))]);
    assert_eq!(seen(&mut writes(&mut leader, NEW)), refused(&[3]), "it would have to apply it");
}

#[test]
fn a_leader_that_most_members_contradict_falls_silent_before_anything_is_on_record() {
    let mut leader = leader_of(common(), []);
    leader.acknowledges(1);
    let said = |leader: &mut Leader| {
        let before = leader.sent.0.lock().unwrap().len();
        for _ in 0..3 {
            leader.now += Duration::from_secs(4_000);
            leader.turn([announces(FOLLOWER, other()), announces(THIRD, other())]);
        }
        leader.sent.0.lock().unwrap().len() - before
    };
    leader.turn([announces(FOLLOWER, other())]);
    assert_eq!(leader.status().role, raft::effect::Role::Leader, "one of them is no majority");
    leader.turn([announces(THIRD, other())]);
    assert_eq!(said(&mut leader), 0, "the others elect one of their own");
}

#[test]
fn no_command_is_proposed_before_its_record() {
    let bounds = Bounds { backlog_bytes_max: 0, ..Bounds::DEFAULT };
    let mut leader = Leader::new(bounds);
    let (attachment, mut attached) = attachment(resource("count", GROUP, newer()));
    leader.turn([Input::Attach(attachment), announces(FOLLOWER, common()), announces(THIRD, common())]);
    attached.try_recv().unwrap().unwrap();
    leader.is_elected(1);
    leader.turn([]);
    leader.acknowledges(RECORD);
    // While this write is in flight, nothing else is appended, the record of the new command neither.
    let (_answer, flush) = leader.proposes();
    let (reply, mut answer) = oneshot::channel();
    let call = Call::new(Access::Write, Command { method: NEW, key_len: 0, body: Bytes::new() });
    let all = [announces(FOLLOWER, newer()), announces(THIRD, newer())];
    leader.shard.turn(leader.now, all);
    leader.shard.turn(leader.now, [Input::Request(Request { group: GROUP, call, reply })]);
    assert_eq!((seen(&mut answer), leader.status().last.index), (None, RECORD + 1), "it waits");
    let written = flush.run(&mut leader.sent);
    leader.turn([Input::Done(Done::Written(written))]);
    leader.turn([]);
    leader.acknowledges(RECORD + 3);
    let schemas = leader.shard.journal_mut().schemas(GROUP).to_vec();
    assert_eq!(schemas.iter().map(|id| id.index).collect::<Vec<_>>(), [RECORD, RECORD + 2]);
    assert_eq!(seen(&mut answer), Some(Ok(2)));
}

#[test]
fn nothing_is_put_on_record_before_a_majority_agrees_about_it() {
    let mut leader = leader_of(common(), [announces(FOLLOWER, other())]);
    leader.acknowledges(1);
    let mut write = writes(&mut leader, WRITE);
    assert_eq!((seen(&mut write), leader.status().last.index), (None, 1), "it waits");
    let partitions =
        Announcement { resource: "count".into(), partitions: 2, schema: common().encode().unwrap().into() };
    leader.turn([Input::Announced { from: THIRD, announcement: partitions }]);
    assert_eq!(leader.status().last.index, 1, "another number of partitions is no agreement");
    leader.turn([announces(THIRD, common())]);
    leader.acknowledges(RECORD + 1);
    assert_eq!(seen(&mut write), Some(Ok(1)));
    // The member with other types is halted by the record, and holds nobody up.
    let mut write = writes(&mut leader, WRITE);
    leader.acknowledges(RECORD + 2);
    assert_eq!(seen(&mut write), Some(Ok(2)));
}

#[test]
fn arguments_that_were_encoded_as_other_types_are_never_proposed() {
    // Of an opaque result nothing is known.
    let mut known = common();
    known.methods[0].result = Shape::Unit;
    let all = [announces(FOLLOWER, known.clone()), announces(THIRD, known.clone())];
    let mut leader = leader_of(known, all);
    leader.acknowledges(RECORD);
    let mut encoded_by = |mut schema: Schema| {
        schema.methods[0].result = Shape::Unit;
        let fingerprint = Fingerprint::of(&schema.methods[0], &schema.types);
        let command = Command { method: WRITE, key_len: 0, body: Bytes::new() };
        let (reply, answer) = oneshot::channel();
        let call = Call { fingerprint, ..Call::new(Access::Write, command) };
        leader.turn([Input::Request(Request { group: GROUP, call, reply })]);
        (answer, leader.status().last.index)
    };
    let (mut answer, last) = encoded_by(other());
    assert_eq!((seen(&mut answer), last), (Some(Err(RequestError::OtherTypes)), RECORD));
    let (mut answer, last) = encoded_by(common());
    assert_eq!((seen(&mut answer), last), (None, RECORD + 1), "it is proposed");
}

/// Returns the append of a leader with its first entry, and with a record of these commands.
fn recorded(schema: Schema, partitions: u32, commit: Index) -> Input {
    let record = SchemaRecord { resource: "count".into(), partition: 0, partitions, schema };
    let mut packer = Packer::with_capacity(2, 0);
    packer.push(&Header::bare(Kind::Noop, GROUP, 1, 1, 1), &[]);
    let header = Header { codec: Codec::Bincode, ..Header::bare(Kind::Schema, GROUP, 1, RECORD, 1) };
    packer.push(&header, &record.encode().unwrap());
    let entries = packer.finish();
    let spans = entries.spans().clone();
    let message = Message::Append { term: 1, prev: LogId::ZERO, commit, spans, configurations: Vec::new() };
    Input::Raft { from: FOLLOWER, group: GROUP, message, entries }
}

fn commits(index: Index) -> Input {
    let message = Message::Heartbeat { term: 1, commit: index, round: 1, urgent: false, quiet: false };
    Input::Raft { from: FOLLOWER, group: GROUP, message, entries: Entries::default() }
}

/// Returns a member that follows, and has opened the group as one of two groups of a resource.
fn follower(schema: Schema) -> Leader {
    follower_of(schema, &[GROUP, GroupId(8)])
}

/// Returns a member that follows, and has opened these groups of a resource.
fn follower_of(schema: Schema, groups: &[GroupId]) -> Leader {
    let mut follower = Leader::new(Bounds::DEFAULT);
    let mut opened = resource("count", GROUP, schema);
    opened.groups = groups.to_vec();
    let (attachment, mut attached) = attachment(opened);
    follower.turn([Input::Attach(attachment), Input::BulkConnected(FOLLOWER)]);
    attached.try_recv().unwrap().unwrap();
    follower
}

#[test]
fn nothing_is_sent_to_a_leader_before_it_is_certain_that_both_mean_the_same() {
    let mut follower = follower(common());
    let mut write = writes(&mut follower, WRITE);
    follower.turn([recorded(common(), 2, 1)]);
    assert_eq!((seen(&mut write), follower.shard.status().forwarded), (None, 0), "it may still be replaced");
    follower.turn([commits(RECORD)]);
    assert_eq!(follower.shard.status().forwarded, 1);
}

#[test]
fn a_program_that_contradicts_the_record_serves_nothing_in_any_group_of_the_resource() {
    let cases = [(other(), 2, "its arguments were (by), and are ()"), (common(), 4, "was 4, and is 2")];
    for (schema, partitions, text) in cases {
        let mut follower = follower(common());
        let mut write = writes(&mut follower, WRITE);
        follower.turn([recorded(schema.clone(), partitions, 1)]);
        follower.turn([commits(RECORD)]);
        let contradicts = Some(Err(RequestError::Contradiction));
        assert_eq!(seen(&mut write), contradicts);
        assert_eq!(seen(&mut writes(&mut follower, WRITE)), contradicts);
        let (reply, mut eventual) = oneshot::channel();
        let call = call(Access::read(Consistency::Eventual));
        follower.turn([Input::Request(Request { group: GroupId(8), call, reply })]);
        assert_eq!(seen(&mut eventual), contradicts, "nor does the other group");
        let status = follower.shard.status();
        assert!(status.groups.iter().all(|group| group.halted));
        assert_eq!((status.forwarded, status.groups[0].applied), (0, 0), "no entry was read");
        let soon = follower.now + Duration::from_millis(50);
        follower.now += Duration::from_millis(10);
        follower.turn([]);
        assert!(follower.shard.deadline(follower.now) > soon, "nothing is left to be done");
        // Opened again, it is refused at once.
        follower.turn([Input::Detach(vec![GROUP, GroupId(8)])]);
        let mut again = resource("count", GROUP, common());
        again.groups.push(GroupId(8));
        let (attachment, mut attached) = attachment(again);
        follower.turn([Input::Attach(attachment)]);
        let Err(AttachError::Conflict(conflict)) = attached.try_recv().unwrap() else {
            panic!("it is refused")
        };
        assert!(conflict.to_string().contains(text), "{conflict}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_a_contradiction() {
    let mut follower = follower(common());
    let mut packer = Packer::with_capacity(1, 0);
    packer.push(&Header::bare(Kind::Schema, GROUP, 1, 1, 1), b"nonsense");
    let entries = packer.finish();
    let spans = entries.spans().clone();
    let message =
        Message::Append { term: 1, prev: LogId::ZERO, commit: 1, spans, configurations: Vec::new() };
    follower.turn([Input::Raft { from: FOLLOWER, group: GROUP, message, entries }]);
    assert_eq!(seen(&mut writes(&mut follower, WRITE)), Some(Err(RequestError::Contradiction)));
    follower.turn([Input::Detach(vec![GROUP, GroupId(8)])]);
    let (attachment, mut attached) = attachment(resource("count", GROUP, common()));
    follower.turn([Input::Attach(attachment)]);
    let Err(AttachError::Conflict(conflict)) = attached.try_recv().unwrap() else { panic!("it is refused") };
    assert!(matches!(&*conflict, Conflict::Unreadable(_)), "{conflict}");
}

#[test]
fn commands_are_announced_until_they_are_on_record_and_not_after() {
    let mut leader = Leader::new(Bounds::DEFAULT);
    leader.turn([Input::BulkConnected(FOLLOWER)]);
    let (attachment, mut attached) = attachment(resource("count", GROUP, common()));
    leader.turn([Input::Attach(attachment)]);
    attached.try_recv().unwrap().unwrap();
    assert_eq!(leader.sent.announcements(), 1, "at once");
    leader.turn([announces(FOLLOWER, common()), Input::BulkConnected(FOLLOWER)]);
    assert_eq!(leader.sent.announcements(), 2, "to each new connection");
    leader.is_elected(1);
    assert!(leader.sent.announcements() > 2, "again, because a message may be lost");
    leader.acknowledges(RECORD);
    let told = leader.sent.announcements();
    for _ in 0..3 {
        leader.now += Duration::from_secs(2);
        leader.turn([]);
    }
    leader.turn([Input::BulkConnected(FOLLOWER)]);
    assert_eq!(leader.sent.announcements(), told, "all members find it in their logs");
}

#[test]
fn an_older_program_announces_itself_when_it_learns_of_a_newer_record() {
    let mut follower = follower_of(common(), &[GROUP]);
    follower.turn([recorded(common(), 1, RECORD)]);
    follower.now += Duration::from_secs(2);
    follower.turn([]);
    let told = follower.sent.announcements();
    // The follower was the last member that was upgraded, and runs the older program again. When it opened the
    // resource, it did not know yet that the record of the newer commands was committed.
    let record = SchemaRecord { resource: "count".into(), partition: 0, partitions: 1, schema: newer() };
    let mut packer = Packer::with_capacity(1, 0);
    let header = Header { codec: Codec::Bincode, ..Header::bare(Kind::Schema, GROUP, 1, RECORD + 1, 1) };
    packer.push(&header, &record.encode().unwrap());
    let entries = packer.finish();
    let (prev, spans, configurations) = (LogId::new(1, RECORD), entries.spans().clone(), Vec::new());
    let message = Message::Append { term: 1, prev, commit: RECORD + 1, spans, configurations };
    follower.turn([Input::Raft { from: FOLLOWER, group: GROUP, message, entries }]);
    follower.turn([]);
    assert!(follower.sent.announcements() > told);
    assert!(follower.shard.status().groups.iter().all(|group| !group.halted));
}
