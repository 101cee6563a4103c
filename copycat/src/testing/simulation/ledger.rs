//! Checks the log of one group over all members.
//!
//! The ledger learns of every entry that a member takes into its log, of every change of role and of every commit
//! index, right after the event. It sees all members at once, so it needs no consensus.

use super::history::History;
use super::image::{Entry, Replaced};
use super::machine;
use super::violation::Violation;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index, MemberId, MethodId, Term};
use crate::codec::shape::record::SchemaRecord;
use std::collections::{BTreeMap, BTreeSet};

/// An entry that a member's log has held, and the term of the entry before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    entry: Entry,
    before: Term,
}

/// An entry that was committed.
#[derive(Clone, Copy, Debug)]
struct Committed {
    entry: Entry,
    /// The term in which a member first committed it.
    in_term: Term,
}

/// The number of members on which an entry is durable, and the number of all members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durable {
    pub holders: usize,
    pub members: usize,
}

impl Durable {
    fn is_majority(self) -> bool {
        self.holders * 2 > self.members
    }
}

/// The checks of one group.
#[derive(Debug)]
pub(super) struct Ledger {
    group: GroupId,
    /// For each index, the different entries that were ever there.
    seen: Vec<Vec<Seen>>,
    committed: Vec<Committed>,
    leaders: BTreeMap<Term, MemberId>,
    /// The commands that are on record.
    recorded: BTreeSet<MethodId>,
    /// The operations of the clients and their answers.
    pub history: History,
}

impl Ledger {
    /// Creates the ledger of a group without entries.
    pub(super) fn new(group: GroupId) -> Ledger {
        Ledger {
            group,
            seen: Vec::new(),
            committed: Vec::new(),
            leaders: BTreeMap::new(),
            recorded: BTreeSet::new(),
            history: History::new(group),
        }
    }

    /// Returns the number of committed entries.
    pub(super) fn commits(&self) -> u64 {
        self.committed.len() as u64
    }

    /// Returns the number of terms that had a leader.
    pub(super) fn leaders(&self) -> u64 {
        self.leaders.len() as u64
    }

    /// Records that `member` holds `frame` after the entry `before`. By induction over the indexes, equal entries
    /// with equal terms before them mean equal logs up to there. Along every log the cluster's time never falls.
    pub(super) fn holds(
        &mut self,
        member: MemberId,
        frame: &Frame<'_>,
        before: Option<&Entry>,
    ) -> Result<(), Violation> {
        let (group, index) = (self.group, frame.header.index);
        let entry = Entry::of(frame);
        let (before, time) = before.map_or((0, 0), |before| (before.term, before.time));
        if entry.time < time {
            return Err(Violation::TimeFell { group, member, index, from: time, to: entry.time });
        }
        let at = at(index);
        if self.seen.len() <= at {
            self.seen.resize_with(at + 1, Vec::new);
        }
        match self.seen[at].iter().find(|seen| seen.entry.term == entry.term) {
            Some(seen) if *seen == (Seen { entry, before }) => Ok(()),
            Some(_) => Err(Violation::Mismatch { group, member, index, term: entry.term }),
            None => {
                self.seen[at].push(Seen { entry, before });
                Ok(())
            }
        }
    }

    /// Records that `member` leads `term` with this log.
    pub(super) fn leads(&mut self, member: MemberId, term: Term, log: &[Entry]) -> Result<(), Violation> {
        let group = self.group;
        match self.leaders.insert(term, member) {
            Some(first) if first != member => {
                return Err(Violation::TwoLeaders { group, term, first, second: member });
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let before = self.committed.iter().take_while(|committed| committed.in_term < term);
        for (index, committed) in (1..).zip(before) {
            if log.get(at(index)) != Some(&committed.entry) {
                return Err(Violation::IncompleteLeader { group, leader: member, term, index });
            }
        }
        Ok(())
    }

    /// Records that `member` commits `frame` in `term`; `durable` counts the members that hold it durably.
    pub(super) fn commits_entry(
        &mut self,
        member: MemberId,
        term: Term,
        frame: &Frame<'_>,
        durable: impl FnOnce(Entry) -> Durable,
    ) -> Result<(), Violation> {
        let (group, index, entry) = (self.group, frame.header.index, Entry::of(frame));
        if let Some(committed) = self.committed.get(at(index)) {
            let same = committed.entry == entry;
            return if same { Ok(()) } else { Err(Violation::OtherCommit { group, member, index }) };
        }
        assert_eq!(at(index), self.committed.len(), "a member commits one entry behind the other");
        let durable = durable(entry);
        if !durable.is_majority() {
            let (holders, needed) = (durable.holders, durable.members / 2 + 1);
            return Err(Violation::CommitNotDurable { group, member, index, holders, needed });
        }
        self.committed.push(Committed { entry, in_term: term });
        match frame.header.kind {
            Kind::Schema => {
                let found = SchemaRecord::decode(frame.body).map(|record| ids(&record)).unwrap_or_default();
                if !self.recorded.is_subset(&found) {
                    return Err(Violation::Shrunk { group, member, index });
                }
                self.recorded = found;
                Ok(())
            }
            Kind::Command if !machine::is_write(frame.header.method) => {
                Err(Violation::Unchecked { group, member, index })
            }
            Kind::Command if !self.recorded.contains(&frame.header.method) => {
                Err(Violation::Unrecorded { group, member, index })
            }
            // Arguments that do not decode have no effect.
            Kind::Command if machine::operation(frame.body).is_some() => self.history.committed(frame.body),
            _ => Ok(()),
        }
    }

    /// Checks that `frame`, which `member` dispatches to its state machine, is the committed entry.
    pub(super) fn applies(&self, member: MemberId, frame: &Frame<'_>) -> Result<(), Violation> {
        let (group, index) = (self.group, frame.header.index);
        match self.committed.get(at(index)) {
            Some(committed) if committed.entry == Entry::of(frame) => Ok(()),
            _ => Err(Violation::AppliedOther { group, member, index }),
        }
    }

    /// Checks that `member` may replace an entry that was durable on its disk. A follower of a term before the one
    /// that committed the entry may do that: its copy was not counted.
    pub(super) fn replaces(&self, member: MemberId, replaced: &Replaced) -> Result<(), Violation> {
        let (group, index) = (self.group, replaced.index);
        match self.committed.get(at(index)) {
            Some(committed) if committed.entry == replaced.entry && committed.in_term <= replaced.in_term => {
                Err(Violation::CommittedCut { group, member, index })
            }
            _ => Ok(()),
        }
    }
}

fn ids(record: &SchemaRecord) -> BTreeSet<MethodId> {
    record.schema.methods.iter().map(|method| MethodId(method.id)).collect()
}

fn at(index: Index) -> usize {
    assert!(index > 0, "the first entry has index 1");
    usize::try_from(index - 1).expect("a simulated log is short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::frame::Header;

    const GROUP: GroupId = GroupId(1);
    const ALL: Durable = Durable { holders: 3, members: 3 };

    fn encode(term: Term, index: Index, time: u64) -> Vec<u8> {
        let mut out = Vec::new();
        Header::bare(Kind::Noop, GROUP, term, index, time).encode(&[], &mut out);
        out
    }

    fn frame(bytes: &[u8]) -> Frame<'_> {
        Frame::parse(bytes).unwrap()
    }

    #[test]
    fn two_leaders_of_one_term_are_refused() {
        let mut ledger = Ledger::new(GROUP);
        ledger.leads(MemberId(1), 4, &[]).unwrap();
        ledger.leads(MemberId(1), 4, &[]).unwrap();
        let refused = ledger.leads(MemberId(2), 4, &[]).unwrap_err();
        assert!(matches!(refused, Violation::TwoLeaders { term: 4, .. }), "{refused}");
    }

    #[test]
    fn a_leader_without_a_committed_entry_is_refused_and_one_of_an_older_term_is_not() {
        let mut ledger = Ledger::new(GROUP);
        let bytes = encode(2, 1, 0);
        ledger.commits_entry(MemberId(1), 2, &frame(&bytes), |_| ALL).unwrap();
        ledger.leads(MemberId(3), 1, &[]).unwrap();
        let refused = ledger.leads(MemberId(3), 3, &[]).unwrap_err();
        assert!(matches!(refused, Violation::IncompleteLeader { index: 1, .. }), "{refused}");
    }

    #[test]
    fn entries_of_one_place_and_term_that_differ_are_refused() {
        let mut ledger = Ledger::new(GROUP);
        let (one, other) = (encode(2, 1, 0), encode(2, 1, 9));
        ledger.holds(MemberId(1), &frame(&one), None).unwrap();
        ledger.holds(MemberId(2), &frame(&one), None).unwrap();
        assert!(ledger.holds(MemberId(2), &frame(&other), None).is_err(), "another entry");
        let before = Entry { term: 1, time: 0, checksum: 0 };
        assert!(ledger.holds(MemberId(2), &frame(&one), Some(&before)).is_err(), "behind another entry");
    }

    #[test]
    fn time_that_falls_along_a_log_is_refused() {
        let mut ledger = Ledger::new(GROUP);
        let (bytes, before) = (encode(2, 2, 7), |time| Entry { term: 2, time, checksum: 0 });
        ledger.holds(MemberId(1), &frame(&bytes), Some(&before(7))).unwrap();
        let refused = ledger.holds(MemberId(1), &frame(&bytes), Some(&before(8))).unwrap_err();
        assert!(matches!(refused, Violation::TimeFell { from: 8, to: 7, .. }), "{refused}");
    }

    #[test]
    fn a_commit_without_a_durable_majority_is_refused_and_a_committed_entry_stays() {
        let mut ledger = Ledger::new(GROUP);
        let (one, other) = (encode(2, 1, 0), encode(3, 1, 0));
        let few = Durable { holders: 2, members: 4 };
        assert!(ledger.commits_entry(MemberId(1), 2, &frame(&one), |_| few).is_err());
        ledger.commits_entry(MemberId(1), 2, &frame(&one), |_| ALL).unwrap();
        assert!(ledger.commits_entry(MemberId(2), 3, &frame(&other), |_| ALL).is_err());
        assert!(ledger.applies(MemberId(2), &frame(&other)).is_err());
        let entry = Entry::of(&frame(&one));
        let replaced = |in_term| Replaced { group: GROUP, index: 1, entry, in_term };
        assert!(ledger.replaces(MemberId(2), &replaced(2)).is_err());
        ledger.replaces(MemberId(2), &replaced(1)).unwrap();
    }
}
