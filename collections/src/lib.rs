//! Replicated maps, sets, lists and atomic variables.
//!
//! Each is a trait with [`#[state_machine]`](copycat::state_machine), a state of the standard library that implements
//! it, and the proxies that the macro makes of it. Nothing here is more than any user of `copycat` could write: read
//! [`Set`] first, the shortest with a key.
//!
//! ```
//! use copycat::{Cluster, Copycat, Member, MemoryNetwork, Storage};
//! use copycat_collections::{AsyncMap, Collections};
//!
//! # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
//! // One member, in memory; a real cluster names its seeds' addresses and a directory.
//! let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build()?;
//! let copycat = Copycat::builder()
//!     .with_cluster(cluster)
//!     .with_storage(Storage::memory())
//!     .with_memory_network(&MemoryNetwork::new())
//!     .open()
//!     .await?;
//!
//! let users: AsyncMap<String, u32> = copycat.map("users").with_partitions(4).open().await?;
//! assert_eq!(users.put("ada".into(), 36).await?, None);
//! assert_eq!(users.get(&"ada".into()).await?, Some(36));
//! # Ok::<(), copycat::Error>(())
//! # }).expect("the example works");
//! ```
//!
//! | collection | like | spread over partitions |
//! |---|---|---|
//! | [`Map<K, V>`](Map) | `BTreeMap` | by key |
//! | [`MultiMap<K, V>`](MultiMap) | `BTreeMap<K, BTreeSet<V>>` | by key |
//! | [`Set<T>`](Set) | `BTreeSet` | by element |
//! | [`List<T>`](List) | `Vec` | no |
//! | [`Long`] | `AtomicI64` | no |
//! | [`Boolean`] | `AtomicBool` | no |
//! | [`Reference<T>`](Reference) | a value that may be there | no |
//!
//! [`Collections`] opens them, on a member and through a remote handle. The examples in the documentation of the
//! methods call an `Async…` proxy; a `Sync…` proxy has the same methods, which block instead.
//!
//! # What holds for all of them
//!
//! - Each call is one step: nobody sees half of it. What goes to several partitions (`len`, `clear`, a page, a command
//!   with many keys) is one step in each of them, but not in all at once.
//! - Reads see every write that was acknowledged before they began, unless the proxy says otherwise
//!   ([`with_consistency`](copycat::Proxy::with_consistency)).
//! - Values are compared with `==`. One that is not equal to itself, as NaN is not, is never found: `put` or `set`
//!   replaces it, and `update` says so.
//! - Keys are told apart by their order *and* by their bytes: the bytes decide about the partition. Keys that are equal
//!   must have the same bytes. Those of the standard library have, except `PathBuf`: `a/b` and `a//b` are equal.
//! - Bytes are best kept as `serde_bytes::ByteBuf`: serde goes through a `Vec<u8>` byte by byte, which makes a call with a
//!   few hundred of them take twice the processor time.
//! - A key has up to 64 KiB, a command, keys included, 4 MiB; what is longer is refused before it is sent. An answer that
//!   would be longer is an error, unless it is a [`Page`]: `get_all` of too many keys, `get` of a key of a
//!   [`MultiMap`] with too many values.
//! - A page of a collection with several partitions is made of a page of each: the more partitions, the more is read for
//!   it.

mod boolean;
mod host;
mod list;
mod long;
mod map;
mod multi_map;
mod opening;
mod reference;
mod set;

use copycat::Page;

pub use boolean::{AsyncBoolean, Boolean, BooleanCommands, SyncBoolean};
pub use list::{AsyncList, List, ListCommands, SyncList};
pub use long::{AsyncLong, Long, LongCommands, SyncLong};
pub use map::{AsyncMap, Map, MapCommands, SyncMap};
pub use multi_map::{AsyncMultiMap, MultiMap, MultiMapCommands, Pairs, SyncMultiMap};
pub use opening::{Collection, CollectionBuilder, Collections, Key, PartitionedBuilder, Value};
pub use reference::{AsyncReference, Reference, ReferenceCommands, SyncReference};
pub use set::{AsyncSet, Set, SetCommands, SyncSet};

/// Items of the pages that iterators and streams ask for; a page of long ones ends before.
const PAGE_LIMIT: u64 = 1_000;

/// A page, and its last item, behind which the next begins.
fn with_last<T: Clone>(page: Page<T>) -> (Page<T>, Option<T>) {
    let last = page.items.last().cloned();
    (page, last)
}
