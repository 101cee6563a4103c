//! The operations of a worker on a collection, as a table: each is paired with the same operation on the std
//! counterpart.

use copycat::{AsyncProxy, Error, PageStream};
use copycat_collections::Collections;
use fastrand::Rng;
use std::fmt::Debug;

/// One operation on a collection, with its arguments.
///
/// Answers are compared in their debug form. That is exact for all types here, and avoids a type for the answers of
/// all methods.
pub(crate) trait Operation: Debug + Sized + 'static {
    /// The collection's proxy.
    type Proxy: AsyncProxy;
    /// The std counterpart.
    type Model: Clone + Default + PartialEq + Debug;

    /// Draws any operation with any arguments.
    fn any(random: &mut Rng) -> Self;
    /// Returns the names of all operations.
    fn names() -> Vec<&'static str>;
    /// Returns the name of this operation.
    fn name(&self) -> &'static str;
    /// Returns whether the operation is one call. `update` reads before it sets, so other calls may come between.
    fn is_one_call(&self) -> bool {
        self.name() != "Update"
    }
    /// Applies the operation to the model. Returns the answer that the collection must give.
    fn expect(&self, model: &mut Self::Model) -> String;
    /// Sends the operation through a proxy.
    fn call(&self, proxy: &Self::Proxy) -> impl Future<Output = Result<String, Error>>;
    /// Sends the operation through a blocking proxy.
    fn call_sync(&self, proxy: &<Self::Proxy as AsyncProxy>::Sync) -> Result<String, Error>;
}

/// The properties of a collection that a worker needs besides its operations.
pub(crate) trait Subject: Operation {
    /// The numbers of partitions in the trials.
    const PARTITIONS: &'static [u32];

    /// Opens the collection on a member, or through a remote handle.
    fn open<H: Collections>(
        host: &H,
        name: String,
        partitions: u32,
    ) -> impl Future<Output = Result<Self::Proxy, Error>>;
    /// Reads the whole content, in one read or several.
    fn content(proxy: &Self::Proxy) -> impl Future<Output = Result<Self::Model, Error>>;

    /// Returns whether a write that was carried out in only some partitions may have left this content.
    fn is_between(found: &Self::Model, before: &Self::Model, after: &Self::Model) -> bool {
        found == before || found == after
    }
}

/// Makes the enum of a collection's operations from their table. A line of the table:
///
/// ```text
/// 3 value Put { key: String = key, value: String = value },
///     |map| map.put(key.clone(), value.clone()), |model| model.insert(key.clone(), value.clone());
/// ```
///
/// Its parts are the weight of the operation; the kind of its answer (a `value`, a `page`, or the `items` of an
/// iterator); the arguments, with the functions that draw them; the call, for either proxy; and the same on the
/// model.
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

/// Returns the items of a stream, or the error that ended it.
pub(crate) async fn collect<T: 'static>(mut stream: PageStream<T>) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        items.push(item?);
    }
    Ok(items)
}

/// Returns the page that a collection must answer: `limit` items at most, and whether there are more.
pub(crate) fn page<T>(items: impl Iterator<Item = T>, limit: u64) -> (Vec<T>, bool) {
    let mut items = items.peekable();
    let page = (0..limit).map_while(|_| items.next()).collect();
    (page, items.peek().is_some())
}

/// Returns the ascending items after `after`, which need not be among them; all items if it is `None`.
pub(crate) fn behind<'a, T: Ord + 'a>(
    items: impl IntoIterator<Item = &'a T>,
    after: Option<&T>,
) -> impl Iterator<Item = &'a T> {
    items.into_iter().filter(move |item| after.is_none_or(|after| *item > after))
}

/// Draws a key, one of a few, so that operations meet.
pub(crate) fn key(random: &mut Rng) -> String {
    let keys = ["", "a", "ab", "b", "c", "ä", "longer than the others, and not by a little", "z"];
    let key = keys[random.usize(0..keys.len())];
    if random.bool() { key.into() } else { format!("{key}{}", random.u8(0..4)) }
}

/// Draws a key or none.
pub(crate) fn maybe_key(random: &mut Rng) -> Option<String> {
    (random.u8(0..4) > 0).then(|| key(random))
}

/// Draws some keys, which may repeat.
pub(crate) fn keys(random: &mut Rng) -> Vec<String> {
    (0..random.usize(0..8)).map(|_| key(random)).collect()
}

/// Draws a value: one of a few and mostly short, so that comparisons often succeed.
pub(crate) fn value(random: &mut Rng) -> String {
    let len = if random.u8(0..64) == 0 { 3_000 } else { [0, 1, 1, 1, 2, 2, 20, 200][random.usize(0..8)] };
    random.choice(["x", "y"]).expect("one of them").repeat(len)
}

/// Draws a value or none.
pub(crate) fn maybe_value(random: &mut Rng) -> Option<String> {
    (random.u8(0..4) > 0).then(|| value(random))
}

/// Draws a limit: zero, one, a few, or more than there will ever be.
pub(crate) fn limit(random: &mut Rng) -> u64 {
    [0, 1, 2, 3, 5, 10, 1_000, u64::MAX][random.usize(0..8)]
}

/// Returns the value that `update` sets. It depends on the old value, and may remove it.
pub(crate) fn changed(old: Option<String>, new: &Option<String>) -> Option<String> {
    match (old, new) {
        (Some(old), Some(new)) if old.len() < 2_000 => Some(old + new),
        (_, new) => new.clone(),
    }
}
