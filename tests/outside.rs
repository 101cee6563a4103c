//! Builds and tests `external/`, the crate of a user who is not part of this workspace.
//!
//! It is copied out of the repository first, so that nothing is written there, and takes the workspace's lock file
//! along: all that it needs is on this machine then, and it is built with the very versions that are tested here.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn a_crate_outside_the_workspace_works_through_both_proxies() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = tests.parent().expect("tests/ lies in the repository");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let outside = scratch.join("external");
    fs::create_dir_all(outside.join("src")).expect("a folder");
    fs::copy(tests.join("external/src/lib.rs"), outside.join("src/lib.rs")).expect("the source");
    fs::copy(root.join("Cargo.lock"), outside.join("Cargo.lock")).expect("the lock");
    let manifest = fs::read_to_string(tests.join("external/Cargo.toml")).expect("the manifest");
    let framework = root.join("copycat");
    let moved = manifest.replace("../../copycat", framework.to_str().expect("a plain path"));
    assert_ne!(moved, manifest, "the path to the framework is absolute now");
    fs::write(outside.join("Cargo.toml"), moved).expect("the manifest");

    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--manifest-path"])
        .arg(outside.join("Cargo.toml"))
        // What was built for the workspace is used again where it fits.
        .env("CARGO_TARGET_DIR", scratch.parent().expect("the folder of build results"))
        .output()
        .expect("cargo runs");
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{failed}");
    assert!(said.contains("3 passed"), "{said}");
}
