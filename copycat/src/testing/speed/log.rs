//! The journal alone, and a plain file written in the same way for comparison.

use crate::codec::entries::{Entries, Packer};
use crate::codec::frame::{Codec, HEADER_LEN, Header, Kind};
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::storage::{
    Disk, FileDisk, Flushed, Journal, JournalOptions, Owner, Preallocated, Preallocation, StorageError,
};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const GROUP: GroupId = GroupId(1);
const BLOCK: u64 = 4_096;
/// Number of bytes in one read of entries.
const READ_BYTES: usize = 1 << 20;

/// The result of a series of appends.
#[derive(Clone, Copy, Debug)]
pub struct Appended {
    /// Number of entries.
    pub entries: u64,
    /// Bytes written to the file, padding included.
    pub bytes: u64,
    /// Time from the first append to the last flush.
    pub took: Duration,
}

/// The result of a series of reads.
#[derive(Clone, Copy, Debug)]
pub struct ReadBack {
    /// Number of entries.
    pub entries: u64,
    /// Time for all entries.
    pub took: Duration,
}

/// A journal of one group, driven as a node drives it, except that the caller waits for each flush.
#[derive(Debug)]
pub struct Log {
    journal: Journal,
    next: u64,
    /// The queue of the preallocator; `None` once the log is dropped.
    jobs: Option<Sender<Preallocation>>,
    preallocated: Receiver<Preallocated>,
    preallocator: Option<JoinHandle<()>>,
}

impl Drop for Log {
    /// Stops the preallocator. After that nothing is written to the directory any more.
    fn drop(&mut self) {
        self.jobs = None;
        drop(self.preallocator.take().map(JoinHandle::join));
    }
}

impl Log {
    /// Opens or creates a journal in a directory. Returns it with the time that this took.
    ///
    /// # Panics
    ///
    /// If the directory does not hold a journal of this kind, or cannot be written.
    pub fn open(directory: &Path) -> (Log, Duration) {
        let began = Instant::now();
        let disk: Arc<dyn Disk> = Arc::new(FileDisk::open(directory).expect("a directory"));
        let owner = Owner { disk_id: 1, member: MemberId(1), shard: 0 };
        let (journal, recovered) = Journal::open(disk, JournalOptions::new(owner), 1).expect("a journal");
        let took = began.elapsed();
        let (jobs, queue) = channel::<Preallocation>();
        let (done, preallocated) = channel();
        // The thread ends with the log.
        let preallocator =
            thread::spawn(move || queue.into_iter().for_each(|job| drop(done.send(job.run()))));
        let next = recovered.groups.get(&GROUP).map_or(1, |group| group.log.last().index + 1);
        let mut log = Log { journal, next, jobs: Some(jobs), preallocated, preallocator: Some(preallocator) };
        if next == 1 {
            log.journal.save_vote(GROUP, 1, None).expect("space for a term");
        }
        log.flush();
        (log, took)
    }

    /// Appends and flushes batches of `batch` entries with bodies of `len` bytes, for about `time`. With `forget`,
    /// old entries are dropped as they are after a snapshot, so segments are reused.
    ///
    /// # Panics
    ///
    /// If the disk fails.
    pub fn append(&mut self, batch: u64, len: usize, time: Duration, forget: bool) -> Appended {
        let body: Vec<u8> = (0..len).map(|at| (at * 31 % 251) as u8).collect();
        let (first, before, began) = (self.next, self.journal.flushed(), Instant::now());
        while began.elapsed() < time {
            let entries = self.encode(batch, &body);
            self.put(&entries);
            self.next += batch;
            self.flush();
            // As in a cluster of one member, durable entries are committed, and the next batch records that.
            self.journal.note_commit(GROUP, self.next - 1);
            if forget && (self.next - 1).is_multiple_of(64 * batch) {
                self.journal.drop_through(GROUP, self.next - batch);
            }
        }
        let Flushed { bytes, .. } = self.journal.flushed();
        Appended { entries: self.next - first, bytes: bytes - before.bytes, took: began.elapsed() }
    }

    fn encode(&self, batch: u64, body: &[u8]) -> Entries {
        let mut packer = Packer::with_capacity(batch as usize, batch as usize * (HEADER_LEN + body.len()));
        for index in self.next..self.next + batch {
            let header = Header {
                codec: Codec::Bincode,
                method: MethodId(7),
                ..Header::bare(Kind::Command, GROUP, 1, index, index)
            };
            packer.push(&header, body);
        }
        packer.finish()
    }

    /// Appends entries. Waits if the next segment is not ready.
    fn put(&mut self, entries: &Entries) {
        loop {
            match self.journal.append(GROUP, entries) {
                Ok(_) => return,
                Err(StorageError::NotReady) => self.preallocate(true),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Writes and flushes everything in the write queue.
    fn flush(&mut self) {
        while let Some(write) = self.journal.next_write() {
            let _durable = self.journal.written(write.run()).expect("the disk works");
        }
        self.preallocate(false);
    }

    fn preallocate(&mut self, wait: bool) {
        if let Some(job) = self.journal.next_preallocation() {
            self.jobs.as_ref().expect("until it is dropped").send(job).expect("the thread runs");
        }
        let done = if wait { self.preallocated.recv().ok() } else { self.preallocated.try_recv().ok() };
        if let Some(done) = done {
            self.journal.preallocated(done);
        }
    }

    /// Reads all entries from the first to the last, in large pieces.
    ///
    /// # Panics
    ///
    /// If an entry cannot be read.
    pub fn read_all(&self) -> ReadBack {
        let (began, mut at) = (Instant::now(), 1);
        while at < self.next {
            let pieces = self.journal.read(GROUP, at, self.next - 1, READ_BYTES).expect("entries");
            for piece in pieces.frames {
                at += crate::codec::frame::Frame::all_trusted(&piece).count() as u64;
            }
        }
        ReadBack { entries: self.next - 1, took: began.elapsed() }
    }

    /// Reads `count` entries, one at a time, in random order.
    ///
    /// # Panics
    ///
    /// If an entry cannot be read.
    pub fn read_random(&self, count: u64) -> ReadBack {
        let mut random = fastrand::Rng::with_seed(7);
        let began = Instant::now();
        for _ in 0..count {
            let index = random.u64(1..self.next);
            let piece = self.journal.read(GROUP, index, index, 0).expect("an entry").frames;
            assert_eq!(piece.len(), 1, "one entry is one piece");
        }
        ReadBack { entries: count, took: began.elapsed() }
    }
}

/// A plain file that is written once, and then overwritten by position. It shows the limit of the machine.
#[derive(Debug)]
pub struct Raw {
    file: File,
    len: u64,
    at: u64,
}

impl Raw {
    /// Creates and writes a file of `len` bytes.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn create(path: &Path, len: u64) -> io::Result<Raw> {
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        let block = vec![0; 1 << 20];
        for at in (0..len).step_by(block.len()) {
            file.write_all_at(&block, at)?;
        }
        file.sync_all()?;
        Ok(Raw { file, len, at: 0 })
    }

    /// Writes and flushes the bytes of batches of `batch` entries with bodies of `len` bytes, each batch on a fresh
    /// block, for about `time`.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub fn append(&mut self, batch: u64, len: usize, time: Duration) -> io::Result<Appended> {
        let bytes = vec![7; batch as usize * (HEADER_LEN + len)];
        let step = (bytes.len() as u64).div_ceil(BLOCK) * BLOCK;
        let (mut batches, began) = (0, Instant::now());
        while began.elapsed() < time {
            if self.at + step > self.len {
                self.at = 0;
            }
            self.file.write_all_at(&bytes, self.at)?;
            rustix::fs::fdatasync(&self.file)?;
            self.at += step;
            batches += 1;
        }
        let entries = batches * batch;
        Ok(Appended { entries, bytes: batches * bytes.len() as u64, took: began.elapsed() })
    }
}
