//! The segments in use, and when the oldest of them may be released.

use super::position::Position;
use super::segment::Segment;
use std::collections::VecDeque;

/// The segments of a journal, oldest first; the last one is active.
#[derive(Debug, Default)]
pub(super) struct Segments {
    segments: VecDeque<Segment>,
    /// For each checkpoint that releases segments: its end, and the number of the first segment still needed.
    releases: VecDeque<(Position, u64)>,
}

impl Segments {
    /// Returns the segments with batches that recovery found.
    pub(super) fn recovered(segments: VecDeque<Segment>) -> Segments {
        debug_assert!(
            segments.iter().zip(segments.iter().skip(1)).all(|(one, next)| adjoin(one, next)),
            "segments adjoin"
        );
        Segments { segments, releases: VecDeque::new() }
    }

    /// Returns whether there is no segment yet: only while a new journal is created.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Returns the segment that batches are written to.
    pub(super) fn active(&self) -> &Segment {
        self.segments.back().expect("a journal always has a segment")
    }

    /// Appends a segment, which becomes the active one.
    pub(super) fn push(&mut self, segment: Segment) {
        assert!(self.segments.back().is_none_or(|last| adjoin(last, &segment)), "segments adjoin");
        self.segments.push_back(segment);
    }

    /// Returns the segment that contains a position.
    pub(super) fn holding(&self, position: Position) -> &Segment {
        let at = self.segments.partition_point(|segment| segment.end() <= position);
        let segment = &self.segments[at];
        assert!(segment.header.base <= position, "{position} was in a segment that is gone");
        segment
    }

    /// Returns the number of the segment that holds the oldest entry, at most the active one's.
    pub(super) fn first_needed(&self, oldest: Option<Position>) -> u64 {
        let front = self.segments.front();
        assert!(
            oldest.is_none_or(|oldest| front.is_some_and(|front| front.header.base < oldest)),
            "no entry lies before the oldest segment"
        );
        let holder = self.segments.iter().find(|segment| oldest.is_some_and(|oldest| oldest < segment.end()));
        holder.unwrap_or(self.active()).header.number
    }

    /// Returns whether there are segments before `needed` that no checkpoint releases yet.
    pub(super) fn has_surplus(&self, needed: u64) -> bool {
        let front = self.segments.front().map_or(needed, |front| front.header.number);
        needed > self.releases.back().map_or(front, |(_, scheduled)| *scheduled)
    }

    /// Releases the segments before `needed` once the journal is durable up to `checkpoint`, the end of a checkpoint
    /// that needs no entry in them.
    pub(super) fn release_at(&mut self, checkpoint: Position, needed: u64) {
        assert!(
            self.releases
                .back()
                .is_none_or(|(position, number)| *position <= checkpoint && *number <= needed),
            "checkpoints ascend, and need ever less"
        );
        if self.segments.front().is_some_and(|front| front.header.number < needed) {
            self.releases.push_back((checkpoint, needed));
        }
    }

    /// Removes and returns the oldest segment, if a durable checkpoint no longer needs it.
    pub(super) fn next_released(&mut self, durable: Position) -> Option<Segment> {
        while let Some((checkpoint, needed)) = self.releases.front().copied() {
            if checkpoint > durable {
                return None;
            }
            if let Some(released) = self.segments.pop_front_if(|front| front.header.number < needed) {
                assert!(!self.segments.is_empty(), "the active segment stays");
                assert!(released.end() <= durable, "batches of segment {} wait", released.header.number);
                return Some(released);
            }
            self.releases.pop_front();
        }
        None
    }
}

/// Returns whether `next` begins where `one` ends.
fn adjoin(one: &Segment, next: &Segment) -> bool {
    one.end() == next.header.base && one.header.number + 1 == next.header.number
}
