//! Compares two copies of a state.
//!
//! The encodings of equal states need not be equal: a `HashMap` is encoded in the order in which it happens to keep its
//! entries. So maps are compared by their keys. A `HashSet` is encoded as a list. It is told from a list by what it
//! does to an order: a list keeps the one in which its elements are written and read back, a set does not. An order that
//! does not outlive that is no part of the state, and what a method makes of it shows in its answers or elsewhere in the
//! state.

use super::tree::{Place, Tree};
use crate::codec::payload::{self, PayloadError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often lists are written and read back before they are said to keep their order. A set of two elements passes one
/// trial of two orders with a probability of 1/4.
const TRIALS: usize = 16;

/// Most characters of a part of a state in a message.
const TEXT_MAX: usize = 200;

/// Returns where two states differ and what they have there; `None` if they are equal.
pub(super) fn difference<S: Serialize + DeserializeOwned>(one: &S, other: &S) -> Option<String> {
    let (one, other) = match (Tree::of(one), Tree::of(other)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(error), _) | (_, Err(error)) => return Some(format!("the state cannot be encoded: {error}")),
    };
    let differences = one.differences(&other);
    if let Some(place) = differences.first {
        return Some(described(&one, &other, &place));
    }
    let place = first_ordered::<S>(&one, differences.reordered)?;
    Some(format!(
        "{}. The elements of the list are the same, and their order is not. If it comes from a \
         `HashMap` or a `HashSet`, use a `BTreeMap` or a `BTreeSet`.",
        described(&one, &other, &place)
    ))
}

/// Returns the encoding of a state.
pub(super) fn encode<S: Serialize>(state: &S) -> Result<Vec<u8>, PayloadError> {
    let mut bytes = Vec::new();
    payload::append(state, &mut bytes)?;
    Ok(bytes)
}

fn described(one: &Tree, other: &Tree, place: &[usize]) -> String {
    let name = one.name(place);
    let at = if name.is_empty() { name } else { format!("at {name}: ") };
    let text = |part: Option<&Tree>| part.map_or_else(String::new, |part| shortened(part.to_string()));
    let (one, other) = (one.at(place), other.at(place));
    match (one, other) {
        (Some(Tree::Map(some)), Some(Tree::Map(more))) => {
            let lacks = |key: &&Tree, entries: &[(Tree, Tree)]| entries.iter().all(|entry| entry.0 != **key);
            let only_first = some.iter().map(|entry| &entry.0).find(|key| lacks(key, more));
            let key = only_first.or_else(|| more.iter().map(|entry| &entry.0).find(|key| lacks(key, some)));
            format!("{at}only one has the key {}", text(key))
        }
        (Some(Tree::List(some)), Some(Tree::List(more))) if some.len() != more.len() => {
            format!("{at}{} elements, and {}: {}, and {}", some.len(), more.len(), text(one), text(other))
        }
        _ => format!("{at}{}, and {}", text(one), text(other)),
    }
}

/// Returns a text of bounded length.
pub(super) fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TEXT_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns the first of the lists at these places that keeps the order of its elements.
fn first_ordered<S: Serialize + DeserializeOwned>(tree: &Tree, mut places: Vec<Place>) -> Option<Place> {
    // What cannot be read back as it is shows nothing about order.
    written_and_read::<S>(tree)?;
    for trial in 0..2 * TRIALS {
        if places.is_empty() {
            return None;
        }
        let mut asked = tree.clone();
        for place in &places {
            let elements = asked.list_mut(place)?;
            elements.sort();
            if trial % 2 == 1 {
                elements.reverse();
            }
        }
        // A type that refuses another order has one.
        let Some(read) = written_and_read::<S>(&asked) else { break };
        places.retain(|place| {
            let lists = (asked.at(place), read.at(place));
            let (Some(Tree::List(asked)), Some(Tree::List(read))) = lists else { return true };
            let form = |elements: &[Tree]| elements.iter().map(Tree::sorted).collect::<Vec<_>>();
            let (mut asked, mut read) = (form(asked), form(read));
            let keeps = asked == read;
            asked.sort();
            read.sort();
            keeps || asked != read
        });
    }
    places.into_iter().next()
}

/// Encodes a tree, decodes it as a state, and takes that apart.
fn written_and_read<S: Serialize + DeserializeOwned>(tree: &Tree) -> Option<Tree> {
    let mut bytes = Vec::new();
    tree.encode(&mut bytes);
    let state: S = payload::decode(&bytes).ok()?;
    Tree::of(&state).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};

    #[derive(Clone, Default, Serialize, Deserialize)]
    struct State {
        accounts: HashMap<String, u64>,
        names: HashSet<String>,
        roles: BTreeMap<u8, HashSet<u16>>,
        queue: VecDeque<(u8, HashSet<u8>)>,
        heap: BinaryHeap<u8>,
        last: Option<Entry>,
        sorted: BTreeSet<char>,
    }

    #[derive(Clone, Serialize, Deserialize)]
    enum Entry {
        Closed,
        Paid { by: String, list: Vec<f32> },
    }

    fn state() -> State {
        State {
            accounts: (0..40).map(|number| (format!("{number}"), number)).collect(),
            names: (0..2).map(|number| format!("{number}")).collect(),
            roles: (0..9).map(|role| (role, (0..5).collect())).collect(),
            queue: (0..3).map(|number| (number, (0..4).collect())).collect(),
            heap: (0..9).collect(),
            last: Some(Entry::Paid { by: "ada".into(), list: vec![1.0, 2.5] }),
            sorted: "ada".chars().collect(),
        }
    }

    #[test]
    fn a_tree_encodes_as_its_value() {
        type All = (Option<Entry>, BinaryHeap<u8>, u128, char, (), [Option<bool>; 2], Entry);
        let all: All = (state().last, state().heap, 7, 'ß', (), [Some(true), None], Entry::Closed);
        let tree = Tree::of(&all).unwrap();
        let mut bytes = Vec::new();
        tree.encode(&mut bytes);
        assert_eq!(bytes, encode(&all).unwrap());
        assert_eq!(written_and_read::<All>(&tree), Some(tree));
    }

    #[test]
    fn hash_maps_and_hash_sets_may_keep_their_elements_in_any_order() {
        for _ in 0..20 {
            assert_eq!(difference(&state(), &state()), None);
        }
    }

    #[test]
    fn what_differs_is_named_by_its_place() {
        let differs = |change: fn(&mut State)| {
            let mut other = state();
            change(&mut other);
            difference(&state(), &other).unwrap()
        };
        let text = differs(|state| *state.accounts.get_mut("7").unwrap() += 1);
        assert_eq!(text, "at .accounts[\"7\"]: 7, and 8");
        let text = differs(|state| state.last = Some(Entry::Closed));
        assert_eq!(text, "at .last: Paid{by: \"ada\", list: [1.0, 2.5]}, and Closed");
        let text = differs(|state| state.last = None);
        assert!(text.starts_with("at .last: Some(Paid{"), "{text}");
        let text = differs(|state| assert!(state.names.insert("ada".into())));
        assert!(text.starts_with("at .names: 2 elements, and 3: ["), "{text}");
        let text = differs(|state| state.queue[1].0 = 9);
        assert_eq!(text, "at .queue[1].0: 1, and 9");
        let text = differs(|state| assert!(state.accounts.remove("7").is_some()));
        assert_eq!(text, "at .accounts: only one has the key \"7\"");
        assert_eq!(difference(&1u8, &2u8).unwrap(), "1, and 2");
    }

    #[test]
    fn a_state_that_is_not_read_back_raises_no_alarm_about_order() {
        #[derive(Serialize, Deserialize)]
        struct Unreadable(HashSet<u64>, serde_json::Value);
        let state = || Unreadable((0..40).collect(), serde_json::Value::Bool(true));
        for _ in 0..20 {
            assert_eq!(difference(&state(), &state()), None);
        }
        let other = Unreadable((0..40).collect(), serde_json::Value::Bool(false));
        assert!(difference(&state(), &other).is_some(), "what differs otherwise is found");
    }

    #[test]
    fn a_list_in_the_order_of_a_hash_map_is_found() {
        let list = |state: &State| state.accounts.keys().cloned().collect::<Vec<_>>();
        let (one, other) = ((state(), list(&state())), (state(), list(&state())));
        let text = difference(&one, &other).unwrap();
        assert!(text.starts_with("at .1: [\"") && text.contains("their order is not"), "{text}");
        // Sets inside of the elements do not hide it.
        let sets = |names: Vec<String>| {
            names.into_iter().map(|name| (name, (0..9u8).collect::<HashSet<_>>())).collect::<Vec<_>>()
        };
        assert!(difference(&sets(one.1), &sets(other.1)).unwrap().contains("their order is not"));
    }
}
