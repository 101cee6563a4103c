//! A worker: one collection, which nobody else writes to, and the model that it must always equal.

use super::operations::Subject;
use super::world::{MEMBERS, World, block_on, until};
use copycat::{AsyncProxy, Consistency, Error, Outcome, Proxy, Remote};
use fastrand::Rng;
use std::collections::BTreeMap;
use tokio::task::LocalSet;

/// What the proxies of a member answer that is closed.
const CLOSED: u16 = 16;

/// Most operations that are handed in together.
const BURST_MAX: usize = 12;

/// How an operation is sent: through which member, or the remote handle behind the last of them; and blocking or not.
#[derive(Clone, Copy, Debug)]
struct Way {
    host: usize,
    sync: bool,
}

/// What a worker has done, or several.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Operations whose answer was that of the model, by their names.
    pub done: BTreeMap<&'static str, u64>,
    /// The same by what they went through: `[member, remote handle][async, sync]`.
    pub ways: [[u64; 2]; 2],
    /// Attempts that failed and changed nothing.
    pub repeated: u64,
    /// Writes whose outcome was unknown.
    pub unknown: u64,
    /// Of these, the ones that were found to have been applied.
    pub applied: u64,
    /// Collections given up, because such a write might be applied later.
    pub abandoned: u64,
}

impl Account {
    /// Operations whose answers were compared.
    pub(crate) fn operations(&self) -> u64 {
        self.done.values().sum()
    }

    /// Both together.
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
    /// Of each member: which of its lives, and the proxy of that.
    members: [(u64, Option<S::Proxy>); MEMBERS],
    /// Of the remote handle, once a member has opened the collection.
    outside: Option<S::Proxy>,
    account: Account,
}

impl<'a, S: Subject> Worker<'a, S> {
    /// A worker with a new collection.
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

    /// Carries out an operation, or some in a line. Returns how many answers were compared with the model's.
    pub(crate) fn step(&mut self) -> u64 {
        let before = self.account.operations();
        match self.random.u8(0..4) {
            0 => self.burst(),
            _ => self.single(),
        }
        self.account.operations() - before
    }

    /// Waits until the copy of each member is the model, those of the ones that were killed included.
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

    /// Carries out one operation, whatever it takes.
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

    /// Hands in some operations in a row, without waiting for answers: they take effect in their order. Those that
    /// certainly did not happen are left out; behind one of which nobody knows, nothing can be compared.
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

    /// Does to the model what was done to the collection: the answer must be the same.
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

    /// Opens the collection on every member that was started since, and then from outside.
    fn refresh(&mut self) {
        for (at, (life, proxy)) in self.members.iter_mut().enumerate() {
            if *life != self.world.life(at) {
                self.world.with_member(at, |member| {
                    // Nobody kills it before this ends.
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

    /// Any way that there is: the proxy of a member that is down is still there, and refuses.
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

    /// Nothing happened; what may work later is tried again.
    fn repeat<T>(&mut self, error: &Error) -> Option<T> {
        assert!(error.is_retryable() || error.code() == CLOSED, "`{}`: {error}", self.name);
        self.account.repeated += 1;
        None
    }

    /// Finds out what became of a write that nobody answered.
    ///
    /// What is there must be what was before, or what the write makes of it. If it is the latter, the write is over. If
    /// not, it may still be on its way, and would take effect at any time later: the collection is given up, since
    /// nobody could say any more what it has to answer.
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
        // In several partitions, a part that changes nothing now may still be on its way.
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

/// Hands in operations one after the other, and waits for all their answers.
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
