//! Values as trees, in which places can be named and compared: a state whose copies differ.
//!
//! The entries of a map are in the order of their keys, whatever the order in which the map keeps them. The elements of
//! a list are in the order that the value has: serde does not tell a set from a list.

use crate::codec::payload;
use std::fmt;

/// A value, taken apart. It contains all that is needed to encode it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    /// A value without parts.
    Leaf {
        /// Its encoding.
        bytes: Vec<u8>,
        /// Its text.
        text: String,
    },
    /// A struct, a tuple, a variant, or a value that is not missing.
    Parts {
        /// The encoding of what comes before the parts: which variant it is.
        bytes: Vec<u8>,
        /// The name of the variant.
        text: &'static str,
        /// The parts with their names. One without a name, and alone, is the content.
        parts: Vec<(&'static str, Tree)>,
    },
    /// A sequence.
    List(Vec<Tree>),
    /// A map, in the order of its keys.
    Map(Vec<(Tree, Tree)>),
}

/// A place in a tree: which part to enter, again and again.
pub(super) type Place = Vec<usize>;

/// How two trees differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Differences {
    /// The first place where they differ in more than the order of a list.
    pub first: Option<Place>,
    /// The places of lists whose elements only have another order.
    pub reordered: Vec<Place>,
}

impl Tree {
    /// Appends the encoding of the value.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Tree::Leaf { bytes, .. } => out.extend_from_slice(bytes),
            Tree::Parts { bytes, parts, .. } => {
                out.extend_from_slice(bytes);
                parts.iter().for_each(|(_, part)| part.encode(out));
            }
            Tree::List(elements) => {
                put_len(elements.len(), out);
                elements.iter().for_each(|element| element.encode(out));
            }
            Tree::Map(entries) => {
                put_len(entries.len(), out);
                for (key, value) in entries {
                    key.encode(out);
                    value.encode(out);
                }
            }
        }
    }

    /// Returns the part with this number: of a map, a value.
    fn child(&self, at: usize) -> Option<&Tree> {
        match self {
            Tree::Leaf { .. } => None,
            Tree::Parts { parts, .. } => parts.get(at).map(|(_, part)| part),
            Tree::List(elements) => elements.get(at),
            Tree::Map(entries) => entries.get(at).map(|(_, value)| value),
        }
    }

    fn child_mut(&mut self, at: usize) -> Option<&mut Tree> {
        match self {
            Tree::Leaf { .. } => None,
            Tree::Parts { parts, .. } => parts.get_mut(at).map(|(_, part)| part),
            Tree::List(elements) => elements.get_mut(at),
            Tree::Map(entries) => entries.get_mut(at).map(|(_, value)| value),
        }
    }

    /// Returns what is at a place.
    pub(super) fn at(&self, place: &[usize]) -> Option<&Tree> {
        place.iter().try_fold(self, |tree, at| tree.child(*at))
    }

    /// Returns the elements of the list at a place, to be changed.
    pub(super) fn list_mut(&mut self, place: &[usize]) -> Option<&mut Vec<Tree>> {
        match place.iter().try_fold(self, |tree, at| tree.child_mut(*at))? {
            Tree::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// Returns the tree with the elements of all lists in order.
    pub(super) fn sorted(&self) -> Tree {
        let mut tree = self.clone();
        tree.sort();
        tree
    }

    fn sort(&mut self) {
        match self {
            Tree::Leaf { .. } => {}
            Tree::Parts { parts, .. } => parts.iter_mut().for_each(|(_, part)| part.sort()),
            Tree::List(elements) => {
                elements.iter_mut().for_each(Tree::sort);
                elements.sort();
            }
            Tree::Map(entries) => {
                for (key, value) in entries.iter_mut() {
                    key.sort();
                    value.sort();
                }
                entries.sort();
            }
        }
    }

    /// Compares two trees.
    pub(super) fn differences(&self, other: &Tree) -> Differences {
        let mut differences = Differences::default();
        differences.first = compare(self, other, &mut Vec::new(), &mut differences.reordered);
        differences
    }

    /// Describes a place: `.accounts["ada"][3]`.
    pub(super) fn name(&self, place: &[usize]) -> String {
        let (mut name, mut tree) = (String::new(), self);
        for at in place {
            match tree {
                Tree::Leaf { .. } => {}
                Tree::Parts { parts, .. } => match parts.get(*at) {
                    Some(("", _)) if parts.len() == 1 => {}
                    Some(("", _)) => name.push_str(&format!(".{at}")),
                    part => name.extend([".", part.map_or("", |part| part.0)]),
                },
                Tree::List(_) => name.push_str(&format!("[{at}]")),
                Tree::Map(entries) => {
                    name.extend(entries.get(*at).map(|(key, _)| format!("[{key}]")));
                }
            }
            let Some(child) = tree.child(*at) else { break };
            tree = child;
        }
        name
    }
}

/// Appends the length of a list or a map.
fn put_len(len: usize, out: &mut Vec<u8>) {
    payload::append(&(len as u64), out).expect("a vector takes every number");
}

/// Returns the first place where two trees differ, and collects the places of lists that only have another order.
fn compare(one: &Tree, other: &Tree, place: &mut Place, reordered: &mut Vec<Place>) -> Option<Place> {
    if one == other {
        return None;
    }
    let count = match (one, other) {
        (Tree::Parts { bytes, parts, .. }, Tree::Parts { bytes: others, parts: more, .. })
            if bytes == others && parts.len() == more.len() =>
        {
            parts.len()
        }
        (Tree::Map(some), Tree::Map(more)) if keys(some).eq(keys(more)) => some.len(),
        (Tree::List(some), Tree::List(more)) if some.len() == more.len() => some.len(),
        _ => return Some(place.clone()),
    };
    let before = reordered.len();
    let found = (0..count).find_map(|at| {
        place.push(at);
        let found = compare(one.child(at)?, other.child(at)?, place, reordered);
        place.pop();
        found
    })?;
    if !matches!(one, Tree::List(_)) || one.sorted() != other.sorted() {
        return Some(found);
    }
    reordered.truncate(before);
    reordered.push(place.clone());
    None
}

fn keys(entries: &[(Tree, Tree)]) -> impl Iterator<Item = &Tree> {
    entries.iter().map(|(key, _)| key)
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Leaf { text, .. } => f.write_str(text),
            Tree::Parts { text, parts, .. } => {
                let single = matches!(parts[..], [("", _)]);
                f.write_str(text)?;
                if single && text.is_empty() {
                    return write!(f, "{}", parts[0].1);
                }
                let named = parts.first().is_some_and(|(name, _)| !name.is_empty());
                f.write_str(if named { "{" } else { "(" })?;
                for (at, (name, part)) in parts.iter().enumerate() {
                    let colon = if named { ": " } else { "" };
                    write!(f, "{}{name}{colon}{part}", comma(at))?;
                }
                f.write_str(if named { "}" } else { ")" })
            }
            Tree::List(elements) => {
                f.write_str("[")?;
                for (at, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", comma(at))?;
                }
                f.write_str("]")
            }
            Tree::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", comma(at))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn comma(at: usize) -> &'static str {
    if at > 0 { ", " } else { "" }
}
