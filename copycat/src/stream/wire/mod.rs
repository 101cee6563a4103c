//! The wire format of both ends of a stream: the family of streams. `transport/FORMAT.md` draws it.
//!
//! Begin with [`ToServer`] and [`ToReader`].

#[cfg(test)]
mod tests;
mod to_reader;
mod to_server;

#[cfg(any(test, feature = "testing"))]
pub(crate) use to_reader::ITEM_MAX;
pub(crate) use to_reader::{EndReason, Item, ToReader};
pub(crate) use to_server::{Open, SUBJECT_MAX, ToServer};

use crate::codec::cursor::{Cursor, Malformed};
use crate::transport::wire::envelope::{Envelope, non_zero};
use crate::transport::wire::family::MessageKind;

/// The kinds of the family.
pub(crate) const KINDS: &[MessageKind] = &[
    to_server::OPEN,
    to_reader::ITEMS,
    to_server::CREDIT,
    to_reader::END,
    to_server::CANCEL,
    to_reader::MISSED,
];

/// The id of a stream on its connection: chosen by the side that opens it, never 0, each greater than the one
/// before.
pub(crate) type StreamId = u64;

/// Reads a message for the serving side.
pub(crate) fn read_to_server(envelope: &Envelope) -> Result<ToServer, Malformed> {
    envelope.is_plain()?;
    let mut cursor = Cursor::new(&envelope.body);
    let stream = stream(&mut cursor)?;
    let message = match envelope.kind.number {
        OPEN => to_server::read_open(stream, &mut cursor, &envelope.body)?,
        CREDIT => to_server::read_credit(stream, &mut cursor)?,
        CANCEL => to_server::read_cancel(stream, &mut cursor)?,
        other => return Err(Malformed::Value { field: "kind of a stream's opener", found: other.into() }),
    };
    cursor.finish()?;
    Ok(message)
}

/// Reads a message for the opening side.
pub(crate) fn read_to_reader(envelope: &Envelope) -> Result<ToReader, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let stream = stream(&mut cursor)?;
    let message = match envelope.kind.number {
        ITEMS => to_reader::read_items(stream, envelope, &mut cursor)?,
        END => to_reader::read_end(stream, envelope, &mut cursor)?,
        MISSED => to_reader::read_missed(stream, envelope, &mut cursor)?,
        other => return Err(Malformed::Value { field: "kind of a stream's server", found: other.into() }),
    };
    cursor.finish()?;
    Ok(message)
}

const OPEN: u8 = to_server::OPEN.number;
const ITEMS: u8 = to_reader::ITEMS.number;
const CREDIT: u8 = to_server::CREDIT.number;
const END: u8 = to_reader::END.number;
const CANCEL: u8 = to_server::CANCEL.number;
const MISSED: u8 = to_reader::MISSED.number;

fn stream(cursor: &mut Cursor<'_>) -> Result<StreamId, Malformed> {
    let stream = cursor.u64()?;
    non_zero("stream", stream)?;
    Ok(stream)
}
