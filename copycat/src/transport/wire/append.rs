//! Appends: a short head, and entry frames as they lie in the log.
//!
//! ```text
//!  offset size  field
//!      24    8  term          the leader's
//!      32   16  previous      term and index of the entry before the first
//!      48    8  commit
//!      56    …  frames        `count` of them, packed; each with its own checksum
//! ```

use super::envelope::{APPEND_LEN, Draft, Envelope, Kind};
use super::raft::log_id;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::entries::Entries;
use crate::codec::frame::Frame;
use crate::codec::ids::{GroupId, Index, Term};
use crate::codec::terms::LogId;
use crate::raft::message::Message;
use crate::transport::limits::MESSAGE_SOFT;
use crate::transport::rope::Rope;
use bytes::{BufMut, Bytes};

/// The fixed fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) group: GroupId,
    pub(super) term: Term,
    pub(super) prev: LogId,
    pub(super) commit: Index,
}

/// Appends one message, or several consecutive ones where the frames are more than a message should carry.
/// `Err` if what has to be cut apart is not made of frames.
pub(super) fn encode(head: Head, count: u64, frames: Vec<Bytes>, out: &mut Rope) -> Result<(), Malformed> {
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

/// One message's share of an append.
struct Part {
    head: Head,
    count: u64,
    length: usize,
    frames: Vec<Bytes>,
}

fn write(part: Part, out: &mut Rope) {
    let head = part.head;
    let mut draft = Draft::begin(out.tail(), Kind::Append, 0, part.count as usize, head.group);
    for field in [head.term, head.prev.term, head.prev.index, head.commit] {
        draft.fields().put_u64_le(field);
    }
    draft.finish(part.length);
    for piece in part.frames {
        out.push(piece);
    }
}

/// Cuts between frames: each part holds at least one, and no more than [`MESSAGE_SOFT`] bytes if it holds several.
fn split(head: Head, chunks: &[Bytes]) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    let mut part = Part { head, count: 0, length: 0, frames: Vec::new() };
    let mut last = head.prev;
    for chunk in chunks {
        // What of this chunk belongs to the part, up to `end`.
        let (mut begin, mut end) = (0, 0);
        for entry in Frame::all_trusted(chunk) {
            let entry = entry?;
            if part.count > 0 && part.length + entry.bytes.len() > MESSAGE_SOFT {
                part.frames.push(chunk.slice(begin..end));
                let next =
                    Part { head: Head { prev: last, ..head }, count: 0, length: 0, frames: Vec::new() };
                parts.push(std::mem::replace(&mut part, next));
                begin = end;
            }
            end += entry.bytes.len();
            part.count += 1;
            part.length += entry.bytes.len();
            last = LogId { term: entry.header.term, index: entry.header.index };
        }
        part.frames.push(chunk.slice(begin..end));
    }
    parts.push(part);
    Ok(parts)
}

/// Reads an append: verifies every frame and its place.
pub(super) fn decode(envelope: &Envelope) -> Result<(Message, Entries), Malformed> {
    let mut cursor = Cursor::new(&envelope.body);
    let (term, prev, commit) = (cursor.u64()?, log_id(&mut cursor)?, cursor.u64()?);
    let entries = Entries::read(envelope.group, prev, term, envelope.body.slice(APPEND_LEN..))?;
    if entries.count() != u64::from(envelope.count) {
        return Err(Malformed::Value { field: "append count", found: envelope.count.into() });
    }
    let (spans, configurations) = (entries.spans().clone(), entries.configurations().to_vec());
    Ok((Message::Append { term, prev, commit, spans, configurations }, entries))
}
