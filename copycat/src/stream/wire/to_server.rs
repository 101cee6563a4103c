//! Messages of the side that opens a stream.
//!
//! ```text
//!  Open                                    Credit
//!  offset size  field                      offset size  field
//!      24    8  stream                         24    8  stream
//!      32    2  topic                          32    8  items
//!      34    2  length of the subject
//!      36    4  reserved  0                Cancel
//!      40    8  position                   offset size  field
//!      48    8  credit                         24    8  stream
//!      56    8  reserved  0                    32    8  reserved  0
//!      64    …  subject
//! ```

use super::StreamId;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::wire::Outgoing;
use crate::transport::wire::envelope::{Draft, non_zero, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

/// Most bytes of a subject.
pub(crate) const SUBJECT_MAX: usize = 1 << 10;
/// Bytes of `Open` before its subject.
const OPEN_LEN: usize = 40;

/// Opens a stream.
pub(super) const OPEN: MessageKind =
    MessageKind::new(Family::Streams, 1, SenderKinds::HANDLE, (OPEN_LEN, OPEN_LEN + SUBJECT_MAX));
/// Gives credit for more items.
pub(super) const CREDIT: MessageKind = MessageKind::new(Family::Streams, 3, SenderKinds::HANDLE, (16, 16));
/// Cancels a stream.
pub(super) const CANCEL: MessageKind = MessageKind::new(Family::Streams, 5, SenderKinds::HANDLE, (16, 16));

/// A message that the serving side receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToServer {
    /// Opens a stream.
    Open(Open),
    /// Gives credit for more items.
    Credit {
        /// The stream.
        stream: StreamId,
        /// Number of items; at least one.
        items: u64,
    },
    /// Cancels a stream that is not read any more. The answer is its end, after which nothing comes.
    Cancel {
        /// The stream.
        stream: StreamId,
    },
}

/// The parameters of a new stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// The stream's id from now on.
    pub stream: StreamId,
    /// The topic: one of [`topic`](crate::stream::topic).
    pub topic: u16,
    /// The subject within the topic; at most [`SUBJECT_MAX`] bytes.
    pub subject: Bytes,
    /// The position after which the stream continues; 0: it starts with the first item there is.
    pub position: u64,
    /// The initial credit, in items.
    pub credit: u64,
}

impl Outgoing for ToServer {
    fn kind(&self) -> &'static MessageKind {
        match self {
            ToServer::Open(_) => &OPEN,
            ToServer::Credit { .. } => &CREDIT,
            ToServer::Cancel { .. } => &CANCEL,
        }
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        let kind = self.kind();
        match self {
            ToServer::Open(open) => {
                check_open(&open)?;
                let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
                let fields = draft.fields();
                fields.put_u64_le(open.stream);
                fields.put_u16_le(open.topic);
                fields.put_u16_le(open.subject.len() as u16);
                fields.put_u32_le(0);
                fields.put_u64_le(open.position);
                fields.put_u64_le(open.credit);
                fields.put_u64_le(0);
                fields.put_slice(&open.subject);
                draft.finish(0);
            }
            ToServer::Credit { stream, items } => {
                non_zero("stream", stream)?;
                non_zero("credit", items)?;
                pair(kind, stream, items, out);
            }
            ToServer::Cancel { stream } => {
                non_zero("stream", stream)?;
                pair(kind, stream, 0, out);
            }
        }
        Ok(())
    }
}

fn pair(kind: &'static MessageKind, stream: StreamId, second: u64, out: &mut WriteBuffer) {
    let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
    draft.fields().put_u64_le(stream);
    draft.fields().put_u64_le(second);
    draft.finish(0);
}

fn check_open(open: &Open) -> Result<(), Malformed> {
    non_zero("stream", open.stream)?;
    check_subject(open.subject.len())
}

fn check_subject(found: usize) -> Result<(), Malformed> {
    if found > SUBJECT_MAX { Err(Malformed::TooLong { limit: SUBJECT_MAX, found }) } else { Ok(()) }
}

pub(super) fn read_open(
    stream: StreamId,
    cursor: &mut Cursor<'_>,
    message: &Bytes,
) -> Result<ToServer, Malformed> {
    let (topic, length, reserved) = (cursor.u16()?, usize::from(cursor.u16()?), cursor.u32()?);
    let (position, credit) = (cursor.u64()?, cursor.u64()?);
    zero("open reserved", cursor.u64()? | u64::from(reserved))?;
    check_subject(length)?;
    let subject = message.slice_ref(cursor.take(length)?);
    Ok(ToServer::Open(Open { stream, topic, subject, position, credit }))
}

pub(super) fn read_credit(stream: StreamId, cursor: &mut Cursor<'_>) -> Result<ToServer, Malformed> {
    let items = cursor.u64()?;
    non_zero("credit", items)?;
    Ok(ToServer::Credit { stream, items })
}

pub(super) fn read_cancel(stream: StreamId, cursor: &mut Cursor<'_>) -> Result<ToServer, Malformed> {
    zero("cancel reserved", cursor.u64()?)?;
    Ok(ToServer::Cancel { stream })
}
