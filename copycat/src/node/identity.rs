//! The identity of a member on one disk: the contents of a small file beside the journal.
//!
//! ```text
//! offset size  field
//!      0    8  magic        "COPYCID\x02"; the last byte is the version
//!      8    8  member id
//!     16   16  disk id      random, made with the file: tells this disk from any other
//!     32    8  generation   grows with every start of the member
//!     40   16  cluster id   random, made when the cluster was bootstrapped; 0 before
//!     56    4  voters       number of voters that follow
//!     60    4  timeout      milliseconds: the longest election timeout under which the member may have
//!                           answered a leader; missing in version 1
//!     64   24  …each        member id (8), disk id (16), ascending by member id
//!      …    4  checksum     CRC32C of all preceding bytes
//! ```
//!
//! [`DataDirectory`](super::data_directory::DataDirectory) stores it.

use super::options::ELECTION_TIMEOUT_MAX;
use super::wire::BootstrapRecord;
use crate::codec::checksum::crc32c;
use crate::codec::configuration::MEMBERS_MAX;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::MemberId;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

const MAGIC: [u8; 7] = *b"COPYCID";
/// The version that is written.
pub(super) const VERSION: u8 = 2;
/// The versions that are read.
pub(super) const VERSIONS: RangeInclusive<u8> = 1..=VERSION;
const FIXED_LEN: usize = 64;

/// The identity record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The member that owns the directory.
    pub member: MemberId,
    /// The id of the disk: random, chosen when the directory was created. A member that returns with another one has
    /// lost its data.
    pub disk_id: u128,
    /// The number of times that the member was started on the directory.
    pub generation: u64,
    /// The longest election timeout under which the member may have answered a leader.
    pub longest_election_timeout: Duration,
    /// The bootstrap record: the initial voters, each with its disk. `None` before the bootstrap.
    pub bootstrap_record: Option<BootstrapRecord>,
}

/// Why a data directory cannot be used. Only a failed write may have changed it: then it holds the old record or the
/// new one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum IdentityError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process has the directory open.
    #[error("{path} is in use by another process")]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The directory belongs to another member.
    #[error("{path} belongs to member {found}, this is member {expected}")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The configured member.
        expected: MemberId,
        /// The recorded member.
        found: MemberId,
    },
    /// The identity file is not readable as one.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The defect.
        source: Malformed,
    },
    /// The identity file is intact and was written in a format this version does not read.
    #[error("{path} has format {found}, this version reads those up to {expected}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version of the file's format.
        found: u8,
        /// The newest version that this program reads.
        expected: u8,
    },
    /// There is a journal but no identity: the directory was put together by hand, or the file was lost.
    #[error("{path} holds a journal but no identity file")]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The member took part in a cluster, and its journal is missing: it would vote as if it had never voted.
    #[error("{path} belongs to a member of a cluster and holds no journal")]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
}

impl Identity {
    /// Returns the identity of a new disk, under which no leader was answered yet.
    pub(super) fn fresh(member: MemberId, entropy: &mut fastrand::Rng) -> Identity {
        let disk_id = entropy.u128(1..);
        Identity {
            member,
            disk_id,
            generation: 0,
            longest_election_timeout: Duration::ZERO,
            bootstrap_record: None,
        }
    }

    /// Returns the bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_LEN + 4);
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.extend_from_slice(&self.member.0.to_le_bytes());
        out.extend_from_slice(&self.disk_id.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        let (cluster, voters) =
            self.bootstrap_record.as_ref().map_or((0, &[][..]), |f| (f.cluster, &f.members[..]));
        out.extend_from_slice(&cluster.to_le_bytes());
        out.extend_from_slice(&(voters.len() as u32).to_le_bytes());
        out.extend_from_slice(&milliseconds(self.longest_election_timeout).to_le_bytes());
        for (member, disk_id) in voters {
            out.extend_from_slice(&member.0.to_le_bytes());
            out.extend_from_slice(&disk_id.to_le_bytes());
        }
        let checksum = crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Returns the version of an intact record, whatever its other fields contain: every version begins with the magic
    /// and ends with the checksum.
    pub(super) fn version(bytes: &[u8]) -> Option<u8> {
        let (record, checksum) = bytes.split_last_chunk::<4>()?;
        let intact = record.starts_with(&MAGIC) && crc32c(record) == u32::from_le_bytes(*checksum);
        record.get(MAGIC.len()).copied().filter(|_| intact)
    }

    /// Decodes the bytes of [`encode`](Self::encode). Refuses records that no member writes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Identity, Malformed> {
        let Some((record, checksum)) = bytes.split_last_chunk::<4>() else {
            return Err(Malformed::Truncated { needed: FIXED_LEN + 4, available: bytes.len() });
        };
        let (found, computed) = (u32::from_le_bytes(*checksum), crc32c(record));
        if found != computed {
            return Err(Malformed::Checksum { found, computed });
        }
        let mut cursor = Cursor::new(record);
        if cursor.take(MAGIC.len())? != MAGIC {
            return Err(Malformed::Value { field: "identity magic", found: u64::from(record[0]) });
        }
        let version = cursor.u8()?;
        if !VERSIONS.contains(&version) {
            return Err(Malformed::Value { field: "identity version", found: version.into() });
        }
        let (member, disk_id) = (MemberId(cursor.u64()?), cursor.u128()?);
        let (generation, cluster, count) = (cursor.u64()?, cursor.u128()?, cursor.u32()? as usize);
        if count > MEMBERS_MAX {
            return Err(Malformed::TooLong { limit: MEMBERS_MAX, found: count });
        }
        // Version 1 does not record it, so it may have been any timeout.
        let longest_election_timeout = match version {
            1 => ELECTION_TIMEOUT_MAX,
            _ => Duration::from_millis(cursor.u32()?.into()),
        };
        let members = (0..count)
            .map(|_| Ok((MemberId(cursor.u64()?), cursor.u128()?)))
            .collect::<Result<Vec<_>, Malformed>>()?;
        cursor.finish()?;
        let formed = cluster != 0 || !members.is_empty();
        let bootstrap_record = formed.then_some(BootstrapRecord { cluster, members });
        let identity = Identity { member, disk_id, generation, longest_election_timeout, bootstrap_record };
        identity.check()?;
        Ok(identity)
    }

    /// Checks that a member could have written the record, and can start with it.
    fn check(&self) -> Result<(), Malformed> {
        let wrong = |field, found| Err(Malformed::Value { field, found });
        if self.member.0 == 0 || self.disk_id == 0 {
            return wrong("identity member", self.member.0);
        }
        // Each start increments the generation.
        if self.generation == u64::MAX {
            return wrong("identity generation", self.generation);
        }
        let Some(bootstrap_record) = &self.bootstrap_record else { return Ok(()) };
        bootstrap_record.check()?;
        if bootstrap_record.members.contains(&(self.member, self.disk_id)) {
            return Ok(());
        }
        wrong("identity member", self.member.0)
    }
}

/// Converts to milliseconds, rounded up: a timeout is never recorded as shorter than it was.
fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn sample() -> Identity {
        let members = vec![(MemberId(1), 7), (MemberId(2), 8)];
        let bootstrap_record = Some(BootstrapRecord { cluster: 99, members });
        let longest_election_timeout = Duration::from_millis(250);
        Identity {
            member: MemberId(2),
            disk_id: 8,
            generation: 3,
            longest_election_timeout,
            bootstrap_record,
        }
    }

    /// The sample as the first version wrote it.
    const FIRST: &str = "434f5059434944010200000000000000080000000000000000000000000000000300000000000000\
                         63000000000000000000000000000000020000000100000000000000070000000000000000000000\
                         00000000020000000000000008000000000000000000000000000000";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_record_is_part_of_the_format() {
        let golden = "434f5059434944020200000000000000080000000000000000000000000000000300000000000000\
                      6300000000000000000000000000000002000000fa000000\
                      0100000000000000070000000000000000000000000000000200000000000000080000000000000000000000\
                      00000000";
        let bytes = sample().encode();
        assert_eq!(hex(&bytes[..bytes.len() - 4]), golden);
        assert_eq!(Identity::decode(&bytes).unwrap(), sample());
    }

    #[test]
    fn the_first_version_is_read_and_any_timeout_is_possible() {
        let byte = |at| u8::from_str_radix(&FIRST[at..at + 2], 16).unwrap();
        let mut bytes: Vec<u8> = (0..FIRST.len()).step_by(2).map(byte).collect();
        let checksum = crc32c(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let expected = Identity { longest_election_timeout: ELECTION_TIMEOUT_MAX, ..sample() };
        assert_eq!(Identity::decode(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_timeout_is_never_recorded_as_shorter() {
        let longest_election_timeout = Duration::from_nanos(20_000_001);
        let read = Identity::decode(&Identity { longest_election_timeout, ..sample() }.encode()).unwrap();
        assert_eq!(read.longest_election_timeout, Duration::from_millis(21));
    }

    #[test]
    fn intact_records_that_no_member_writes_are_refused() {
        let with = |change: fn(&mut Identity)| {
            let mut identity = sample();
            change(&mut identity);
            Identity::decode(&identity.encode())
        };
        let members = |change: fn(&mut Vec<(MemberId, u128)>)| {
            let mut identity = sample();
            change(&mut identity.bootstrap_record.as_mut().unwrap().members);
            Identity::decode(&identity.encode())
        };
        assert!(with(|_| {}).is_ok());
        assert!(with(|identity| identity.generation = u64::MAX).is_err(), "no start can be counted any more");
        assert!(with(|identity| identity.disk_id = 0).is_err());
        assert!(with(|identity| identity.disk_id = 9).is_err(), "the bootstrap record names another disk");
        assert!(with(|identity| identity.member = MemberId(0)).is_err());
        assert!(
            with(|identity| identity.bootstrap_record.as_mut().unwrap().cluster = 0).is_err(),
            "voters of nothing"
        );
        assert!(members(Vec::clear).is_err());
        assert!(members(|members| members.swap(0, 1)).is_err());
        assert!(members(|members| members.push((MemberId(2), 8))).is_err());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = sample().encode();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Identity::decode(&damaged).is_err());
        }
        for end in 0..bytes.len() {
            assert!(Identity::decode(&bytes[..end]).is_err());
        }
    }
}
