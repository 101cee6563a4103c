//! Messages of the side that serves a stream.
//!
//! ```text
//!  Items                                   End
//!  offset size  field                      offset size  field
//!      24    8  stream                         24    8  stream
//!      32    8  reserved  0                    32    2  reason
//!      40    …  `count` items, each:           34    6  reserved  0
//!            8     position                    40    8  position
//!            4     length
//!            4     reserved  0             Missed
//!            …     item                    offset size  field
//!                                              24    8  stream
//!                                              32    8  position
//! ```

use super::StreamId;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, Envelope, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// Most bytes of one item.
pub(crate) const ITEM_MAX: usize = 64 << 10;
/// Bytes of `Items` before the items.
const HEAD_LEN: usize = 16;
/// Bytes of an item before its body.
const ITEM_LEN: usize = 16;

/// Sends items of a stream.
pub(super) const ITEMS: MessageKind = MessageKind::new(
    Family::Streams,
    2,
    SenderKinds::SERVER,
    (HEAD_LEN + ITEM_LEN, MESSAGE_MAX - ENVELOPE_LEN),
);
/// Ends a stream: its last message.
pub(super) const END: MessageKind = MessageKind::new(Family::Streams, 4, SenderKinds::SERVER, (24, 24));
/// Reports that items are left out.
pub(super) const MISSED: MessageKind = MessageKind::new(Family::Streams, 6, SenderKinds::SERVER, (16, 16));

/// A message that the opening side receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToReader {
    /// Items, each of which uses one unit of credit.
    Items {
        /// The stream.
        stream: StreamId,
        /// The items, at least one; positions grow.
        items: Vec<Item>,
    },
    /// The reader was too slow: items before a position that were not sent are gone.
    Missed {
        /// The stream.
        stream: StreamId,
        /// The position with which the stream continues.
        position: u64,
    },
    /// There are no more items.
    End {
        /// The stream.
        stream: StreamId,
        /// The reason of the end.
        reason: EndReason,
        /// Position of the last item that was sent or, if there was none, the position that the stream was
        /// opened with. The stream can be continued from it.
        position: u64,
    },
}

/// One item of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The item's position: greater than that of the item before. Never 0.
    pub position: u64,
    /// The content; at most [`ITEM_MAX`] bytes.
    pub body: Bytes,
}

/// The reason why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// There are no more items.
    Complete,
    /// The reader cancelled the stream.
    Cancelled,
    /// The server does not know the topic.
    UnknownTopic,
    /// The server knows the topic, and nothing of this subject. Another member may.
    UnknownSubject,
    /// The connection has as many open streams as it may have.
    TooMany,
}

impl EndReason {
    /// Every reason and its number, which is never reused.
    const CODES: [(EndReason, u16); 5] = [
        (EndReason::Complete, 1),
        (EndReason::Cancelled, 2),
        (EndReason::UnknownTopic, 3),
        (EndReason::UnknownSubject, 4),
        (EndReason::TooMany, 5),
    ];

    fn code(self) -> u16 {
        Self::CODES.iter().find(|(reason, _)| *reason == self).map_or(0, |(_, code)| *code)
    }

    fn from_code(code: u16) -> Result<EndReason, Malformed> {
        let known = Self::CODES.iter().find(|(_, known)| *known == code);
        known
            .map(|(reason, _)| *reason)
            .ok_or(Malformed::Value { field: "end of a stream", found: code.into() })
    }
}

impl ToReader {
    /// Returns the stream of the message.
    pub(crate) fn stream(&self) -> StreamId {
        match self {
            ToReader::Items { stream, .. }
            | ToReader::Missed { stream, .. }
            | ToReader::End { stream, .. } => *stream,
        }
    }
}

impl Outgoing for ToReader {
    fn kind(&self) -> &'static MessageKind {
        match self {
            ToReader::Items { .. } => &ITEMS,
            ToReader::Missed { .. } => &MISSED,
            ToReader::End { .. } => &END,
        }
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        let kind = self.kind();
        non_zero("stream", self.stream())?;
        match self {
            ToReader::Items { stream, items } => return encode_items(stream, &items, out),
            ToReader::Missed { stream, position } => {
                let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
                draft.fields().put_u64_le(stream);
                draft.fields().put_u64_le(position);
                draft.finish(0);
            }
            ToReader::End { stream, reason, position } => {
                let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
                draft.fields().put_u64_le(stream);
                draft.fields().put_u64_le(reason.code().into());
                draft.fields().put_u64_le(position);
                draft.finish(0);
            }
        }
        Ok(())
    }
}

fn encode_items(stream: StreamId, items: &[Item], out: &mut WriteBuffer) -> Result<(), Malformed> {
    let length: usize = items.iter().map(|item| ITEM_LEN + item.body.len()).sum();
    let limit = MESSAGE_MAX - ENVELOPE_LEN - HEAD_LEN;
    if length > limit {
        return Err(Malformed::TooLong { limit, found: length });
    }
    check_items(items)?;
    let mut draft = Draft::begin(out.tail(), &ITEMS, 0, items.len(), GroupId(0));
    let fields = draft.fields();
    fields.put_u64_le(stream);
    fields.put_u64_le(0);
    for Item { position, body } in items {
        fields.put_u64_le(*position);
        fields.put_u64_le(body.len() as u64);
        fields.put_slice(body);
    }
    draft.finish(0);
    Ok(())
}

fn check_items(items: &[Item]) -> Result<(), Malformed> {
    non_zero("message count", items.len() as u64)?;
    let mut last = 0;
    for Item { position, body } in items {
        if *position <= last {
            return Err(Malformed::Value { field: "position of an item", found: *position });
        }
        if body.len() > ITEM_MAX {
            return Err(Malformed::TooLong { limit: ITEM_MAX, found: body.len() });
        }
        last = *position;
    }
    Ok(())
}

pub(super) fn read_items(
    stream: StreamId,
    envelope: &Envelope,
    cursor: &mut Cursor<'_>,
) -> Result<ToReader, Malformed> {
    zero("items reserved", cursor.u64()?)?;
    let count = envelope.counted(cursor.rest().len(), ITEM_LEN, usize::MAX)?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        let (position, length, reserved) = (cursor.u64()?, cursor.u32()? as usize, cursor.u32()?);
        zero("item reserved", reserved.into())?;
        let body = envelope.body.slice_ref(cursor.take(length)?);
        items.push(Item { position, body });
    }
    check_items(&items)?;
    Ok(ToReader::Items { stream, items })
}

pub(super) fn read_missed(
    stream: StreamId,
    envelope: &Envelope,
    cursor: &mut Cursor<'_>,
) -> Result<ToReader, Malformed> {
    envelope.is_plain()?;
    Ok(ToReader::Missed { stream, position: cursor.u64()? })
}

pub(super) fn read_end(
    stream: StreamId,
    envelope: &Envelope,
    cursor: &mut Cursor<'_>,
) -> Result<ToReader, Malformed> {
    envelope.is_plain()?;
    let (reason, reserved) = (EndReason::from_code(cursor.u16()?)?, cursor.u16()?);
    zero("end reserved", u64::from(reserved) | u64::from(cursor.u32()?))?;
    Ok(ToReader::End { stream, reason, position: cursor.u64()? })
}
