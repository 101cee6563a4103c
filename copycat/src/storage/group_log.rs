//! The state that a journal keeps of one group, and the location of each of its entries.

use super::position::Position;
use crate::codec::configuration::Configuration;
use crate::codec::entries::{self, Entries};
use crate::codec::frame::HEADER_LEN;
use crate::codec::ids::{Index, MemberId, Term};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::collections::VecDeque;

/// The state of one group as the journal records it. Checkpoints contain it, and recovery returns it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct GroupState {
    /// The group's current term (Raft figure 2, `currentTerm`).
    pub term: Term,
    /// The member that got this member's vote in that term (Raft figure 2, `votedFor`).
    pub vote: Option<MemberId>,
    /// The shape of the log.
    pub log: LogShape,
    /// The highest index recorded as committed (Raft figure 2, `commitIndex`). Never below the base, which a snapshot
    /// covers, and never beyond the last entry.
    pub commit: Index,
    /// Configurations among the entries, ascending, and the last configuration among the dropped entries.
    pub configurations: Vec<(Index, Configuration)>,
}

impl GroupState {
    /// Sets term and vote. A term never decreases, and a vote never changes within a term.
    pub(crate) fn set_vote(&mut self, term: Term, vote: Option<MemberId>) {
        assert!(vote.is_none() || term > 0, "a vote without a term");
        assert!(term >= self.term, "a term never falls: {} then {term}", self.term);
        assert!(
            term > self.term || self.vote.is_none() || vote == self.vote,
            "one vote per term: term {term}, {:?} then {vote:?}",
            self.vote
        );
        (self.term, self.vote) = (term, vote);
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Sets the commit index. It never decreases and never passes the end of the log.
    pub(crate) fn set_commit(&mut self, index: Index) {
        assert!(self.commit <= index, "a commit index never falls: {} then {index}", self.commit);
        assert!(index <= self.log.last().index, "{index} is committed, and the log ends before it");
        self.commit = index;
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Returns whether an entry with this index continues the log or replaces a part that is not committed.
    pub(crate) fn accepts(&self, index: Index) -> bool {
        self.commit < index && index <= self.log.last().index + 1
    }

    fn truncate(&mut self, from: Index) {
        assert!(from > self.commit, "entry {from} is cut, and {} are committed", self.commit);
        assert!(from > self.log.horizon(), "what compaction has touched is committed");
        self.log.truncate(from);
        self.configurations.retain(|(index, _)| *index < from);
    }

    /// Drops every entry up to and including `through`, an index of the log.
    pub(crate) fn drop_through(&mut self, through: Index) {
        self.log.drop_through(through);
        self.commit = self.commit.max(through);
        assert!(self.log.base().index >= through, "what is dropped lies before the log");
        let superseded = self.configurations.partition_point(|(index, _)| *index <= through);
        self.configurations.drain(..superseded.saturating_sub(1));
        debug_assert!(self.is_sound(), "{self:?}");
    }

    /// Returns whether the state satisfies what holds for every group.
    pub(crate) fn is_sound(&self) -> bool {
        let last = self.log.last();
        let voted = self.vote.is_none() || self.term > 0;
        let bounds = self.log.horizon() <= self.commit && self.commit <= last.index;
        let ascend = self.configurations.is_sorted_by(|one, next| one.0 < next.0);
        let within = self.configurations.last().is_none_or(|(index, _)| *index <= last.index);
        voted && last.term <= self.term && bounds && ascend && within
    }
}

/// The location of one entry: 16 bytes, all the memory that an entry costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryLocation {
    /// The position of the entry's first byte.
    pub position: Position,
    /// The length of its frame in bytes.
    pub len: u32,
}

impl EntryLocation {
    /// Returns the position after the entry's last byte.
    fn end(self) -> Position {
        self.position.plus(self.len as usize)
    }
}

/// What a journal keeps of an entry beside its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryContent {
    /// The entry is a configuration.
    Configuration(Configuration),
    /// The entry records a schema.
    Schema,
    /// The journal need not know what it is.
    Other,
}

/// A group's state together with the locations of its entries.
#[derive(Debug, Default)]
pub(crate) struct GroupLog {
    state: GroupState,
    /// The highest index that the owner reported as committed. Never below the recorded one or beyond the last entry.
    known_commit: Index,
    /// Whether the group is in the list of groups whose commit index must be recorded.
    awaits_record: bool,
    /// Index of the first entry in `locations`. After recovery it may be above the first index of the log, if the
    /// segments of older entries were removed. Otherwise it is the first index of the log.
    located_from: Index,
    locations: VecDeque<EntryLocation>,
    /// The entries with locations that record a schema, ascending.
    schemas: Vec<LogId>,
}

impl GroupLog {
    /// Returns a group as a checkpoint describes it. None of its entries has a location yet.
    pub(crate) fn restored(state: GroupState) -> GroupLog {
        debug_assert!(state.is_sound(), "{state:?}");
        let (located_from, known_commit) = (state.log.last().index + 1, state.commit);
        let (locations, schemas) = (VecDeque::new(), Vec::new());
        GroupLog { state, known_commit, awaits_record: false, located_from, locations, schemas }
    }

    /// Returns the group's state.
    pub(crate) fn state(&self) -> &GroupState {
        &self.state
    }

    /// Returns the group's state, to record a vote in it.
    pub(crate) fn state_mut(&mut self) -> &mut GroupState {
        &mut self.state
    }

    /// Returns the highest index known to be committed, recorded or not.
    pub(crate) fn known_commit(&self) -> Index {
        self.known_commit
    }

    /// Notes that everything up to `index`, an index of the log, is committed. Returns whether the group must now be
    /// added to the groups whose commit index is to be recorded.
    pub(crate) fn note_commit(&mut self, index: Index) -> bool {
        let last = self.state.log.last().index;
        assert!(index <= last, "{index} is committed, and the log ends with {last}");
        self.known_commit = self.known_commit.max(index);
        assert!(self.known_commit >= self.state.commit, "more is recorded than was noted");
        self.known_commit > self.state.commit && !std::mem::replace(&mut self.awaits_record, true)
    }

    /// Marks the noted commit index as recorded. Returns the entry at this index, or `None` if it was recorded
    /// already.
    pub(crate) fn record_commit(&mut self) -> Option<LogId> {
        self.awaits_record = false;
        if self.known_commit == self.state.commit {
            return None;
        }
        self.state.set_commit(self.known_commit);
        let term = self.state.log.term(self.known_commit).expect("an entry of the log");
        assert!(term > 0 && term <= self.state.term, "entry {} of term {term}", self.known_commit);
        Some(LogId::new(term, self.known_commit))
    }

    /// Sets a commit index that recovery has read. The caller has checked it.
    pub(crate) fn replay_commit(&mut self, index: Index) {
        self.state.set_commit(index);
        self.known_commit = self.known_commit.max(index);
        assert_eq!(
            self.known_commit, index,
            "while it is replayed, nothing is noted beyond what is recorded"
        );
    }

    /// Returns the entries that record a schema, ascending; those that were dropped are not among them.
    pub(crate) fn schemas(&self) -> &[LogId] {
        &self.schemas
    }

    /// Appends one entry. Existing entries from its index on are replaced.
    pub(crate) fn put(&mut self, id: LogId, location: EntryLocation, content: EntryContent) {
        assert!(location.len as usize >= HEADER_LEN, "a frame of {} bytes", location.len);
        self.replace_from(id.index, location.position);
        assert!(id.term <= self.state.term, "an entry of a term that was not recorded before it");
        self.state.log.append(id.term, 1);
        self.locations.push_back(location);
        assert_eq!(self.located_from + self.locations.len() as u64, id.index + 1, "a location for each");
        match content {
            EntryContent::Configuration(configuration) => {
                self.state.configurations.push((id.index, configuration));
            }
            EntryContent::Schema => self.schemas.push(id),
            EntryContent::Other => {}
        }
    }

    /// Appends entries, at least one, that lie at `position` and after it. Existing entries from the index of the
    /// first on are replaced. Returns the position after them.
    pub(crate) fn append(&mut self, entries: &Entries, mut position: Position) -> Position {
        self.replace_from(entries.first().expect("at least one entry"), position);
        for span in entries.spans().iter() {
            self.state.log.append(span.term, span.last - span.first + 1);
        }
        self.locations.extend(entries.prefixes().iter().map(|prefix| {
            let location = EntryLocation { position, len: entries::length(prefix) as u32 };
            position.0 += u64::from(location.len);
            location
        }));
        self.state.configurations.extend_from_slice(entries.configurations());
        self.schemas.extend_from_slice(entries.schemas());
        assert_eq!(self.state.log.last(), entries.spans().last().expect("at least one entry"));
        assert!(
            self.state.log.last().term <= self.state.term,
            "entries of a term that was not recorded before"
        );
        assert_eq!(
            self.located_from + self.locations.len() as u64,
            self.state.log.last().index + 1,
            "a location for each"
        );
        position
    }

    /// Removes every entry from `index` on. The caller then appends an entry with this index, at `position`.
    fn replace_from(&mut self, index: Index, position: Position) {
        let newest = self.locations.back();
        assert!(
            newest.is_none_or(|newest| newest.end() <= position),
            "positions ascend: {newest:?}, {position}"
        );
        assert!(self.state.accepts(index) && index > self.known_commit, "the index was checked");
        if index <= self.state.log.last().index || self.locations.is_empty() {
            self.state.truncate(index);
            self.schemas.truncate(self.schemas.partition_point(|schema| schema.index < index));
            self.locations.truncate(index.saturating_sub(self.located_from) as usize);
            if self.locations.is_empty() {
                self.located_from = index;
            }
        }
        assert_eq!(self.located_from + self.locations.len() as u64, index, "locations are consecutive");
    }

    /// Drops every entry up to and including `through`, an index of the log.
    pub(crate) fn drop_through(&mut self, through: Index) {
        if through <= self.state.log.base().index {
            return;
        }
        assert!(through <= self.state.log.last().index, "what is dropped was there");
        self.state.drop_through(through);
        self.known_commit = self.known_commit.max(through);
        let dropped = (through + 1).saturating_sub(self.located_from).min(self.locations.len() as u64);
        self.locations.drain(..dropped as usize);
        self.located_from = self.located_from.max(through + 1);
        self.schemas.retain(|schema| schema.index > through);
        assert!(
            self.locations.len() as u64 <= self.state.log.last().index - through,
            "what is dropped has no location"
        );
    }

    /// Returns the location of an entry.
    pub(crate) fn location(&self, index: Index) -> Option<EntryLocation> {
        let at = index.checked_sub(self.located_from)?;
        self.locations.get(at as usize).copied()
    }

    /// Returns the position of the oldest entry. Positions ascend with indexes, because an entry is replaced together
    /// with all entries after it.
    pub(crate) fn oldest(&self) -> Option<Position> {
        self.locations.front().map(|location| location.position)
    }

    /// Returns the first entry without a location, if no checkpoint says that it was dropped.
    pub(crate) fn first_missing(&self) -> Option<Index> {
        let first = self.state.log.horizon() + 1;
        (self.state.log.holds(first) && self.located_from > first).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(log: &mut GroupLog, term: Term, index: Index, at: u64) {
        log.put(
            LogId::new(term, index),
            EntryLocation { position: Position(at), len: 72 },
            EntryContent::Other,
        );
    }

    /// Returns a group in a term above the terms of its entries.
    fn begun() -> GroupLog {
        let mut log = GroupLog::default();
        log.state_mut().set_vote(9, None);
        log
    }

    #[test]
    fn an_entry_costs_sixteen_bytes() {
        assert_eq!(size_of::<EntryLocation>(), 16);
    }

    #[test]
    fn a_later_entry_replaces_everything_from_its_index_on() {
        let mut log = begun();
        (1..=5).for_each(|index| put(&mut log, 1, index, index * 100));
        put(&mut log, 2, 3, 900);
        assert_eq!(log.state().log.last(), LogId::new(2, 3));
        assert_eq!(log.location(3).unwrap().position, Position(900));
        assert!(log.location(4).is_none());
        log.drop_through(3);
        put(&mut log, 2, 4, 1_000);
        assert_eq!((log.oldest(), log.first_missing()), (Some(Position(1_000)), None));
    }

    #[test]
    fn the_schemas_are_those_of_the_entries_that_are_there() {
        let mut log = begun();
        let put_schema = |log: &mut GroupLog, term, index| {
            let location = EntryLocation { position: Position(1_000 * term + index * 100), len: 72 };
            log.put(LogId::new(term, index), location, EntryContent::Schema);
        };
        put_schema(&mut log, 1, 1);
        put(&mut log, 1, 2, 1_200);
        put_schema(&mut log, 1, 3);
        assert_eq!(log.schemas(), [LogId::new(1, 1), LogId::new(1, 3)]);
        put(&mut log, 2, 2, 2_200);
        put_schema(&mut log, 2, 3);
        assert_eq!(log.schemas(), [LogId::new(1, 1), LogId::new(2, 3)], "what was replaced is gone");
        log.drop_through(2);
        assert_eq!(log.schemas(), [LogId::new(2, 3)]);
    }

    #[test]
    fn entries_before_a_checkpoint_are_missing_until_they_are_dropped_or_replaced() {
        let mut log = begun();
        (1..=5).for_each(|index| put(&mut log, 1, index, index * 100));
        let mut restored = GroupLog::restored(log.state().clone());
        assert_eq!(restored.first_missing(), Some(1));
        put(&mut restored, 1, 6, 600);
        restored.drop_through(4);
        assert_eq!(restored.first_missing(), Some(5));
        restored.drop_through(5);
        assert_eq!((restored.first_missing(), restored.oldest()), (None, Some(Position(600))));
        let mut replaced = GroupLog::restored(log.state().clone());
        put(&mut replaced, 2, 1, 700);
        assert_eq!(replaced.first_missing(), None);
    }
}
