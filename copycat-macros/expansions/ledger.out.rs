/// Accounts and what they hold.
impl Ledger {
    /// The most an account can hold.
    pub const LIMIT: u64 = 1_000_000;
    /// With this account, to begin with.
    pub fn with(account: &str) -> Self {
        Self(std::iter::once((account.to_owned(), 0)).collect())
    }
    /// Adds to an account, and returns what it holds then.
    pub fn deposit(&mut self, account: String, cents: u64) -> Result<u64, Refused> {
        let sum = self.balance(&account) + cents;
        self.set(account, sum)
    }
    pub fn balance(&self, account: &str) -> u64 {
        self.0.get(account).copied().unwrap_or_default()
    }
    pub(crate) fn richest(&self) -> Option<String> {
        self.0
            .iter()
            .max_by_key(|(_, cents)| **cents)
            .map(|(account, _)| account.clone())
    }
    fn clear(&mut self) {
        self.0.clear();
    }
    fn set(&mut self, account: String, cents: u64) -> Result<u64, Refused> {
        if cents > Self::LIMIT {
            return Err(Refused);
        }
        self.0.insert(account, cents);
        Ok(cents)
    }
    fn richer(left: Option<String>, right: Option<String>) -> Option<String> {
        left.max(right)
    }
}
///The commands of [`Ledger`], as data.
#[allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    missing_copy_implementations
)]
pub struct LedgerCommands;
const _: () = ::copycat::__private::assert_distinct(
    &[
        ::copycat::__private::MethodId::of("deposit"),
        ::copycat::__private::MethodId::of("balance"),
        ::copycat::__private::MethodId::of("richest"),
        ::copycat::__private::MethodId::of("clear"),
    ],
);
#[allow(trivial_bounds)]
#[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
impl LedgerCommands
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    const __deposit: ::copycat::__private::Method = ::copycat::__private::Method::write(
            "deposit",
            &["account", "cents"],
            |body, key_len| ::copycat::__private::check_keyed::<
                String,
                (u64,),
            >(body, key_len),
            |shapes| {
                shapes.argument::<String>("String");
                shapes.argument::<u64>("u64");
                shapes.result::<Result<u64, Refused>>("Result");
            },
        )
        .with_key(0);
    const __balance: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "balance",
            &["account"],
            |body, key_len| ::copycat::__private::check_keyed::<&str, ()>(body, key_len),
            |shapes| {
                shapes.argument::<&str>("str");
                shapes.result::<u64>("u64");
            },
        )
        .with_key(0);
    const __richest: ::copycat::__private::Method = ::copycat::__private::Method::read(
            "richest",
            &[],
            |body, key_len| ::copycat::__private::check_keyless::<()>(body, key_len),
            |shapes| {
                shapes.result::<Option<String>>("Option");
            },
        )
        .to_all()
        .merged(|results, out| ::copycat::__private::merge_encoded::<
            Option<String>,
        >(results, out, <Ledger>::richer));
    const __clear: ::copycat::__private::Method = ::copycat::__private::Method::delete(
            "clear",
            &[],
            |body, key_len| ::copycat::__private::check_keyless::<()>(body, key_len),
            |_| {},
        )
        .to_all();
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Commands for LedgerCommands
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    const NAME: &'static str = "Ledger";
    const METHODS: &'static [::copycat::__private::Method] = &[
        Self::__deposit,
        Self::__balance,
        Self::__richest,
        Self::__clear,
    ];
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Partitioned for LedgerCommands
where
    Result<u64, Refused>: ::copycat::__private::Data,
{}
#[allow(trivial_bounds)]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl ::copycat::__private::Dispatch<Ledger> for LedgerCommands
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    const HANDLERS: &'static [::copycat::__private::Handler<Ledger>] = &[
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (account, (cents,)) = entry.keyed::<String, (u64,)>()?;
            ::copycat::__private::answer(&<Ledger>::deposit(state, account, cents), out)
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let (account, ()) = entry.keyed::<&str, ()>()?;
            ::copycat::__private::answer(&<Ledger>::balance(state, account), out)
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let () = entry.arguments::<()>()?;
            ::copycat::__private::answer(&<Ledger>::richest(state), out)
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let () = entry.arguments::<()>()?;
            ::copycat::__private::answer(&<Ledger>::clear(state), out)
        }),
    ];
}
///A replicated [`Ledger`], called with `.await`.
///
/// Accounts and what they hold.
/**
# Use

A member gets it from `state_machine("…", …).open().await?`, and a process that is no member from `resource("…").open().await?`. A call looks like `proxy.deposit(…).await?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
pub struct AsyncLedger {
    client: ::copycat::__private::ResourceClient,
}
#[allow(trivial_bounds)]
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl AsyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    /// Adds to an account, and returns what it holds then.
    pub async fn deposit(
        &self,
        account: String,
        cents: u64,
    ) -> ::core::result::Result<Result<u64, Refused>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__deposit)
            .keyed(&account, &(&cents,))?;
        self.client
            .call::<Result<u64, Refused>>(&<LedgerCommands>::__deposit, arguments)
            .await
    }
    ///Calls `balance` of the replicated state.
    pub async fn balance(
        &self,
        account: &str,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__balance)
            .keyed(&account, &())?;
        self.client.call::<u64>(&<LedgerCommands>::__balance, arguments).await
    }
    ///Calls `richest` of the replicated state.
    pub(crate) async fn richest(
        &self,
    ) -> ::core::result::Result<Option<String>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__richest)
            .keyless(&())?;
        self.client
            .call_all::<
                Option<String>,
            >(&<LedgerCommands>::__richest, arguments, <Ledger>::richer)
            .await
    }
    ///Calls `clear` of the replicated state.
    async fn clear(&self) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = self.client.arguments(&<LedgerCommands>::__clear).keyless(&())?;
        self.client.call::<()>(&<LedgerCommands>::__clear, arguments).await
    }
}
impl ::core::clone::Clone for AsyncLedger {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
        }
    }
}
impl ::core::fmt::Debug for AsyncLedger {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("AsyncLedger").field(&self.client).finish()
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Proxy for AsyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    type Commands = LedgerCommands;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self { client }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::AsyncProxy for AsyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    type Sync = SyncLedger;
}
///A replicated [`Ledger`], whose methods block the calling thread.
///
/// Accounts and what they hold.
/**
# Use

A member gets it from `state_machine("…", …).open_sync()?`, and a process that is no member from `resource("…").open_sync()?`. A call looks like `proxy.deposit(…)?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
pub struct SyncLedger {
    client: ::copycat::__private::ResourceClient,
}
#[allow(trivial_bounds)]
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl SyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    /// Adds to an account, and returns what it holds then.
    pub fn deposit(
        &self,
        account: String,
        cents: u64,
    ) -> ::core::result::Result<Result<u64, Refused>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__deposit)
            .keyed(&account, &(&cents,))?;
        self.client
            .call_blocking::<
                Result<u64, Refused>,
            >(&<LedgerCommands>::__deposit, arguments)
    }
    ///Calls `balance` of the replicated state.
    pub fn balance(
        &self,
        account: &str,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__balance)
            .keyed(&account, &())?;
        self.client.call_blocking::<u64>(&<LedgerCommands>::__balance, arguments)
    }
    ///Calls `richest` of the replicated state.
    pub(crate) fn richest(
        &self,
    ) -> ::core::result::Result<Option<String>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<LedgerCommands>::__richest)
            .keyless(&())?;
        self.client
            .call_all_blocking::<
                Option<String>,
            >(&<LedgerCommands>::__richest, arguments, <Ledger>::richer)
    }
    ///Calls `clear` of the replicated state.
    fn clear(&self) -> ::core::result::Result<(), ::copycat::__private::Error> {
        let arguments = self.client.arguments(&<LedgerCommands>::__clear).keyless(&())?;
        self.client.call_blocking::<()>(&<LedgerCommands>::__clear, arguments)
    }
}
impl ::core::clone::Clone for SyncLedger {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
        }
    }
}
impl ::core::fmt::Debug for SyncLedger {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("SyncLedger").field(&self.client).finish()
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Proxy for SyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    type Commands = LedgerCommands;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self { client }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::SyncProxy for SyncLedger
where
    Result<u64, Refused>: ::copycat::__private::Data,
{
    type Async = AsyncLedger;
}
