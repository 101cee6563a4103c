//! Tests the messages of the compiler for every mistake. What must compile without a message is in `ui/pass`, and
//! `outside.rs` builds it with the crate of a user: here, cases that run would make all dependencies be built once more.
//!
//! Each message of `#[state_machine]` has a case in `ui/fail`, beside the expected text. The texts are those of one
//! compiler; with another one the cases are skipped, visibly. `TRYBUILD=overwrite` writes them again.

use std::process::Command;

/// The compiler whose messages are recorded.
const PINNED: &str = "rustc 1.95.";

#[test]
fn every_mistake_gets_its_message() {
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(compiler).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(PINNED) {
        eprintln!("SKIPPED: the compile-fail cases record the messages of {PINNED}x, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui/fail/*.rs");
}
