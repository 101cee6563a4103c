//! Reasons why a connection is refused.
//!
//! ```text
//!  offset size  field
//!      24    2  code
//!      26    2  version of the side that was called    ┐ with code 1, unless one of them is version 1;
//!      28    2  version of the caller                  ┘ otherwise 0
//!      30    2  reserved  0
//! ```

use super::connection::{REFUSED, VERSION};
use super::envelope::{Draft, Envelope, zero};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::GroupId;
use bytes::{BufMut, BytesMut};
use thiserror::Error;

/// The version whose refusals name no version, and which cannot read those that do.
const NAMELESS: u16 = 1;

/// The reason why a connection is refused, or, on the dialing side, not used. Nothing was exchanged on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// The two sides speak different versions.
    #[error("the caller speaks version {caller} of the protocol, and whom it called speaks version {called}")]
    WrongVersion {
        /// The version of the side that dialed.
        caller: u16,
        /// The version of the side that was called, which refuses.
        called: u16,
    },
    /// The two sides belong to different clusters.
    #[error("the other side belongs to another cluster")]
    WrongCluster,
    /// The caller is no member of the cluster.
    #[error("the member is not known to the cluster")]
    UnknownMember,
    /// Both sides claim the same member id.
    #[error("two processes claim the same member id")]
    DuplicateMember,
    /// The member's disk is not the one that the cluster was bootstrapped with.
    #[error("the member's disk is not the one the cluster knows it by")]
    WrongDisk,
    /// The address belongs to another member than the caller expected.
    #[error("the address belongs to another member")]
    NotMe,
    /// All connections are taken, or the side that was called is stopping. A later attempt may succeed.
    #[error("too many connections")]
    TooManyConnections,
    /// The members' election timeouts differ, so that no leader's lease could be relied on.
    #[error("the two sides were given different election timeouts")]
    WrongTimeout,
    /// The bootstrap data of the other side cannot be read. Only the dialing side says so, to itself.
    #[error("what the other side says of its cluster cannot be read")]
    Unreadable,
}

impl Refusal {
    /// The refusals without further fields, and their codes, which are never reused. Code 1 is a wrong version.
    const CODES: [(Refusal, u16); 8] = [
        (Refusal::WrongCluster, 2),
        (Refusal::UnknownMember, 3),
        (Refusal::DuplicateMember, 4),
        (Refusal::WrongDisk, 5),
        (Refusal::NotMe, 6),
        (Refusal::TooManyConnections, 7),
        (Refusal::WrongTimeout, 8),
        (Refusal::Unreadable, 9),
    ];

    /// Appends the message to `out`.
    pub(crate) fn encode(self, out: &mut BytesMut) {
        let mut draft = Draft::begin(out, &REFUSED, 0, 0, GroupId(0));
        let fields = draft.fields();
        match self {
            Refusal::WrongVersion { caller, called } => {
                let named = caller != NAMELESS && called != NAMELESS;
                fields.put_u16_le(1);
                fields.put_u16_le(if named { called } else { 0 });
                fields.put_u16_le(if named { caller } else { 0 });
                fields.put_u16_le(0);
            }
            other => {
                let code = Refusal::CODES.iter().find(|(known, _)| *known == other);
                fields.put_u64_le(code.map_or(0, |(_, code)| u64::from(*code)));
            }
        }
        draft.finish(0);
    }

    /// Reads the refusal that the called side has sent.
    pub(super) fn decode(envelope: &Envelope) -> Result<Refusal, Malformed> {
        envelope.is_plain()?;
        let mut cursor = Cursor::new(&envelope.body);
        let (code, called, caller) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
        zero("refused reserved", cursor.u16()?.into())?;
        cursor.finish()?;
        if code == 1 {
            return wrong_version(caller, called);
        }
        zero("refused versions", u64::from(called) | u64::from(caller))?;
        let known = Refusal::CODES.iter().find(|(_, known)| *known == code);
        known.map(|(refusal, _)| *refusal).ok_or(Malformed::Value { field: "refusal", found: code.into() })
    }
}

/// Builds the refusal. One that names no versions comes from version 1, whose refusals had no fields for them.
fn wrong_version(caller: u16, called: u16) -> Result<Refusal, Malformed> {
    match (caller, called) {
        (0, 0) => Ok(Refusal::WrongVersion { caller: VERSION, called: NAMELESS }),
        (0 | NAMELESS, _) | (_, 0 | NAMELESS) => {
            Err(Malformed::Value { field: "refused version", found: called.into() })
        }
        (caller, called) => Ok(Refusal::WrongVersion { caller, called }),
    }
}
