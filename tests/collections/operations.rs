//! What a worker may do with a collection: a table of operations, each with the same on the std counterpart.

use copycat::{AsyncProxy, Error, PageStream};
use copycat_collections::Collections;
use fastrand::Rng;
use std::fmt::Debug;

/// One operation on a collection, with its arguments.
///
/// Answers are compared as they are printed for debugging: exact for all types here, and nobody has to write down a
/// type for the answers of all methods.
pub(crate) trait Operation: Debug + Sized + 'static {
    /// The collection's proxy.
    type Proxy: AsyncProxy;
    /// The std counterpart.
    type Model: Clone + Default + PartialEq + Debug;

    /// Any operation with any arguments.
    fn any(random: &mut Rng) -> Self;
    /// The names of all that there are.
    fn names() -> Vec<&'static str>;
    /// The name of this one.
    fn name(&self) -> &'static str;
    /// Whether it is handed in at once: `update` reads before it sets, so that others may come between.
    fn is_one_call(&self) -> bool {
        self.name() != "Update"
    }
    /// Does it to the model; returns what the collection must answer.
    fn expect(&self, model: &mut Self::Model) -> String;
    /// Does it through a proxy.
    fn call(&self, proxy: &Self::Proxy) -> impl Future<Output = Result<String, Error>>;
    /// Does it through a proxy that blocks.
    fn call_sync(&self, proxy: &<Self::Proxy as AsyncProxy>::Sync) -> Result<String, Error>;
}

/// What the worker has to know of a collection besides its operations.
pub(crate) trait Subject: Operation {
    /// With how many partitions it is tried.
    const PARTITIONS: &'static [u32];

    /// Opens it on a member, or through a remote handle.
    fn open<H: Collections>(
        host: &H,
        name: String,
        partitions: u32,
    ) -> impl Future<Output = Result<Self::Proxy, Error>>;
    /// All that is in it, in one read or several.
    fn content(proxy: &Self::Proxy) -> impl Future<Output = Result<Self::Model, Error>>;

    /// Whether a content can be what a write left that was carried out in some partitions, and not in others.
    fn is_between(found: &Self::Model, before: &Self::Model, after: &Self::Model) -> bool {
        found == before || found == after
    }
}

/// Makes the enum of a collection's operations from their table. A line of it:
///
/// ```text
/// 3 value Put { key: String = key, value: String = value },
///     |map| map.put(key.clone(), value.clone()), |model| model.insert(key.clone(), value.clone());
/// ```
///
/// How often it is chosen; what the call returns: a `value`, a `page`, or the `items` of an iterator; the arguments and
/// what makes them from a random number generator; the call, of either proxy; and the same on the model.
macro_rules! operations {
    ($operation:ident on $proxy:ty, like $model:ty; $(
        $weight:literal $shape:ident $name:ident { $($field:ident: $type:ty = $make:expr),* },
        |$on:ident| $call:expr, |$state:ident| $expect:expr;
    )*) => {
        /// The operations.
        #[derive(Debug)]
        pub(crate) enum $operation { $($name { $($field: $type),* }),* }

        impl $operation {
            const TABLE: &[(u32, &str, fn(&mut fastrand::Rng) -> Self)] =
                &[$(($weight, stringify!($name), |_random| $operation::$name { $($field: $make(_random)),* })),*];
        }

        impl Operation for $operation {
            type Proxy = $proxy;
            type Model = $model;

            fn any(random: &mut fastrand::Rng) -> Self {
                let mut chosen = random.u32(0..Self::TABLE.iter().map(|line| line.0).sum());
                for (weight, _, make) in Self::TABLE {
                    match chosen.checked_sub(*weight) {
                        Some(rest) => chosen = rest,
                        None => return make(random),
                    }
                }
                unreachable!("less than the sum of all")
            }

            fn names() -> Vec<&'static str> {
                Self::TABLE.iter().map(|line| line.1).collect()
            }

            fn name(&self) -> &'static str {
                match self { $($operation::$name { .. } => stringify!($name)),* }
            }

            fn expect(&self, model: &mut $model) -> String {
                match self { $($operation::$name { $($field),* } => {
                    let $state = model;
                    format!("{:?}", $expect)
                })* }
            }

            async fn call(&self, proxy: &$proxy) -> Result<String, copycat::Error> {
                match self { $($operation::$name { $($field),* } => {
                    let $on = proxy;
                    operations!(@async $shape $call)
                })* }
            }

            fn call_sync(&self, proxy: &<$proxy as copycat::AsyncProxy>::Sync) -> Result<String, copycat::Error> {
                match self { $($operation::$name { $($field),* } => {
                    let $on = proxy;
                    operations!(@sync $shape $call)
                })* }
            }
        }
    };
    (@async value $call:expr) => { $call.await.map(|answer| format!("{answer:?}")) };
    (@async page $call:expr) => { $call.await.map(|page| format!("{:?}", (page.items, page.more))) };
    (@async items $call:expr) => { collect($call).await.map(|items| format!("{items:?}")) };
    (@sync value $call:expr) => { $call.map(|answer| format!("{answer:?}")) };
    (@sync page $call:expr) => { $call.map(|page| format!("{:?}", (page.items, page.more))) };
    (@sync items $call:expr) => { $call.collect::<Result<Vec<_>, _>>().map(|items| format!("{items:?}")) };
}

pub(crate) use operations;

/// The items of a stream, or the error that ended it.
pub(crate) async fn collect<T: 'static>(mut stream: PageStream<T>) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item?);
    }
    Ok(items)
}

/// The page that a collection must answer: so many items, and whether there are more.
pub(crate) fn page<T>(items: impl Iterator<Item = T>, limit: u64) -> (Vec<T>, bool) {
    let mut items = items.peekable();
    let page = (0..limit).map_while(|_| items.next()).collect();
    (page, items.peek().is_some())
}

/// Those of ascending items that lie behind one of them, which need not be there; all without it.
pub(crate) fn behind<'a, T: Ord + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    after: Option<&T>,
) -> impl Iterator<Item = &'a T> {
    items.into_iter().filter(move |item| after.is_none_or(|after| *item > after))
}

/// A key, one of few, so that operations meet.
pub(crate) fn key(random: &mut Rng) -> String {
    let keys = ["", "a", "ab", "b", "c", "ä", "longer than the others, and not by a little", "z"];
    let key = keys[random.usize(0..keys.len())];
    if random.bool() { key.into() } else { format!("{key}{}", random.u8(0..4)) }
}

/// Some key, or none.
pub(crate) fn maybe_key(random: &mut Rng) -> Option<String> {
    (random.u8(0..4) > 0).then(|| key(random))
}

/// Some keys, perhaps the same more than once.
pub(crate) fn keys(random: &mut Rng) -> Vec<String> {
    (0..random.usize(0..8)).map(|_| key(random)).collect()
}

/// A value, one of few and mostly short, so that comparisons often find what they expect.
pub(crate) fn value(random: &mut Rng) -> String {
    let len = if random.u8(0..64) == 0 { 3_000 } else { [0, 1, 1, 1, 2, 2, 20, 200][random.usize(0..8)] };
    random.choice(["x", "y"]).expect("one of them").repeat(len)
}

/// Some value, or none.
pub(crate) fn maybe_value(random: &mut Rng) -> Option<String> {
    (random.u8(0..4) > 0).then(|| value(random))
}

/// A limit: nothing, one, few, or more than there will ever be.
pub(crate) fn limit(random: &mut Rng) -> u64 {
    [0, 1, 2, 3, 5, 10, 1_000, u64::MAX][random.usize(0..8)]
}

/// What `update` makes of a value: it depends on the old one, and may take it away.
pub(crate) fn changed(old: Option<String>, new: &Option<String>) -> Option<String> {
    match (old, new) {
        (Some(old), Some(new)) if old.len() < 2_000 => Some(old + new),
        (_, new) => new.clone(),
    }
}
