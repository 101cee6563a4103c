//! Who this member is, on this disk: the one small file beside the journal.
//!
//! ```text
//! offset size  field
//!      0    8  magic        "COPYCID\x01"; the last byte is the version
//!      8    8  member id
//!     16   16  storage id   random, made with the file: tells this disk from any other
//!     32    8  generation   grows with every start of the member
//!     40   16  cluster id   random, made when the cluster was formed; 0 before
//!     56    4  voters       how many follow
//!     60   24  …each        member id (8), storage id (16), ascending by member id
//!      …    4  checksum     CRC32C of everything before
//! ```
//!
//! The file is replaced as a whole: written beside, flushed, renamed, directory flushed. A crash
//! leaves the old one or the new one.

use crate::codec::configuration::MEMBERS_MAX;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::MemberId;
use crate::storage::directory;
use crate::transport::wire::Formation;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const MAGIC: [u8; 7] = *b"COPYCID";
const VERSION: u8 = 1;
const FILE: &str = "identity";
const FIXED_LEN: usize = 60;

/// The record itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The member that owns the directory.
    pub member: MemberId,
    /// The directory's own name: a member that comes back with another has lost its memory.
    pub storage: u128,
    /// How often the member was started on it.
    pub generation: u64,
    /// Who formed the cluster, each with which disk; `None` before.
    pub formation: Option<Formation>,
}

/// Why a data directory cannot be used. Nothing in it was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum IdentityError {
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
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
        /// As configured.
        expected: MemberId,
        /// As recorded.
        found: MemberId,
    },
    /// The identity file is not readable as one.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Malformed,
    },
    /// The identity file is intact and was written in a format this version does not read.
    #[error("{path} has format {found}, this version reads {expected}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Version of the format it was written in.
        found: u8,
        /// Version this program reads.
        expected: u8,
    },
    /// There is a journal and no identity: the directory was put together by hand, or the file was lost.
    #[error("{path} holds a journal but no identity file")]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The member took part in a cluster, and its journal is gone: it would vote as if it had never voted.
    #[error("{path} belongs to a member of a cluster and holds no journal")]
    NoJournal {
        /// The directory.
        path: PathBuf,
    },
}

impl Identity {
    fn fresh(member: MemberId, entropy: &mut fastrand::Rng) -> Identity {
        let storage = entropy.u128(1..);
        Identity { member, storage, generation: 0, formation: None }
    }

    /// The bytes of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_LEN + 4);
        out.extend_from_slice(&MAGIC);
        out.push(VERSION);
        out.extend_from_slice(&self.member.0.to_le_bytes());
        out.extend_from_slice(&self.storage.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        let (cluster, voters) = self.formation.as_ref().map_or((0, &[][..]), |f| (f.cluster, &f.members[..]));
        out.extend_from_slice(&cluster.to_le_bytes());
        out.extend_from_slice(&(voters.len() as u32).to_le_bytes());
        for (member, storage) in voters {
            out.extend_from_slice(&member.0.to_le_bytes());
            out.extend_from_slice(&storage.to_le_bytes());
        }
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// The version of an intact record, whatever its other fields mean: every version begins with the magic
    /// and ends with the checksum.
    fn version(bytes: &[u8]) -> Option<u8> {
        let (record, checksum) = bytes.split_last_chunk::<4>()?;
        let intact = record.starts_with(&MAGIC) && crc32c::crc32c(record) == u32::from_le_bytes(*checksum);
        record.get(MAGIC.len()).copied().filter(|_| intact)
    }

    /// Reads what [`encode`](Self::encode) wrote; refuses what no member writes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Identity, Malformed> {
        let Some((record, checksum)) = bytes.split_last_chunk::<4>() else {
            return Err(Malformed::Truncated { needed: FIXED_LEN + 4, available: bytes.len() });
        };
        let (found, computed) = (u32::from_le_bytes(*checksum), crc32c::crc32c(record));
        if found != computed {
            return Err(Malformed::Checksum { found, computed });
        }
        let mut cursor = Cursor::new(record);
        if cursor.take(MAGIC.len())? != MAGIC {
            return Err(Malformed::Value { field: "identity magic", found: u64::from(record[0]) });
        }
        let version = cursor.u8()?;
        if version != VERSION {
            return Err(Malformed::Value { field: "identity version", found: version.into() });
        }
        let (member, storage) = (MemberId(cursor.u64()?), cursor.u128()?);
        let (generation, cluster, count) = (cursor.u64()?, cursor.u128()?, cursor.u32()? as usize);
        if count > MEMBERS_MAX {
            return Err(Malformed::TooLong { limit: MEMBERS_MAX, found: count });
        }
        let members = (0..count)
            .map(|_| Ok((MemberId(cursor.u64()?), cursor.u128()?)))
            .collect::<Result<Vec<_>, Malformed>>()?;
        cursor.finish()?;
        let formed = cluster != 0 || !members.is_empty();
        let formation = formed.then_some(Formation { cluster, members });
        let identity = Identity { member, storage, generation, formation };
        identity.check()?;
        Ok(identity)
    }

    /// Whether a member could have written it, and can go on from it.
    fn check(&self) -> Result<(), Malformed> {
        let wrong = |field, found| Err(Malformed::Value { field, found });
        if self.member.0 == 0 || self.storage == 0 {
            return wrong("identity member", self.member.0);
        }
        // Each start counts one more.
        if self.generation == u64::MAX {
            return wrong("identity generation", self.generation);
        }
        let Some(formation) = &self.formation else { return Ok(()) };
        formation.check()?;
        if formation.members.contains(&(self.member, self.storage)) {
            return Ok(());
        }
        wrong("identity founders", self.member.0)
    }
}

/// A data directory, locked for as long as this value lives; or none, for a member that keeps
/// everything in memory and is another member's ghost after a restart.
#[derive(Debug)]
pub(crate) struct Home {
    directory: Option<(PathBuf, File)>,
    identity: Identity,
}

impl Home {
    /// Opens, or founds, the directory of `member`, and counts the start.
    pub(crate) fn open(
        path: &Path,
        member: MemberId,
        entropy: &mut fastrand::Rng,
    ) -> Result<Home, IdentityError> {
        directory::create(path).map_err(io_error(path))?;
        let lock = lock(path)?;
        let file = path.join(FILE);
        let identity = match fs::read(&file) {
            Ok(bytes) => match Identity::version(&bytes).filter(|version| *version != VERSION) {
                Some(found) => return Err(IdentityError::Version { path: file, found, expected: VERSION }),
                None => Identity::decode(&bytes)
                    .map_err(|source| IdentityError::Damaged { path: file.clone(), source })?,
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if path.join(super::JOURNAL_DIRECTORY).exists() {
                    return Err(IdentityError::Missing { path: path.into() });
                }
                Identity::fresh(member, entropy)
            }
            Err(error) => return Err(io_error(&file)(error)),
        };
        if identity.member != member {
            return Err(IdentityError::Foreign {
                path: path.into(),
                expected: member,
                found: identity.member,
            });
        }
        // The journal has its first segment before the formation is recorded.
        if identity.formation.is_some() && !holds_segments(&path.join(super::JOURNAL_DIRECTORY)) {
            return Err(IdentityError::NoJournal { path: path.into() });
        }
        let mut home = Home { directory: Some((path.into(), lock)), identity };
        home.identity.generation += 1;
        home.save()?;
        Ok(home)
    }

    /// A home that is gone with the process.
    pub(crate) fn in_memory(member: MemberId, entropy: &mut fastrand::Rng) -> Home {
        Home { directory: None, identity: Identity { generation: 1, ..Identity::fresh(member, entropy) } }
    }

    /// The record as it is on disk, as far as its writing is known to have succeeded.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Records the founding. Durable when this returns. On an error it does not count as recorded, and
    /// this member takes no part on its strength; whether it reached the disk is then unknown if only the
    /// last step failed, the flush of the directory: a restart finds the old record or this one. Either
    /// is right, because nobody was told that this member has it, and whoever formed the cluster has
    /// named it among the founders.
    pub(crate) fn found(&mut self, formation: Formation) -> Result<(), IdentityError> {
        assert!(self.identity.formation.is_none(), "a cluster is formed once");
        let mine = (self.identity.member, self.identity.storage);
        assert!(formation.members.contains(&mine), "a formation names the disk it is recorded on");
        self.identity.formation = Some(formation);
        let saved = self.save();
        if saved.is_err() {
            self.identity.formation = None;
        }
        saved
    }

    fn save(&self) -> Result<(), IdentityError> {
        let Some((directory, lock)) = &self.directory else { return Ok(()) };
        let (next, file) = (directory.join("identity.next"), directory.join(FILE));
        let write = || {
            let mut out = File::create(&next)?;
            out.write_all(&self.identity.encode())?;
            out.sync_all()?;
            fs::rename(&next, &file)?;
            lock.sync_all()
        };
        write().map_err(io_error(&file))
    }
}

/// The lock is on the directory itself: nothing has to be cleaned up after a crash.
fn lock(path: &Path) -> Result<File, IdentityError> {
    let directory = File::open(path).map_err(io_error(path))?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(directory),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(IdentityError::Locked { path: path.into() }),
        Err(error) => Err(io_error(path)(error.into())),
    }
}

/// Whether the directory holds a segment, intact or not: that is for the journal to tell.
fn holds_segments(journal: &Path) -> bool {
    let mut entries = fs::read_dir(journal).into_iter().flatten().flatten();
    entries.any(|entry| entry.path().extension().is_some_and(|extension| extension == "segment"))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> IdentityError + '_ {
    move |source| IdentityError::Io { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Identity {
        let members = vec![(MemberId(1), 7), (MemberId(2), 8)];
        let formation = Some(Formation { cluster: 99, members });
        Identity { member: MemberId(2), storage: 8, generation: 3, formation }
    }

    #[test]
    fn the_record_is_part_of_the_format() {
        let golden = "434f5059434944010200000000000000080000000000000000000000000000000300000000000000\
                      63000000000000000000000000000000020000000100000000000000070000000000000000000000\
                      0000000002000000000000000800000000000000000000000000000";
        let hex: String = sample().encode().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex[..golden.len()], *golden);
        assert_eq!(Identity::decode(&sample().encode()).unwrap(), sample());
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = sample().encode();
        bytes[7] = 2;
        assert_eq!(Identity::version(&bytes), None, "a flipped byte makes no version");
        let end = bytes.len() - 4;
        let checksum = crc32c::crc32c(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&checksum);
        let home = std::env::temp_dir().join(format!("copycat-identity-{}", std::process::id()));
        directory::create(&home).unwrap();
        fs::write(home.join(FILE), &bytes).unwrap();
        let opened = Home::open(&home, MemberId(2), &mut fastrand::Rng::with_seed(1));
        assert!(matches!(opened, Err(IdentityError::Version { found: 2, expected: 1, .. })), "{opened:?}");
        assert_eq!(fs::read(home.join(FILE)).unwrap(), bytes, "nothing was changed");
        fs::remove_dir_all(&home).unwrap();
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
            change(&mut identity.formation.as_mut().unwrap().members);
            Identity::decode(&identity.encode())
        };
        assert!(with(|_| {}).is_ok());
        assert!(with(|identity| identity.generation = u64::MAX).is_err(), "no start can be counted any more");
        assert!(with(|identity| identity.storage = 0).is_err());
        assert!(with(|identity| identity.storage = 9).is_err(), "the founders know another disk");
        assert!(with(|identity| identity.member = MemberId(0)).is_err());
        assert!(
            with(|identity| identity.formation.as_mut().unwrap().cluster = 0).is_err(),
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
