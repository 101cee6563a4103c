//! The check that methods are deterministic: each usual cause is planted once and found, and states that only look
//! suspicious pass. Then the same on a member.
//!
//! A test that finds no difference, or one, runs for up to a second: the check itself waits for another second of the
//! clock.
#![allow(clippy::unwrap_used, reason = "the whole file is a test; what its helpers unwrap fails it")]

use copycat::prelude::*;
use copycat::{
    Cluster, Copycat, DeterminismTest, Dispatch, Member, MemoryNetwork, Outcome, Proxy, Storage,
    assert_deterministic,
};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

/// What all planted states have.
#[derive(Default, Serialize, Deserialize)]
struct Core {
    numbers: HashMap<String, u64>,
    names: HashSet<String>,
    count: u64,
    list: Vec<String>,
    #[serde(skip)]
    cached: u64,
}

/// What a planted state does when it is written to.
trait Plant: Send + 'static {
    fn put(core: &mut Core, name: String, number: u8) -> u64;
}

#[state_machine]
trait Trial {
    #[write]
    fn put(&mut self, #[key] name: String, number: u8) -> u64;
}

#[state_machine]
trait ReadTrial {
    #[write]
    fn put(&mut self, #[key] name: String, number: u8) -> u64;
    #[read]
    fn names(&self) -> Vec<String>;
    #[read]
    fn numbers(&self) -> HashMap<String, u64>;
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Planted<P>(Core, PhantomData<fn() -> P>);

impl<P> Default for Planted<P> {
    fn default() -> Self {
        Planted(Core::default(), PhantomData)
    }
}

impl<P: Plant> Trial for Planted<P> {
    fn put(&mut self, name: String, number: u8) -> u64 {
        P::put(&mut self.0, name, number)
    }
}

impl Core {
    fn add(&mut self, name: String, number: u8) -> u64 {
        self.count += 1;
        let sum = self.numbers.entry(name).or_default();
        *sum += u64::from(number);
        *sum
    }
}

macro_rules! planted {
    ($($plant:ident($core:ident, $name:ident, $number:ident) $body:block)*) => {$(
        struct $plant;

        impl Plant for $plant {
            fn put($core: &mut Core, $name: String, $number: u8) -> u64 $body
        }
    )*};
}

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

static ALL_CALLS: AtomicU64 = AtomicU64::new(0);
static COPIES: AtomicU64 = AtomicU64::new(0);

planted! {
    Clean(core, name, number) {
        core.names.insert(name.clone());
        core.cached += 1;
        core.add(name, number)
    }
    Nanoseconds(core, name, number) {
        core.add(name, number) + u64::from(now().subsec_nanos())
    }
    Seconds(core, name, number) {
        core.add(name, number);
        now().as_secs()
    }
    // Nothing is answered, and it begins late.
    StoredSecond(core, name, number) {
        core.add(name, number);
        if core.count == 150 {
            core.numbers.insert("second".into(), now().as_secs());
        }
        0
    }
    HashOrder(core, name, number) {
        core.add(name, number);
        core.numbers.values().fold(0, |all, number| all.wrapping_mul(31).wrapping_add(*number))
    }
    StoredHashOrder(core, name, number) {
        core.add(format!("{name}{number}"), number);
        if core.count == 100 {
            core.list = core.numbers.keys().cloned().collect();
        }
        0
    }
    Random(core, name, number) {
        core.add(name, number) + fastrand::u64(..1 << 40)
    }
    Hasher(core, name, number) {
        core.add(name, number);
        RandomState::new().hash_one(number)
    }
    Address(core, name, number) {
        core.add(name, number);
        std::ptr::from_ref(&*Box::new(number)) as usize as u64
    }
    Thread(core, name, number) {
        core.add(name, number);
        format!("{:?}", thread::current().id()).len() as u64 + RandomState::new().hash_one(thread::current().id())
    }
    Skipped(core, name, number) {
        core.add(name, number);
        core.cached += 1;
        core.cached
    }
    Static(core, name, number) {
        core.add(name, number);
        ALL_CALLS.fetch_add(1, Ordering::Relaxed)
    }
    PanicsOnce(core, name, number) {
        CALLS.set(CALLS.get() + 1);
        if CALLS.get() == 70 {
            assert_eq!(COPIES.fetch_add(1, Ordering::Relaxed), 0, "only the second copy panics");
        }
        core.add(name, number)
    }
    AlwaysPanics(core, name, number) {
        let sum = core.add(name, number);
        assert!(number.is_multiple_of(2), "both copies panic");
        sum
    }
}

/// Returns what the test says, if it fails.
fn said<P, S, F>(test: DeterminismTest<P, F>) -> Option<String>
where
    P: Proxy<Commands: Dispatch<S>>,
    S: Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> S + Sync,
{
    let panic = catch_unwind(AssertUnwindSafe(|| test.run())).err()?;
    Some(*panic.downcast::<String>().expect("a text"))
}

fn found<P: Plant>() -> String {
    said(DeterminismTest::<AsyncTrial, _>::new(Planted::<P>::default).with_seed(3)).expect("a difference")
}

/// Checks that a message names the command with this number, and contains the parts.
fn names(text: &str, number: u64, parts: &[&str]) {
    let begin = format!("the methods of `Trial` are not deterministic: command {number} of 2001 ");
    assert!(text.starts_with(&begin), "{text}");
    assert!(
        text.contains("\n  command: put {\"name\":\"") && text.contains("Usual causes: the clock"),
        "{text}"
    );
    assert!(text.ends_with("The seed is 3."), "{text}");
    parts.iter().for_each(|part| assert!(text.contains(part), "{text}"));
}

#[test]
fn the_clock_is_found() {
    names(&found::<Nanoseconds>(), 1, &["answered differently", "\n  answers: "]);
    let text = found::<Seconds>();
    names(&text, 1, &["answered differently"]);
    assert!(text.contains(&format!(", and {}", now().as_secs() / 1_000)), "{text}");
}

#[test]
fn a_clock_in_the_state_is_found_where_it_was_read() {
    names(&found::<StoredSecond>(), 150, &["left two states", "\n  states: at .0.numbers[\"second\"]: "]);
}

#[test]
fn the_order_of_a_hash_map_is_found() {
    let text = found::<HashOrder>();
    assert!(text.contains("answered differently"), "{text}");
    names(&found::<StoredHashOrder>(), 100, &["left two states", "at .0.list: [", "and their order is not"]);
}

#[test]
fn random_numbers_hashers_addresses_and_threads_are_found() {
    for text in
        [found::<Random>(), found::<Hasher>(), found::<Address>(), found::<Thread>(), found::<Static>()]
    {
        names(&text, 1, &["answered differently"]);
    }
}

#[test]
fn what_serde_skips_is_found() {
    // The new state is read back, and the one behind command 5.
    names(&found::<Skipped>(), 6, &["answers: 6, and 1"]);
}

#[test]
fn a_panic_in_one_copy_is_found_and_one_in_both_is_an_answer() {
    names(&found::<PanicsOnce>(), 70, &["the error `the method panicked`"]);
    assert_eq!(
        said(DeterminismTest::<AsyncTrial, _>::new(Planted::<AlwaysPanics>::default).with_commands(200)),
        None
    );
}

#[test]
fn a_new_state_that_differs_is_found() {
    let init = || {
        let mut state = Planted::<Clean>::default();
        state.0.count = now().as_nanos() as u64;
        state
    };
    let text = said(DeterminismTest::<AsyncTrial, _>::new(init)).unwrap();
    assert!(text.starts_with("two new states for `Trial` differ\n  states: at .0.count: "), "{text}");
}

#[test]
fn hash_maps_and_hash_sets_in_a_state_pass() {
    assert_deterministic::<AsyncTrial, _>(Planted::<Clean>::default);
    DeterminismTest::<SyncTrial, _>::new(Planted::<Clean>::default).with_commands(10_000).run();
}

#[test]
fn collections_and_ledgers_pass() {
    use copycat_collections::{
        AsyncBoolean, AsyncList, AsyncLong, AsyncMap, AsyncMultiMap, AsyncReference, AsyncSet, Collection,
    };
    fn pass<P: Collection>() {
        assert_deterministic::<P, P::State>(P::State::default);
    }
    thread::scope(|scope| {
        scope.spawn(pass::<AsyncMap<String, u64>>);
        scope.spawn(pass::<AsyncMap<(u8, String), Option<Vec<char>>>>);
        scope.spawn(pass::<AsyncMultiMap<String, u64>>);
        scope.spawn(pass::<AsyncSet<String>>);
        scope.spawn(pass::<AsyncList<String>>);
        scope.spawn(pass::<AsyncLong>);
        scope.spawn(pass::<AsyncBoolean>);
        scope.spawn(pass::<AsyncReference<BTreeSet<String>>>);
    });
}

/// A measure that brings its own codec: tenths, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tenths(u16);

impl copycat::Writable for Tenths {
    const NAME: &'static str = "Tenths";
    const CODEC: u8 = 130;

    fn write(&self, buffer: &mut Vec<u8>) {
        buffer.extend(self.0.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Tenths, copycat::MalformedValue> {
        let bytes = bytes.try_into().map_err(|_| copycat::MalformedValue("two bytes"))?;
        Ok(Tenths(u16::from_le_bytes(bytes)))
    }

    fn sample() -> Tenths {
        Tenths(0)
    }
}

copycat::writable!(Tenths);

#[state_machine]
trait Gauge {
    #[write]
    fn measure(&mut self, tenths: Tenths) -> Vec<Tenths>;
}

/// The last measures; `CLOCKED`: with one that the clock makes.
#[derive(Default, Serialize, Deserialize)]
struct Measures<const CLOCKED: bool>(Vec<Tenths>);

impl<const CLOCKED: bool> Gauge for Measures<CLOCKED> {
    fn measure(&mut self, tenths: Tenths) -> Vec<Tenths> {
        self.0.truncate(3);
        self.0.insert(0, tenths);
        if CLOCKED {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            self.0[0] = Tenths(now.as_secs() as u16);
        }
        self.0.clone()
    }
}

#[test]
fn values_in_a_codec_of_their_own_are_made_up_and_compared() {
    assert_deterministic::<AsyncGauge, _>(Measures::<false>::default);
    let text = said(DeterminismTest::<AsyncGauge, _>::new(Measures::<true>::default)).unwrap();
    assert!(text.contains("the methods of `Gauge` are not deterministic: command 1 of 2001"), "{text}");
    assert!(text.contains("measure {\"tenths\":{\"Tenths\":["), "{text}");
}

/// Reads of a state whose answers depend on the order of a hash map, or do not.
#[derive(Default, Serialize, Deserialize)]
struct Read<const SORTED: bool>(HashMap<String, u64>);

impl<const SORTED: bool> ReadTrial for Read<SORTED> {
    fn put(&mut self, name: String, number: u8) -> u64 {
        *self.0.entry(name).or_default() += u64::from(number);
        0
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.keys().cloned().collect();
        if SORTED {
            names.sort();
        }
        names
    }

    fn numbers(&self) -> HashMap<String, u64> {
        self.0.clone()
    }
}

#[test]
fn reads_are_compared_too_and_the_order_of_a_map_is_no_part_of_an_answer() {
    assert_deterministic::<AsyncReadTrial, _>(Read::<true>::default);
    let text = said(DeterminismTest::<AsyncReadTrial, _>::new(Read::<false>::default)).unwrap();
    assert!(text.contains("\n  command: names {}\n  answers: [\""), "{text}");
    assert!(text.contains("Only the order of the elements seems to differ"), "{text}");
}

/// A text that nobody guesses.
#[derive(Clone, Serialize)]
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
        match String::deserialize(from)? {
            word if word == "xyzzy" => Ok(Word(word)),
            other => Err(D::Error::custom(format!("`{other}` is not the word"))),
        }
    }
}

/// A type whose shape nobody finds out: what follows the text is never read.
#[derive(Clone, Serialize, Deserialize)]
struct Spell {
    word: Word,
    strength: u8,
}

#[state_machine]
trait Cave {
    #[write]
    fn say(&mut self, word: Word, times: u32) -> u64;
    #[write]
    fn cast(&mut self, spell: Spell) -> u64;
    #[read]
    fn said(&self) -> u64;
}

impl Cave for u64 {
    fn say(&mut self, _: Word, times: u32) -> u64 {
        *self += u64::from(times);
        *self
    }

    fn cast(&mut self, spell: Spell) -> u64 {
        *self += u64::from(spell.strength);
        *self
    }

    fn said(&self) -> u64 {
        *self
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Clocked(u64);

impl Cave for Clocked {
    fn say(&mut self, _: Word, times: u32) -> u64 {
        self.0 = now().as_nanos() as u64;
        u64::from(times)
    }

    fn cast(&mut self, spell: Spell) -> u64 {
        self.0 = now().as_nanos() as u64;
        u64::from(spell.strength)
    }

    fn said(&self) -> u64 {
        0
    }
}

#[test]
fn methods_whose_arguments_cannot_be_made_up_are_named() {
    let text = said(DeterminismTest::<AsyncCave, _>::new(u64::default)).unwrap();
    let lines = "no arguments could be made up for methods of `Cave`:\n  `say`: its types refuse all values that were \
                 tried\n  `cast`: the shape of `spell: Spell` is unknown\n";
    assert!(text.starts_with(lines) && text.contains("with_command(\"say\", "), "{text}");

    let word = Word("xyzzy".into());
    let spell = Spell { word: word.clone(), strength: 3 };
    let given = || DeterminismTest::<AsyncCave, _>::new(u64::default).with_command("say", &(word.clone(), 2));
    assert!(!said(given()).unwrap().contains("`say`"), "only the other one is left");
    given().with_command("cast", &(&spell,)).run();

    let clocked = || DeterminismTest::<AsyncCave, _>::new(Clocked::default);
    let begin = "the methods of `Cave` are not deterministic: command 1 of 2005 left two states\n  command: ";
    let text = said(clocked().with_command("say", &(&word, 2)).with_command("cast", &(&spell,))).unwrap();
    assert!(text.starts_with(begin) && text.contains("say {\"word\":\"xyzzy\",\"times\":2}\n"), "{text}");
    let text = said(clocked().with_command("cast", &(&spell,)).with_command("say", &(&word, 2))).unwrap();
    assert!(text.starts_with(begin) && text.contains("cast [5, 120, "), "{text}");
}

#[test]
fn a_command_that_does_not_fit_is_refused_at_once() {
    let refused = |method: &str, arguments: (&str, u32)| {
        let test = DeterminismTest::<AsyncTrial, _>::new(Planted::<Clean>::default);
        let panic =
            catch_unwind(AssertUnwindSafe(|| drop(test.with_command(method, &arguments)))).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    assert_eq!(refused("take", ("ada", 1)), "`Trial` has no method `take`");
    let text = refused("put", ("ada", 256));
    assert!(text.starts_with("the arguments do not fit `put`: ") && text.contains("256"), "{text}");
}

/// A ledger whose cents a person may see, to run on a member.
#[state_machine]
trait Shop {
    #[write]
    fn sell(&mut self, #[key] item: String, cents: u64) -> u64;
    #[write]
    fn stamp(&mut self, #[key] item: String) -> u64;
    #[read]
    fn all(&self, #[key] from: String) -> Vec<String>;
    #[read]
    fn sum(&self, #[key] item: String) -> u64;
}

#[derive(Default, Serialize, Deserialize)]
struct Till {
    sums: BTreeMap<String, u64>,
    seen: HashSet<String>,
}

impl Shop for Till {
    fn sell(&mut self, item: String, cents: u64) -> u64 {
        self.seen.insert(item.clone());
        let sum = self.sums.entry(item).or_default();
        *sum += cents;
        *sum
    }

    fn stamp(&mut self, item: String) -> u64 {
        self.sums.insert(item, now().as_nanos() as u64);
        0
    }

    fn all(&self, from: String) -> Vec<String> {
        self.seen.iter().filter(|name| **name >= from).cloned().collect()
    }

    fn sum(&self, item: String) -> u64 {
        self.sums.get(&item).copied().unwrap_or(0)
    }
}

async fn member(network: &MemoryNetwork) -> Copycat {
    let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "one:1")).build().unwrap();
    let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
    member.with_memory_network(network).open().await.unwrap()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn on_a_member_a_write_that_leaves_two_states_halts_its_group_and_no_other() {
    run(async {
        let member = member(&MemoryNetwork::new()).await;
        let checked: AsyncShop =
            member.state_machine("checked", Till::default).with_determinism_check().open().await.unwrap();
        let free: AsyncShop = member.state_machine("free", Till::default).open().await.unwrap();
        for item in 0..7 {
            assert_eq!(checked.sell(item.to_string(), 5).await.unwrap(), 5);
        }
        // The eighth command: the states are compared behind it.
        let error = checked.stamp("clock".into()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert!(error.to_string().contains("a method is not deterministic"), "{error}");
        assert!(checked.sell("tea".into(), 5).await.is_err() && checked.sum("tea".into()).await.is_err());

        assert_eq!(free.stamp("clock".into()).await.unwrap(), 0);
        assert_eq!(free.sell("tea".into(), 5).await.unwrap(), 5);
        assert!(free.sum("clock".into()).await.unwrap() > 0);
        member.close().await;
    });
}

#[test]
fn on_a_member_a_read_with_two_answers_halts_its_partition() {
    run(async {
        let member = member(&MemoryNetwork::new()).await;
        let shop = member.state_machine("shop", Till::default).with_partitions(2).with_determinism_check();
        let shop: AsyncShop = shop.open().await.unwrap();
        for item in 0..100 {
            shop.sell(item.to_string(), 5).await.unwrap();
        }
        assert_eq!(shop.sum("7".into()).await.unwrap(), 5);
        assert_eq!(shop.all("7".into()).await.unwrap_err().outcome(), Outcome::NotApplied);
        let (mut answered, mut halted) = (0, 0);
        for item in 0..100 {
            match shop.sum(item.to_string()).await {
                Ok(sum) => answered += sum / 5,
                Err(error) => halted += u64::from(error.to_string().contains("is not deterministic")),
            }
        }
        assert!(answered > 0 && halted > 0 && answered + halted == 100, "{answered} and {halted}");
        member.close().await;
    });
}
