//! The data directory of a member. It is locked, and records which member it belongs to.
//!
//! There are two files, the record and a reserve. To change the record, the new one is written over the reserve and
//! flushed, the two files exchange their names, and the directory is flushed. A crash leaves the old record or the new
//! one. No step needs additional disk space, so a member can be started on a full disk, to report that it is full and
//! to free space.

use super::identity::{Identity, IdentityError, VERSION, VERSIONS};
use super::wire::BootstrapRecord;
use crate::codec::ids::MemberId;
use crate::storage::directory;
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FILE: &str = "identity";
/// The name of the reserve, which is written and never read.
const RESERVE: &str = "identity.next";

/// A data directory, which is locked while this value exists. In memory mode there is no directory, and after a restart
/// the member counts as a different one.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    directory: Option<(PathBuf, File)>,
    identity: Identity,
    /// The election timeout of this process.
    election_timeout: Duration,
}

impl DataDirectory {
    /// Opens or creates the directory of `member`, and counts the start. A longer election timeout of an
    /// earlier process stays recorded until its [vote block is over](Self::forget_longer_timeouts).
    pub(crate) fn open(
        path: &Path,
        member: MemberId,
        election_timeout: Duration,
        entropy: &mut fastrand::Rng,
    ) -> Result<DataDirectory, IdentityError> {
        directory::create(path).map_err(io_error(path))?;
        let lock = lock(path)?;
        let identity = match read(&path.join(FILE))? {
            Some(identity) => identity,
            None if path.join(super::JOURNAL_DIRECTORY).exists() => {
                return Err(IdentityError::Missing { path: path.into() });
            }
            None => Identity::fresh(member, entropy),
        };
        if identity.member != member {
            return Err(IdentityError::Foreign {
                path: path.into(),
                expected: member,
                found: identity.member,
            });
        }
        // The journal has its first segment before the bootstrap record is stored.
        if identity.bootstrap_record.is_some() && !holds_segments(&path.join(super::JOURNAL_DIRECTORY)) {
            return Err(IdentityError::NoJournal { path: path.into() });
        }
        let mut directory =
            DataDirectory { directory: Some((path.into(), lock)), identity, election_timeout };
        directory.identity.generation += 1;
        directory.identity.longest_election_timeout =
            directory.identity.longest_election_timeout.max(election_timeout);
        directory.save()?;
        Ok(directory)
    }

    /// Creates the record of a member in memory mode, which is lost with the process.
    pub(crate) fn in_memory(
        member: MemberId,
        election_timeout: Duration,
        entropy: &mut fastrand::Rng,
    ) -> DataDirectory {
        let fresh = Identity::fresh(member, entropy);
        let identity = Identity { generation: 1, longest_election_timeout: election_timeout, ..fresh };
        DataDirectory { directory: None, identity, election_timeout }
    }

    /// Returns the record. It changes only when the new one was stored successfully.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Stores the bootstrap record, which is durable when this returns. On an error the record counts as not stored,
    /// and this member does not take part. If only the flush of the directory failed, a restart may find the old record
    /// or the new one. Both are safe: no other member was told that this one has it, and the seed that wrote it has
    /// named this disk in it.
    pub(crate) fn record(&mut self, bootstrap_record: BootstrapRecord) -> Result<(), IdentityError> {
        assert!(self.identity.bootstrap_record.is_none(), "a cluster is formed once");
        let mine = (self.identity.member, self.identity.disk_id);
        assert!(
            bootstrap_record.members.contains(&mine),
            "a bootstrap record names the disk it is recorded on"
        );
        self.identity.bootstrap_record = Some(bootstrap_record);
        let saved = self.save();
        if saved.is_err() {
            self.identity.bootstrap_record = None;
        }
        saved
    }

    /// Records that the vote blocks of earlier processes are over, because enough time has passed since the start.
    /// The next start then waits only for those of this process. On an error it waits longer than necessary.
    pub(crate) fn forget_longer_timeouts(&mut self) -> Result<(), IdentityError> {
        if self.identity.longest_election_timeout == self.election_timeout {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.identity.longest_election_timeout, self.election_timeout);
        let saved = self.save();
        if saved.is_err() {
            self.identity.longest_election_timeout = before;
        }
        saved
    }

    fn save(&self) -> Result<(), IdentityError> {
        let Some((directory, lock)) = &self.directory else { return Ok(()) };
        let (reserve, file) = (directory.join(RESERVE), directory.join(FILE));
        let record = self.identity.encode();
        let write = || {
            write_over(&reserve, &record)?;
            match renameat_with(CWD, &reserve, CWD, &file, RenameFlags::EXCHANGE) {
                Ok(()) => lock.sync_all(),
                // This is the first record, or the file system cannot exchange names: the reserve is created again.
                Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                    fs::rename(&reserve, &file)?;
                    lock.sync_all()?;
                    write_over(&reserve, &record)
                }
                Err(error) => Err(error.into()),
            }
        };
        write().map_err(io_error(&file))
    }
}

/// Writes to the existing blocks of the file, if there is one.
fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.write_all_at(bytes, 0)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

/// Reads the record in a file, if there is one.
/// Returns the record of a data directory, and its lock. Nothing is changed, and no start is counted.
pub(super) fn inspect(path: &Path) -> Result<(Identity, File), IdentityError> {
    let lock = lock(path)?;
    let identity = read(&path.join(FILE))?.ok_or_else(|| IdentityError::Missing { path: path.into() })?;
    // An empty one would be made into a new journal.
    if !holds_segments(&path.join(super::JOURNAL_DIRECTORY)) {
        return Err(IdentityError::NoJournal { path: path.into() });
    }
    Ok((identity, lock))
}

fn read(file: &Path) -> Result<Option<Identity>, IdentityError> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(file)(error)),
    };
    match Identity::version(&bytes).filter(|version| !VERSIONS.contains(version)) {
        Some(found) => Err(IdentityError::Version { path: file.into(), found, expected: VERSION }),
        None => Identity::decode(&bytes)
            .map(Some)
            .map_err(|source| IdentityError::Damaged { path: file.into(), source }),
    }
}

/// Locks the directory itself, so that no lock file remains after a crash.
fn lock(path: &Path) -> Result<File, IdentityError> {
    let directory = File::open(path).map_err(io_error(path))?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(directory),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(IdentityError::Locked { path: path.into() }),
        Err(error) => Err(io_error(path)(error.into())),
    }
}

/// Returns whether the directory contains a segment. Whether that is intact is for the journal to decide.
fn holds_segments(journal: &Path) -> bool {
    let mut entries = fs::read_dir(journal).into_iter().flatten().flatten();
    entries.any(|entry| entry.path().extension().is_some_and(|extension| extension == "segment"))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> IdentityError + '_ {
    move |source| IdentityError::Io { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::super::identity::tests::sample;
    use super::*;
    use crate::codec::checksum::crc32c;

    const ME: MemberId = MemberId(2);

    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("copycat-directory-{name}-{}", std::process::id()));
        directory::create(&directory).unwrap();
        directory
    }

    fn open(path: &Path, election_ms: u64) -> Result<DataDirectory, IdentityError> {
        DataDirectory::open(path, ME, Duration::from_millis(election_ms), &mut fastrand::Rng::with_seed(1))
    }

    /// Returns the election timeout that the next start must wait for, in milliseconds.
    fn recorded(path: &Path, election_ms: u64) -> u128 {
        open(path, election_ms).unwrap().identity().longest_election_timeout.as_millis()
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let mut bytes = sample().encode();
        bytes[7] = VERSION + 1;
        assert_eq!(Identity::version(&bytes), None, "a flipped byte makes no version");
        let end = bytes.len() - 4;
        let checksum = crc32c(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&checksum);
        let directory = directory("version");
        fs::write(directory.join(FILE), &bytes).unwrap();
        let opened = open(&directory, 100);
        assert!(
            matches!(opened, Err(IdentityError::Version { found: 3, expected: VERSION, .. })),
            "{opened:?}"
        );
        assert_eq!(fs::read(directory.join(FILE)).unwrap(), bytes, "nothing was changed");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_record_takes_no_space_that_was_not_there() {
        use std::os::unix::fs::MetadataExt;
        let path = directory("reserve");
        let both = || [FILE, RESERVE].map(|name| fs::metadata(path.join(name)).unwrap());
        drop(open(&path, 100).unwrap());
        for start in 2..6 {
            let [record, reserve] = both();
            assert!(reserve.len() > 0, "it has its blocks");
            let directory = open(&path, 100).unwrap();
            assert_eq!(directory.identity().generation, start);
            let names = both().map(|file| file.ino());
            assert_eq!(names, [reserve.ino(), record.ino()], "the reserve is the record now");
        }
        // A reserve that is longer than the record, and a missing one.
        fs::write(path.join(RESERVE), [7; 3_000]).unwrap();
        assert_eq!(open(&path, 100).unwrap().identity().generation, 6);
        fs::remove_file(path.join(RESERVE)).unwrap();
        assert_eq!(open(&path, 100).unwrap().identity().generation, 7);
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_longer_timeout_is_remembered_until_its_vote_block_is_over() {
        let path = directory("longest-timeout");
        assert_eq!(recorded(&path, 100), 100);
        assert_eq!(recorded(&path, 5_000), 5_000);
        // Each further start with a shorter timeout keeps the longer one.
        assert_eq!(recorded(&path, 100), 5_000);
        let mut directory = open(&path, 100).unwrap();
        assert_eq!(directory.identity().longest_election_timeout.as_millis(), 5_000);
        directory.forget_longer_timeouts().unwrap();
        drop(directory);
        assert_eq!(recorded(&path, 100), 100);
        fs::remove_dir_all(&path).unwrap();
    }
}
