//! What a member tells remote handles: the groups of a resource, their leaders, and the leaders' addresses.

use super::shard::Shard;
use crate::codec::ids::{GroupId, MemberId};
use crate::request::error::RequestError;
use crate::request::wire::leaders::{ADDRESS_MAX, LeaderHint, Leaders};
use crate::request::wire::resolve::{Partition, Resolve, Resolved};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The configured addresses of all members, including this one.
#[derive(Debug)]
pub(super) struct AddressBook {
    addresses: BTreeMap<MemberId, String>,
}

impl AddressBook {
    pub(super) fn new(addresses: BTreeMap<MemberId, String>) -> AddressBook {
        AddressBook { addresses }
    }

    /// Returns the known leaders of the groups.
    pub(super) fn leaders(&self, shard: &Shard, groups: &[GroupId]) -> Leaders {
        Leaders(groups.iter().filter_map(|group| self.leader(shard, *group)).collect())
    }

    /// Returns the groups of a resource and the commands on record, if it is open here and its commands are on record.
    pub(super) fn resolve(&self, shard: &Shard, resolve: &Resolve) -> Resolved {
        let partition = |group: &GroupId| Partition { group: *group, leader: self.leader(shard, *group) };
        let found = shard.resource(&resolve.name).ok_or(RequestError::UnknownResource);
        let known = found.and_then(|resource| {
            // Until then no leader takes anything.
            let record = shard.record(resource).ok_or(RequestError::NoLeader)?;
            let schema = record.schema.encode().map_err(|_| RequestError::BadResult)?;
            Ok((resource.groups.iter().map(partition).collect(), Bytes::from(schema)))
        });
        let (partitions, schema) = match known {
            Ok((partitions, schema)) => (Ok(partitions), schema),
            Err(error) => (Err(error.code()), Bytes::new()),
        };
        Resolved { id: resolve.id, partitions, schema }
    }

    fn leader(&self, shard: &Shard, group: GroupId) -> Option<LeaderHint> {
        let (term, member) = shard.leader(group)?;
        // A remote handle cannot use an address that is longer than any valid one.
        let address = self.addresses.get(&member).filter(|address| address.len() <= ADDRESS_MAX)?;
        Some(LeaderHint { group, term, member, address: address.clone() })
    }
}
