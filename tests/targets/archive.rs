//! A state machine whose commands take everything that a signature may have, for bytes that nobody meant.

use copycat::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept: every shape of enum variant, and a type that holds itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// Without contents.
    Nothing,
    /// With one value.
    Text(String),
    /// With several.
    Point(i16, f32, char),
    /// With named ones.
    Page {
        /// Of which book.
        of: Option<Box<Piece>>,
        /// The largest number there is.
        number: u128,
    },
    /// As deep as anybody likes.
    Pile(Vec<Piece>),
}

/// A list without an end that bytes could tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    next: Option<Box<Chain>>,
}

/// Takes no byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark;

/// Takes no byte on the way, and some in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cached {
    #[serde(skip)]
    sum: u64,
}

/// Pieces by name.
#[state_machine]
pub trait Archive {
    /// Keeps a piece.
    #[write]
    fn put(&mut self, #[key] name: String, piece: Piece) -> Option<Piece>;
    /// Keeps a text, of which nothing is copied on the way.
    #[write]
    fn note(&mut self, #[key] name: &str, text: &str, raw: &[u8]) -> u64;
    /// Keeps all of them.
    #[write]
    fn fill(&mut self, pieces: BTreeMap<String, Vec<Option<Piece>>>) -> u64;
    /// Counts what is in there.
    #[write]
    fn count(&mut self, numbers: Vec<Vec<u64>>, wide: [i128; 2], set: BTreeSet<(u8, i64)>) -> u64;
    /// Counts what takes no byte.
    #[write]
    fn mark(&mut self, marks: Vec<Mark>, cached: Vec<Cached>, pairs: BTreeMap<Mark, ()>) -> u64;
    /// Counts links.
    #[write]
    fn link(&mut self, chain: Chain) -> u64;
    /// Forgets.
    #[delete]
    fn remove(&mut self, #[key] name: &str) -> Option<Piece>;
    /// What is kept.
    #[read]
    fn get(&self, #[key] name: &str) -> Option<Piece>;
    /// Which of the names are known.
    #[read]
    fn known(&self, names: &[&str], limit: Option<(u32, bool)>) -> Vec<bool>;
    /// How many there are.
    #[read]
    fn len(&self) -> u64;
    /// Whether there is none.
    #[read]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The state.
#[derive(Debug, Default)]
pub struct Shelves(BTreeMap<String, Piece>);

impl Archive for Shelves {
    fn put(&mut self, name: String, piece: Piece) -> Option<Piece> {
        self.0.insert(name, piece)
    }

    fn note(&mut self, name: &str, text: &str, raw: &[u8]) -> u64 {
        self.0.insert(name.to_owned(), Piece::Text(text.to_owned()));
        raw.len() as u64
    }

    fn fill(&mut self, pieces: BTreeMap<String, Vec<Option<Piece>>>) -> u64 {
        for (name, pile) in pieces {
            self.0.insert(name, Piece::Pile(pile.into_iter().flatten().collect()));
        }
        self.len()
    }

    fn count(&mut self, numbers: Vec<Vec<u64>>, wide: [i128; 2], set: BTreeSet<(u8, i64)>) -> u64 {
        (numbers.iter().map(Vec::len).sum::<usize>() + wide.len() + set.len()) as u64
    }

    fn mark(&mut self, marks: Vec<Mark>, cached: Vec<Cached>, pairs: BTreeMap<Mark, ()>) -> u64 {
        (marks.len() + cached.len() + pairs.len()) as u64
    }

    fn link(&mut self, chain: Chain) -> u64 {
        std::iter::successors(chain.next.as_deref(), |link| link.next.as_deref()).count() as u64
    }

    fn remove(&mut self, name: &str) -> Option<Piece> {
        self.0.remove(name)
    }

    fn get(&self, name: &str) -> Option<Piece> {
        self.0.get(name).cloned()
    }

    fn known(&self, names: &[&str], limit: Option<(u32, bool)>) -> Vec<bool> {
        let limit = limit.map_or(usize::MAX, |(limit, _)| limit as usize);
        names.iter().take(limit).map(|name| self.0.contains_key(*name)).collect()
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}
