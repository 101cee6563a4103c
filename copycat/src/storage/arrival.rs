//! What an append brings, as the outlines of its frames say. They are read once: what is stored of them is here.

use super::batch::{COVERED_LEN, covered_of};
use super::group_log::{GroupLog, Place};
use super::position::Position;
use crate::codec::configuration::Configuration;
use crate::codec::cursor::Malformed;
use crate::codec::frame::{HEADER_LEN, Kind, Outline, frame_len};
use crate::codec::ids::{GroupId, Index, Term};
use crate::codec::terms::LogId;

/// Consecutive entries of one group.
#[derive(Debug)]
pub(super) struct Arrival {
    /// The first entry.
    pub first: LogId,
    /// What a batch's checksum covers of each frame; its length comes first.
    pub covered: Vec<u8>,
    /// How many there are of each term, in their order. Never empty.
    terms: Vec<(Term, usize)>,
    /// Those among them that say who votes.
    configurations: Vec<(Index, Configuration)>,
}

impl Arrival {
    /// Reads frames packed one behind the other; `None` if there are none.
    pub(super) fn read(group: GroupId, frames: &[u8]) -> Result<Option<Arrival>, Malformed> {
        let mut arrival: Option<Arrival> = None;
        for outlined in Outline::all(frames) {
            let (outline, frame) = outlined?;
            if outline.group != group || !outline.kind.is_entry() {
                return Err(Malformed::Value { field: "frame group", found: outline.group.0 });
            }
            let id = LogId::new(outline.term, outline.index);
            let arrival =
                arrival.get_or_insert_with(|| Arrival::beginning_with(id, frames.len() / frame.len()));
            arrival.follow(id)?;
            if outline.kind == Kind::Configuration {
                arrival.configurations.push((id.index, Configuration::decode(&frame[HEADER_LEN..])?));
            }
            arrival.covered.extend_from_slice(covered_of(frame));
        }
        Ok(arrival)
    }

    /// One that holds nothing yet, and will hold about `count` entries.
    fn beginning_with(first: LogId, count: usize) -> Arrival {
        let covered = Vec::with_capacity(count * COVERED_LEN);
        Arrival { first, covered, terms: vec![(first.term, 0)], configurations: Vec::new() }
    }

    /// Indexes are consecutive, and terms never fall.
    fn follow(&mut self, id: LogId) -> Result<(), Malformed> {
        let newest = self.last_term();
        if id.index != self.first.index + u64::from(self.count()) || id.term < newest {
            return Err(Malformed::Value { field: "frame index", found: id.index });
        }
        match self.terms.last_mut() {
            Some((term, count)) if *term == id.term => *count += 1,
            _ => self.terms.push((id.term, 1)),
        }
        Ok(())
    }

    /// How many entries.
    pub(super) fn count(&self) -> u32 {
        (self.covered.len() / COVERED_LEN) as u32
    }

    /// The term of the last entry.
    pub(super) fn last_term(&self) -> Term {
        self.terms.last().map_or(0, |(term, _)| *term)
    }

    /// Puts the entries into the group's log, which accepts the first, at `position` and behind it. Returns where they
    /// end.
    pub(super) fn store(&self, mut position: Position, log: &mut GroupLog) -> Position {
        log.replace_from(self.first.index);
        let mut frames = self.covered.chunks_exact(COVERED_LEN);
        for (term, count) in &self.terms {
            let places = frames.by_ref().take(*count).map(|frame| {
                let len = frame_len(frame).expect("a frame that was read");
                let place = Place { position, len: len as u32 };
                position.0 += len as u64;
                place
            });
            log.extend(*term, places);
        }
        for (index, configuration) in &self.configurations {
            log.adopt(*index, configuration.clone());
        }
        position
    }
}
