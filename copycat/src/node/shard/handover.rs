//! Committed entries on their way to the applier.

use super::super::applier::Work;
use super::effects::PIECE_BYTES;
use super::ground::Ground;
use super::group::Group;
use crate::storage::StorageError;

/// Bytes handed to the applier and not applied yet, at most: replaying a long log takes no more memory
/// than a short one.
const AHEAD_BYTES: u64 = 4 << 20;
/// Bytes handed over in one turn, of all groups together, beyond which the rest waits for the next: replaying
/// many long logs holds up no heartbeat.
pub(super) const TURN_BYTES: usize = 4 << 20;

/// Entries that may wait for the next tick where nobody here waits for their results: each hand-over wakes a
/// thread, and on followers it wakes it for nobody.
const LAZY_MAX: u64 = 256;

impl Group {
    /// Hands over what is committed, with those who wait for it, and then the reads that waited for it. Reads never
    /// find the state older for it: they are handed over behind everything that is known to be committed.
    pub(super) fn hand_over(&mut self, ground: &mut Ground) -> Result<(), StorageError> {
        let lazy = !self.ticked && self.proposed.len() == 0 && self.reads.is_idle();
        if !self.is_attached() || lazy && self.commit - self.handed < LAZY_MAX {
            return Ok(());
        }
        self.ticked = false;
        while self.handed < self.commit
            && self.handed_bytes - self.progress.applied_bytes() < AHEAD_BYTES
            && ground.handover_left > 0
        {
            let slices = ground.journal.read(self.id, self.handed + 1, self.commit, PIECE_BYTES)?;
            let (last, bytes) = (slices.last, slices.len());
            assert!(last > self.handed && last <= self.commit, "the journal holds what is committed");
            let log = ground.journal.shape(self.id).expect("a group with entries is known to the journal");
            let replies = self.proposed.take_through(last, log, &mut ground.replies);
            let reads = self.reads.take_below(last);
            self.handed = last;
            self.handed_bytes += bytes as u64;
            ground.handover_left = ground.handover_left.saturating_sub(bytes);
            ground.out.work.push(Work::Apply { group: self.id, frames: slices.frames, replies, reads });
        }
        self.reads.take_ready(self.id, self.handed, &mut ground.out.work);
        Ok(())
    }
}
