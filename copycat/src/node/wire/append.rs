//! Appends, a short head and entry frames as they lie in the log, and their answers.
//!
//! ```text
//!  Append                                  AppendReply
//!  offset size  field                      offset size  field
//!      24    8  term       the leader's        24    8  term
//!      32   16  previous   term and index      32    8  index
//!      48    8  commit                         40   16  hint      term and index
//!      56    4  checksum   of the previous     56    8  reserved  0
//!                          frame; 0: unknown
//!      60    4  reserved  0
//!      64    …  frames     `count` of them, packed; each with its own checksum
//! ```

use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::entries::Entries;
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, Index, Term};
use crate::codec::terms::LogId;
use crate::raft::message::{AppendResult, Message};
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX, MESSAGE_SOFT};
use crate::transport::wire::envelope::{Draft, Envelope, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// The bytes of an append between the envelope and its frames.
pub(crate) const HEAD_LEN: usize = 40;

/// Flag of `AppendReply`: the append was rejected, and nothing was stored.
const REJECTED: u8 = 1;

/// The append (Raft §5.3). Its checksum covers only the head, because every frame has its own.
pub(crate) const APPEND: MessageKind =
    MessageKind::new(Family::Consensus, 3, SenderKinds::BULK, (HEAD_LEN, MESSAGE_MAX - ENVELOPE_LEN))
        .summed_to(HEAD_LEN)
        .yielding();
/// The answer to an append.
pub(super) const APPEND_REPLY: MessageKind =
    MessageKind::new(Family::Consensus, 4, SenderKinds::BULK, (40, 40)).with_flags(REJECTED);

/// The fixed fields of an append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) group: GroupId,
    pub(super) term: Term,
    pub(super) prev: LogId,
    pub(super) commit: Index,
    /// The checksum of the frame before the first one; 0: not known.
    pub(super) prev_checksum: u32,
}

/// Appends one message, or several consecutive ones if the frames exceed what one message should carry. Fails if frames
/// that must be split are malformed.
pub(super) fn encode(
    head: Head,
    count: u64,
    frames: Vec<Bytes>,
    out: &mut WriteBuffer,
) -> Result<(), Malformed> {
    let length: usize = frames.iter().map(Bytes::len).sum();
    if length <= MESSAGE_SOFT {
        write(Part { head, count, length, frames }, out);
        return Ok(());
    }
    for part in split(head, &frames)? {
        write(part, out);
    }
    Ok(())
}

/// The part of an append that one message carries.
struct Part {
    head: Head,
    count: u64,
    length: usize,
    frames: Vec<Bytes>,
}

fn write(part: Part, out: &mut WriteBuffer) {
    let head = part.head;
    let mut draft = Draft::begin(out.tail(), &APPEND, 0, part.count as usize, head.group);
    for field in [head.term, head.prev.term, head.prev.index, head.commit] {
        draft.fields().put_u64_le(field);
    }
    draft.fields().put_u64_le(head.prev_checksum.into());
    draft.finish(part.length);
    for piece in part.frames {
        out.push(piece);
    }
}

/// Splits between frames: each part holds at least one frame, and at most [`MESSAGE_SOFT`] bytes if it holds several.
fn split(head: Head, chunks: &[Bytes]) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    let mut part = Part { head, count: 0, length: 0, frames: Vec::new() };
    let (mut last, mut checksum) = (head.prev, head.prev_checksum);
    for chunk in chunks {
        // The range of this chunk that belongs to the current part.
        let (mut begin, mut end) = (0, 0);
        for entry in Frame::all_trusted(chunk) {
            let entry = entry?;
            if part.count > 0 && part.length + entry.bytes.len() > MESSAGE_SOFT {
                part.frames.push(chunk.slice(begin..end));
                let head = Head { prev: last, prev_checksum: checksum, ..head };
                let next = Part { head, count: 0, length: 0, frames: Vec::new() };
                parts.push(std::mem::replace(&mut part, next));
                begin = end;
            }
            end += entry.bytes.len();
            part.count += 1;
            part.length += entry.bytes.len();
            last = LogId { term: entry.header.term, index: entry.header.index };
            checksum = checksum_of(entry.bytes);
        }
        part.frames.push(chunk.slice(begin..end));
    }
    parts.push(part);
    Ok(parts)
}

/// Returns a frame's own checksum: the four bytes after its length.
fn checksum_of(frame: &[u8]) -> u32 {
    frame.get(4..8).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Reads an append, and verifies every frame and its position. The last value is the checksum of the frame before the
/// first one.
pub(super) fn read(envelope: &Envelope) -> Result<(Message, Entries, u32), Malformed> {
    envelope.check_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let (term, prev, commit) = (cursor.u64()?, log_id(&mut cursor)?, cursor.u64()?);
    let (prev_checksum, reserved) = (cursor.u32()?, cursor.u32()?);
    zero("append reserved", reserved.into())?;
    let entries = Entries::read(envelope.group, prev, term, envelope.body.slice(HEAD_LEN..))?;
    if entries.count() != u64::from(envelope.count) {
        return Err(Malformed::Value { field: "append count", found: envelope.count.into() });
    }
    let (spans, configurations) = (entries.spans().clone(), entries.configurations().to_vec());
    Ok((Message::Append { term, prev, commit, spans, configurations }, entries, prev_checksum))
}

/// Appends an answer to an append.
pub(super) fn encode_reply(group: GroupId, term: Term, result: AppendResult, out: &mut WriteBuffer) {
    let (flags, [index, hint_term, hint_index]) = match result {
        AppendResult::Accepted { matched } => (0, [matched, 0, 0]),
        AppendResult::Rejected { prev, hint } => (REJECTED, [prev, hint.term, hint.index]),
    };
    let mut draft = Draft::begin(out.tail(), &APPEND_REPLY, flags, 0, group);
    for field in [term, index, hint_term, hint_index, 0] {
        draft.fields().put_u64_le(field);
    }
    draft.finish(0);
}

/// Reads an answer to an append.
pub(super) fn read_reply(envelope: &Envelope) -> Result<Message, Malformed> {
    envelope.check_group()?;
    zero("message count", envelope.count.into())?;
    let mut cursor = Cursor::new(&envelope.body);
    let (term, index, hint) = (cursor.u64()?, cursor.u64()?, log_id(&mut cursor)?);
    zero("append reply reserved", cursor.u64()?)?;
    cursor.finish()?;
    let result = if envelope.flags & REJECTED != 0 {
        AppendResult::Rejected { prev: index, hint }
    } else {
        zero("append reply hint", hint.term | hint.index)?;
        AppendResult::Accepted { matched: index }
    };
    Ok(Message::AppendReply { term, result })
}

/// Reads a log id: the term, then the index.
pub(super) fn log_id(cursor: &mut Cursor<'_>) -> Result<LogId, Malformed> {
    Ok(LogId { term: cursor.u64()?, index: cursor.u64()? })
}
