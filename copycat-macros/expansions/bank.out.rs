/// Accounts and what they hold.
pub trait Bank {
    /// Adds to an account, and returns what it holds then.
    fn deposit(&mut self, account: String, cents: u64) -> u64;
    fn transfer(&mut self, from: String, to: String, cents: u64) -> Result<(), Refused>;
    fn balance(&self, account: &str) -> u64;
    fn close(&mut self, account: &str) -> Option<u64>;
}
///The commands of [`Bank`], as data.
#[allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    missing_copy_implementations
)]
pub struct BankCommands;
const _: () = ::copycat::__private::assert_distinct(
    &[
        ::copycat::__private::MethodId::of("deposit"),
        ::copycat::__private::MethodId::of("transfer"),
        ::copycat::__private::MethodId::of("balance"),
        ::copycat::__private::MethodId::of("close"),
    ],
);
#[allow(trivial_bounds)]
#[allow(non_upper_case_globals, clippy::all, clippy::pedantic, clippy::nursery)]
impl BankCommands
where
    Result<(), Refused>: ::copycat::__private::Data,
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
                shapes.result::<u64>("u64");
            },
        )
        .with_key(0);
    const __transfer: ::copycat::__private::Method = ::copycat::__private::Method::write(
        "transfer",
        &["from", "to", "cents"],
        |body, key_len| ::copycat::__private::check_keyless::<
            (String, String, u64),
        >(body, key_len),
        |shapes| {
            shapes.argument::<String>("String");
            shapes.argument::<String>("String");
            shapes.argument::<u64>("u64");
            shapes.result::<Result<(), Refused>>("Result");
        },
    );
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
    const __close: ::copycat::__private::Method = ::copycat::__private::Method::delete(
            "close",
            &["account"],
            |body, key_len| ::copycat::__private::check_keyed::<&str, ()>(body, key_len),
            |shapes| {
                shapes.argument::<&str>("str");
                shapes.result::<Option<u64>>("Option");
            },
        )
        .with_key(0);
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Commands for BankCommands
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    const NAME: &'static str = "Bank";
    const METHODS: &'static [::copycat::__private::Method] = &[
        Self::__deposit,
        Self::__transfer,
        Self::__balance,
        Self::__close,
    ];
}
#[allow(trivial_bounds)]
#[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
impl<__State> ::copycat::__private::Dispatch<__State> for BankCommands
where
    Result<(), Refused>: ::copycat::__private::Data,
    __State: Bank + 'static,
{
    const HANDLERS: &'static [::copycat::__private::Handler<__State>] = &[
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (account, (cents,)) = entry.keyed::<String, (u64,)>()?;
            ::copycat::__private::answer(
                &<__State as Bank>::deposit(state, account, cents),
                out,
            )
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (from, to, cents) = entry.arguments::<(String, String, u64)>()?;
            ::copycat::__private::answer(
                &<__State as Bank>::transfer(state, from, to, cents),
                out,
            )
        }),
        ::copycat::__private::Handler::Read(|state, entry, out| {
            let (account, ()) = entry.keyed::<&str, ()>()?;
            ::copycat::__private::answer(
                &<__State as Bank>::balance(state, account),
                out,
            )
        }),
        ::copycat::__private::Handler::Write(|state, entry, out| {
            let (account, ()) = entry.keyed::<&str, ()>()?;
            ::copycat::__private::answer(&<__State as Bank>::close(state, account), out)
        }),
    ];
}
///A replicated [`Bank`], called with `.await`.
///
/// Accounts and what they hold.
/**
# Use

A member gets it from `state_machine("…", …).open().await?`, and a process that is no member from `resource("…").open().await?`. A call looks like `proxy.deposit(…).await?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
pub struct AsyncBank {
    client: ::copycat::__private::ResourceClient,
}
#[allow(trivial_bounds)]
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl AsyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    /// Adds to an account, and returns what it holds then.
    pub async fn deposit(
        &self,
        account: String,
        cents: u64,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__deposit)
            .keyed(&account, &(&cents,))?;
        self.client.call::<u64>(&<BankCommands>::__deposit, arguments).await
    }
    ///Calls `transfer` of the replicated state.
    pub async fn transfer(
        &self,
        from: String,
        to: String,
        cents: u64,
    ) -> ::core::result::Result<Result<(), Refused>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__transfer)
            .keyless(&(&from, &to, &cents))?;
        self.client
            .call::<Result<(), Refused>>(&<BankCommands>::__transfer, arguments)
            .await
    }
    ///Calls `balance` of the replicated state.
    pub async fn balance(
        &self,
        account: &str,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__balance)
            .keyed(&account, &())?;
        self.client.call::<u64>(&<BankCommands>::__balance, arguments).await
    }
    ///Calls `close` of the replicated state.
    pub async fn close(
        &self,
        account: &str,
    ) -> ::core::result::Result<Option<u64>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__close)
            .keyed(&account, &())?;
        self.client.call::<Option<u64>>(&<BankCommands>::__close, arguments).await
    }
}
impl ::core::clone::Clone for AsyncBank {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
        }
    }
}
impl ::core::fmt::Debug for AsyncBank {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("AsyncBank").field(&self.client).finish()
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Proxy for AsyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    type Commands = BankCommands;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self { client }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::AsyncProxy for AsyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    type Sync = SyncBank;
}
///A replicated [`Bank`], whose methods block the calling thread.
///
/// Accounts and what they hold.
/**
# Use

A member gets it from `state_machine("…", …).open_sync()?`, and a process that is no member from `resource("…").open_sync()?`. A call looks like `proxy.deposit(…)?`.

# Errors

Each method returns what the state's method returns, or the framework's `Error`. Its `outcome()` says what is known of a write, and `is_retryable()` whether to try again.
*/
#[allow(dead_code, unreachable_pub)]
pub struct SyncBank {
    client: ::copycat::__private::ResourceClient,
}
#[allow(trivial_bounds)]
#[allow(dead_code, unreachable_pub, clippy::all, clippy::pedantic, clippy::nursery)]
impl SyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    /// Adds to an account, and returns what it holds then.
    pub fn deposit(
        &self,
        account: String,
        cents: u64,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__deposit)
            .keyed(&account, &(&cents,))?;
        self.client.call_blocking::<u64>(&<BankCommands>::__deposit, arguments)
    }
    ///Calls `transfer` of the replicated state.
    pub fn transfer(
        &self,
        from: String,
        to: String,
        cents: u64,
    ) -> ::core::result::Result<Result<(), Refused>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__transfer)
            .keyless(&(&from, &to, &cents))?;
        self.client
            .call_blocking::<Result<(), Refused>>(&<BankCommands>::__transfer, arguments)
    }
    ///Calls `balance` of the replicated state.
    pub fn balance(
        &self,
        account: &str,
    ) -> ::core::result::Result<u64, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__balance)
            .keyed(&account, &())?;
        self.client.call_blocking::<u64>(&<BankCommands>::__balance, arguments)
    }
    ///Calls `close` of the replicated state.
    pub fn close(
        &self,
        account: &str,
    ) -> ::core::result::Result<Option<u64>, ::copycat::__private::Error> {
        let arguments = self
            .client
            .arguments(&<BankCommands>::__close)
            .keyed(&account, &())?;
        self.client.call_blocking::<Option<u64>>(&<BankCommands>::__close, arguments)
    }
}
impl ::core::clone::Clone for SyncBank {
    fn clone(&self) -> Self {
        Self {
            client: ::core::clone::Clone::clone(&self.client),
        }
    }
}
impl ::core::fmt::Debug for SyncBank {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_tuple("SyncBank").field(&self.client).finish()
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::Proxy for SyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    type Commands = BankCommands;
    fn from_client(client: ::copycat::__private::ResourceClient) -> Self {
        Self { client }
    }
    fn client(&self) -> &::copycat::__private::ResourceClient {
        &self.client
    }
}
#[allow(trivial_bounds)]
impl ::copycat::__private::SyncProxy for SyncBank
where
    Result<(), Refused>: ::copycat::__private::Data,
{
    type Async = AsyncBank;
}
