//! Heartbeats and their answers: one message between two members for all their groups.
//!
//! ```text
//!  Heartbeats                              HeartbeatReplies
//!  offset size  field                      offset size  field
//!      24    8  1: urgent; 2: quiet; 0         24    8  2: quiet; 0
//!      32    8  number of the sender's         32    8  number of the sender's
//!               quiet agreement; 0: not said            quiet agreement; 0: not said
//!      40    8  the receiver's, as last        40    8  the receiver's, as last
//!               seen; 0: not seen                       seen; 0: not seen
//!      48    8  free space on the disk,        48    8  free space on the disk,
//!               bytes; all ones: unknown                bytes; all ones: unknown
//!      56    …  `count` records, each:         56    …  `count` records, each:
//!            8     group                             8     group
//!            8     term                              8     term
//!            8     commit                            8     round
//!            8     round                             8     verified index
//!            8     cluster time, µs; 0: unknown      8     durable index
//!                                                    8     last index
//!                                                    8     fingerprint of the program; 0: unknown
//! ```
//!
//! Without records they are member heartbeats, for the groups that are quiet.

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
const HEAD_LEN: usize = 32;
/// The bytes of a heartbeat.
const HEARTBEAT_LEN: usize = 40;
/// The bytes of an answer.
const REPLY_LEN: usize = 56;

/// The message with heartbeats of leaders.
pub(super) const HEARTBEATS: MessageKind = MessageKind::new(
    Family::Consensus,
    5,
    SenderKinds::CONTROL,
    (HEAD_LEN, HEAD_LEN + HEARTBEAT_LEN * HEARTBEATS_MAX),
);
/// The message with answers to heartbeats.
pub(super) const HEARTBEAT_REPLIES: MessageKind = MessageKind::new(
    Family::Consensus,
    6,
    SenderKinds::CONTROL,
    (HEAD_LEN, HEAD_LEN + REPLY_LEN * HEARTBEATS_MAX),
);

/// The numbers of the quiet agreement of two members: see `QuietGroups` in `node/shard/peer.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreements {
    /// The current number of the side that holds or sends this; 0 in a message that does not say.
    pub own: u64,
    /// The number of the other side, as far as it is known; otherwise 0.
    pub other: u64,
}

/// What a message says for all groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeartbeatHead {
    /// Whether the sender expects a message with such a head in return.
    pub asks: bool,
    /// The numbers of the quiet agreement, as the sender knows them.
    pub agreements: Agreements,
    /// The free bytes on this member's disk, or [`DISK_FREE_UNKNOWN`].
    pub disk_free: u64,
}

impl HeartbeatHead {
    /// The head of a message that says nothing but its records.
    pub(super) const NONE: HeartbeatHead = HeartbeatHead {
        asks: false,
        agreements: Agreements { own: 0, other: 0 },
        disk_free: DISK_FREE_UNKNOWN,
    };
}

/// Heartbeats and answers of many groups, in any order, for one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeartbeatBatch {
    /// What concerns all groups.
    pub head: HeartbeatHead,
    /// The records. Those of one form keep their order.
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
    pub extra: u64,
}

/// Which records one message may hold, and the number that says so on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Heartbeats.
    Heartbeats { urgent: bool, quiet: bool },
    /// Answers to heartbeats.
    Replies { quiet: bool },
}

impl Form {
    /// All forms, in the order in which they are sent. If a batch holds two rounds of one group, the later one is the
    /// more urgent one, and nobody agrees to be quiet before a refusal.
    const ALL: [Form; 5] = [
        Form::Heartbeats { urgent: false, quiet: true },
        Form::Heartbeats { urgent: false, quiet: false },
        Form::Heartbeats { urgent: true, quiet: false },
        Form::Replies { quiet: false },
        Form::Replies { quiet: true },
    ];

    fn of(message: &Message) -> Form {
        match *message {
            Message::Heartbeat { urgent, quiet, .. } => Form::Heartbeats { urgent, quiet },
            Message::HeartbeatReply { quiet, .. } => Form::Replies { quiet },
            _ => unreachable!("neither a heartbeat nor an answer to one"),
        }
    }

    fn kind(self) -> &'static MessageKind {
        match self {
            Form::Heartbeats { .. } => &HEARTBEATS,
            Form::Replies { .. } => &HEARTBEAT_REPLIES,
        }
    }

    fn number(self) -> u64 {
        match self {
            Form::Heartbeats { urgent, quiet } => u64::from(urgent) | u64::from(quiet) << 1,
            Form::Replies { quiet } => u64::from(quiet) << 1,
        }
    }

    fn record_len(self) -> usize {
        match self {
            Form::Heartbeats { .. } => HEARTBEAT_LEN,
            Form::Replies { .. } => REPLY_LEN,
        }
    }
}

/// Appends the heartbeats and the answers, in as many messages as they need: at least one.
pub(super) fn encode(HeartbeatBatch { head, records }: &HeartbeatBatch, out: &mut WriteBuffer) {
    for form in Form::ALL {
        let of_form = || records.iter().filter(|record| Form::of(&record.message) == form);
        let (mut left, mut of_this_form) = (of_form().count(), of_form());
        while left > 0 {
            let count = left.min(HEARTBEATS_MAX);
            left -= count;
            encode_one(form, head, count, of_this_form.by_ref().take(count), out);
        }
    }
    if records.is_empty() {
        let form = match head.asks {
            true => Form::Heartbeats { urgent: false, quiet: false },
            false => Form::Replies { quiet: false },
        };
        encode_one(form, head, 0, [].into_iter(), out);
    }
}

fn encode_one<'a>(
    form: Form,
    head: &HeartbeatHead,
    count: usize,
    records: impl Iterator<Item = &'a HeartbeatRecord>,
    out: &mut WriteBuffer,
) {
    let mut draft = Draft::begin(out.tail(), form.kind(), 0, count, GroupId(0));
    let words = [form.number(), head.agreements.own, head.agreements.other, head.disk_free];
    words.into_iter().for_each(|word| draft.fields().put_u64_le(word));
    records.for_each(|record| write(record, draft.fields()));
    draft.finish(0);
}

fn write(record: &HeartbeatRecord, fields: &mut BytesMut) {
    fields.put_u64_le(record.group.0);
    let mut words = |words: &[u64]| words.iter().for_each(|word| fields.put_u64_le(*word));
    match record.message {
        Message::Heartbeat { term, commit, round, .. } => words(&[term, commit, round, record.extra]),
        Message::HeartbeatReply { term, round, verified, durable, last, .. } => {
            words(&[term, round, verified, durable, last, record.extra]);
        }
        _ => unreachable!("neither a heartbeat nor an answer to one"),
    }
}

/// Received heartbeats or answers: verified, and decoded one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// What concerns all groups.
    pub head: HeartbeatHead,
    form: Form,
    items: Bytes,
}

/// Reads a message with heartbeats or with answers.
pub(super) fn read(envelope: &Envelope) -> Result<Arrived, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let number = cursor.u64()?;
    let of_kind = |form: &Form| form.kind().number == envelope.kind.number && form.number() == number;
    let form = Form::ALL.into_iter().find(of_kind);
    let form = form.ok_or(Malformed::Value { field: "heartbeats' form", found: number })?;
    let agreements = Agreements { own: cursor.u64()?, other: cursor.u64()? };
    let asks = matches!(form, Form::Heartbeats { .. });
    let head = HeartbeatHead { asks, agreements, disk_free: cursor.u64()? };
    let items = envelope.body.slice_ref(cursor.rest());
    let count = envelope.counted(items.len(), form.record_len(), HEARTBEATS_MAX)?;
    let may_be_empty =
        matches!(form, Form::Heartbeats { urgent: false, quiet: false } | Form::Replies { quiet: false });
    if count == 0 && !may_be_empty {
        return Err(Malformed::Value { field: "form of no heartbeats", found: number });
    }
    for _ in 0..count {
        item(&mut cursor, form)?;
    }
    cursor.finish()?;
    Ok(Arrived { head, form, items })
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
        Form::Heartbeats { urgent, quiet } => {
            Message::Heartbeat { term, commit: cursor.u64()?, round: cursor.u64()?, urgent, quiet }
        }
        Form::Replies { quiet } => {
            let (round, verified) = (cursor.u64()?, cursor.u64()?);
            let (durable, last) = (cursor.u64()?, cursor.u64()?);
            if last < verified {
                return Err(Malformed::Value { field: "heartbeat reply's last index", found: last });
            }
            Message::HeartbeatReply { term, round, verified, durable, last, quiet }
        }
    };
    Ok(HeartbeatRecord { group, message, extra: cursor.u64()? })
}

/// Collects received records, to send them again.
#[cfg(any(test, feature = "testing"))]
impl From<Arrived> for HeartbeatBatch {
    fn from(arrived: Arrived) -> HeartbeatBatch {
        HeartbeatBatch { head: arrived.head, records: arrived.collect() }
    }
}
