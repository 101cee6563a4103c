//! Reads entries: from memory while they are written and for a while after, then from the files.

use super::disk;
use super::error::{Damage, DamageKind, StorageError};
use super::group_log::{EntryLocation, GroupLog};
use super::journal::Journal;
use super::position::Position;
use crate::codec::cursor::Malformed;
use crate::codec::frame::{Frame, HEADER_LEN};
use crate::codec::ids::{GroupId, Index};
use bytes::Bytes;

/// Consecutive entries of one group, read from its log.
#[derive(Clone, Debug)]
pub(crate) struct Slices {
    /// The frames of the entries, in order. No frame spans two chunks.
    pub frames: Vec<Bytes>,
    /// Index of the last entry.
    pub last: Index,
}

impl Slices {
    /// Returns the length of all frames together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.frames.iter().map(Bytes::len).sum()
    }
}

/// Frames of consecutive entries that lie next to each other in the journal.
#[derive(Clone, Copy)]
struct Run {
    position: Position,
    len: usize,
    first: Index,
}

impl Journal {
    /// Returns the frames of the entries `first ..= last`, as many as fit `bytes_max`, and at least one. Adjacent
    /// frames are returned as one slice. A slice keeps its segment from being reused.
    ///
    /// Frames that are read from the disk are verified each time: checksum, group and index.
    pub(crate) fn read(
        &self,
        group: GroupId,
        first: Index,
        last: Index,
        bytes_max: usize,
    ) -> Result<Slices, StorageError> {
        self.alive()?;
        let absent = StorageError::Absent { group, first, last };
        let log = self.groups.get(group).ok_or_else(|| absent.clone())?;
        if !log.state().log.holds_all(first, last) {
            return Err(absent);
        }
        // Few reads span more than two batches.
        let mut frames = Vec::with_capacity(2);
        let at_least = log.location(first).expect("an entry that is here has a location").len as usize;
        let (mut next, mut left) = (first, bytes_max.max(at_least));
        while next <= last {
            let (run, after) = run(log, next, last, &mut left);
            if run.len == 0 {
                break;
            }
            self.read_run(group, run, &mut frames)?;
            next = after;
        }
        assert!(next > first, "at least one entry is served");
        Ok(Slices { frames, last: next - 1 })
    }

    /// Appends to `out` the frames of a run, from memory or from the disk.
    fn read_run(&self, group: GroupId, run: Run, out: &mut Vec<Bytes>) -> Result<(), StorageError> {
        if let Some(batch) = self.batches.holding(run.position) {
            batch.slices(run.position, run.len, out);
            return Ok(());
        }
        let unreadable = |index, source| StorageError::Unreadable { group, index, source };
        let (segment, end) = (self.segments.holding(run.position), run.position.plus(run.len));
        assert!(end <= segment.end(), "no batch, and no run, goes on in another segment: {end}");
        assert!(end <= self.batches.durable(), "what is in no memory is on the disk: {end}");
        let offset = segment.offset(run.position);
        let slice = match segment.end() <= self.batches.durable() {
            true => segment.region.clone().slice(offset, run.len),
            // Batches are still written after these bytes.
            false => disk::copy(&*segment.region, offset, run.len),
        };
        let slice = slice.map_err(|error| unreadable(run.first, error.into()))?;
        assert_eq!(slice.len(), run.len, "a region returns all that it was asked for");
        let mut verified = 0;
        for index in run.first.. {
            if verified == slice.len() {
                break;
            }
            let malformed = match Frame::parse(&slice[verified..]) {
                Ok(frame) if frame.header.group == group && frame.header.index == index => {
                    verified += frame.bytes.len();
                    continue;
                }
                Ok(frame) => Malformed::Value { field: "frame index", found: frame.header.index },
                Err(malformed) => malformed,
            };
            let (file, offset) = (segment.region.to_string(), offset + verified as u64);
            let damage = Damage { file, offset, kind: DamageKind::Malformed(malformed) };
            return Err(unreadable(index, damage.into()));
        }
        out.push(slice);
        Ok(())
    }

    /// Drops the durable batches from memory, so that reads go to the disk.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn forget_recent(&mut self) {
        self.batches.forget_recent();
    }
}

/// Returns the longest run from `first` on that fits `left`, and the index after it. Subtracts the run's bytes from
/// `left`. A run without bytes means that nothing more fits.
fn run(log: &GroupLog, first: Index, last: Index, left: &mut usize) -> (Run, Index) {
    let mut run = Run { position: Position(0), len: 0, first };
    let mut next = first;
    while let Some(EntryLocation { position, len }) = log.location(next).filter(|_| next <= last) {
        let len = len as usize;
        let adjoins = run.len == 0 || run.position.0 + run.len as u64 == position.0;
        if !adjoins || len > *left {
            break;
        }
        if run.len == 0 {
            run.position = position;
        }
        (run.len, *left, next) = (run.len + len, *left - len, next + 1);
    }
    let shortest = (next - first) as usize * HEADER_LEN;
    assert!(shortest <= run.len, "entries {first} to {next} in {} bytes", run.len);
    (run, next)
}
