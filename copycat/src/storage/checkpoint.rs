//! The body of a checkpoint: the state of every group. Recovery from it needs nothing that lies before it.
//!
//! ```text
//!  size  field
//!     4  number of groups, which follow in ascending order; for each:
//!     8    group
//!     8    term
//!     8    vote               0: none
//!     8    base term          of the last dropped entry
//!     8    base index
//!     8    last index         equal to the base index: no entries
//!     8    commit index       the highest index known to be committed; from the base index to the last index
//!     4    number of terms; for each, its first entry:
//!     8      term
//!     8      first index
//!     4    number of configurations; for each:
//!     8      index
//!     …      three lists: number of members (4), that many ids (8 each)
//! ```

use super::group_log::{GroupLog, GroupState};
use crate::codec::configuration::Configuration;
use crate::codec::cursor::{Cursor, Malformed};
use crate::codec::ids::{GroupId, INDEX_MAX, Index, MemberId, TERM_MAX};
use crate::codec::log_shape::LogShape;
use crate::codec::terms::LogId;
use std::collections::BTreeMap;

/// Returns the checkpoint of these groups. It records the noted commit indexes.
pub(crate) fn encode(groups: &BTreeMap<GroupId, &GroupLog>) -> Vec<u8> {
    let expected = len(groups.values().copied());
    let mut out = Vec::with_capacity(expected as usize);
    out.extend_from_slice(&(groups.len() as u32).to_le_bytes());
    for (group, log) in groups {
        encode_group(*group, log.state(), log.known_commit(), &mut out);
    }
    assert_eq!(out.len() as u64, expected, "the length was known");
    out
}

/// Returns the length of the checkpoint of groups with these logs, in bytes.
pub(crate) fn len<'a>(logs: impl Iterator<Item = &'a GroupLog>) -> u64 {
    let of_group = |log: &GroupLog| {
        let state = log.state();
        let members = |c: &Configuration| c.voters.len() + c.outgoing.len() + c.learners.len();
        let configurations = state.configurations.iter().map(|(_, c)| 20 + 8 * members(c));
        len_of_group(state.log.term_starts().len()) + configurations.sum::<usize>()
    };
    4 + logs.map(of_group).sum::<usize>() as u64
}

/// Returns the length in bytes of a group with entries of this many terms and no configurations.
pub(crate) const fn len_of_group(terms: usize) -> usize {
    64 + 16 * terms
}

fn encode_group(group: GroupId, state: &GroupState, commit: Index, out: &mut Vec<u8>) {
    let (base, last) = (state.log.base(), state.log.last().index);
    assert!(base.index <= commit && commit <= last, "{commit} is committed of {base:?} to {last}");
    assert!(state.commit <= commit, "a commit index never falls: {} then {commit}", state.commit);
    debug_assert!(state.is_sound(), "{state:?}");
    let vote = state.vote.map_or(0, |member| member.0);
    for word in [group.0, state.term, vote, base.term, base.index, last, commit] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&(state.log.term_starts().len() as u32).to_le_bytes());
    for start in state.log.term_starts() {
        out.extend_from_slice(&start.term.to_le_bytes());
        out.extend_from_slice(&start.index.to_le_bytes());
    }
    out.extend_from_slice(&(state.configurations.len() as u32).to_le_bytes());
    for (index, configuration) in &state.configurations {
        out.extend_from_slice(&index.to_le_bytes());
        configuration.encode(out);
    }
}

/// Reads a checkpoint that [`encode`] wrote. Allocates memory only for what the bytes contain.
pub(crate) fn decode(bytes: &[u8]) -> Result<BTreeMap<GroupId, GroupState>, Malformed> {
    let mut cursor = Cursor::new(bytes);
    let count = cursor.u32()?;
    let mut groups = BTreeMap::new();
    for _ in 0..count {
        let group = GroupId(cursor.u64()?);
        if groups.last_key_value().is_some_and(|(last, _)| *last >= group) {
            return Err(Malformed::Value { field: "checkpoint group", found: group.0 });
        }
        groups.insert(group, decode_group(&mut cursor)?);
    }
    cursor.finish()?;
    assert_eq!(groups.len(), count as usize, "each group is named once");
    Ok(groups)
}

fn decode_group(cursor: &mut Cursor<'_>) -> Result<GroupState, Malformed> {
    let (term, vote) = (cursor.u64()?, cursor.u64()?);
    let vote = (vote != 0).then_some(MemberId(vote));
    at_most("checkpoint term", term, TERM_MAX)?;
    let (log, commit) = decode_log(cursor)?;
    // A term is recorded before a vote or an entry of this term is.
    if log.last().term > term || (vote.is_some() && term == 0) {
        return Err(Malformed::Value { field: "checkpoint term", found: term });
    }
    let mut configurations: Vec<(Index, Configuration)> = Vec::new();
    for _ in 0..cursor.u32()? {
        let index = cursor.u64()?;
        let ascends = configurations.last().map_or(0, |(last, _)| *last) < index;
        if !ascends || index > log.last().index {
            return Err(Malformed::Value { field: "checkpoint configuration", found: index });
        }
        configurations.push((index, Configuration::read(cursor)?));
    }
    let state = GroupState { term, vote, log, commit, configurations };
    debug_assert!(state.is_sound(), "what was read is checked: {state:?}");
    Ok(state)
}

/// Reads the shape of a log, and its commit index.
fn decode_log(cursor: &mut Cursor<'_>) -> Result<(LogShape, Index), Malformed> {
    let base = LogId { term: cursor.u64()?, index: cursor.u64()? };
    let (last, commit) = (cursor.u64()?, cursor.u64()?);
    at_most("checkpoint base", base.index, INDEX_MAX)?;
    at_most("checkpoint last index", last, INDEX_MAX)?;
    if (base.term == 0) != (base.index == 0) {
        return Err(Malformed::Value { field: "checkpoint base", found: base.index });
    }
    if commit < base.index || commit > last {
        return Err(Malformed::Value { field: "checkpoint commit", found: commit });
    }
    let mut log = LogShape::starting_after(base);
    let mut open: Option<LogId> = None;
    for _ in 0..cursor.u32()? {
        let start = LogId { term: cursor.u64()?, index: cursor.u64()? };
        let fits = match open {
            None => start.index.checked_sub(1) == Some(base.index) && start.term >= base.term.max(1),
            Some(open) => start.index > open.index && start.term > open.term,
        };
        if !fits || start.index > last {
            return Err(Malformed::Value { field: "checkpoint term", found: start.index });
        }
        if let Some(open) = open {
            log.append(open.term, start.index - open.index);
        }
        open = Some(start);
    }
    match open {
        Some(open) => log.append(open.term, last + 1 - open.index),
        None if last == base.index => {}
        None => return Err(Malformed::Value { field: "checkpoint last index", found: last }),
    }
    assert_eq!((log.base(), log.last().index), (base, last), "the terms fill the log");
    Ok((log, commit))
}

/// Returns an error if the number is above a limit that no log reaches.
fn at_most(field: &'static str, found: u64, limit: u64) -> Result<(), Malformed> {
    if found <= limit { Ok(()) } else { Err(Malformed::Value { field, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> BTreeMap<GroupId, GroupState> {
        let mut log = LogShape::starting_after(LogId::new(2, 10));
        log.append(2, 3);
        log.append(5, 4);
        let configurations = vec![(9, Configuration::of_voters([MemberId(1), MemberId(2)]))];
        let full = GroupState { term: 6, vote: Some(MemberId(2)), log, commit: 12, configurations };
        BTreeMap::from([(GroupId(1), full), (GroupId(2), GroupState::default())])
    }

    fn encoded(groups: BTreeMap<GroupId, GroupState>) -> Vec<u8> {
        let logs: Vec<_> =
            groups.into_iter().map(|(group, state)| (group, GroupLog::restored(state))).collect();
        encode(&logs.iter().map(|(group, log)| (*group, log)).collect())
    }

    #[test]
    fn reads_back_what_was_written_and_nothing_shorter_or_longer() {
        let bytes = encoded(sample());
        assert_eq!(decode(&bytes), Ok(sample()));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(decode(&[bytes, vec![0]].concat()).is_err());
    }

    #[test]
    fn nothing_panics_or_takes_memory_whatever_the_bytes_say() {
        let good = encoded(sample());
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len());
                bytes[at] = *random.choice(&[0, 1, 0x7f, 0x80, 0xff]).unwrap();
            }
            let _ = decode(&bytes);
        }
    }
}
