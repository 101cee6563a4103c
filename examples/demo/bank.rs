//! The service: a trait, and a plain struct that implements it. Nothing here depends on a cluster.

use copycat::state_machine;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Accounts with their balances, and the receipts of everything that was paid in.
#[state_machine]
pub(crate) trait Bank {
    /// Pays in, and files the receipt. Returns the new balance.
    #[write]
    fn deposit(&mut self, #[key] account: String, cents: u64, receipt: u64) -> u64;

    /// Moves money, and files the receipt with the account that it came from.
    #[write]
    fn transfer(&mut self, from: String, to: String, cents: u64, receipt: u64) -> Result<(), Refused>;

    /// Returns the balance of an account.
    #[read]
    fn balance(&self, #[key] account: &str) -> u64;

    /// Returns those of these receipts that the account has on file.
    #[read]
    fn on_file(&self, #[key] account: &str, receipts: Vec<u64>) -> Vec<u64>;

    /// Returns the sum of all balances.
    #[read]
    fn total(&self) -> u64;

    /// Returns a hash of the whole state.
    #[read]
    fn digest(&self) -> u64;
}

/// The reason why a transfer was refused. It is an answer of the bank, not an error of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refused {
    /// The balance of the account is too low.
    Insufficient {
        /// The balance.
        balance: u64,
    },
}

/// The state of the bank.
#[derive(Debug, Default, Hash, Serialize, Deserialize)]
pub(crate) struct Ledger {
    accounts: BTreeMap<String, Account>,
}

#[derive(Debug, Default, Hash, Serialize, Deserialize)]
struct Account {
    cents: u64,
    receipts: BTreeSet<u64>,
}

impl Bank for Ledger {
    fn deposit(&mut self, account: String, cents: u64, receipt: u64) -> u64 {
        let account = self.accounts.entry(account).or_default();
        account.receipts.insert(receipt);
        account.cents += cents;
        account.cents
    }

    fn transfer(&mut self, from: String, to: String, cents: u64, receipt: u64) -> Result<(), Refused> {
        let source = self.accounts.entry(from).or_default();
        source.receipts.insert(receipt);
        let balance = source.cents;
        source.cents = balance.checked_sub(cents).ok_or(Refused::Insufficient { balance })?;
        self.accounts.entry(to).or_default().cents += cents;
        Ok(())
    }

    fn balance(&self, account: &str) -> u64 {
        self.accounts.get(account).map_or(0, |account| account.cents)
    }

    fn on_file(&self, account: &str, mut receipts: Vec<u64>) -> Vec<u64> {
        let filed = self.accounts.get(account);
        receipts.retain(|receipt| filed.is_some_and(|account| account.receipts.contains(receipt)));
        receipts
    }

    fn total(&self) -> u64 {
        self.accounts.values().map(|account| account.cents).sum()
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
