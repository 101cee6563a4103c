//! Procedural macros of `copycat`: `#[state_machine]` and its marks (the attributes on methods and arguments).
//!
//! Users reach them through `copycat`. Begin reading with `state_machine`, whose files are its steps: item, parse,
//! model, check, expand.

mod state_machine;
mod support;

use proc_macro::TokenStream;

/// Turns a trait, or a type's own `impl` block, into a replicated service.
///
/// The trait or block stays plain Rust, which you can test without a cluster. The macro adds two proxies, whose
/// methods run on the replicas and return `Result<T, copycat::Error>`, and the table of the commands.
///
/// | on | adds | the commands are | they run on |
/// |---|---|---|---|
/// | `trait Bank` | `AsyncBank`, `SyncBank`, `BankCommands` | all methods but helpers | every type that implements the trait |
/// | `impl Ledger` | `AsyncLedger`, `SyncLedger`, `LedgerCommands` | the methods with a mark | that type |
///
/// In an `impl` block every method has a body, so each command needs a mark. The rest of the block (constructors,
/// constants, helpers) is not changed. A proxy's method has the visibility of the user's method; the types have
/// that of the most visible command. An `impl<K: Ord, V> Store<K, V>` gets an `AsyncStore<K, V>`, with the
/// parameters in the order of the `impl`; an `impl Store<String, u64>` gets an `AsyncStore` without parameters.
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
/// | `#[delete]` | a write that removes something; today as `#[write]` | the same |
/// | `#[read]` | takes `&self`, never in the log | `consistency = …`, `merge = …`, `all`, `single`, `id = …` |
/// | `#[key]` | on the argument that decides the partition | `each` |
///
/// In a trait, a method that takes `&mut self` and has no body is a write without a mark. A method with a body and
/// without a mark is a helper of the state and is not on the proxies. A marked method of a trait may have a body:
/// it runs on the replica, as one step.
///
/// # Options
///
/// - `consistency = strict`, `lease` or `eventual`: the consistency of a read, unless the caller chooses another.
/// - `supersedes(put, remove)`: declares that this command makes earlier commands of the named methods *with the same
///   key* obsolete, so that they need not be kept. An earlier command may be left out only if every command between
///   the two that touches the key is named here, too. A command on several keys or on all partitions counts as touching
///   it, and is never among those. (No code leaves out commands yet.)
/// - `#[key(each)]` on a collection of keys, by value or as a slice, `#[key(each.0)]` on one of pairs,
///   `#[key(each.name)]` on one of structs: the command is split. Each partition that some of the keys belong to gets a
///   command with its part of the collection; with `all`, the other partitions get an empty part. The command is atomic
///   in each partition, but not across partitions: if one of several fails, the outcome is unknown. The results must be
///   merged, unless the method returns nothing. An empty collection goes to partition 0, or with `all` to every
///   partition.
/// - `all`: the command goes to every partition. The results must be merged, unless the method returns nothing.
/// - `merge = sum`, `and`, `or`, `min`, `max`, `concat`, or the path of a `fn(T, T) -> T` (in an `impl` block also
///   `Self::…`): how the results of the partitions become one. A read with `merge` and without a key goes to all
///   partitions, also without `all`. With `min` and `max` of an `Option`, a partition that returns `None` does not
///   count.
/// - `single`: the command goes to partition 0.
/// - `id = 0x1234abcd`: the method's id in the log, which by default is a hash of its name. Keep the old id when
///   you rename a method. (The hash of `name` is `copycat::MethodId::of("name")`.)
///
/// # The framework's crate
///
/// The generated code names the crate `copycat` as your manifest does, also under another name
/// (`cat = { package = "copycat", … }`). If your package does not depend on it, because another crate re-exports it,
/// name the re-export: `#[state_machine(crate = other::copycat)]`.
///
/// # Types
///
/// Arguments and results are of any type that implements serde's `Serialize` and `Deserialize`. An argument may be
/// borrowed (`&str`, `&[T]`, `&K`, `Cow<str>`): it is encoded without a copy. Results are owned. If the method returns a
/// `Result`, it is inside that of the proxy. Parameters of a generic trait or block get the bounds that they need.
///
/// Not supported are serde's `untagged`, internally tagged enums, and `skip_serializing_if`, because the bytes of a
/// format like bincode do not describe themselves. A write that does not decode again is refused before it enters
/// the log.
///
/// To make forged bytes harmless, options, sequences, maps and enums may be nested at most 128 deep (use a `Vec`
/// instead of a list of boxes), and a command may hold at most 4,096 elements that take no byte, like `()`.
#[proc_macro_attribute]
pub fn state_machine(options: TokenStream, item: TokenStream) -> TokenStream {
    state_machine::state_machine(&options.into(), &item.into(), support::framework::find).into()
}
