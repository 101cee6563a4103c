//! The handshake that opens every connection.
//!
//! ```text
//!  Hello                                    Welcome
//!  offset size  field                       offset size  field
//!      24    2  version                         24    8  member
//!      26    1  role: 1 member, 2 handle        32   16  disk id
//!      27    1  priority: 1 control, 2 bulk     48    4  election timeout, ms
//!      28    4  election timeout, ms            52    4  reserved  0
//!               0 of a handle                   56   16  cluster   0: none yet
//!      32    8  member    0 of a handle         72    …  bootstrap nothing while there is no cluster
//!      40    8  expected  0: any
//!      48   16  disk id   0 of a handle
//!      64   16  cluster   0: none
//!      80   16  reserved  0
//! ```
//!
//! The version comes first, so that sides of different versions can at least say so.

pub(crate) use super::connection::VERSION;
use super::connection::{ALIVE, HELLO, REFUSED, WELCOME};
use super::envelope::{Draft, Envelope, Expected, non_zero, zero};
use super::family::{Priority, SenderKinds};
use super::refusal::Refusal;
use super::registry::Registry;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId};
use crate::transport::limits::{BOOTSTRAP_MAX, HANDSHAKE_MAX};
use bytes::{BufMut, Bytes, BytesMut};

/// The messages that either side may send before the handshake is done.
pub(crate) const HANDSHAKE: Expected =
    Expected { kinds: &Registry::of(&[]), sender: SenderKinds::STRANGER, longest: HANDSHAKE_MAX };

/// The kind of process that calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// A member of the cluster, or of one that is yet to be bootstrapped.
    Member {
        /// The member's id.
        id: MemberId,
        /// The random id of its disk, chosen when its directory was created.
        disk_id: u128,
        /// The connection's priority.
        priority: Priority,
        /// Its election timeout in milliseconds.
        election_ms: u32,
    },
    /// A remote handle.
    Client,
}

/// The first message on a connection, from the side that dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The caller's [`VERSION`].
    pub version: u16,
    /// The caller's role.
    pub role: CallerKind,
    /// The cluster that the caller belongs to, or looks for; 0: none yet, or any.
    pub cluster: u128,
    /// The member that the caller wants to reach; `None`: any member.
    pub expected: Option<MemberId>,
}

/// A member's description of itself: the answer to a [`Hello`] that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// The member's id.
    pub member: MemberId,
    /// The random id of its disk.
    pub disk_id: u128,
    /// Its election timeout in milliseconds. A leader's lease relies on every member waiting that long.
    pub election_ms: u32,
    /// The cluster that it belongs to; 0 before bootstrap.
    pub cluster: u128,
    /// The node's bootstrap data, which the transport does not interpret. Empty while there is no cluster; at
    /// most [`BOOTSTRAP_MAX`] bytes.
    pub bootstrap: Bytes,
}

impl Hello {
    /// Appends the message to `out`.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let (role, priority, election_ms, id, disk_id) = match self.role {
            CallerKind::Member { id, disk_id, priority, election_ms } => {
                (1, priority as u8, election_ms, id.0, disk_id)
            }
            CallerKind::Client => (2, 0, 0, 0, 0),
        };
        let mut draft = Draft::begin(out, &HELLO, 0, 0, GroupId(0));
        let fields = draft.fields();
        fields.put_u16_le(self.version);
        fields.put_u8(role);
        fields.put_u8(priority);
        fields.put_u32_le(election_ms);
        fields.put_u64_le(id);
        fields.put_u64_le(self.expected.map_or(0, |member| member.0));
        fields.put_u128_le(disk_id);
        fields.put_u128_le(self.cluster);
        fields.put_u128_le(0);
        draft.finish(0);
    }

    /// Reads a `Hello`. `Ok(Err(version))` is one of another version, of which nothing else is known.
    pub(crate) fn decode(envelope: &Envelope) -> Result<Result<Hello, u16>, Malformed> {
        expect(HELLO.number, envelope)?;
        let mut cursor = Cursor::new(&envelope.body);
        let version = cursor.u16()?;
        if version != VERSION {
            return Ok(Err(version));
        }
        envelope.is_plain()?;
        let (role, priority) = (cursor.u8()?, cursor.u8()?);
        let election_ms = cursor.u32()?;
        let (id, expected) = (MemberId(cursor.u64()?), cursor.u64()?);
        let (disk_id, cluster) = (cursor.u128()?, cursor.u128()?);
        zero_u128("hello reserved", cursor.u128()?)?;
        cursor.finish()?;
        let role = match decode_priority(role, priority)? {
            Some(priority) => member(id, disk_id, priority, election_ms)?,
            None => client(id, disk_id, election_ms)?,
        };
        let expected = (expected != 0).then_some(MemberId(expected));
        Ok(Ok(Hello { version, role, cluster, expected }))
    }
}

/// Returns the priority, or `None` if the caller is a remote handle.
fn decode_priority(role: u8, priority: u8) -> Result<Option<Priority>, Malformed> {
    match (role, priority) {
        (1, 1) => Ok(Some(Priority::Control)),
        (1, 2) => Ok(Some(Priority::Bulk)),
        (2, 0) => Ok(None),
        (1 | 2, _) => Err(Malformed::Value { field: "hello priority", found: priority.into() }),
        _ => Err(Malformed::Value { field: "hello role", found: role.into() }),
    }
}

fn member(
    id: MemberId,
    disk_id: u128,
    priority: Priority,
    election_ms: u32,
) -> Result<CallerKind, Malformed> {
    non_zero("hello member", id.0)?;
    Ok(CallerKind::Member { id, disk_id, priority, election_ms })
}

fn client(id: MemberId, disk_id: u128, election_ms: u32) -> Result<CallerKind, Malformed> {
    zero("hello member", id.0)?;
    zero_u128("hello disk id", disk_id)?;
    zero("hello election timeout", election_ms.into())?;
    Ok(CallerKind::Client)
}

fn zero_u128(field: &'static str, found: u128) -> Result<(), Malformed> {
    zero(field, found as u64 | (found >> 64) as u64)
}

/// The answer to a `Hello`.
pub(crate) type Reply = Result<Welcome, Refusal>;

impl Welcome {
    /// Appends the message to `out`.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        assert!(self.bootstrap.len() <= BOOTSTRAP_MAX, "a node knows how much it may say");
        let mut draft = Draft::begin(out, &WELCOME, 0, 0, GroupId(0));
        let fields = draft.fields();
        fields.put_u64_le(self.member.0);
        fields.put_u128_le(self.disk_id);
        fields.put_u64_le(self.election_ms.into());
        fields.put_u128_le(self.cluster);
        fields.put_slice(&self.bootstrap);
        draft.finish(0);
    }

    fn decode(envelope: &Envelope) -> Result<Welcome, Malformed> {
        envelope.is_plain()?;
        let mut cursor = Cursor::new(&envelope.body);
        let (member, disk_id) = (MemberId(cursor.u64()?), cursor.u128()?);
        non_zero("welcome member", member.0)?;
        let (election_ms, reserved) = (cursor.u32()?, cursor.u32()?);
        zero("welcome reserved", reserved.into())?;
        let cluster = cursor.u128()?;
        let bootstrap = envelope.body.slice_ref(cursor.rest());
        if cluster == 0 {
            zero("welcome of no cluster", bootstrap.len() as u64)?;
        }
        Ok(Welcome { member, disk_id, election_ms, cluster, bootstrap })
    }
}

/// Reads the answer to a `Hello`.
pub(crate) fn decode_reply(envelope: &Envelope) -> Result<Reply, Malformed> {
    if envelope.kind.number == REFUSED.number {
        return Refusal::decode(envelope).map(Err);
    }
    expect(WELCOME.number, envelope)?;
    Welcome::decode(envelope).map(Ok)
}

fn expect(expected: u8, envelope: &Envelope) -> Result<(), Malformed> {
    match envelope.kind.number {
        found if found == expected => Ok(()),
        found => Err(Malformed::Value { field: "handshake kind", found: found.into() }),
    }
}

/// Appends a ping to `out`.
pub(crate) fn encode_alive(out: &mut BytesMut) {
    Draft::begin(out, &ALIVE, 0, 0, GroupId(0)).finish(0);
}

/// Reads a ping.
pub(super) fn read_alive(envelope: &Envelope) -> Result<(), Malformed> {
    expect(ALIVE.number, envelope)?;
    envelope.is_plain()
}
