//! Committed entries on their way to the applier.

use super::super::applier::Work;
use super::Bounds;
use super::ground::Ground;
use super::group::Group;
use crate::storage::StorageError;

impl Group {
    /// Hands over what is committed, with those who wait for it, and then the reads that waited for it. Reads never
    /// find the state older for it: they are handed over behind everything that is known to be committed.
    pub(super) fn hand_over(&mut self, ground: &mut Ground) -> Result<(), StorageError> {
        let Bounds { ahead_bytes, lazy_entries, piece_bytes, .. } = ground.bounds;
        let lazy = !self.ticked && self.proposed.len() == 0 && self.reads.is_idle();
        if !self.is_attached() || lazy && self.commit - self.handed < lazy_entries {
            return Ok(());
        }
        self.ticked = false;
        while self.handed < self.commit
            && self.handed_bytes - self.progress.applied_bytes() < ahead_bytes
            && ground.handover_left > 0
        {
            let slices = ground.journal.read(self.id, self.handed + 1, self.commit, piece_bytes)?;
            let (last, bytes) = (slices.last, slices.len());
            assert!(last > self.handed && last <= self.commit, "the journal holds what is committed");
            let terms = ground.journal.terms(self.id).expect("a group with entries is known to the journal");
            let replies = self.proposed.take_through(last, terms, &mut ground.replies);
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
