//! Heartbeats and their answers: one message between two members for all their groups.
//!
//! ```text
//!  Heartbeats                              HeartbeatReplies
//!  offset size  field                      offset size  field
//!      24    8  1: urgent; 0: not              24    8  free space on the disk, bytes; all ones: unknown
//!      32    …  `count` records, each:         32    …  `count` records, each:
//!            8     group                             8     group
//!            8     term                              8     term
//!            8     commit                            8     round
//!            8     round                             8     verified index
//!            8     cluster time, µs; 0: unknown      8     durable index
//!                                                    8     last index
//!                                                    8     fingerprint of the program; 0: unknown
//! ```

use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::raft::message::Message;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes, BytesMut};

/// The largest number of records in one message. More records are sent in several messages.
pub(crate) const HEARTBEATS_MAX: usize = 16_384;
/// The free space of a disk whose free space is not known.
pub(crate) const DISK_FREE_UNKNOWN: u64 = u64::MAX;

/// The bytes before the records.
const HEAD_LEN: usize = 8;
/// The bytes of a heartbeat.
const HEARTBEAT_LEN: usize = 40;
/// The bytes of an answer.
const REPLY_LEN: usize = 56;

/// The message with heartbeats of leaders.
pub(super) const HEARTBEATS: MessageKind = MessageKind::new(
    Family::Consensus,
    5,
    SenderKinds::CONTROL,
    (HEAD_LEN + HEARTBEAT_LEN, HEAD_LEN + HEARTBEAT_LEN * HEARTBEATS_MAX),
);
/// The message with answers to heartbeats.
pub(super) const HEARTBEAT_REPLIES: MessageKind = MessageKind::new(
    Family::Consensus,
    6,
    SenderKinds::CONTROL,
    (HEAD_LEN + REPLY_LEN, HEAD_LEN + REPLY_LEN * HEARTBEATS_MAX),
);

/// Heartbeats and answers of many groups, in any order, for one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeartbeatBatch {
    /// The free bytes on this member's disk, or [`DISK_FREE_UNKNOWN`].
    pub disk_free: u64,
    /// The records. Heartbeats keep their order, and so do answers.
    pub records: Vec<HeartbeatRecord>,
}

/// One group's heartbeat, or answer to a heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeartbeatRecord {
    /// The group.
    pub group: GroupId,
    /// The message: a [`Message::Heartbeat`] or a [`Message::HeartbeatReply`].
    pub message: Message,
    /// For a heartbeat the cluster time, in microseconds; for an answer the fingerprint of the program that serves the
    /// group. 0: not known.
    pub note: u64,
}

/// Appends the heartbeats and the answers, in as many messages as they need.
pub(super) fn encode(records: &[HeartbeatRecord], disk_free: u64, out: &mut WriteBuffer) {
    for urgent in [true, false] {
        let heartbeats = |record: &&HeartbeatRecord| matches!(record.message, Message::Heartbeat { urgent: said, .. } if said == urgent);
        let count = records.iter().filter(heartbeats).count();
        encode_all(&HEARTBEATS, u64::from(urgent), count, records.iter().filter(heartbeats), out);
    }
    let replies = |record: &&HeartbeatRecord| matches!(record.message, Message::HeartbeatReply { .. });
    let count = records.iter().filter(replies).count();
    encode_all(&HEARTBEAT_REPLIES, disk_free, count, records.iter().filter(replies), out);
}

fn encode_all<'a>(
    kind: &'static MessageKind,
    head: u64,
    mut left: usize,
    mut records: impl Iterator<Item = &'a HeartbeatRecord>,
    out: &mut WriteBuffer,
) {
    while left > 0 {
        let count = left.min(HEARTBEATS_MAX);
        left -= count;
        let mut draft = Draft::begin(out.tail(), kind, 0, count, GroupId(0));
        draft.fields().put_u64_le(head);
        records.by_ref().take(count).for_each(|record| write(record, draft.fields()));
        draft.finish(0);
    }
}

fn write(record: &HeartbeatRecord, fields: &mut BytesMut) {
    fields.put_u64_le(record.group.0);
    let mut words = |words: &[u64]| words.iter().for_each(|word| fields.put_u64_le(*word));
    match record.message {
        Message::Heartbeat { term, commit, round, .. } => words(&[term, commit, round, record.note]),
        Message::HeartbeatReply { term, round, verified, durable, last } => {
            words(&[term, round, verified, durable, last, record.note]);
        }
        _ => unreachable!("neither a heartbeat nor an answer to one"),
    }
}

/// Received heartbeats or answers: verified, and decoded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// The free bytes on the sender's disk, if it says so; only answers do.
    pub disk_free: Option<u64>,
    form: Form,
    items: Bytes,
}

/// The kind of all records of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Heartbeats { urgent: bool },
    Replies,
}

/// Reads a message with heartbeats or with answers.
pub(super) fn read(envelope: &Envelope) -> Result<Arrived, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let head = cursor.u64()?;
    let replies = envelope.kind.number == HEARTBEAT_REPLIES.number;
    let (form, length) = match head {
        _ if replies => (Form::Replies, REPLY_LEN),
        0 | 1 => (Form::Heartbeats { urgent: head == 1 }, HEARTBEAT_LEN),
        found => return Err(Malformed::Value { field: "heartbeats' urgency", found }),
    };
    let items = envelope.body.slice_ref(cursor.rest());
    let count = envelope.counted(items.len(), length, HEARTBEATS_MAX)?;
    non_zero("message count", count as u64)?;
    for _ in 0..count {
        item(&mut cursor, form)?;
    }
    cursor.finish()?;
    let disk_free = (replies && head != DISK_FREE_UNKNOWN).then_some(head);
    Ok(Arrived { disk_free, form, items })
}

impl Iterator for Arrived {
    type Item = HeartbeatRecord;

    fn next(&mut self) -> Option<HeartbeatRecord> {
        let mut cursor = Cursor::new(&self.items);
        let record = item(&mut cursor, self.form).ok()?;
        self.items = self.items.slice_ref(cursor.rest());
        Some(record)
    }
}

fn item(cursor: &mut Cursor<'_>, form: Form) -> Result<HeartbeatRecord, Malformed> {
    let (group, term) = (GroupId(cursor.u64()?), cursor.u64()?);
    non_zero("heartbeat's group", group.0)?;
    let message = match form {
        Form::Heartbeats { urgent } => {
            Message::Heartbeat { term, commit: cursor.u64()?, round: cursor.u64()?, urgent }
        }
        Form::Replies => {
            let (round, verified) = (cursor.u64()?, cursor.u64()?);
            let (durable, last) = (cursor.u64()?, cursor.u64()?);
            if last < verified {
                return Err(Malformed::Value { field: "heartbeat reply's last index", found: last });
            }
            Message::HeartbeatReply { term, round, verified, durable, last }
        }
    };
    Ok(HeartbeatRecord { group, message, note: cursor.u64()? })
}

/// Collects received records, to send them again.
#[cfg(any(test, feature = "testing"))]
impl From<Arrived> for HeartbeatBatch {
    fn from(arrived: Arrived) -> HeartbeatBatch {
        HeartbeatBatch {
            disk_free: arrived.disk_free.unwrap_or(DISK_FREE_UNKNOWN),
            records: arrived.collect(),
        }
    }
}
