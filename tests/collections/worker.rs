//! A worker: one collection to which no other worker writes, and the model that it must always equal.

use super::operations::Subject;
use super::world::{MEMBERS, World, block_on, until};
use copycat::{AsyncProxy, Consistency, Error, Outcome, Proxy, Remote};
use fastrand::Rng;
use std::collections::BTreeMap;
use tokio::task::LocalSet;

/// The code of the error that the proxies of a closed member return.
const CLOSED: u16 = 16;

/// Most operations that are sent together.
const BURST_MAX: usize = 12;

/// The path of an operation: the member that it goes through, or the remote handle after the last of them; and
/// whether the call blocks.
#[derive(Clone, Copy, Debug)]
struct Way {
    host: usize,
    sync: bool,
}

/// Counters of one worker, or sums over several.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Number of operations whose answer equalled the model's, by name.
    pub done: BTreeMap<&'static str, u64>,
    /// Number of these operations by path: `[member, remote handle][async, sync]`.
    pub ways: [[u64; 2]; 2],
    /// Number of attempts that failed and changed nothing.
    pub repeated: u64,
    /// Number of writes whose outcome was unknown.
    pub unknown: u64,
    /// Number of these writes that were found to have been applied.
    pub applied: u64,
    /// Number of collections abandoned because such a write might be applied later.
    pub abandoned: u64,
}

impl Account {
    /// Returns the number of operations whose answers were compared.
    pub(crate) fn operations(&self) -> u64 {
        self.done.values().sum()
    }

    /// Returns the sum of both.
    pub(crate) fn with(mut self, other: Account) -> Account {
        other.done.into_iter().for_each(|(name, count)| *self.done.entry(name).or_default() += count);
        let ways = self.ways.iter_mut().flatten().zip(other.ways.into_iter().flatten());
        ways.for_each(|(way, count)| *way += count);
        self.repeated += other.repeated;
        self.unknown += other.unknown;
        self.applied += other.applied;
        self.abandoned += other.abandoned;
        self
    }
}

/// A collection, its model, and the proxies through which the worker reaches it.
pub(crate) struct Worker<'a, S: Subject> {
    world: &'a World,
    remote: &'a Remote,
    random: Rng,
    name: String,
    partitions: u32,
    model: S::Model,
    /// For each member, the life in which the collection was opened, and the proxy of that life.
    members: [(u64, Option<S::Proxy>); MEMBERS],
    /// The proxy of the remote handle, once a member has opened the collection.
    outside: Option<S::Proxy>,
    account: Account,
}

impl<'a, S: Subject> Worker<'a, S> {
    /// Creates a worker with a new collection.
    pub(crate) fn new(
        world: &'a World,
        remote: &'a Remote,
        name: String,
        partitions: u32,
        random: Rng,
    ) -> Self {
        let (model, members, account) =
            (S::Model::default(), [const { (0, None) }; MEMBERS], Account::default());
        Worker { world, remote, random, name, partitions, model, members, outside: None, account }
    }

    /// Carries out one operation, or several in a line. Returns the number of answers compared with the model's.
    pub(crate) fn step(&mut self) -> u64 {
        let before = self.account.operations();
        match self.random.u8(0..4) {
            0 => self.burst(),
            _ => self.single(),
        }
        self.account.operations() - before
    }

    /// Waits until the copy of each member equals the model, including members that were killed.
    pub(crate) fn finish(mut self) -> Account {
        self.refresh();
        for (_, proxy) in &self.members {
            let copy = proxy.as_ref().expect("all members run").with_consistency(Consistency::Eventual);
            until("the model in the copy of each member", || {
                block_on(S::content(&copy)).ok().filter(|found| *found == self.model)
            });
        }
        self.account
    }

    /// Carries out one operation, and repeats it until it is answered.
    fn single(&mut self) {
        let operation = S::any(&mut self.random);
        let (way, answer) = until("an answer", || {
            self.refresh();
            let way = self.any_way();
            match self.send(&operation, way) {
                Err(error) if error.outcome() == Outcome::NotApplied => self.repeat(&error),
                answer => Some((way, answer)),
            }
        });
        match answer {
            Ok(answer) => self.compare(&operation, way, &answer),
            Err(error) => self.settle(&operation, &error),
        }
    }

    /// Sends some operations in a row, without waiting for answers: they take effect in their order. Operations that
    /// were certainly not applied are left out. After one with an unknown outcome, nothing can be compared.
    fn burst(&mut self) {
        self.refresh();
        let way = Way { sync: false, ..self.any_way() };
        let operations: Vec<S> =
            (0..self.random.usize(2..=BURST_MAX)).map(|_| S::any(&mut self.random)).collect();
        let calls = operations.into_iter().filter(S::is_one_call);
        let mut unknown = 0;
        for (operation, answer) in block_on(in_order(calls, &self.proxy(way).in_order())) {
            match answer {
                Ok(answer) if unknown == 0 => self.compare(&operation, way, &answer),
                Ok(_) => {}
                Err(error) if error.outcome() == Outcome::NotApplied => drop(self.repeat::<()>(&error)),
                Err(error) => {
                    assert!(error.is_retryable(), "{operation:?}: {error}");
                    unknown += 1;
                }
            }
        }
        if unknown > 0 {
            self.account.unknown += unknown;
            self.begin_anew();
        }
    }

    /// Applies the operation to the model, and checks that the answer is the same.
    fn compare(&mut self, operation: &S, way: Way, answer: &str) {
        let before = self.model.clone();
        let expected = operation.expect(&mut self.model);
        let Worker { name, partitions, .. } = self;
        assert_eq!(
            answer, expected,
            "{operation:?} through {way:?} on `{name}` of {partitions} partitions, which held {before:?}"
        );
        *self.account.done.entry(operation.name()).or_default() += 1;
        self.account.ways[usize::from(way.host == MEMBERS)][usize::from(way.sync)] += 1;
    }

    /// Opens the collection on every member that was started since, and then through the remote handle.
    fn refresh(&mut self) {
        for (at, (life, proxy)) in self.members.iter_mut().enumerate() {
            if *life != self.world.life(at) {
                self.world.with_member(at, |member| {
                    // The member is not killed before this ends.
                    *life = self.world.life(at);
                    let opened = block_on(S::open(member, self.name.clone(), self.partitions));
                    *proxy = Some(opened.expect("the collection opens"));
                });
            }
        }
        // A member that had it open may be killed before it is asked.
        self.outside.get_or_insert_with(|| {
            until("a proxy", || block_on(S::open(self.remote, self.name.clone(), self.partitions)).ok())
        });
    }

    /// Draws a path. The proxy of a member that is down still exists, and returns errors.
    fn any_way(&mut self) -> Way {
        let host = self.random.usize(0..=MEMBERS);
        let opened = self.members.get(host).is_some_and(|(_, proxy)| proxy.is_some());
        Way { host: if opened { host } else { MEMBERS }, sync: self.random.bool() }
    }

    fn proxy(&self, way: Way) -> &S::Proxy {
        self.members
            .get(way.host)
            .and_then(|(_, proxy)| proxy.as_ref())
            .or(self.outside.as_ref())
            .expect("a proxy")
    }

    fn send(&self, operation: &S, way: Way) -> Result<String, Error> {
        let proxy = self.proxy(way);
        if way.sync { operation.call_sync(&proxy.to_sync()) } else { block_on(operation.call(proxy)) }
    }

    /// Counts an attempt that changed nothing, so that the caller tries again. Checks that a later attempt may
    /// succeed.
    fn repeat<T>(&mut self, error: &Error) -> Option<T> {
        assert!(error.is_retryable() || error.code() == CLOSED, "`{}`: {error}", self.name);
        self.account.repeated += 1;
        None
    }

    /// Resolves a write with an unknown outcome.
    ///
    /// The content must be either the one before the write or the one after it. In the latter case, the write is
    /// over. In the former, it may still be in flight and take effect at any later time. The collection is then
    /// abandoned, because its correct answers cannot be known any more.
    fn settle(&mut self, operation: &S, error: &Error) {
        assert!(error.is_retryable(), "{operation:?}: {error}");
        self.account.unknown += 1;
        let mut after = self.model.clone();
        operation.expect(&mut after);
        let found = until("what is there", || {
            self.refresh();
            let way = self.any_way();
            let strict = self.proxy(way).with_consistency(Consistency::Strict);
            block_on(S::content(&strict)).map_or_else(|error| self.repeat(&error), Some)
        });
        let before = &self.model;
        let possible = match self.partitions {
            1 => found == *before || found == after,
            _ => S::is_between(&found, before, &after),
        };
        assert!(possible, "{operation:?} made {found:?} of {before:?} in `{}`", self.name);
        // In several partitions, a part of the write that changes nothing now may still be in flight.
        if self.partitions == 1 && found == after && found != *before {
            self.account.applied += 1;
            self.model = after;
        } else {
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.account.abandoned += 1;
        self.name = format!("{}+", self.name);
        self.model = S::Model::default();
        self.members = [const { (0, None) }; MEMBERS];
        self.outside = None;
    }
}

/// Sends operations one after the other, and waits for all their answers.
async fn in_order<S: Subject>(
    operations: impl Iterator<Item = S>,
    line: &S::Proxy,
) -> Vec<(S, Result<String, Error>)> {
    let tasks = LocalSet::new();
    let call = |operation: S| {
        let line = line.clone();
        // Tasks begin in the order in which they are made.
        tasks.spawn_local(async move {
            let answer = operation.call(&line).await;
            (operation, answer)
        })
    };
    let calls: Vec<_> = operations.map(call).collect();
    tasks.await;
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("a call does not panic"));
    }
    answers
}
