//! Procedural macros of `copycat`: `#[state_machine]` and its marks.
//!
//! Users meet them through `copycat` itself. Begin reading with `state_machine`, whose files are its
//! steps: item, parse, model, check, expand.

mod state_machine;
mod support;

use proc_macro::TokenStream;

/// Turns a trait, or a type's own `impl` block, into a replicated service.
///
/// What it stands on stays what it was: plain Rust, which you test without any cluster. Beside it appear two
/// proxies, whose methods run on the replicas and return `Result<T, copycat::Error>`, and the table of the commands.
///
/// | on | appear | the commands are | they run on |
/// |---|---|---|---|
/// | `trait Bank` | `AsyncBank`, `SyncBank`, `BankCommands` | all methods but helpers | every type that implements the trait |
/// | `impl Ledger` | `AsyncLedger`, `SyncLedger`, `LedgerCommands` | the methods with a mark | that type |
///
/// In an `impl` block every method has a body, so each command there has a mark; the rest of the block
/// (constructors, constants, helpers) is left alone. A proxy's method has the visibility of the method; the types
/// have that of the most visible command. An `impl<K: Ord, V> Store<K, V>` gets an `AsyncStore<K, V>`, with the
/// parameters in the order of the `impl`; an `impl Store<String, u64>` gets an `AsyncStore` without any.
///
/// ```ignore
/// #[state_machine]
/// impl Ledger {
///     #[write]
///     pub fn deposit(&mut self, #[key] account: String, cents: u64) -> u64 {
///         let balance = self.0.entry(account).or_default();
///         *balance += cents;
///         *balance
///     }
/// }
///
/// let ledger: AsyncLedger = copycat.state_machine("bank", Ledger::default).open().await?;
/// ```
///
/// # Marks
///
/// | mark | method | options |
/// |---|---|---|
/// | `#[write]` | takes `&mut self`, goes through the log | `supersedes(…)`, `all`, `merge = …`, `single`, `id = …` |
/// | `#[delete]` | a write that leaves a tombstone for its key | the same |
/// | `#[read]` | takes `&self`, never in the log | `consistency = …`, `merge = …`, `all`, `single`, `id = …` |
/// | `#[key]` | on the argument that decides about the partition | `each` |
///
/// In a trait, a method that takes `&mut self` and has no body is a write without a mark. A method with a body and
/// without a mark is a helper of the state and is not on the proxies. A marked method of a trait may have a body as
/// well: it runs on the replica, as one step.
///
/// # Options
///
/// - `consistency = strict`, `lease` or `eventual`: what a read reflects, unless the caller chooses.
/// - `supersedes(put, remove)`: a promise that a command makes earlier commands *with the same key* of the
///   named methods dead, so that they need not be kept. One is left out only if nothing else that concerns the key
///   lies between the two: no command on it that is not named, and none on several keys or on all partitions.
/// - `#[key(each)]` on a collection of keys, by value or as a slice, `#[key(each.0)]` on one of pairs, `#[key(each.name)]`
///   on one of structs: the command is split. Each partition that some of the keys belong to gets a command with its part
///   of the collection; with `all`, the others get an empty one. It is one step in each of them, but not in all: where
///   one of several fails, the outcome is unknown. What they return must be merged, or be nothing. Without any key it
///   goes to partition 0.
/// - `all`: goes to every partition. What they return must be merged, or be nothing.
/// - `merge = sum`, `and`, `or`, `min`, `max`, `concat`, or the path of a `fn(T, T) -> T` (in an `impl` block also
///   `Self::…`): how the results of all partitions become one. A read with `merge` is asked of all without saying
///   `all`. With `min` and `max` of an `Option`, a partition that answers `None` does not count.
/// - `single`: goes to partition 0.
/// - `id = 0x1234abcd`: the method's id in the log, which otherwise is a hash of its name. Keep the old id
///   when a method is renamed. (The hash of `name` is `copycat::MethodId::of("name")`.)
///
/// # Types
///
/// Arguments and results are anything that implements serde's `Serialize` and `Deserialize`. An argument
/// may be borrowed (`&str`, `&[T]`, `&K`): it is encoded where it is. Results are owned; a `Result` of the
/// method's own stays inside the proxy's. Parameters of a generic trait or block get the bounds they need.
///
/// Not supported, because the bytes of a format like bincode do not say what they are: serde's `untagged`,
/// internally tagged enums, and `skip_serializing_if`. What does not decode again is refused before it is sent
/// to the log.
///
/// So that forged bytes cost nothing, options, sequences, maps and enums lie at most 128 deep in each other (a
/// list made of boxes is a `Vec` better), and a command holds at most 4,096 elements that take no byte, like `()`.
#[proc_macro_attribute]
pub fn state_machine(options: TokenStream, item: TokenStream) -> TokenStream {
    state_machine::state_machine(&options.into(), &item.into()).into()
}
