//! What the side that serves a stream says.
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
use crate::transport::wire::family::{Family, Kind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// Most bytes of one item.
pub(crate) const ITEM_MAX: usize = 64 << 10;
/// Bytes of `Items` before them.
const HEAD_LEN: usize = 16;
/// Bytes of an item before its body.
const ITEM_LEN: usize = 16;

/// Items of a stream.
pub(super) const ITEMS: Kind =
    Kind::new(Family::Streams, 2, SenderKinds::SERVER, (HEAD_LEN + ITEM_LEN, MESSAGE_MAX - ENVELOPE_LEN));
/// The last that is said on a stream.
pub(super) const END: Kind = Kind::new(Family::Streams, 4, SenderKinds::SERVER, (24, 24));
/// Items are left out.
pub(super) const MISSED: Kind = Kind::new(Family::Streams, 6, SenderKinds::SERVER, (16, 16));

/// What the opening side receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToReader {
    /// Items, each of which takes one of the credit.
    Items {
        /// Of which stream.
        stream: StreamId,
        /// At least one; positions grow.
        items: Vec<Item>,
    },
    /// The reader was too slow: what stood before a position and was not sent is gone.
    Missed {
        /// On which stream.
        stream: StreamId,
        /// The stream goes on with it.
        position: u64,
    },
    /// Nothing more comes.
    End {
        /// On which stream.
        stream: StreamId,
        /// Why.
        reason: EndReason,
        /// Of the last item that was sent, or, if there was none, what the stream was opened with: where it can be
        /// gone on from.
        position: u64,
    },
}

/// One item of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its place: greater than that of the one before. Never 0.
    pub position: u64,
    /// What is told; at most [`ITEM_MAX`] bytes.
    pub body: Bytes,
}

/// Why a stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// There is nothing more to tell.
    Complete,
    /// The reader wanted no more.
    Cancelled,
    /// The server knows no such topic.
    UnknownTopic,
    /// The server knows the topic, and nothing of this subject. Another may.
    UnknownSubject,
    /// As many streams as may be are open on the connection.
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
    /// The stream that is spoken of.
    pub(crate) fn stream(&self) -> StreamId {
        match self {
            ToReader::Items { stream, .. }
            | ToReader::Missed { stream, .. }
            | ToReader::End { stream, .. } => *stream,
        }
    }
}

impl Outgoing for ToReader {
    fn kind(&self) -> &'static Kind {
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
