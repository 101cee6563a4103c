//! The wire format of both ends of a stream: the family of streams. `transport/FORMAT.md` draws it.
//!
//! Begin with [`ToServer`] and [`ToReader`].

mod asked;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use asked::{Open, SUBJECT_MAX, ToServer};
#[cfg(any(test, feature = "testing"))]
pub(crate) use told::ITEM_MAX;
pub(crate) use told::{EndReason, Item, ToReader};

use crate::codec::cursor::{Cursor, Malformed};
use crate::transport::wire::envelope::{Envelope, non_zero};
use crate::transport::wire::family::MessageKind;

/// The kinds of the family.
pub(crate) const KINDS: &[MessageKind] =
    &[asked::OPEN, told::ITEMS, asked::CREDIT, told::END, asked::CANCEL, told::MISSED];

/// The id of a stream on its connection: chosen by the side that opens it, never 0, each greater than the one
/// before.
pub(crate) type StreamId = u64;

/// Reads a message for the serving side.
pub(crate) fn read_asked(envelope: &Envelope) -> Result<ToServer, Malformed> {
    envelope.is_plain()?;
    let mut cursor = Cursor::new(&envelope.body);
    let stream = stream(&mut cursor)?;
    let message = match envelope.kind.number {
        OPEN => asked::read_open(stream, &mut cursor, &envelope.body)?,
        CREDIT => asked::read_credit(stream, &mut cursor)?,
        CANCEL => asked::read_cancel(stream, &mut cursor)?,
        other => return Err(Malformed::Value { field: "kind of a stream's opener", found: other.into() }),
    };
    cursor.finish()?;
    Ok(message)
}

/// Reads a message for the opening side.
pub(crate) fn read_told(envelope: &Envelope) -> Result<ToReader, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let stream = stream(&mut cursor)?;
    let message = match envelope.kind.number {
        ITEMS => told::read_items(stream, envelope, &mut cursor)?,
        END => told::read_end(stream, envelope, &mut cursor)?,
        MISSED => told::read_missed(stream, envelope, &mut cursor)?,
        other => return Err(Malformed::Value { field: "kind of a stream's server", found: other.into() }),
    };
    cursor.finish()?;
    Ok(message)
}

const OPEN: u8 = asked::OPEN.number;
const ITEMS: u8 = told::ITEMS.number;
const CREDIT: u8 = asked::CREDIT.number;
const END: u8 = told::END.number;
const CANCEL: u8 = asked::CANCEL.number;
const MISSED: u8 = told::MISSED.number;

fn stream(cursor: &mut Cursor<'_>) -> Result<StreamId, Malformed> {
    let stream = cursor.u64()?;
    non_zero("stream", stream)?;
    Ok(stream)
}
