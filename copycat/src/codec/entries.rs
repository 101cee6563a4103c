//! Consecutive entries of one group, with the metadata that is needed to store them.
//!
//! Each member reads the headers of frames once: the leader when it finishes them, a follower when it verifies them.
//! The metadata stays with the bytes, so that no later step reads the headers again.

use super::configuration::Configuration;
use super::cursor::Malformed;
use super::frame::{Frame, HEADER_LEN, Header, Kind, finish, frame_len};
use super::ids::{GroupId, Index, Term};
use super::terms::{LogId, Span, Spans};
use bytes::Bytes;

/// The first bytes of a frame: its length and its checksum. The length locates the next frame. The checksum of a
/// batch covers only these prefixes.
pub(crate) type FramePrefix = [u8; 8];

/// Entries to be stored in a log. Every frame is complete and has the right checksum. Indexes are consecutive, and
/// terms do not decrease.
///
/// Without entries it is `None` and small: every message to a core carries entries, most of them none, and is moved
/// several times.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Entries(Option<Box<Content>>);

/// The entries, if there are any, and their metadata.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
struct Content {
    frames: Bytes,
    spans: Spans,
    time: u64,
    configurations: Vec<(Index, Configuration)>,
    schemas: Vec<LogId>,
    prefixes: Vec<FramePrefix>,
}

/// The content where there are no entries.
static NOTHING: Content = Content {
    frames: Bytes::new(),
    spans: Spans::NONE,
    time: 0,
    configurations: Vec::new(),
    schemas: Vec::new(),
    prefixes: Vec::new(),
};

impl Entries {
    fn of(content: Content) -> Entries {
        assert_eq!(content.prefixes.is_empty(), content.frames.is_empty(), "frames have prefixes");
        Entries((!content.prefixes.is_empty()).then(|| Box::new(content)))
    }

    fn content(&self) -> &Content {
        self.0.as_deref().unwrap_or(&NOTHING)
    }

    /// Verifies and reads the frames that another member sent. They must be entries of `group`. The first must follow
    /// `prev`, and no term may exceed `term`, the sender's.
    pub(crate) fn read(group: GroupId, prev: LogId, term: Term, frames: Bytes) -> Result<Entries, Malformed> {
        let mut walk = Walk::new(prev, frames.len());
        for frame in Frame::all(&frames) {
            let frame = frame?;
            walk.step(group, term, &frame.header)?;
            walk.note(&frame)?;
        }
        Ok(walk.end(frames))
    }

    /// Returns the frames, packed one after the other.
    pub(crate) fn frames(&self) -> &Bytes {
        &self.content().frames
    }

    /// Returns the indexes and terms of the entries.
    pub(crate) fn spans(&self) -> &Spans {
        &self.content().spans
    }

    /// Returns the cluster time of the last entry, in microseconds; 0 if there is no entry.
    pub(crate) fn time(&self) -> u64 {
        self.content().time
    }

    /// Returns the configurations among the entries, with their indexes, ascending.
    pub(crate) fn configurations(&self) -> &[(Index, Configuration)] {
        &self.content().configurations
    }

    /// Returns the entries that record a schema, ascending.
    pub(crate) fn schemas(&self) -> &[LogId] {
        &self.content().schemas
    }

    /// Returns the frame prefix of each entry, in order.
    pub(crate) fn prefixes(&self) -> &[FramePrefix] {
        &self.content().prefixes
    }

    /// Returns the length of all frames together, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.content().frames.len()
    }

    /// Returns whether there is no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the number of entries.
    pub(crate) fn count(&self) -> u64 {
        self.content().prefixes.len() as u64
    }

    /// Returns the index of the first entry.
    pub(crate) fn first(&self) -> Option<Index> {
        self.content().spans.iter().next().map(|span| span.first)
    }

    /// Returns the entries from index `first` on. `first` is the index of one of them.
    pub(crate) fn suffix(&self, first: Index) -> Entries {
        let Content { frames, spans, time, configurations, schemas, prefixes } = self.content();
        let skipped =
            first.checked_sub(self.first().unwrap_or(first)).expect("one of these entries") as usize;
        let last = spans.last().map_or(0, |last| last.index);
        let begin: usize = prefixes[..skipped].iter().map(length).sum();
        let newer = configurations.partition_point(|(index, _)| *index < first);
        let newer_schemas = schemas.partition_point(|schema| schema.index < first);
        Entries::of(Content {
            frames: frames.slice(begin..),
            spans: spans.part(first, last),
            time: *time,
            configurations: configurations[newer..].to_vec(),
            schemas: schemas[newer_schemas..].to_vec(),
            prefixes: prefixes[skipped..].to_vec(),
        })
    }
}

/// Returns the length in bytes of the frame with this prefix.
pub(crate) fn length(prefix: &FramePrefix) -> usize {
    frame_len(prefix).expect("the prefix of a frame that was walked over")
}

/// The entries that a walk over frames has read so far.
struct Walk {
    last: LogId,
    content: Content,
}

impl Walk {
    fn new(prev: LogId, bytes: usize) -> Walk {
        // This is enough for frames of average length. If they are shorter, the vector grows once more.
        let prefixes = Vec::with_capacity(bytes.div_ceil(4 * HEADER_LEN));
        Walk { last: prev, content: Content { prefixes, ..Content::default() } }
    }

    /// Returns an error if the entry cannot follow those before it.
    fn step(&mut self, group: GroupId, term: Term, entry: &Header) -> Result<(), Malformed> {
        let wrong = |field, found| Err(Malformed::Value { field, found });
        if !entry.kind.is_entry() {
            return wrong("appended kind", entry.kind as u64);
        }
        if entry.group != group {
            return wrong("appended group", entry.group.0);
        }
        if self.last.index.checked_add(1) != Some(entry.index) {
            return wrong("appended index", entry.index);
        }
        if entry.term < self.last.term.max(1) || entry.term > term {
            return wrong("appended term", entry.term);
        }
        self.last = LogId { term: entry.term, index: entry.index };
        Ok(())
    }

    fn note(&mut self, frame: &Frame<'_>) -> Result<(), Malformed> {
        let LogId { term, index } = self.last;
        self.content.spans.push(Span { term, first: index, last: index });
        self.content.time = frame.header.time;
        self.content.prefixes.push(prefix_of(frame.bytes));
        if frame.header.kind == Kind::Configuration {
            self.content.configurations.push((index, Configuration::decode(frame.body)?));
        }
        if frame.header.kind == Kind::Schema {
            self.content.schemas.push(self.last);
        }
        Ok(())
    }

    fn end(self, frames: Bytes) -> Entries {
        Entries::of(Content { frames, ..self.content })
    }
}

fn prefix_of(frame: &[u8]) -> FramePrefix {
    *frame.first_chunk().expect("a frame is longer than its prefix")
}

/// Builds the entries of a leader. It copies all frames first and then computes their checksums one after the other.
/// That is three times as fast as computing each checksum right after the copy.
#[derive(Debug)]
pub(crate) struct Packer {
    frames: Vec<u8>,
    content: Content,
}

impl Packer {
    /// Returns a packer with capacity for `count` entries and `bytes` bytes of frames.
    pub(crate) fn with_capacity(count: usize, bytes: usize) -> Packer {
        let prefixes = Vec::with_capacity(count);
        Packer { frames: Vec::with_capacity(bytes), content: Content { prefixes, ..Content::default() } }
    }

    /// Adds the next entry. See [`Header::encode`].
    pub(crate) fn push(&mut self, header: &Header, body: &[u8]) {
        assert!(header.kind.is_entry(), "{:?} is no entry", header.kind);
        header.put(body, &mut self.frames);
        self.content.spans.push(Span { term: header.term, first: header.index, last: header.index });
        self.content.time = header.time;
        if header.kind == Kind::Schema {
            self.content.schemas.push(LogId::new(header.term, header.index));
        }
    }

    /// Adds a configuration entry.
    pub(crate) fn push_configuration(&mut self, header: &Header, configuration: Configuration) {
        assert_eq!(header.kind, Kind::Configuration, "the entry is what its header says");
        let mut body = Vec::new();
        configuration.encode(&mut body);
        self.push(header, &body);
        self.content.configurations.push((header.index, configuration));
    }

    /// Writes the checksum of each frame, and returns the entries.
    pub(crate) fn finish(mut self) -> Entries {
        let mut rest = &mut self.frames[..];
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at_mut(super::frame::unfinished_len(rest));
            finish(frame);
            self.content.prefixes.push(prefix_of(frame));
            rest = behind;
        }
        assert_eq!(
            self.content.prefixes.len() as u64,
            self.content.spans.count(),
            "one frame for each entry"
        );
        Entries::of(Content { frames: self.frames.into(), ..self.content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::ids::MemberId;

    const GROUP: GroupId = GroupId(7);

    fn packed(terms: &[Term]) -> Entries {
        let mut packer = Packer::with_capacity(terms.len(), 0);
        for (at, term) in terms.iter().enumerate() {
            let index = at as Index + 1;
            if index == 3 {
                let header = Header::bare(Kind::Configuration, GROUP, *term, index, 30);
                packer.push_configuration(&header, Configuration::of_voters([MemberId(1)]));
            } else {
                let kind = if index == 4 { Kind::Schema } else { Kind::Command };
                let header = Header::bare(kind, GROUP, *term, index, index * 10);
                packer.push(&header, &vec![7; at * 100]);
            }
        }
        packer.finish()
    }

    #[test]
    fn what_a_leader_packs_is_what_a_follower_reads() {
        let entries = packed(&[1, 1, 2, 2, 5]);
        assert_eq!((entries.count(), entries.first(), entries.time()), (5, Some(1), 50));
        assert_eq!((entries.configurations().len(), entries.schemas()), (1, &[LogId::new(2, 4)][..]));
        assert_eq!(Entries::read(GROUP, LogId::ZERO, 5, entries.frames().clone()), Ok(entries));
    }

    #[test]
    fn frames_are_packed_as_they_are_encoded_one_by_one() {
        let entries = packed(&[1, 1]);
        let mut one_by_one = Vec::new();
        for frame in Frame::all(entries.frames()) {
            let frame = frame.unwrap();
            frame.header.encode(frame.body, &mut one_by_one);
        }
        assert_eq!(entries.frames(), &one_by_one);
    }

    #[test]
    fn a_part_says_of_itself_what_a_walk_over_it_would() {
        let entries = packed(&[1, 1, 2, 2, 5]);
        for first in 1..=5 {
            let prev = LogId::new([0, 1, 1, 2, 2][first as usize - 1], first - 1);
            let part = entries.suffix(first);
            let read = Entries::read(GROUP, prev, 5, part.frames().clone()).unwrap();
            assert_eq!(part, read, "from {first}");
        }
    }

    #[test]
    fn nothing_packed_is_nothing() {
        let none = Packer::with_capacity(0, 0).finish();
        assert!(none.is_empty() && none == Entries::default());
        assert_eq!(Entries::read(GROUP, LogId::new(3, 9), 3, Bytes::new()), Ok(none));
    }

    #[test]
    fn what_cannot_follow_is_refused() {
        let frames = packed(&[2, 2]).frames().clone();
        let refused = |group, prev, term| Entries::read(group, prev, term, frames.clone()).is_err();
        assert!(!refused(GROUP, LogId::ZERO, 2));
        assert!(refused(GroupId(8), LogId::ZERO, 2), "another group's");
        assert!(refused(GROUP, LogId::new(1, 1), 2), "a gap or an overlap");
        assert!(refused(GROUP, LogId::ZERO, 1), "of a term above the sender's");
        assert!(refused(GROUP, LogId::new(3, 0), 3), "a term that falls");
        assert!(refused(GROUP, LogId::new(1, u64::MAX), 2), "no index lies behind the largest");
    }
}
