//! The status of a resource's partitions, and subscriptions to its changes.

use super::wire::resolve::PARTITIONS_MAX;
use crate::codec::cursor::{Cursor, Malformed};
use crate::transport::wire::envelope::{non_zero, zero};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::mpsc;

/// The role of a member in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Stores what the leader sends.
    Follower,
    /// Stands for election, or asks whether it should.
    Candidate,
    /// Orders the group's commands.
    Leader,
}

/// How well a partition can be used, as far as the reporting member knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// It has a leader.
    Healthy,
    /// No leader is known: writes and strict reads wait for one.
    NoLeader,
    /// The member applies nothing of the partition any more: its program does not understand an entry, its disk
    /// cannot read the log, or a method is not deterministic. Other members may.
    Halted,
}

/// The status of one partition of a resource, as one member sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartitionStatus {
    /// The partition's number, counted from 0.
    pub partition: u32,
    /// The leader's id, if the reporting member knows it.
    pub leader: Option<u64>,
    /// The term of this status.
    pub term: u64,
    /// The reporting member: the proxy's own, or the one that a remote handle is connected to.
    pub member: u64,
    /// The role of that member in the partition's group.
    pub role: Role,
    /// Whether the partition can be used.
    pub health: Health,
}

/// Bytes of a status on the wire.
const STATUS_LEN: usize = 40;

impl PartitionStatus {
    /// Encodes the status as an item of a stream.
    pub(crate) fn encode(&self) -> Bytes {
        let role = match self.role {
            Role::Follower => 1,
            Role::Candidate => 2,
            Role::Leader => 3,
        };
        let health = match self.health {
            Health::Healthy => 1,
            Health::NoLeader => 2,
            Health::Halted => 3,
        };
        let mut bytes = BytesMut::with_capacity(STATUS_LEN);
        bytes.put_u32_le(self.partition);
        bytes.put_slice(&[role, health, 0, 0]);
        bytes.put_u64_le(self.term);
        bytes.put_u64_le(self.leader.unwrap_or(0));
        bytes.put_u64_le(self.member);
        bytes.put_u64_le(0);
        bytes.freeze()
    }

    /// Reads the status from an item of a stream.
    pub(crate) fn decode(item: &[u8]) -> Result<PartitionStatus, Malformed> {
        let mut cursor = Cursor::new(item);
        let (partition, role, health, reserved) = (cursor.u32()?, cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let (term, leader, member) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        zero("status reserved", cursor.u64()? | u64::from(reserved))?;
        cursor.finish()?;
        non_zero("status of a member", member)?;
        if partition as usize >= PARTITIONS_MAX {
            return Err(Malformed::TooLong { limit: PARTITIONS_MAX - 1, found: partition as usize });
        }
        let role = match role {
            1 => Role::Follower,
            2 => Role::Candidate,
            3 => Role::Leader,
            found => return Err(Malformed::Value { field: "role", found: found.into() }),
        };
        let health = match health {
            1 => Health::Healthy,
            2 => Health::NoLeader,
            3 => Health::Halted,
            found => return Err(Malformed::Value { field: "health", found: found.into() }),
        };
        let leader = (leader != 0).then_some(leader);
        Ok(PartitionStatus { partition, leader, term, member, role, health })
    }
}

/// Most changes that wait for a listener. Of those that do not fit, it gets the newest of each partition later.
const WAITING_MAX: usize = 64;

/// A subscription to the status of a resource.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The resource's name.
    pub resource: String,
    /// Receives the status of each partition, and then what has changed, 20 ms late at most. It is closed when the
    /// listener is gone.
    pub sink: mpsc::Sender<PartitionStatus>,
}

/// The sender of subscriptions to a member or a remote handle. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct StatusSender {
    inbox: mpsc::Sender<Subscription>,
}

impl StatusSender {
    /// Creates the two ends of a queue that holds at most `depth` subscriptions.
    pub(crate) fn new(depth: usize) -> (StatusSender, mpsc::Receiver<Subscription>) {
        let (inbox, watches) = mpsc::channel(depth);
        (StatusSender { inbox }, watches)
    }

    /// Subscribes to the status of a resource. Returns `None` if the member or handle is closed. The changes
    /// end when it closes, and at once if it is a member on which the resource is not open.
    pub(crate) async fn watch(self, resource: String) -> Option<mpsc::Receiver<PartitionStatus>> {
        let (sink, changes) = mpsc::channel(WAITING_MAX);
        self.inbox.send(Subscription { resource, sink }).await.ok()?;
        Some(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_reads_back_and_forged_ones_are_refused() {
        let (roles, healths) = (
            [Role::Follower, Role::Candidate, Role::Leader],
            [Health::Healthy, Health::NoLeader, Health::Halted],
        );
        for (at, (role, health)) in roles.into_iter().zip(healths).enumerate() {
            let leader = (at > 0).then_some(2);
            let status = PartitionStatus { partition: 1_023, leader, term: 7, member: 3, role, health };
            let bytes = status.encode();
            assert_eq!((PartitionStatus::decode(&bytes), bytes.len()), (Ok(status), STATUS_LEN));
            for (at, with) in [(1, 4), (4, 0), (4, 4), (5, 0), (5, 4), (6, 1), (24, 0), (32, 1)] {
                let mut forged = bytes.to_vec();
                forged[at] = with;
                assert!(PartitionStatus::decode(&forged).is_err(), "{with} at {at}");
            }
            assert!(PartitionStatus::decode(&bytes[1..]).is_err());
        }
    }
}
