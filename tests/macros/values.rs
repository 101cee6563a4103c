//! Values that would be read as something else: refused before anything is sent, through every proxy and by name.

use copycat::__private::local;
use copycat::prelude::*;
use copycat::{Error, Outcome};
use serde::{Deserialize, Serialize};

/// The number of a variant when it is written counts the skipped one, when it is read it does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Change {
    Deposit(u64),
    #[serde(skip)]
    Cached,
    Withdraw(u64),
    Fee(u64),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub last: u8,
}

#[state_machine]
pub(crate) trait Account {
    #[write]
    fn deposit(&mut self, #[key] account: String, cents: u64) -> u64;
    #[write]
    fn change(&mut self, change: Change) -> i64;
    #[write]
    fn note(&mut self, notes: Vec<Note>, #[key] of: &Note) -> u64;
    #[write]
    fn scale(&mut self, factor: f32, digits: Option<u8>) -> f32;
    #[write]
    fn set_all(&mut self, #[key(each.id)] notes: Vec<Note>);
}

#[derive(Default, Serialize, Deserialize)]
struct Sum(i64);

impl Account for Sum {
    fn deposit(&mut self, _: String, cents: u64) -> u64 {
        self.0 += cents as i64;
        self.0 as u64
    }

    fn change(&mut self, change: Change) -> i64 {
        self.0 += match change {
            Change::Deposit(cents) => cents as i64,
            Change::Cached => 0,
            Change::Withdraw(cents) | Change::Fee(cents) => -(cents as i64),
        };
        self.0
    }

    fn note(&mut self, notes: Vec<Note>, _: &Note) -> u64 {
        notes.len() as u64
    }

    fn scale(&mut self, factor: f32, _: Option<u8>) -> f32 {
        factor
    }

    fn set_all(&mut self, notes: Vec<Note>) {
        self.0 += notes.len() as i64;
    }
}

fn open() -> SyncAccount {
    local::open::<SyncAccount, _>("account", 1, Sum::default).expect("a thread").0
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.code(), error.outcome(), error.is_retryable()),
        (12, Outcome::NotApplied, false),
        "{error}"
    );
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn a_literal_becomes_the_number_that_the_command_takes() {
    let account = open();
    assert_eq!(account.submit::<u64>("deposit", &("ada", 100)).unwrap(), 100);
    assert_eq!(account.submit::<u64>("deposit", &("ada", 100i8)).unwrap(), 200);
    assert_eq!(account.submit::<f32>("scale", &(1.5, Some(2))).unwrap(), 1.5);
    assert_eq!(account.submit::<f32>("scale", &(3, None::<i64>)).unwrap(), 3.0);
    refused(
        account.submit::<u64>("deposit", &("ada", -1)),
        "`deposit` of `account`: the argument `cents` does not fit: -1 (i32) where u64 is expected",
    );
    refused(account.submit::<u64>("deposit", &("ada", "1")), "a text where u64 is expected");
    refused(
        account.submit::<u64>("deposit", &(1, 1)),
        "the argument `account` does not fit: 1 (i32) where String is",
    );
    refused(account.submit::<f32>("scale", &(0.1, Some(2))), "an f64 where f32 is expected");
    refused(account.submit::<f32>("scale", &(1.0, Some(256))), "256 (i32) where u8 is expected");
    assert_eq!(account.submit::<u64>("deposit", &("ada", 0)).unwrap(), 200, "nothing else was applied");
}

#[test]
fn a_variant_that_would_be_read_as_another_one_is_refused() {
    let account = open();
    assert_eq!(account.change(Change::Deposit(5)).unwrap(), 5);
    let text = "the argument `change` does not fit: the variant `Withdraw` of `Change` is written with the number 2, \
                under which `Fee` is read";
    refused(account.change(Change::Withdraw(5)), text);
    refused(account.submit::<i64>("change", &(Change::Withdraw(5),)), text);
    refused(account.change(Change::Fee(5)), "under which nothing is read");
    refused(account.change(Change::Cached), "the argument `change`");
    assert_eq!(account.change(Change::Deposit(0)).unwrap(), 5);
}

#[test]
fn a_field_that_is_left_out_is_refused_with_its_place() {
    let account = open();
    let (full, lacking) = (Note { text: Some("t".into()), ..Note::default() }, Note::default());
    assert_eq!(account.note(vec![full.clone(), full.clone()], &full).unwrap(), 2);
    refused(
        account.note(vec![full.clone(), lacking.clone()], &full),
        "the argument `notes` does not fit: [1]: the field `text` of `Note` is left out, but is read back; remove the \
         attribute that skips it",
    );
    refused(account.note(vec![], &lacking), "the argument `of` does not fit: the field `text`");
    refused(
        account.set_all(vec![full.clone(), lacking]),
        "the argument `notes` does not fit: [1]: the field `text`",
    );
    account.set_all(vec![full]).unwrap();
}

#[test]
fn a_command_and_its_result_are_json_by_the_shapes_of_the_method() {
    let (account, thread): (SyncAccount, _) = local::open("json", 4, Sum::default).unwrap();
    assert_eq!(account.submit_json("deposit", r#"["ada", 100]"#).unwrap(), "100");
    assert_eq!(account.submit_json("deposit", r#"{"cents": 5, "account": "ada"}"#).unwrap(), "105");
    assert_eq!(account.deposit("ada".into(), 0).unwrap(), 105, "it was the same partition");
    let notes = r#"[[{"id": 1, "text": null, "last": 2}], {"id": 3, "text": "x", "last": 4}]"#;
    assert_eq!(account.submit_json("note", notes).unwrap(), "1");
    assert_eq!(account.submit_json("set_all", r#"[[{"id": 1, "text": "t", "last": 2}]]"#).unwrap(), "null");
    let refused = |name: &str, json: &str, code: u16, text: &str| {
        let error = account.submit_json(name, json).unwrap_err();
        assert_eq!((error.code(), error.outcome()), (code, Outcome::NotApplied), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    refused("deposit", r#"["ada", -1]"#, 12, "`cents`");
    refused("deposit", r#"["ada", -1]"#, 12, "-1 where u64 is expected");
    refused(
        "deposit",
        r#"["ada"]"#,
        12,
        "must be a JSON array [account, cents], or an object with these names",
    );
    refused("deposit", r#"{"account": "ada", "sum": 1}"#, 12, "[account, cents]");
    refused("deposit", r#"["ada", "#, 12, "the arguments are no JSON (EOF");
    refused("withdraw", "[]", 10, "`withdraw`");
    drop(account);
    thread.join().unwrap();
}
