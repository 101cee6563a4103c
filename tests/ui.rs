//! Tests the messages of the compiler for every mistake. What must compile without a message is in `ui/pass`: each file
//! is a test program of its own, because cases that run make all dependencies be built here once more.
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

#[test]
fn everything_that_must_compile_is_a_test_program() {
    let (manifest, mut found) = (include_str!("Cargo.toml"), 0);
    for case in std::fs::read_dir("ui/pass").unwrap() {
        let case = case.unwrap().file_name();
        let path = format!("path = \"ui/pass/{}\"\nharness = false", case.to_string_lossy());
        assert!(manifest.contains(&path), "the manifest lacks {case:?}");
        found += 1;
    }
    assert!(found >= 7, "{found}");
}
