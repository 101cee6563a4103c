//! Votes and requests for them.
//!
//! ```text
//!  RequestVote                             Vote
//!  offset size  field                      offset size  field
//!      24    8  term                           24    8  term
//!      32   16  last     term and index        32    8  campaign
//!      48    8  campaign                       40    8  reserved  0
//!      56    8  reserved  0
//! ```

use super::append::log_id;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use crate::raft::message::Message;
use crate::transport::wire::envelope::{Draft, Envelope, zero};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::BufMut;

/// Flag of `RequestVote`: the request is a pre-vote.
const ASKS_PRE: u8 = 1;
/// Flag of `Vote`: the vote is granted.
const GRANTED: u8 = 1;
/// Flag of `Vote`: the message answers a pre-vote.
const ANSWERS_PRE: u8 = 2;

/// The request for a vote (Raft §5.2).
pub(super) const REQUEST_VOTE: MessageKind =
    MessageKind::new(Family::Consensus, 1, SenderKinds::CONTROL, (40, 40)).with_flags(ASKS_PRE);
/// The answer to a request for a vote.
pub(super) const VOTE: MessageKind =
    MessageKind::new(Family::Consensus, 2, SenderKinds::CONTROL, (24, 24)).with_flags(GRANTED | ANSWERS_PRE);

/// Appends a vote or a request for one.
pub(super) fn encode(group: GroupId, message: &Message, out: &mut WriteBuffer) {
    match *message {
        Message::RequestVote { term, last, pre, campaign } => {
            let flags = if pre { ASKS_PRE } else { 0 };
            words(&REQUEST_VOTE, flags, group, &[term, last.term, last.index, campaign, 0], out);
        }
        Message::Vote { term, granted, pre, campaign } => {
            let flags = if granted { GRANTED } else { 0 } | if pre { ANSWERS_PRE } else { 0 };
            words(&VOTE, flags, group, &[term, campaign, 0], out);
        }
        _ => unreachable!("neither a vote nor a request for one"),
    }
}

fn words(kind: &'static MessageKind, flags: u8, group: GroupId, fields: &[u64], out: &mut WriteBuffer) {
    let mut draft = Draft::begin(out.tail(), kind, flags, 0, group);
    fields.iter().for_each(|field| draft.fields().put_u64_le(*field));
    draft.finish(0);
}

/// Reads a vote or a request for one.
pub(super) fn read(envelope: &Envelope) -> Result<Message, Malformed> {
    envelope.check_group()?;
    zero("message count", envelope.count.into())?;
    let mut cursor = Cursor::new(&envelope.body);
    let (term, flags) = (cursor.u64()?, envelope.flags);
    let message = if envelope.kind.number == REQUEST_VOTE.number {
        let (last, campaign) = (log_id(&mut cursor)?, cursor.u64()?);
        Message::RequestVote { term, last, pre: flags & ASKS_PRE != 0, campaign }
    } else {
        let (granted, pre) = (flags & GRANTED != 0, flags & ANSWERS_PRE != 0);
        Message::Vote { term, granted, pre, campaign: cursor.u64()? }
    };
    zero("vote reserved", cursor.u64()?)?;
    cursor.finish()?;
    Ok(message)
}
