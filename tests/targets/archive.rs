//! A state machine whose commands take everything that a signature may have, as a target for hostile bytes.

use copycat::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The stored values: every shape of enum variant, and a type that contains itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Piece {
    /// A variant without contents.
    Nothing,
    /// A variant with one value.
    Text(String),
    /// A variant with several values.
    Point(i16, f32, char),
    /// A variant with named values.
    Page {
        /// The book of the page.
        of: Option<Box<Piece>>,
        /// A number of the largest type.
        number: u128,
    },
    /// A variant that nests to any depth.
    Pile(Vec<Piece>),
}

/// A list without a bound that the encoding could check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    next: Option<Box<Chain>>,
}

/// A type that takes no byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark;

/// A type that takes no byte on the wire, and some in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cached {
    #[serde(skip)]
    sum: u64,
}

/// Pieces by name.
#[state_machine]
pub trait Archive {
    /// Stores a piece.
    #[write]
    fn put(&mut self, #[key] name: String, piece: Piece) -> Option<Piece>;
    /// Stores a text without copying it on the way.
    #[write]
    fn note(&mut self, #[key] name: &str, text: &str, raw: &[u8]) -> u64;
    /// Stores all pieces.
    #[write]
    fn fill(&mut self, pieces: BTreeMap<String, Vec<Option<Piece>>>) -> u64;
    /// Counts the elements.
    #[write]
    fn count(&mut self, numbers: Vec<Vec<u64>>, wide: [i128; 2], set: BTreeSet<(u8, i64)>) -> u64;
    /// Counts values that take no byte.
    #[write]
    fn mark(&mut self, marks: Vec<Mark>, cached: Vec<Cached>, pairs: BTreeMap<Mark, ()>) -> u64;
    /// Counts the links.
    #[write]
    fn link(&mut self, chain: Chain) -> u64;
    /// Removes a piece.
    #[delete]
    fn remove(&mut self, #[key] name: &str) -> Option<Piece>;
    /// Returns a piece.
    #[read]
    fn get(&self, #[key] name: &str) -> Option<Piece>;
    /// Returns which of the names are known.
    #[read]
    fn known(&self, names: &[&str], limit: Option<(u32, bool)>) -> Vec<bool>;
    /// Returns the number of pieces.
    #[read]
    fn len(&self) -> u64;
    /// Returns whether there are no pieces.
    #[read]
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The state of [`Archive`].
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
