//! An `Ok` of `space_for` is kept, wherever in a segment the call is made.

use super::*;
use crate::codec::configuration::MEMBERS_MAX;
use crate::storage::Fault;
use crate::storage::position::BLOCK;
use crate::storage::reserve::INTERNAL_LEN_MAX;
use crate::storage::reserve::Purpose;

/// The state of the journal when space is asked for.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Offset in the first segment up to which there are entries, approximately.
    fill: u64,
    /// Whether the last batch is still open.
    open: bool,
    /// Whether the next segment is ready.
    ready: bool,
    batch_max: u64,
    /// The group of the new frames: 1 has entries, 2 is new.
    group: u64,
}

impl Case {
    /// Returns a case for every kibibyte of the second half of a segment, in every combination of the other fields.
    fn all() -> impl Iterator<Item = Case> {
        (32..=64).flat_map(|kibibytes| {
            (0..16).map(move |bits: u64| Case {
                fill: kibibytes << 10,
                open: bits & 1 > 0,
                ready: bits & 2 > 0,
                batch_max: if bits & 4 > 0 { BLOCK } else { 8 << 20 },
                group: 1 + (bits >> 3),
            })
        })
    }

    /// Returns a journal in this state. If it cannot be filled that far, it is as full as possible.
    fn journal(self, random: &mut fastrand::Rng) -> Journal {
        let disk = Arc::new(SimulatedDisk::default());
        let options = JournalOptions { batch_max: self.batch_max, ..small() };
        let mut journal = Journal::open(disk.clone(), options, 1).unwrap().0;
        if self.ready {
            preallocate(&mut journal);
        } else {
            disk.inject(Fault::Full);
        }
        journal.save_vote(GroupId(1), 1, None).unwrap();
        let mut index = 1;
        while journal.end().0 + 200 < self.fill {
            let len = (self.fill - journal.end().0 - 200).min(2_000) as usize;
            let entry = frame(1, 1, index, &vec![0; random.usize(..=len)]);
            let entry = [entry, frame(1, 1, index + 1, b"")].concat();
            // Does not go beyond the first segment: space is asked for at its end.
            if !journal.make_space_here(entry.len(), Purpose::Entries) {
                break;
            }
            journal.append(GroupId(1), &entries(1, entry).unwrap()).unwrap();
            index += 2;
        }
        while !self.open
            && let Some(write) = journal.next_write()
        {
            journal.written(write.run()).unwrap();
        }
        assert_eq!(journal.active().header.number, 0);
        // Waiting commit indexes take no space from what was granted.
        journal.note_commit(GroupId(1), random.u64(..index));
        (0..3).for_each(|second| journal.tick(Duration::from_secs(second)));
        journal
    }

    fn last(self, journal: &Journal) -> Index {
        journal.shape(GroupId(self.group)).map_or(0, |log| log.last().index)
    }
}

/// Returns frames that continue the log, `len` bytes together, in a random number of pieces.
fn pieces(group: u64, after: Index, mut len: usize, random: &mut fastrand::Rng) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    while len > 0 {
        let all = len - 72;
        let body = if random.bool() && all > 200 { random.usize(..all - 100) } else { all };
        pieces.push(frame(group, 1, after + 1 + pieces.len() as u64, &vec![1; body]));
        len -= 72 + body;
    }
    pieces
}

#[test]
fn what_was_granted_fits_with_a_vote_before_between_or_behind_it() {
    let mut random = fastrand::Rng::with_seed(4);
    let (mut granted, mut refused) = (0, 0);
    for case in Case::all() {
        for len in [72, 144, random.usize(150..6_000), random.usize(6_000..30_000)] {
            let mut journal = case.journal(&mut random);
            let group = GroupId(case.group);
            let pieces = pieces(case.group, case.last(&journal), len, &mut random);
            if journal.space_for(len).is_err() {
                refused += 1;
                continue;
            }
            granted += 1;
            // A new group has no term for entries before its first vote.
            let voted_before = if case.group == 1 { random.usize(..=pieces.len()) } else { 0 };
            for (at, piece) in pieces.iter().enumerate() {
                if at == voted_before {
                    journal.save_vote(group, 2, Some(MemberId(2))).unwrap();
                }
                let appended = journal.append(group, &entries(case.group, piece.clone()).unwrap());
                assert!(appended.is_ok(), "{case:?}, piece {at} of {len} bytes: {appended:?}");
            }
            if voted_before == pieces.len() {
                let voted = journal.save_vote(group, 2, Some(MemberId(2)));
                assert!(voted.is_ok(), "{case:?}, {len} bytes: {voted:?}");
            }
        }
    }
    assert!(granted > 500 && refused > 200, "{granted} granted, {refused} refused");
}

#[test]
fn after_a_vote_there_is_space_for_the_entry_of_the_new_leader() {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut granted, mut refused) = (0, 0);
    for case in Case::all() {
        let mut journal = case.journal(&mut random);
        let group = GroupId(case.group);
        // Holds elections until their reserve is used up.
        for term in 2..12 {
            if !journal.has_vote_space() {
                refused += 1;
                break;
            }
            granted += 1;
            let voted = journal.save_vote(group, term, Some(MemberId(1)));
            assert!(voted.is_ok(), "{case:?}, term {term}: {voted:?}");
            let index = case.last(&journal) + 1;
            let own = match random.bool() {
                true => configuration_frame(case.group, term, index, MEMBERS_MAX as u64),
                false => frame(case.group, term, index, b""),
            };
            let appended = journal.append_own(group, &entries(case.group, own).unwrap());
            assert!(appended.is_ok(), "{case:?}, term {term}: {appended:?}");
        }
    }
    assert!(granted > 500 && refused > 100, "{granted} granted, {refused} refused");
}

#[test]
fn the_longest_entry_of_a_new_leader_is_the_longest_configuration() {
    let ids: Vec<_> = (1..=MEMBERS_MAX as u64).map(MemberId).collect();
    let longest = Configuration { voters: ids.clone(), outgoing: ids.clone(), learners: ids };
    let (mut body, mut bytes) = (Vec::new(), Vec::new());
    longest.encode(&mut body);
    Header::bare(Kind::Configuration, GroupId(1), 1, 1, 0).encode(&body, &mut bytes);
    assert_eq!(bytes.len(), INTERNAL_LEN_MAX);
}
