//! What a member's disk certainly holds, computed from the bytes that were flushed. This account of durability shares
//! no code with the journal's own.

use super::violation::Violation;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, Term};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;

/// Length of a batch header in bytes, and the positions of its length and its kind (`storage/FORMAT.md`).
const BATCH_HEADER: usize = 64;
const BATCH_LENGTH: std::ops::Range<usize> = 32..36;
const BATCH_KIND: usize = 48;
/// The kind of batches that hold frames.
const FRAMES: u8 = 1;

/// One entry on the disk. Its checksum covers all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub term: Term,
    /// The cluster's time when the entry was made, in microseconds.
    pub time: u64,
    pub checksum: u32,
}

impl Entry {
    /// Returns the entry of a whole frame.
    pub(super) fn of(frame: &Frame<'_>) -> Entry {
        let checksum = u32::from_le_bytes([frame.bytes[4], frame.bytes[5], frame.bytes[6], frame.bytes[7]]);
        Entry { term: frame.header.term, time: frame.header.time, checksum }
    }
}

/// The durable state of one group.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct GroupImage {
    pub term: Term,
    pub vote: Option<MemberId>,
    /// The highest index that a frame marks as committed. Checkpoints may hold a higher one.
    pub commit: Index,
    /// The entries from index 1 on.
    pub entries: Vec<Entry>,
}

impl GroupImage {
    /// Returns the entry at an index.
    pub(super) fn entry(&self, index: Index) -> Option<Entry> {
        self.entries.get(usize::try_from(index.checked_sub(1)?).ok()?).copied()
    }
}

impl GroupImage {
    /// Returns whether this is `before`, possibly with a higher commit index.
    fn continues(&self, before: &GroupImage) -> bool {
        self.commit >= before.commit && *self == GroupImage { commit: self.commit, ..before.clone() }
    }
}

impl fmt::Debug for GroupImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (last, vote) = (self.entries.last().map_or(0, |entry| entry.term), self.vote);
        let (term, len, commit) = (self.term, self.entries.len(), self.commit);
        write!(f, "term {term} vote {vote:?} last ({last},{len}) commit {commit}")
    }
}

/// A durable entry that a later one replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replaced {
    pub group: GroupId,
    pub index: Index,
    pub entry: Entry,
    /// The member's term when it replaced the entry.
    pub in_term: Term,
}

/// The contents of one member's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    groups: BTreeMap<GroupId, GroupImage>,
}

impl Image {
    /// Returns the state of a group; empty if nothing was ever written for it.
    pub(super) fn group(&self, group: GroupId) -> &GroupImage {
        static NOTHING: GroupImage = GroupImage { term: 0, vote: None, commit: 0, entries: Vec::new() };
        self.groups.get(&group).unwrap_or(&NOTHING)
    }

    /// Returns whether this holds what `before` holds, and differs in nothing except higher commit indexes.
    pub(super) fn continues(&self, before: &Image) -> bool {
        let same = |(group, image): (&GroupId, &GroupImage)| image.continues(before.group(*group));
        self.groups.keys().eq(before.groups.keys()) && self.groups.iter().all(same)
    }

    /// Returns the commit index of each group.
    pub(super) fn commits(&self) -> BTreeMap<GroupId, Index> {
        self.groups.iter().map(|(group, image)| (*group, image.commit)).collect()
    }

    /// Returns the groups that have any state.
    pub(super) fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.groups.keys().copied()
    }

    /// Inserts a group as recovery found it.
    pub(super) fn put(&mut self, group: GroupId, image: GroupImage) {
        self.groups.insert(group, image);
    }

    /// Sets the commit indexes back to `commits`.
    pub(super) fn forget(&mut self, commits: &BTreeMap<GroupId, Index>) {
        for (group, image) in &mut self.groups {
            image.commit = commits.get(group).copied().unwrap_or(0);
        }
    }

    /// Removes the entries of a group from `first` on.
    pub(super) fn cut(&mut self, group: GroupId, first: Index) {
        if let Some(image) = self.groups.get_mut(&group) {
            image.entries.truncate(usize::try_from(first - 1).unwrap_or(usize::MAX));
        }
    }

    /// Adds a batch that became durable. `frames` holds its runs of frames. Appends the replaced entries to
    /// `replaced`.
    pub(super) fn flush(
        &mut self,
        member: MemberId,
        frames: &[Bytes],
        replaced: &mut Vec<Replaced>,
    ) -> Result<(), Violation> {
        for chunk in frames {
            for frame in Frame::all_trusted(chunk) {
                let frame = frame.map_err(Violation::Unreadable)?;
                self.put_frame(member, &frame, replaced)?;
            }
        }
        Ok(())
    }

    fn put_frame(
        &mut self,
        member: MemberId,
        frame: &Frame<'_>,
        replaced: &mut Vec<Replaced>,
    ) -> Result<(), Violation> {
        let (group, index, term) = (frame.header.group, frame.header.index, frame.header.term);
        let image = self.groups.entry(group).or_default();
        if frame.header.kind == Kind::Vote {
            let vote = frame.header.voted_for();
            if term < image.term || (term == image.term && image.vote.is_some() && image.vote != vote) {
                return Err(Violation::VoteTaken { group, member, term });
            }
            (image.term, image.vote) = (term, vote);
            return Ok(());
        }
        if frame.header.kind == Kind::Commit {
            if index < image.commit || image.entry(index).map(|entry| entry.term) != Some(term) {
                return Err(Violation::OtherCommit { group, member, index });
            }
            image.commit = index;
            return Ok(());
        }
        if index <= image.commit {
            return Err(Violation::CommittedCut { group, member, index });
        }
        let before = usize::try_from(index - 1).unwrap_or(usize::MAX);
        if before > image.entries.len() || term > image.term {
            return Err(Violation::Gap { group, member, index });
        }
        let (in_term, cut) = (image.term, image.entries.drain(before..).zip(index..));
        replaced.extend(cut.map(|(entry, index)| Replaced { group, index, entry, in_term }));
        image.entries.push(Entry::of(frame));
        Ok(())
    }
}

/// Returns the runs of frames of a batch that is being written (header, chunks, padding). A checkpoint has none.
pub(super) fn frames_of(chunks: &[Bytes]) -> Vec<Bytes> {
    let Some((header, rest)) = chunks.split_first().filter(|(first, _)| first.len() == BATCH_HEADER) else {
        return Vec::new();
    };
    if header[BATCH_KIND] != FRAMES {
        return Vec::new();
    }
    let mut left = header[BATCH_LENGTH].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let mut frames = Vec::new();
    for chunk in rest {
        let len = chunk.len().min(left);
        frames.push(chunk.slice(..len));
        left -= len;
    }
    assert_eq!(left, 0, "a batch is written whole");
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::frame::Header;
    use crate::codec::terms::LogId;

    const ME: MemberId = MemberId(1);
    const GROUP: GroupId = GroupId(7);

    fn frame(header: Header) -> Bytes {
        let mut out = Vec::new();
        header.encode(&[], &mut out);
        out.into()
    }

    fn entry(term: Term, index: Index) -> Bytes {
        frame(Header::bare(Kind::Noop, GROUP, term, index, 0))
    }

    fn vote(term: Term, vote: Option<MemberId>) -> Bytes {
        frame(Header::vote(GROUP, term, vote))
    }

    #[test]
    fn later_frames_replace_and_tell_what_they_replaced() {
        let (mut image, mut replaced) = (Image::default(), Vec::new());
        let frames = [vote(1, None), entry(1, 1), entry(1, 2), entry(1, 3), vote(2, None), entry(2, 2)];
        image.flush(ME, &frames, &mut replaced).unwrap();
        assert_eq!(replaced.iter().map(|cut| cut.index).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(image.group(GROUP).entries.len(), 2);
        assert_eq!(image.group(GROUP).entry(2).unwrap().term, 2);
    }

    #[test]
    fn a_commit_index_beyond_the_log_or_that_falls_and_a_committed_entry_that_is_replaced_are_refused() {
        let commit = |term, index| frame(Header::commit(GROUP, LogId::new(term, index)));
        let begin = [vote(2, None), entry(1, 1), entry(2, 2), commit(2, 2)];
        let mut image = Image::default();
        image.flush(ME, &begin, &mut Vec::new()).unwrap();
        assert_eq!(image.group(GROUP).commit, 2);
        for wrong in [commit(2, 3), commit(1, 1), entry(2, 2)] {
            assert!(image.clone().flush(ME, &[wrong], &mut Vec::new()).is_err());
        }
        let mut short = Image::default();
        assert!(short.flush(ME, &[vote(2, None), entry(1, 1), commit(2, 1)], &mut Vec::new()).is_err());
    }

    #[test]
    fn a_vote_that_changes_a_gap_and_an_entry_before_its_term_are_refused() {
        for wrong in [
            [vote(3, Some(ME)), vote(3, Some(MemberId(2)))],
            [vote(3, None), vote(2, None)],
            [vote(1, None), entry(1, 2)],
            [vote(1, None), entry(2, 1)],
        ] {
            assert!(Image::default().flush(ME, &wrong, &mut Vec::new()).is_err(), "{wrong:?}");
        }
    }
}
