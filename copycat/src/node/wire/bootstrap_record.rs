//! The bootstrap record: the initial voters of the cluster.
//!
//! ```text
//!  Bootstrap
//!  offset size  field
//!      24   16  cluster       never 0
//!      40    …  `count` members, each: id (8), disk id (16)
//! ```
//!
//! In the answer of a handshake, which contains the cluster in another field, there are only the members.

use crate::codec::configuration::MEMBERS_MAX;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId};
use crate::transport::limits::BOOTSTRAP_MAX;
use crate::transport::wire::envelope::{Draft, Envelope};
use crate::transport::wire::family::{Family, MessageKind, SenderKinds};
use crate::transport::write_buffer::WriteBuffer;
use bytes::{BufMut, Bytes, BytesMut};

/// The message that sends a bootstrap record.
pub(super) const BOOTSTRAP: MessageKind = MessageKind::new(
    Family::Consensus,
    16,
    SenderKinds::CONTROL,
    (16 + BOOTSTRAP_MEMBER_LEN, 16 + BOOTSTRAP_MEMBER_LEN * BOOTSTRAP_MEMBERS_MAX),
);

/// The bootstrap record of a cluster: stored durably by every voter, once, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BootstrapRecord {
    /// The random id of the cluster; never 0.
    pub cluster: u128,
    /// The initial voters and the random ids of their disks; ascending by member id, without duplicates.
    pub members: Vec<(MemberId, u128)>,
}

/// The largest number of initial voters. They fit in a handshake.
pub(crate) const BOOTSTRAP_MEMBERS_MAX: usize = MEMBERS_MAX;
/// The bytes of one member.
const BOOTSTRAP_MEMBER_LEN: usize = 24;
const _: () = assert!(BOOTSTRAP_MEMBER_LEN * BOOTSTRAP_MEMBERS_MAX <= BOOTSTRAP_MAX);

impl BootstrapRecord {
    fn write_members(&self, out: &mut BytesMut) {
        for (member, disk_id) in &self.members {
            out.put_u64_le(member.0);
            out.put_u128_le(*disk_id);
        }
    }

    /// Checks that the record is one that other members and later starts accept.
    pub(crate) fn check(&self) -> Result<(), Malformed> {
        let count = self.members.len();
        if count > BOOTSTRAP_MEMBERS_MAX {
            return Err(Malformed::TooLong { limit: BOOTSTRAP_MEMBERS_MAX, found: count });
        }
        let ascend = self.members.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let first = self.members.first().map_or(0, |(member, _)| member.0);
        if self.cluster == 0 || first == 0 || !ascend {
            return Err(Malformed::Value { field: "bootstrap_record", found: first });
        }
        Ok(())
    }

    /// Appends the message that sends the record.
    pub(super) fn encode(&self, out: &mut WriteBuffer) -> Result<(), Malformed> {
        self.check()?;
        let mut draft = Draft::begin(out.tail(), &BOOTSTRAP, 0, self.members.len(), GroupId(0));
        draft.fields().put_u128_le(self.cluster);
        self.write_members(draft.fields());
        draft.finish(0);
        Ok(())
    }

    /// Returns the members as the answer of a handshake contains them, beside the cluster.
    pub(crate) fn to_bootstrap(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.members.len() * BOOTSTRAP_MEMBER_LEN);
        self.write_members(&mut bytes);
        bytes.freeze()
    }

    /// Reads the members of such an answer.
    pub(crate) fn from_bootstrap(cluster: u128, bootstrap: &[u8]) -> Result<BootstrapRecord, Malformed> {
        let mut cursor = Cursor::new(bootstrap);
        let bootstrap_record = read_members(cluster, &mut cursor, bootstrap.len() / BOOTSTRAP_MEMBER_LEN)?;
        cursor.finish()?;
        Ok(bootstrap_record)
    }
}

/// Reads a message that sends a bootstrap record.
pub(super) fn read(envelope: &Envelope) -> Result<BootstrapRecord, Malformed> {
    envelope.check_no_group()?;
    let mut cursor = Cursor::new(&envelope.body);
    let cluster = cursor.u128()?;
    let count = envelope.counted(cursor.rest().len(), BOOTSTRAP_MEMBER_LEN, BOOTSTRAP_MEMBERS_MAX)?;
    let bootstrap_record = read_members(cluster, &mut cursor, count)?;
    cursor.finish()?;
    Ok(bootstrap_record)
}

fn read_members(cluster: u128, cursor: &mut Cursor<'_>, count: usize) -> Result<BootstrapRecord, Malformed> {
    if count > BOOTSTRAP_MEMBERS_MAX {
        return Err(Malformed::TooLong { limit: BOOTSTRAP_MEMBERS_MAX, found: count });
    }
    let mut members = Vec::with_capacity(count);
    for _ in 0..count {
        members.push((MemberId(cursor.u64()?), cursor.u128()?));
    }
    let bootstrap_record = BootstrapRecord { cluster, members };
    bootstrap_record.check()?;
    Ok(bootstrap_record)
}
