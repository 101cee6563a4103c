//! Replicated maps, sets, lists and atomic variables.
//!
//! Each is a trait with [`#[state_machine]`](copycat::state_machine), a state that implements it (where there is one, a
//! type of the standard library), and the proxies that the macro makes of it. Any user of `copycat` could write the
//! same: read [`Set`] first, the shortest one with a key.
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
//! - Each command is atomic, and most calls are one command; `iter`, `values` and `update`, for example, use several. A
//!   command that goes to several partitions (`len`, `clear`, a page, a command with many keys) is atomic in each
//!   partition, but not across partitions.
//! - Reads see every write that was acknowledged before they began, unless the proxy says otherwise
//!   ([`with_consistency`](copycat::Proxy::with_consistency)).
//! - Values are compared with `==`. A value that is not equal to itself (for example NaN) is never found: `put` or
//!   `set` replaces it, and `update` returns an error.
//! - Keys are distinguished by their order *and* by their bytes, because the bytes decide the partition. Keys that
//!   are equal must have the same bytes. This holds for keys of the standard library, except `PathBuf`: `a/b` and
//!   `a//b` are equal.
//! - Store bytes as `serde_bytes::ByteBuf`: serde goes through a `Vec<u8>` byte by byte, which makes a call with a
//!   few hundred of them take twice the processor time.
//! - A key has up to 64 KiB. A command, keys included, has up to 4 MiB. Longer ones are refused before they are
//!   sent. An answer has up to 4 MiB and 64 KiB. A longer one is an error (`get_all` of too many keys, `get` of a
//!   key of a [`MultiMap`] with too many values), unless it is a [`Page`], which ends earlier.
//! - A page of a collection with several partitions is merged from a page of each, so more partitions mean more
//!   reading.

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

/// The limit of items in the pages that iterators and streams request. A page of long items ends earlier.
const PAGE_LIMIT: u64 = 1_000;

/// Returns a page and its last item, after which the next page begins.
fn with_last<T: Clone>(page: Page<T>) -> (Page<T>, Option<T>) {
    let last = page.items.last().cloned();
    (page, last)
}
