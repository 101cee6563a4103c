//! Messages that only these tests send: one for each direction and kind of sender.

use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::transport::limits::{ENVELOPE_LEN, MESSAGE_MAX};
use crate::transport::wire::envelope::{Draft, Envelope};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::wire::registry::Registry;
use crate::transport::wire::{Incoming, Outgoing};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes};

const LONGEST: usize = MESSAGE_MAX - ENVELOPE_LEN;
const HEARTBEAT: MessageKind = MessageKind::new(Family::Messages, 1, SenderKinds::CONTROL, (8, 8));
const ASK: MessageKind =
    MessageKind::new(Family::Messages, 2, SenderKinds::BULK.or(SenderKinds::HANDLE), (8, LONGEST));
const ANSWER: MessageKind = MessageKind::new(Family::Messages, 3, SenderKinds::SERVER, (8, LONGEST));
const LOAD: MessageKind =
    MessageKind::new(Family::Messages, 4, SenderKinds::BULK, (8, LONGEST)).summed_to(8).yielding();
const QUESTION: MessageKind = MessageKind::new(Family::Messages, 5, SenderKinds::HANDLE, (8, 8));
const KINDS: &[MessageKind] = &[HEARTBEAT, ASK, ANSWER, LOAD, QUESTION];

/// A test message. Each has a number, and some are followed by as many bytes as a test wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// Sent by a member, on its control connection.
    HeartbeatRecord(u64),
    /// Sent by a member on its bulk connection, or by a remote handle: one message for each number, all of the
    /// same length.
    Ask(Vec<u64>, usize),
    /// Sent by the side that was dialed.
    Answer(u64, usize),
    /// Sent by a member on its bulk connection: many bytes, which are neither copied nor covered by the
    /// checksum.
    Load(u64, Vec<Bytes>),
    /// Sent by a remote handle only.
    Question(u64),
}

impl Outgoing for Note {
    fn kind(&self) -> &'static MessageKind {
        match self {
            Note::HeartbeatRecord(_) => &HEARTBEAT,
            Note::Ask(..) => &ASK,
            Note::Answer(..) => &ANSWER,
            Note::Load(..) => &LOAD,
            Note::Question(_) => &QUESTION,
        }
    }

    fn encode(self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        let kind = self.kind();
        match self {
            Note::HeartbeatRecord(number) | Note::Question(number) => write(kind, number, 0, out),
            Note::Ask(numbers, length) => numbers.iter().for_each(|number| write(kind, *number, length, out)),
            Note::Answer(number, length) => write(kind, number, length, out),
            Note::Load(number, pieces) => {
                let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
                draft.fields().put_u64_le(number);
                draft.finish(pieces.iter().map(Bytes::len).sum());
                pieces.into_iter().for_each(|piece| out.push(piece));
            }
        }
        Ok(())
    }
}

fn write(kind: &'static MessageKind, number: u64, length: usize, out: &mut WriteBuffer) {
    let mut draft = Draft::begin(out.tail(), kind, 0, 0, GroupId(0));
    draft.fields().put_u64_le(number);
    draft.fields().put_bytes(number as u8, length);
    draft.finish(0);
}

impl Incoming for Note {
    const KINDS: &'static Registry = &Registry::of(&[KINDS]);

    fn read(envelope: &Envelope) -> Result<Note, Malformed> {
        let mut cursor = Cursor::new(&envelope.body);
        let (number, length) = (cursor.u64()?, envelope.body.len() - 8);
        Ok(match envelope.kind {
            kind if *kind == HEARTBEAT => Note::HeartbeatRecord(number),
            kind if *kind == ASK => Note::Ask(vec![number], length),
            kind if *kind == ANSWER => Note::Answer(number, length),
            kind if *kind == LOAD => Note::Load(number, vec![envelope.body.slice(8..)]),
            _ => Note::Question(number),
        })
    }
}
