//! Who formed the cluster.
//!
//! ```text
//!  offset size  field
//!      24   16  cluster       never 0
//!      40    …  `count` members, each: id (8), storage (16)
//! ```

use super::envelope::{Draft, Envelope, Kind, zero};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId};
use bytes::{BufMut, BytesMut};

/// The act of founding: recorded durably by every voter, once, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Formation {
    /// The cluster's random id; never 0.
    pub cluster: u128,
    /// The founding voters and the random names of their storages; ascending by id, without duplicates.
    pub members: Vec<(MemberId, u128)>,
}

/// Most founding members: what fits a handshake with room to spare.
pub(crate) const FOUNDERS_MAX: usize = crate::codec::configuration::MEMBERS_MAX;
/// Bytes per member.
const FOUNDER_LEN: usize = 24;

impl Formation {
    /// Appends the id, then the members; their number goes into the envelope.
    pub(super) fn write(&self, out: &mut BytesMut) {
        out.put_u128_le(self.cluster);
        for (member, storage) in &self.members {
            out.put_u64_le(member.0);
            out.put_u128_le(*storage);
        }
    }

    /// Checks what the other side, or a later start, would refuse.
    pub(crate) fn check(&self) -> Result<(), Malformed> {
        let count = self.members.len();
        if count > FOUNDERS_MAX {
            return Err(Malformed::TooLong { limit: FOUNDERS_MAX, found: count });
        }
        let ascend = self.members.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let first = self.members.first().map_or(0, |(member, _)| member.0);
        if self.cluster == 0 || first == 0 || !ascend {
            return Err(Malformed::Value { field: "formation", found: first });
        }
        Ok(())
    }

    /// Reads `count` members behind the id.
    pub(super) fn read(cursor: &mut Cursor<'_>, count: u32) -> Result<Formation, Malformed> {
        let limit = FOUNDERS_MAX.min(cursor.rest().len() / FOUNDER_LEN);
        let count = count as usize;
        if count > limit {
            return Err(Malformed::TooLong { limit, found: count });
        }
        let cluster = long(cursor)?;
        let member = |cursor: &mut Cursor<'_>| Ok((MemberId(cursor.u64()?), long(cursor)?));
        let members = (0..count).map(|_| member(cursor)).collect::<Result<_, Malformed>>()?;
        let formation = Formation { cluster, members };
        formation.check()?;
        Ok(formation)
    }
}

/// Sixteen bytes.
pub(super) fn long(cursor: &mut Cursor<'_>) -> Result<u128, Malformed> {
    let (low, high) = (cursor.u64()?, cursor.u64()?);
    Ok(u128::from(high) << 64 | u128::from(low))
}

/// Appends a message that asks to adopt a formation.
pub(super) fn encode(formation: &Formation, out: &mut BytesMut) {
    let mut draft = Draft::begin(out, Kind::Form, 0, formation.members.len(), GroupId(0));
    formation.write(draft.fields());
    draft.finish(0);
}

/// Reads a message that asks to adopt a formation.
pub(super) fn decode(envelope: &Envelope) -> Result<Formation, Malformed> {
    zero("message group", envelope.group.0)?;
    let mut cursor = Cursor::new(&envelope.body);
    let formation = Formation::read(&mut cursor, envelope.count)?;
    cursor.finish()?;
    Ok(formation)
}
