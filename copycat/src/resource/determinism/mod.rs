//! Checks that the methods of a state machine are deterministic, by running them on two copies of the state.
//!
//! This folder runs methods and compares what comes of it. It never looks at their code, and changes nothing.
//!
//! In a user's test, commands are made up ([`commands`]) and run on both copies ([`copies`]); then the first difference
//! is looked for ([`verdict`]). On a member, [`twin`] runs each command on both copies. Begin with [`states`], which says
//! when two copies are equal.

mod answers;
mod commands;
mod copies;
mod states;
mod tree;
mod tree_builder;
pub(crate) mod twin;
mod verdict;

use super::commands::Commands;
use super::dispatch::Dispatch;
use super::encoding::Encoders;
use super::proxy::Proxy;
use super::schema::{Found, schema_of};
use super::tuple;
use crate::error::CommandsError;
use commands::TestCommand;
use copies::Plan;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The number of commands that are made up, unless another is set.
const COMMANDS: usize = 2_000;

/// Checks in a test that the methods of a state machine are deterministic.
///
/// Every member applies the same commands, and applies them again when it replays its log. So a method must do the same
/// each time, or the copies of the state differ. This runs 2,000 commands on two states that `init` creates, and
/// compares all answers, and the states again and again. The commands are made up from the types of the arguments, and
/// are the same in each run.
///
/// ```
/// # use copycat::state_machine;
/// # use serde::{Deserialize, Serialize};
/// # use std::collections::BTreeMap;
/// # #[state_machine]
/// # pub trait Bank {
/// #     #[write]
/// #     fn deposit(&mut self, #[key] account: String, cents: u32) -> u64;
/// # }
/// # #[derive(Default, Serialize, Deserialize)]
/// # struct Ledger(BTreeMap<String, u64>);
/// # impl Bank for Ledger {
/// #     fn deposit(&mut self, account: String, cents: u32) -> u64 {
/// #         let balance = self.0.entry(account).or_default();
/// #         *balance += u64::from(cents);
/// #         *balance
/// #     }
/// # }
/// // In a function marked `#[test]`:
/// copycat::assert_deterministic::<AsyncBank, _>(Ledger::default);
/// ```
///
/// [`DeterminismTest`] does the same with commands of your own, with other seeds, and with more commands.
///
/// # What is noticed
///
/// The copies live on two threads, in two places of memory. Their hash maps have different hashers. The second copy runs
/// when the first one is done and a new second of the wall clock has begun: this waits for at most one second. Now and
/// then the second copy is written and read back. So it is noticed if an answer or the state depends on the clock, on
/// random numbers, on the order of a `HashMap`, on an address, on the thread, on a counter outside of the state, or on
/// a field that serde skips. A `HashMap` or a `HashSet` in the state is fine as long as nothing depends on its order. In an
/// answer, the order of a map does not count, and that of a list does; a `HashSet` is sent as a list. A panic is an
/// answer: both copies must panic. It is printed as usual.
///
/// The same keys come again and again, so that states grow. Some numbers are at the edges of their types: a method that
/// counts up to an argument may take forever here, as it would on the members.
///
/// The same on both copies, and so *not* noticed, are environment variables, files, the machine and its floating-point
/// functions, minutes and dates of the clock, and whatever only commands show that were not made up.
///
/// # Panics
///
/// If the copies differ, with the first command that shows it; if no command of a method can be made up, because the
/// types of its arguments are unknown or refuse most values ([`DeterminismTest::with_command`] helps); if a type of the
/// commands can never be decoded; if the state cannot be written and read back.
#[track_caller]
pub fn assert_deterministic<P, S>(init: impl Fn() -> S + Sync)
where
    P: Proxy<Commands: Dispatch<S>>,
    S: Serialize + DeserializeOwned + Send + 'static,
{
    DeterminismTest::<P, _>::new(init).run();
}

/// A test like [`assert_deterministic`], with settings.
///
/// ```
/// # use copycat::state_machine;
/// # use serde::{Deserialize, Serialize};
/// # use std::collections::BTreeMap;
/// # #[state_machine]
/// # pub trait Bank {
/// #     #[write]
/// #     fn deposit(&mut self, #[key] account: String, cents: u32) -> u64;
/// #     #[delete]
/// #     fn close(&mut self, #[key] account: &str) -> Option<u64>;
/// # }
/// # #[derive(Default, Serialize, Deserialize)]
/// # struct Ledger(BTreeMap<String, u64>);
/// # impl Bank for Ledger {
/// #     fn deposit(&mut self, account: String, cents: u32) -> u64 {
/// #         let balance = self.0.entry(account).or_default();
/// #         *balance += u64::from(cents);
/// #         *balance
/// #     }
/// #     fn close(&mut self, account: &str) -> Option<u64> {
/// #         self.0.remove(account)
/// #     }
/// # }
/// use copycat::DeterminismTest;
///
/// DeterminismTest::<AsyncBank, _>::new(Ledger::default)
///     .with_command("deposit", &("reserve", 1_000_000))
///     .with_command("close", &("reserve",))
///     .with_seed(7)
///     .with_commands(500)
///     .run();
/// ```
#[must_use = "nothing is tested until `run` is called"]
pub struct DeterminismTest<P, F> {
    init: F,
    encoders: Encoders,
    given: Vec<TestCommand>,
    seed: u64,
    commands: usize,
    proxy: PhantomData<fn() -> P>,
}

impl<P, F> fmt::Debug for DeterminismTest<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("DeterminismTest");
        shown.field("seed", &self.seed).field("commands", &self.commands).finish_non_exhaustive()
    }
}

impl<P: Proxy, F> DeterminismTest<P, F> {
    /// Begins a test of the methods behind a proxy, on states that `init` creates.
    ///
    /// # Panics
    ///
    /// If a type of the commands can never be decoded.
    #[track_caller]
    pub fn new(init: F) -> DeterminismTest<P, F> {
        let Found { schema, flaws, .. } = schema_of::<P::Commands>();
        if !flaws.is_empty() {
            panic!("{}", CommandsError::Undecodable(flaws));
        }
        let encoders = Encoders::new(schema.name.as_str().into(), Arc::new(schema));
        let (given, proxy) = (Vec::new(), PhantomData);
        DeterminismTest { init, encoders, given, seed: 1, commands: COMMANDS, proxy }
    }

    /// Adds a command, with its arguments as a tuple. The commands that are given run first, in their order. They run
    /// again among those that are made up. A method needs one if its arguments cannot be made up, or if those that are
    /// made up do not make it do anything.
    ///
    /// # Panics
    ///
    /// If no method has the name, or the arguments do not fit it.
    #[track_caller]
    pub fn with_command<A: Serialize + ?Sized>(mut self, method: &str, arguments: &A) -> Self {
        let methods = P::Commands::METHODS;
        let Some(at) = methods.iter().position(|known| known.name == method) else {
            panic!("`{}` has no method `{method}`", P::Commands::NAME);
        };
        let encoder = self.encoders.of(methods[at].id, methods[at].name);
        match tuple::encode(&methods[at], encoder, arguments) {
            Ok(arguments) => {
                let (body, key_len) = (arguments.body, arguments.key_len);
                self.given.push(TestCommand { method: at, body, key_len });
            }
            Err(error) => panic!("the arguments do not fit `{method}`: {error}"),
        }
        self
    }

    /// Sets the seed of the commands that are made up, default 1. The same seed gives the same commands.
    pub fn with_seed(self, seed: u64) -> Self {
        DeterminismTest { seed, ..self }
    }

    /// Sets the number of commands that are made up, default 2,000. There is one more of each method, so that each of
    /// them runs.
    pub fn with_commands(self, commands: usize) -> Self {
        DeterminismTest { commands, ..self }
    }

    /// Runs the test.
    ///
    /// # Panics
    ///
    /// The reasons of [`assert_deterministic`].
    #[track_caller]
    pub fn run<S>(self)
    where
        P: Proxy<Commands: Dispatch<S>>,
        S: Serialize + DeserializeOwned + Send + 'static,
        F: Fn() -> S + Sync,
    {
        if let Err(problem) = self.check() {
            panic!("{problem}");
        }
    }

    fn check<S>(self) -> Result<(), String>
    where
        P: Proxy<Commands: Dispatch<S>>,
        S: Serialize + DeserializeOwned + Send + 'static,
        F: Fn() -> S + Sync,
    {
        let DeterminismTest { init, encoders, given, seed, commands, .. } = self;
        let schema = encoders.schema();
        let commands = commands::commands(P::Commands::METHODS, schema, &given, commands, seed);
        let commands = commands.map_err(|unknown| {
            let lines = unknown.iter().map(|at| {
                let method = &schema.methods[*at];
                format!("\n  `{}`: {}", method.name, commands::obstacle(method))
            });
            format!(
                "no arguments could be made up for methods of `{}`:{}\nGive commands of your own: \
                 `DeterminismTest::new(…).with_command(\"{}\", &(…)).run()`.",
                schema.name,
                lines.collect::<String>(),
                schema.methods[unknown[0]].name
            )
        })?;
        let plan = Plan { schema: Arc::new(schema.clone()), commands, window: 0..0 };
        match verdict::difference::<P::Commands, S, F>(&init, plan) {
            None => Ok(()),
            Some(difference) => Err(format!("{difference} The seed is {seed}.")),
        }
    }
}
