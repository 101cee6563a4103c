//! Whatever a user denies, generated code is clean; documentation, conditions and deprecation are carried over.
#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![deny(rust_2018_idioms, unused_qualifications, single_use_lifetimes, unused_results, unsafe_code)]

use copycat::prelude::*;

/// Why not.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Refused;

/// A bank.
#[state_machine]
#[allow(unreachable_pub)]
pub trait Bank {
    /// Adds.
    #[write]
    #[deprecated(note = "use another bank")]
    fn deposit(&mut self, #[key] account: String, mut cents: u64) -> u64 {
        cents += account.len() as u64;
        cents
    }
    /// May say no.
    #[write(single)]
    fn transfer(&mut self, from: &str, to: &[Refused], why: Option<&str>) -> Result<(), Refused>;
    /// Only elsewhere.
    #[cfg(any())]
    #[write]
    fn nowhere(&mut self, #[key] account: NoSuchType);
    /// One of two.
    #[cfg(all())]
    #[write]
    fn either(&mut self, #[key] account: u64);
    /// Two of two.
    #[cfg(not(all()))]
    #[write]
    fn either(&mut self, #[key] account: u8);
    /// A constant of the state's own.
    const LIMIT: u64 = 7;
    /// A helper.
    fn helper(&self) -> u64 {
        Self::LIMIT
    }
    /// Another helper.
    fn made() -> Self
    where
        Self: Sized + Default,
    {
        Self::default()
    }
}

fn main() {
    fn spread<C: copycat::Partitioned>() {}
    spread::<BankCommands>();
    assert_eq!(<BankCommands as copycat::Commands>::METHODS.len(), 3);
}
