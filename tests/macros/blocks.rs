//! Tests services made from an `impl` block, without a trait.

use copycat::__private::local;
use copycat::prelude::*;
use copycat::{Cluster, Commands, Copycat, Kind, Member, MemoryNetwork, MethodId, Route, Storage};
use ledger::{AsyncLedger, Ledger, LedgerCommands, Overdrawn};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod ledger {
    use copycat::prelude::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    /// The account does not hold enough.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub(crate) struct Overdrawn {
        pub(crate) missing: u64,
    }

    /// Accounts and their balances.
    #[derive(Default, Serialize, Deserialize)]
    pub(crate) struct Ledger {
        accounts: BTreeMap<String, u64>,
    }

    #[state_machine]
    impl Ledger {
        const FEE: u64 = 1;

        /// Creates a ledger with one account.
        pub(crate) fn with(account: &str, cents: u64) -> Self {
            let mut ledger = Self::default();
            ledger.set(account, cents);
            ledger
        }

        #[write]
        pub(crate) fn deposit(&mut self, #[key] account: &str, cents: u64) -> u64 {
            self.set(account, self.balance(account) + cents)
        }

        #[write]
        pub(crate) fn withdraw(&mut self, cents: u64, #[key] account: &str) -> Result<u64, Overdrawn> {
            let (held, needed) = (self.balance(account), cents + Self::FEE);
            let left = held.checked_sub(needed).ok_or(Overdrawn { missing: needed - held.min(needed) })?;
            Ok(self.set(account, left))
        }

        #[read(consistency = lease)]
        pub(crate) fn balance(&self, #[key] account: &str) -> u64 {
            self.accounts.get(account).copied().unwrap_or_default()
        }

        #[read(merge = sum)]
        pub(crate) fn total(&self) -> u64 {
            self.accounts.values().sum()
        }

        #[read(merge = Self::richer)]
        pub(crate) fn richest(&self) -> Option<(u64, String)> {
            self.accounts.iter().map(|(account, cents)| (*cents, account.clone())).max()
        }

        #[delete(supersedes(deposit, withdraw), id = 0x1d)]
        pub(crate) fn close(&mut self, #[key] account: &str) -> Option<u64> {
            self.accounts.remove(account)
        }

        #[write(all)]
        fn clear(&mut self) {
            self.accounts.clear();
        }

        fn set(&mut self, account: &str, cents: u64) -> u64 {
            self.accounts.insert(account.to_owned(), cents);
            cents
        }

        fn richer(left: Option<(u64, String)>, right: Option<(u64, String)>) -> Option<(u64, String)> {
            left.max(right)
        }
    }

    /// Calls a method that only the module's own code can see.
    pub(super) fn clear(ledger: &SyncLedger) -> Result<(), Error> {
        ledger.clear()
    }
}

fn ledger(partitions: u32) -> AsyncLedger {
    local::open("ledger", partitions, Ledger::default).unwrap().0
}

/// The suite that both proxies pass; `$wait` is `.await` for the asynchronous one and nothing for the other.
macro_rules! suite {
    ($proxy:expr $(, $wait:ident)?) => {{
        let ledger = $proxy;
        assert_eq!(ledger.richest()$(.$wait)?.unwrap(), None);
        assert_eq!(ledger.deposit("ada", 100)$(.$wait)?.unwrap(), 100);
        assert_eq!(ledger.deposit("bob", 7)$(.$wait)?.unwrap(), 7);
        assert_eq!(ledger.withdraw(9, "ada")$(.$wait)?.unwrap(), Ok(90));
        assert_eq!(ledger.withdraw(9, "bob")$(.$wait)?.unwrap(), Err(Overdrawn { missing: 3 }));
        assert_eq!(ledger.balance("ada")$(.$wait)?.unwrap(), 90);
        assert_eq!(ledger.total()$(.$wait)?.unwrap(), 97);
        assert_eq!(ledger.richest()$(.$wait)?.unwrap(), Some((90, "ada".into())));
        assert_eq!(ledger.submit::<u64>("deposit", &("eve", 1u64))$(.$wait)?.unwrap(), 1);
        assert_eq!(ledger.submit::<Option<(u64, String)>>("richest", &())$(.$wait)?.unwrap().unwrap().0, 90);
        assert_eq!(ledger.submit::<()>("set", &("eve", 1u64))$(.$wait)?.unwrap_err().code(), 10, "a helper");
        assert_eq!(ledger.close("eve")$(.$wait)?.unwrap(), Some(1));
        assert_eq!(ledger.total()$(.$wait)?.unwrap(), 97);
    }};
}

#[test]
fn both_proxies_pass_one_suite() {
    for partitions in [1, 2, 16] {
        crate::runtime().block_on(async { suite!(ledger(partitions), await) });
        let blocking = ledger(partitions).to_sync();
        suite!(&blocking);
        ledger::clear(&blocking).unwrap();
        assert_eq!(blocking.total().unwrap(), 0, "{partitions} partitions are cleared");
    }
}

#[test]
fn a_member_keeps_it_in_one_group_or_in_several() {
    crate::runtime().block_on(async {
        let cluster =
            Cluster::builder().with_member_id(1).add_seed(Member::new(1, "ledger:1")).build().unwrap();
        let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
        let copycat = member.with_memory_network(&MemoryNetwork::new()).open().await.unwrap();
        let ledger: AsyncLedger = copycat.state_machine("ledger", Ledger::default).open().await.unwrap();
        suite!(ledger, await);
        let spread = copycat.state_machine("spread", Ledger::default).with_partitions(4);
        let spread: AsyncLedger = spread.open().await.unwrap();
        suite!(spread, await);
        let begun = copycat.state_machine("begun", || Ledger::with("ada", 5));
        let begun: AsyncLedger = begun.open().await.unwrap();
        assert_eq!(begun.balance("ada").await.unwrap(), 5);
        copycat.close().await;
    });
}

#[test]
fn the_state_is_plain_rust_without_any_cluster() {
    let mut ledger = Ledger::with("ada", 5);
    assert_eq!((ledger.deposit("ada", 2), ledger.balance("bob"), ledger.total()), (7, 0, 7));
    assert_eq!(ledger.close("ada"), Some(7));
}

#[test]
fn the_table_says_what_the_author_said() {
    let names: Vec<_> = LedgerCommands::METHODS.iter().map(|method| method.name).collect();
    assert_eq!(names, ["deposit", "withdraw", "balance", "total", "richest", "close", "clear"]);
    let method = |name: &str| *LedgerCommands::METHODS.iter().find(|method| method.name == name).unwrap();
    let withdraw = method("withdraw");
    assert_eq!((withdraw.kind, withdraw.route, withdraw.key), (Kind::Write, Route::Key, Some(1)));
    assert_eq!(method("balance").consistency, Consistency::Lease);
    assert_eq!((method("close").kind, method("close").id), (Kind::Delete, MethodId(0x1d)));
    assert_eq!(method("close").supersedes, [MethodId::of("deposit"), MethodId::of("withdraw")]);
    assert_eq!((method("total").route, method("clear").route), (Route::All, Route::All));
}

/// A block with type parameters.
#[derive(Default, Serialize, Deserialize)]
#[serde(
    bound = "K: Ord + Serialize + serde::de::DeserializeOwned, V: Serialize + serde::de::DeserializeOwned"
)]
struct Store<K, V>(BTreeMap<K, V>);

#[state_machine]
impl<K: Ord, V> Store<K, V>
where
    V: Clone,
{
    fn empty() -> Self {
        Store(BTreeMap::new())
    }
    #[write]
    fn put(&mut self, #[key] key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }
    #[read]
    fn get(&self, #[key] key: &K) -> Option<V> {
        self.0.get(key).cloned()
    }
    #[read(merge = sum)]
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// One instance of a type with parameters. Another block of the type is no state machine.
struct Pair<L, R>(L, R);

impl<L, R> Pair<L, R> {
    fn left(&self) -> &L {
        &self.0
    }
}

#[state_machine]
impl Pair<String, u64> {
    #[write(single)]
    fn set(&mut self, left: &str, right: u64) -> String {
        self.1 = right;
        std::mem::replace(&mut self.0, left.to_owned())
    }
    #[read(single)]
    fn shown(&self) -> String {
        format!("{} {}", self.left(), self.1)
    }
}

#[test]
fn blocks_with_parameters_and_blocks_for_one_instance() {
    let (store, _) = local::open::<SyncStore<String, Vec<u8>>, _>("store", 3, Store::empty).unwrap();
    assert_eq!(store.put("a".into(), vec![1]).unwrap(), None);
    assert_eq!(store.put("a".into(), vec![2]).unwrap(), Some(vec![1]));
    assert_eq!(store.put("b".into(), vec![]).unwrap(), None);
    assert_eq!((store.get(&"a".into()).unwrap(), store.len().unwrap()), (Some(vec![2]), 2));
    let (pair, _) = local::open::<SyncPair, _>("pair", 1, || Pair("old".to_owned(), 7)).unwrap();
    assert_eq!(pair.set("new", 8).unwrap(), "old");
    assert_eq!(pair.to_async().to_sync().shown().unwrap(), "new 8");
}
