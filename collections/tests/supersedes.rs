//! Checks the declarations of `supersedes`. A log without the entries that are declared superseded replays to the
//! same state. The declarations are complete: for each pair that is not declared, there is a log that replays to
//! another state without the entry.
//!
//! An entry may be left out when a later entry supersedes it, is itself kept, and no other entry that is kept and
//! that concerns the key lies between the two, unless it is superseded as well: no other command on the key, and
//! none on several keys or on all.
//!
//! The logs are random. Their commands are those of the tables that the macro generates, so that no new command is
//! forgotten here.

use copycat::{Commands, Method, MethodId};
use copycat_collections::{Map, MapCommands, MultiMap, MultiMapCommands, Pairs, Set, SetCommands};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

/// The effect of a command on a state.
type Apply<S> = Box<dyn Fn(&mut S)>;
/// The key of a command, and its effect.
type Keyed<S> = (Option<u8>, Apply<S>);
type Table = BTreeMap<u8, u8>;
type Relation = Pairs<u8, u8>;
type Elements = BTreeSet<u8>;

/// The number of entries of one log.
const LENGTH: usize = 12;
/// The number of logs for each check of declarations, and the most logs tried to show that a further declaration
/// would be wrong.
const LOGS: usize = 20_000;

/// An entry of a log: its method, its key, and its effect.
struct Entry<S> {
    method: &'static Method,
    key: Option<u8>,
    apply: Apply<S>,
}

/// The commands of a collection on its state.
struct Subject<S> {
    methods: &'static [Method],
    /// The key and the effect of a random command with this name.
    command: fn(&str, &mut Rng) -> Keyed<S>,
}

impl<S: Default + PartialEq> Subject<S> {
    fn writes(&self) -> impl Iterator<Item = &'static Method> + Clone {
        self.methods.iter().filter(|method| !method.is_read())
    }

    fn entry(&self, method: &'static Method, random: &mut Rng) -> Entry<S> {
        let (key, apply) = (self.command)(method.name, random);
        assert_eq!(key.is_some(), method.key.is_some(), "`{}` has its key", method.name);
        Entry { method, key, apply }
    }

    fn log(&self, random: &mut Rng) -> Vec<Entry<S>> {
        let writes: Vec<_> = self.writes().collect();
        (0..LENGTH).map(|_| self.entry(writes[random.usize(..writes.len())], random)).collect()
    }

    /// Returns whether a log replays to the same state when some superseded entries are left out; `None` if none is
    /// left out.
    fn same_without(
        &self,
        log: &[Entry<S>],
        random: &mut Rng,
        supersedes: impl Fn(&Method, MethodId) -> bool,
    ) -> Option<bool> {
        let mut kept: Vec<&Entry<S>> = log.iter().collect();
        // A compaction may have reached only some of them, and goes from the newest to the oldest.
        for at in (0..log.len()).rev() {
            if is_dead(&kept[at..], &supersedes) && random.u8(..4) > 0 {
                kept.remove(at);
            }
        }
        (kept.len() < log.len()).then(|| replayed(log.iter()) == replayed(kept.into_iter()))
    }

    fn every_declaration_holds(&self) {
        let mut random = Rng::with_seed(1);
        let mut tried = 0;
        for _ in 0..LOGS {
            let log = self.log(&mut random);
            let supersedes = |later: &Method, earlier| later.supersedes.contains(&earlier);
            if let Some(same) = self.same_without(&log, &mut random, supersedes) {
                let names: Vec<_> = log.iter().map(|entry| (entry.method.name, entry.key)).collect();
                assert!(same, "a log that replays to another state: {names:?}");
                tried += 1;
            }
        }
        assert!(tried > LOGS / 10, "{tried} logs had something to leave out");
    }

    fn nothing_else_could_be_declared(&self) {
        let keyed = self.writes().filter(|method| method.key.is_some());
        for later in keyed.clone() {
            for earlier in keyed.clone().filter(|method| !later.supersedes.contains(&method.id)) {
                let mut random = Rng::with_seed(2);
                let supersedes = |one: &Method, other| one.id == later.id && other == earlier.id;
                let wrong = (0..LOGS).any(|_| {
                    let log = self.log(&mut random);
                    self.same_without(&log, &mut random, supersedes) == Some(false)
                });
                assert!(wrong, "`{}` supersedes `{}` as well", later.name, earlier.name);
            }
        }
    }
}

/// Returns whether the first of these entries may be left out while the others are kept.
fn is_dead<S>(entries: &[&Entry<S>], supersedes: impl Fn(&Method, MethodId) -> bool) -> bool {
    let (first, later) = entries.split_first().expect("an entry");
    if first.key.is_none() {
        return false;
    }
    let concerned: Vec<_> =
        later.iter().take_while(|entry| entry.key.is_some()).filter(|entry| entry.key == first.key).collect();
    (0..concerned.len()).any(|at| {
        let superseding = |method: &Method| supersedes(concerned[at].method, method.id);
        superseding(first.method) && concerned[..at].iter().all(|entry| superseding(entry.method))
    })
}

fn replayed<'a, S: Default + 'a>(log: impl Iterator<Item = &'a Entry<S>>) -> S {
    let mut state = S::default();
    log.for_each(|entry| (entry.apply)(&mut state));
    state
}

/// Makes the effect of a command whose result is ignored.
fn step<S, R>(run: impl Fn(&mut S) -> R + 'static) -> Apply<S> {
    Box::new(move |state| {
        run(state);
    })
}

/// Returns one of few keys or values, so that commands concern the same ones.
fn few(random: &mut Rng) -> u8 {
    random.u8(..3)
}

fn maybe(random: &mut Rng) -> Option<u8> {
    random.bool().then(|| few(random))
}

fn some(random: &mut Rng) -> Vec<u8> {
    (0..few(random)).map(|_| few(random)).collect()
}

fn map() -> Subject<Table> {
    Subject {
        methods: MapCommands::<u8, u8>::METHODS,
        command: |name, random| {
            let (key, value, expected, new) = (few(random), few(random), maybe(random), maybe(random));
            let entries: Vec<_> = some(random).into_iter().map(|key| (key, few(random))).collect();
            let apply: Apply<Table> = match name {
                "put" => step(move |map| Map::put(map, key, value)),
                "put_if_absent" => step(move |map| Map::put_if_absent(map, key, value)),
                "replace" => step(move |map| Map::replace(map, &key, value)),
                "compare_and_set" => step(move |map| Map::compare_and_set(map, &key, expected, new)),
                "remove" => step(move |map| Map::remove(map, &key)),
                "remove_if" => step(move |map| Map::remove_if(map, &key, &value)),
                "put_all" => return (None, step(move |map: &mut Table| map.put_all(entries.clone()))),
                "clear" => return (None, step(|map: &mut Table| Map::clear(map))),
                other => panic!("`{other}` is not known here"),
            };
            (Some(key), apply)
        },
    }
}

fn multi_map() -> Subject<Relation> {
    Subject {
        methods: MultiMapCommands::<u8, u8>::METHODS,
        command: |name, random| {
            let (key, value) = (few(random), few(random));
            let apply: Apply<Relation> = match name {
                "put" => step(move |map: &mut Relation| map.put(key, value)),
                "remove" => step(move |map: &mut Relation| map.remove(&key, &value)),
                "remove_all" => step(move |map: &mut Relation| map.remove_all(&key)),
                "clear" => return (None, step(|map: &mut Relation| map.clear())),
                other => panic!("`{other}` is not known here"),
            };
            (Some(key), apply)
        },
    }
}

fn set() -> Subject<Elements> {
    Subject {
        methods: SetCommands::<u8>::METHODS,
        command: |name, random| {
            let (element, elements) = (few(random), some(random));
            let apply: Apply<Elements> = match name {
                "insert" => step(move |set| Set::insert(set, element)),
                "remove" => step(move |set| Set::remove(set, &element)),
                "insert_all" => {
                    return (None, step(move |set: &mut Elements| set.insert_all(elements.clone())));
                }
                "retain_all" => {
                    return (None, step(move |set: &mut Elements| set.retain_all(elements.clone())));
                }
                "clear" => return (None, step(Set::clear)),
                other => panic!("`{other}` is not known here"),
            };
            (Some(element), apply)
        },
    }
}

#[test]
fn what_is_superseded_is_dead() {
    map().every_declaration_holds();
    multi_map().every_declaration_holds();
    set().every_declaration_holds();
}

#[test]
fn what_is_not_superseded_is_not() {
    map().nothing_else_could_be_declared();
    multi_map().nothing_else_could_be_declared();
    set().nothing_else_could_be_declared();
}
