//! Tests services made from a trait: from the proxies through encoding, routing, checks and dispatch to the user's
//! state, and back. One thread answers for all partitions, without consensus and without a log. `macros/blocks.rs`
//! tests services without a trait, `macros/split.rs` commands with many keys, and `macros/values.rs` values that do not
//! fit.
#![allow(clippy::unwrap_used, reason = "the whole file is a test; what its helpers unwrap fails it")]

mod macros {
    mod blocks;
    mod split;
    mod values;
}

mod registry {
    //! A generic state machine with everything a signature may have.
    use copycat::prelude::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    /// The name is already taken.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub(crate) struct Taken<V>(pub(crate) V);

    /// Values by name.
    #[state_machine]
    pub(crate) trait Registry<K: Ord, V>
    where
        V: Clone,
    {
        #[read]
        fn get(&self, #[key] key: &K) -> Option<V>;
        #[read(merge = sum)]
        fn len(&self) -> u64;
        #[read(merge = and, consistency = lease)]
        fn is_empty(&self) -> bool {
            self.len() == 0
        }
        #[read(merge = concat)]
        fn keys(&self) -> Vec<K>;
        #[read(merge = min)]
        fn first(&self) -> Option<K>;
        #[read(merge = longest)]
        fn longest_of(&self, names: &[&str]) -> String;
        #[write(supersedes(put, remove))]
        fn put(&mut self, value: V, #[key] key: K) -> Option<V>;
        fn claim(&mut self, #[key] key: &K, value: &V) -> Result<(), Taken<V>>;
        #[write(all, merge = sum)]
        fn retain(&mut self, kept: &[K]) -> u64;
        #[delete(supersedes(put, remove), id = 0x1d)]
        fn remove(&mut self, #[key] key: &K) -> Option<V>;
        #[delete(all)]
        fn clear(&mut self);
        #[write]
        fn put_twice(&mut self, #[key] key: K, value: V) -> Option<V> {
            self.put(value.clone(), key);
            self.again(value)
        }
        #[write]
        fn put_and_panic(&mut self, value: V, #[key] key: K) {
            self.put(value, key);
            panic!("on purpose");
        }
        #[write(single)]
        fn r#type(&mut self, r#in: &str, raw: &[u8]) -> (String, Vec<u8>) {
            (r#in.to_owned(), raw.to_owned())
        }
        fn again(&mut self, value: V) -> Option<V> {
            Some(value)
        }
    }

    fn longest(left: String, right: String) -> String {
        if right.len() > left.len() { right } else { left }
    }

    /// A state that is a plain map.
    pub(crate) struct Table<K, V>(BTreeMap<K, V>);

    impl<K, V> Default for Table<K, V> {
        fn default() -> Self {
            Table(BTreeMap::new())
        }
    }

    impl<K: Ord + Clone, V: Clone> Registry<K, V> for Table<K, V> {
        fn get(&self, key: &K) -> Option<V> {
            self.0.get(key).cloned()
        }
        fn len(&self) -> u64 {
            self.0.len() as u64
        }
        fn keys(&self) -> Vec<K> {
            self.0.keys().cloned().collect()
        }
        fn first(&self) -> Option<K> {
            self.0.keys().next().cloned()
        }
        fn longest_of(&self, names: &[&str]) -> String {
            names.get(self.0.len()).map_or_else(String::new, ToString::to_string)
        }
        fn put(&mut self, value: V, key: K) -> Option<V> {
            self.0.insert(key, value)
        }
        fn claim(&mut self, key: &K, value: &V) -> Result<(), Taken<V>> {
            match self.0.get(key) {
                Some(there) => Err(Taken(there.clone())),
                None => {
                    self.0.insert(key.clone(), value.clone());
                    Ok(())
                }
            }
        }
        fn retain(&mut self, kept: &[K]) -> u64 {
            let before = self.0.len();
            self.0.retain(|key, _| kept.contains(key));
            (before - self.0.len()) as u64
        }
        fn remove(&mut self, key: &K) -> Option<V> {
            self.0.remove(key)
        }
        fn clear(&mut self) {
            self.0.clear();
        }
    }
}

mod blobs {
    //! A state machine of byte values by byte keys, for tests of sizes.
    use copycat::prelude::*;
    use std::collections::BTreeMap;

    /// Byte values by byte keys.
    #[state_machine]
    pub(crate) trait Blobs {
        #[write]
        fn put(&mut self, #[key] key: &[u8], value: &[u8]) -> u64;
        #[read]
        fn get(&self, #[key] key: &[u8]) -> Vec<u8>;
        #[read(single)]
        fn zeros(&self, count: u64) -> Vec<u8>;
        #[write(single)]
        fn numbers(&mut self, numbers: &[u64]) -> u64;
    }

    /// A state that is a plain map.
    #[derive(Default)]
    pub(crate) struct Store(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Blobs for Store {
        fn put(&mut self, key: &[u8], value: &[u8]) -> u64 {
            self.0.insert(key.to_owned(), value.to_owned());
            value.len() as u64
        }
        fn get(&self, key: &[u8]) -> Vec<u8> {
            self.0.get(key).cloned().unwrap_or_default()
        }
        fn zeros(&self, count: u64) -> Vec<u8> {
            vec![0; count as usize]
        }
        fn numbers(&mut self, numbers: &[u64]) -> u64 {
            numbers.len() as u64
        }
    }
}

use blobs::{AsyncBlobs, Blobs, Store, SyncBlobs};
use copycat::__private::local;
use copycat::prelude::*;
use copycat::{Commands, Kind, MethodId, Partitioned, Route};
use registry::{AsyncRegistry, Registry, RegistryCommands, SyncRegistry, Table, Taken};
use std::sync::OnceLock;

fn registry(partitions: u32) -> AsyncRegistry<String, u64> {
    local::open("registry", partitions, Table::default).unwrap().0
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The suite that both proxies pass; `$wait` is `.await` for the asynchronous one and nothing for the other.
macro_rules! suite {
    ($proxy:expr $(, $wait:ident)?) => {{
        let proxy = $proxy;
        let key = |name: &str| name.to_owned();
        assert!(proxy.is_empty()$(.$wait)?.unwrap());
        assert_eq!(proxy.first()$(.$wait)?.unwrap(), None);
        assert_eq!(proxy.put(1, key("ada"))$(.$wait)?.unwrap(), None);
        assert_eq!(proxy.put(2, key("ada"))$(.$wait)?.unwrap(), Some(1));
        assert_eq!(proxy.get(&key("ada"))$(.$wait)?.unwrap(), Some(2));
        assert_eq!(proxy.claim(&key("bob"), &7)$(.$wait)?.unwrap(), Ok(()));
        assert_eq!(proxy.claim(&key("bob"), &8)$(.$wait)?.unwrap(), Err(Taken(7)));
        assert_eq!(proxy.put_twice(key(""), 9)$(.$wait)?.unwrap(), Some(9));
        assert_eq!((proxy.len()$(.$wait)?.unwrap(), proxy.is_empty()$(.$wait)?.unwrap()), (3, false));
        let mut keys = proxy.keys()$(.$wait)?.unwrap();
        keys.sort();
        assert_eq!(keys, ["", "ada", "bob"]);
        assert_eq!(proxy.first()$(.$wait)?.unwrap(), Some(key("")));
        assert!(proxy.longest_of(&["a", "bb", "ccc", "dddd"])$(.$wait)?.unwrap().len() >= 2);
        assert_eq!(proxy.retain(&[key("ada"), key("bob")])$(.$wait)?.unwrap(), 1);
        assert_eq!(proxy.remove(&key("bob"))$(.$wait)?.unwrap(), Some(7));
        let echo = proxy.r#type("in", &[1, 2])$(.$wait)?.unwrap();
        assert_eq!(echo, (key("in"), vec![1, 2]));

        let error = proxy.put_and_panic(5, key("eve"))$(.$wait)?.unwrap_err();
        assert_eq!((error.code(), error.outcome(), error.is_retryable()), (15, Outcome::Unknown, false));
        assert_eq!(proxy.get(&key("eve"))$(.$wait)?.unwrap(), Some(5), "what it did before stays");

        assert_eq!(proxy.submit::<Option<u64>>("put", &(3u64, "ada"))$(.$wait)?.unwrap(), Some(2));
        assert_eq!(proxy.submit::<u64>("len", &())$(.$wait)?.unwrap(), 2);
        assert_eq!(proxy.submit::<(String, Vec<u8>)>("type", &("x", [0u8; 0].as_slice()))$(.$wait)?.unwrap().0, "x");
        proxy.submit::<()>("clear", &())$(.$wait)?.unwrap();
        assert!(proxy.with_consistency(Consistency::Eventual).is_empty()$(.$wait)?.unwrap());
        assert_eq!(proxy.name(), "registry");
    }};
}

#[test]
fn both_proxies_pass_one_suite() {
    for partitions in [1, 2, 16] {
        runtime().block_on(async { suite!(registry(partitions), await) });
        suite!(registry(partitions).to_sync());
        suite!(registry(partitions).to_sync().to_async().to_sync());
    }
}

#[test]
fn synchronous_proxies_work_inside_every_kind_of_runtime() {
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    current.block_on(async { suite!(registry(3).to_sync()) });
    runtime().block_on(async { suite!(registry(3).to_sync()) });
    let blocking =
        runtime().block_on(async { tokio::task::spawn_blocking(|| suite!(registry(3).to_sync())).await });
    blocking.unwrap();
    let spawned = runtime().block_on(async { tokio::spawn(async { suite!(registry(3).to_sync()) }).await });
    spawned.unwrap();
}

#[test]
fn a_task_may_make_any_number_of_blocking_calls_in_one_go() {
    runtime().block_on(async {
        let proxy = registry(4).to_sync();
        let task = tokio::spawn(async move {
            for number in 0..1_000 {
                assert_eq!(proxy.put(number, "ada".into()).unwrap(), number.checked_sub(1));
                assert_eq!(proxy.len().unwrap(), 1);
            }
        });
        task.await.unwrap();
    });
}

#[test]
fn many_tasks_share_clones_of_one_proxy() {
    runtime().block_on(async {
        let proxy = registry(4);
        let tasks: Vec<_> = (0..200u64)
            .map(|number| {
                let proxy = proxy.clone();
                tokio::spawn(async move { proxy.put(number, number.to_string()).await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), None);
        }
        assert_eq!(proxy.len().await.unwrap(), 200);
    });
}

/// A state that calls a proxy, which no state may do.
#[state_machine]
trait Caller {
    #[write]
    fn call(&mut self) -> (u16, String);
}

static WITHIN: OnceLock<SyncBlobs> = OnceLock::new();

impl Caller for () {
    fn call(&mut self) -> (u16, String) {
        let proxy = WITHIN.get().unwrap();
        let error = proxy.get(b"x").unwrap_err();
        assert_eq!(proxy.submit::<Vec<u8>>("get", &(&[0u8][..],)).unwrap_err().code(), error.code());
        (error.code(), error.to_string())
    }
}

#[test]
fn a_blocking_call_on_a_thread_of_the_node_is_an_error() {
    let (blobs, _) = local::open::<SyncBlobs, _>("blobs", 1, Store::default).unwrap();
    WITHIN.set(blobs).unwrap();
    let (caller, _) = local::open::<SyncCaller, _>("caller", 1, || ()).unwrap();
    let (code, text) = caller.call().unwrap();
    assert_eq!(code, 101);
    assert!(text.starts_with("`get` of `blobs`: a blocking call on a thread of the node"), "{text}");
}

const KEY_MAX: usize = 64 << 10;
const BODY_MAX: usize = 4 << 20;
const RESULT_MAX: usize = BODY_MAX + KEY_MAX;

#[test]
fn empty_keys_and_values_and_the_largest_ones_work() {
    let (blobs, _) = local::open::<SyncBlobs, _>("blobs", 2, Store::default).unwrap();
    assert_eq!(blobs.put(b"", b"").unwrap(), 0);
    assert_eq!(blobs.get(b"").unwrap(), b"");
    // A length of up to 250 takes one byte, up to 65,535 three, above that five.
    let key = vec![1; KEY_MAX - 3];
    assert_eq!(blobs.put(&key, b"x").unwrap(), 1);
    assert_eq!(blobs.get(&key).unwrap(), b"x");
    let value = vec![2; BODY_MAX - 1 - 5 - 4096];
    assert_eq!(blobs.put(b"", &value).unwrap(), value.len() as u64);
    assert_eq!(blobs.get(b"").unwrap(), value);
}

#[test]
fn commands_of_exactly_the_largest_size_are_applied() {
    let (blobs, _) = local::open::<SyncBlobs, _>("blobs", 2, Store::default).unwrap();
    let value = vec![2; BODY_MAX - 1 - 5];
    assert_eq!(blobs.put(b"", &value).unwrap(), value.len() as u64);
    let key = vec![1; KEY_MAX - 3];
    let value = vec![2; BODY_MAX - KEY_MAX - 5];
    assert_eq!(blobs.put(&key, &value).unwrap(), value.len() as u64);
    // Each number takes one byte on the wire and eight in memory.
    let numbers = vec![7; BODY_MAX - 5];
    assert_eq!(blobs.numbers(&numbers).unwrap(), numbers.len() as u64);
    assert_eq!(blobs.zeros(BODY_MAX as u64 - 5).unwrap().len(), BODY_MAX - 5);
}

#[test]
fn one_byte_too_many_is_refused_before_it_is_sent() {
    let (blobs, _) = local::open::<SyncBlobs, _>("blobs", 2, Store::default).unwrap();
    let error = blobs.put(&vec![1; KEY_MAX - 3 + 1], b"x").unwrap_err();
    assert_eq!((error.code(), error.outcome(), error.is_retryable()), (13, Outcome::NotApplied, false));
    assert!(error.to_string().contains("the key takes 65537 bytes, the limit is 65536"), "{error}");
    let error = blobs.put(b"", &vec![2; BODY_MAX - 1 - 5 + 1]).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (13, Outcome::NotApplied));
    assert!(error.to_string().contains("the command takes 4194305 bytes, the limit is 4194304"), "{error}");
    let error = blobs.submit::<u64>("put", &(vec![1u8; KEY_MAX], "")).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (13, Outcome::NotApplied));
}

#[test]
fn a_result_that_is_too_large_is_an_error_that_says_so() {
    let (blobs, _) = local::open::<SyncBlobs, _>("blobs", 1, Store::default).unwrap();
    assert_eq!(blobs.zeros(RESULT_MAX as u64 - 5).unwrap().len(), RESULT_MAX - 5);
    let error = blobs.zeros(RESULT_MAX as u64 - 4).unwrap_err();
    assert_eq!((error.code(), error.outcome()), (14, Outcome::NotApplied), "a read applies nothing");
}

#[test]
fn wrong_submissions_are_told_apart_and_send_nothing() {
    let proxy = registry(2).to_sync();
    let refused = |error: Error, code: u16, text: &str| {
        assert_eq!((error.code(), error.outcome()), (code, Outcome::NotApplied), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    refused(proxy.submit::<()>("putt", &()).unwrap_err(), 10, "`registry` has no command `putt`");
    refused(proxy.submit::<()>("again", &(1u64,)).unwrap_err(), 10, "has no command `again`");
    let shape = "`put` of `registry`: the arguments do not fit; give one tuple of (value, key)";
    refused(proxy.submit::<()>("put", &()).unwrap_err(), 12, shape);
    refused(proxy.submit::<()>("put", &(1u64,)).unwrap_err(), 12, shape);
    refused(proxy.submit::<()>("put", &(1u64, "ada", 3u8)).unwrap_err(), 12, shape);
    let other = "the argument `value` does not fit: a text where u64 is expected";
    refused(proxy.submit::<()>("put", &("ada", 1u64)).unwrap_err(), 12, other);
    refused(proxy.submit::<()>("put", &7u64).unwrap_err(), 12, shape);
    refused(proxy.submit::<()>("put", &vec![1u64, 2]).unwrap_err(), 12, shape);
    assert!(proxy.is_empty().unwrap());
    // A result that would be read as another value is refused before the command is carried out.
    let text = "the result is Option<u64>, and was asked for as (u64, u64) ((u64, u64)); nothing was sent";
    refused(proxy.submit::<(u64, u64)>("put", &(1u64, "ada")).unwrap_err(), 12, text);
    let signed =
        "the result is Option<u64>, and was asked for as core::option::Option<i64> (i64); nothing was sent";
    refused(proxy.submit::<Option<i64>>("put", &(1u64, "ada")).unwrap_err(), 12, signed);
    assert!(proxy.submit::<u64>("put", &(1u64, "ada")).is_err(), "an option is no number");
    assert!(proxy.is_empty().unwrap());
    assert_eq!(proxy.submit::<Option<u64>>("put", &(1u64, "ada")).unwrap(), None);
    assert_eq!(proxy.get(&"ada".into()).unwrap(), Some(1));
}

#[test]
fn the_table_says_what_the_author_said() {
    let method = |name: &str| {
        *<RegistryCommands<String, u64>>::METHODS.iter().find(|method| method.name == name).unwrap()
    };
    let put = method("put");
    assert_eq!(
        (put.kind, put.route, put.key, put.arguments),
        (Kind::Write, Route::Key, Some(1), &["value", "key"][..])
    );
    assert_eq!((put.id, put.supersedes), (MethodId::of("put"), &[MethodId::of("put"), MethodId(0x1d)][..]));
    assert_eq!((method("remove").kind, method("remove").id), (Kind::Delete, MethodId(0x1d)));
    assert_eq!((method("claim").kind, method("claim").route), (Kind::Write, Route::Key));
    assert_eq!((method("clear").route, method("type").route), (Route::All, Route::Single));
    assert_eq!(
        (method("is_empty").consistency, method("len").consistency),
        (Consistency::Lease, Consistency::Strict)
    );
    fn spread<C: Partitioned>() {}
    spread::<RegistryCommands<String, u64>>();
}

#[test]
fn the_state_is_plain_rust_without_any_cluster() {
    let mut table = Table::default();
    table.put(1u64, "ada");
    assert_eq!((table.len(), table.get(&"ada")), (1, Some(1)));
    assert_eq!(Store::default().zeros(3), [0; 3]);
}

/// The user's own methods take precedence over those of the framework.
#[state_machine]
trait Named {
    #[read]
    fn name(&self) -> u64;
    #[read]
    fn to_sync(&self) -> u64;
    #[read]
    fn client(&self) -> u64;
    #[read]
    fn clone(&self) -> u64;
}

impl Named for u64 {
    fn name(&self) -> u64 {
        *self
    }
    fn to_sync(&self) -> u64 {
        self + 1
    }
    fn client(&self) -> u64 {
        self + 2
    }
    fn clone(&self) -> u64 {
        self + 3
    }
}

#[test]
fn a_users_method_wins_over_the_frameworks() {
    runtime().block_on(async {
        let (named, _) = local::open::<AsyncNamed, _>("named", 1, || 40).unwrap();
        assert_eq!((named.name().await.unwrap(), named.to_sync().await.unwrap()), (40, 41));
        assert_eq!((named.client().await.unwrap(), named.clone().await.unwrap()), (42, 43));
        assert_eq!(Proxy::name(&named), "named");
        assert_eq!(AsyncProxy::to_sync(&named).name().unwrap(), 40);
    });
}

#[test]
fn futures_of_the_asynchronous_proxy_can_be_sent() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    runtime().block_on(async {
        let (blobs, _) = local::open::<AsyncBlobs, _>("blobs", 1, Store::default).unwrap();
        sendable(blobs.put(b"a", b"b")).await.unwrap();
        // Arguments are encoded at the call, so even arguments that cannot be sent between threads work.
        let here_only = std::rc::Rc::new(5u8);
        let found = sendable(blobs.submit::<Vec<u8>>("get", &(&[*here_only][..],))).await.unwrap();
        assert_eq!(found, b"");
        let registry: SyncRegistry<String, u64> = registry(1).to_sync();
        std::thread::spawn(move || registry.is_empty().unwrap()).join().unwrap();
    });
}

#[test]
fn the_thread_ends_with_the_last_proxy() {
    let (blobs, thread) = local::open::<SyncBlobs, _>("blobs", 1, Store::default).unwrap();
    let other = blobs.to_async().to_sync();
    drop(blobs);
    assert_eq!(other.get(b"").unwrap(), b"");
    drop(other);
    thread.join().unwrap();
}
