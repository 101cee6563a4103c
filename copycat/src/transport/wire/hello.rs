//! Who is there: the handshake that opens every connection.
//!
//! ```text
//!  Hello                                    Welcome
//!  offset size  field                       offset size  field
//!      24    2  version                         24    8  member
//!      26    1  role: 1 member, 2 handle        32   16  storage
//!      27    1  lane: 1 control, 2 bulk         48    4  election timeout, ms
//!      28    4  election timeout, ms             52    4  reserved  0
//!               0 of a handle                   56    …  formation; not there before it was formed
//!      32    8  member    0 of a handle     Refused
//!      40    8  expected  0: any            offset size  field
//!      48   16  storage   0 of a handle         24    2  code
//!      64   16  cluster   0: none               26    6  reserved  0
//! ```
//!
//! The version comes first, and the whole of `Refused` never changes, so that versions that do not know
//! each other can at least say so.

use super::envelope::{Draft, Envelope, Kind, zero};
use super::formation::{Formation, long};
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, MemberId};
use bytes::{BufMut, BytesMut};
use thiserror::Error;

/// Version of everything in this folder. A peer of another version is refused.
pub(crate) const VERSION: u16 = 1;

/// Which of the two connections between a pair of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum LaneKind {
    /// Votes, heartbeats and their replies, formation.
    Control = 1,
    /// Appends and their replies, requests and results.
    Bulk = 2,
}

/// What a process is to the one it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A member of the cluster, or of one that is to be formed.
    Member {
        /// Its id.
        id: MemberId,
        /// The random name of its storage, chosen when its directory was made.
        storage: u128,
        /// What the connection is for.
        lane: LaneKind,
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
    /// What the caller is.
    pub role: Role,
    /// The cluster the caller belongs to, or looks for; 0: none yet, or any.
    pub cluster: u128,
    /// Whom the caller believes to have reached; `None`: any member will do.
    pub expected: Option<MemberId>,
}

/// What a member says of itself: the answer to a [`Hello`] that is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its id.
    pub member: MemberId,
    /// The random name of its storage.
    pub storage: u128,
    /// Its election timeout in milliseconds: a leader's lease counts on every member to wait that long.
    pub election_ms: u32,
    /// The cluster it belongs to and who formed it; `None` while it was not formed.
    pub formation: Option<Formation>,
}

impl Identity {
    /// The cluster's id, 0 while there is none.
    pub(crate) fn cluster(&self) -> u128 {
        self.formation.as_ref().map_or(0, |formation| formation.cluster)
    }
}

/// Why a connection is not let in, or, on the dialing side, not used. Nothing was exchanged on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[repr(u16)]
pub(crate) enum Refusal {
    /// The two sides speak different versions.
    #[error("the two sides speak different versions of the protocol")]
    WrongVersion = 1,
    /// The two sides belong to different clusters.
    #[error("the other side belongs to another cluster")]
    WrongCluster = 2,
    /// The caller is no member of the cluster.
    #[error("the member is not known to the cluster")]
    UnknownMember = 3,
    /// Both sides claim the same member id.
    #[error("two processes claim the same member id")]
    DuplicateMember = 4,
    /// The member has another storage than the one that the cluster was formed with.
    #[error("the member's storage is not the one the cluster knows it by")]
    WrongStorage = 5,
    /// The address belongs to another member than the caller expected.
    #[error("the address belongs to another member")]
    NotMe = 6,
    /// All connections are taken; later it may work.
    #[error("too many connections")]
    TooManyConnections = 7,
    /// The members' election timeouts differ, so that no leader's lease could be relied on.
    #[error("the two sides were given different election timeouts")]
    WrongTimeout = 8,
}

impl Refusal {
    const ALL: [Refusal; 8] = [
        Refusal::WrongVersion,
        Refusal::WrongCluster,
        Refusal::UnknownMember,
        Refusal::DuplicateMember,
        Refusal::WrongStorage,
        Refusal::NotMe,
        Refusal::TooManyConnections,
        Refusal::WrongTimeout,
    ];

    /// Appends the message.
    pub(crate) fn encode(self, out: &mut BytesMut) {
        let mut draft = Draft::begin(out, Kind::Refused, 0, 0, GroupId(0));
        draft.fields().put_u64_le(self as u64);
        draft.finish(0);
    }

    fn decode(envelope: &Envelope) -> Result<Refusal, Malformed> {
        zero("message count", envelope.count.into())?;
        zero("message group", envelope.group.0)?;
        let mut cursor = Cursor::new(&envelope.body);
        let code = cursor.u64()?;
        cursor.finish()?;
        let known = Refusal::ALL.into_iter().find(|refusal| *refusal as u64 == code);
        known.ok_or(Malformed::Value { field: "refusal", found: code })
    }
}

impl Hello {
    /// Appends the message.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let (role, lane, election_ms, id, storage) = match self.role {
            Role::Member { id, storage, lane, election_ms } => (1, lane as u8, election_ms, id.0, storage),
            Role::Client => (2, 0, 0, 0, 0),
        };
        let mut draft = Draft::begin(out, Kind::Hello, 0, 0, GroupId(0));
        let fields = draft.fields();
        fields.put_u16_le(self.version);
        fields.put_u8(role);
        fields.put_u8(lane);
        fields.put_u32_le(election_ms);
        fields.put_u64_le(id);
        fields.put_u64_le(self.expected.map_or(0, |member| member.0));
        fields.put_u128_le(storage);
        fields.put_u128_le(self.cluster);
        draft.finish(0);
    }

    /// Reads a greeting. `Ok(Err(version))` is one of another version, of which nothing else is known.
    pub(crate) fn decode(envelope: &Envelope) -> Result<Result<Hello, u16>, Malformed> {
        expect(Kind::Hello, envelope.kind)?;
        let mut cursor = Cursor::new(&envelope.body);
        let version = cursor.u16()?;
        if version != VERSION {
            return Ok(Err(version));
        }
        zero("message count", envelope.count.into())?;
        zero("message group", envelope.group.0)?;
        let (role, lane) = (cursor.u8()?, cursor.u8()?);
        let election_ms = cursor.u32()?;
        let (id, expected) = (MemberId(cursor.u64()?), cursor.u64()?);
        let (storage, cluster) = (long(&mut cursor)?, long(&mut cursor)?);
        cursor.finish()?;
        let role = match decode_lane(role, lane)? {
            Some(lane) => member(id, storage, lane, election_ms)?,
            None => client(id, storage, election_ms)?,
        };
        let expected = (expected != 0).then_some(MemberId(expected));
        Ok(Ok(Hello { version, role, cluster, expected }))
    }
}

/// The lane, `None` where the caller is a handle.
fn decode_lane(role: u8, lane: u8) -> Result<Option<LaneKind>, Malformed> {
    match (role, lane) {
        (1, 1) => Ok(Some(LaneKind::Control)),
        (1, 2) => Ok(Some(LaneKind::Bulk)),
        (2, 0) => Ok(None),
        (1 | 2, _) => Err(Malformed::Value { field: "hello lane", found: lane.into() }),
        _ => Err(Malformed::Value { field: "hello role", found: role.into() }),
    }
}

fn member(id: MemberId, storage: u128, lane: LaneKind, election_ms: u32) -> Result<Role, Malformed> {
    if id.0 == 0 {
        return Err(Malformed::Value { field: "hello member", found: 0 });
    }
    Ok(Role::Member { id, storage, lane, election_ms })
}

fn client(id: MemberId, storage: u128, election_ms: u32) -> Result<Role, Malformed> {
    zero("hello member", id.0)?;
    zero("hello storage", storage as u64 | (storage >> 64) as u64)?;
    zero("hello election timeout", election_ms.into())?;
    Ok(Role::Client)
}

/// The answer to a greeting.
pub(crate) type Reply = Result<Identity, Refusal>;

impl Identity {
    /// Appends the message.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let founders = self.formation.as_ref().map_or(0, |formation| formation.members.len());
        let mut draft = Draft::begin(out, Kind::Welcome, 0, founders, GroupId(0));
        draft.fields().put_u64_le(self.member.0);
        draft.fields().put_u128_le(self.storage);
        draft.fields().put_u64_le(self.election_ms.into());
        if let Some(formation) = &self.formation {
            formation.write(draft.fields());
        }
        draft.finish(0);
    }

    fn decode(envelope: &Envelope) -> Result<Identity, Malformed> {
        zero("message group", envelope.group.0)?;
        let mut cursor = Cursor::new(&envelope.body);
        let (member, storage) = (MemberId(cursor.u64()?), long(&mut cursor)?);
        if member.0 == 0 {
            return Err(Malformed::Value { field: "welcome member", found: 0 });
        }
        let (election_ms, reserved) = (cursor.u32()?, cursor.u32()?);
        zero("welcome reserved", reserved.into())?;
        let formation = match cursor.rest() {
            [] => None,
            _ => Some(Formation::read(&mut cursor, envelope.count)?),
        };
        if formation.is_none() {
            zero("message count", envelope.count.into())?;
        }
        cursor.finish()?;
        Ok(Identity { member, storage, election_ms, formation })
    }
}

/// Reads the answer to a greeting.
pub(crate) fn decode_reply(envelope: &Envelope) -> Result<Reply, Malformed> {
    match envelope.kind {
        Kind::Refused => Refusal::decode(envelope).map(Err),
        kind => expect(Kind::Welcome, kind).and_then(|()| Identity::decode(envelope)).map(Ok),
    }
}

fn expect(expected: Kind, found: Kind) -> Result<(), Malformed> {
    if expected == found {
        Ok(())
    } else {
        Err(Malformed::Value { field: "handshake kind", found: found as u64 })
    }
}
