//! Builds and tests `external/`, the crate of a user outside this workspace. Its trials of collections are those of
//! `collections/`, unchanged, and it runs an example that is a user's own collection.
//!
//! The crate is copied out of the repository first, so that nothing is written there. It takes the workspace's lock
//! file along: everything it needs is then on this machine, and it uses the same versions as this workspace.
//! `external/renamed/` is a second crate, for which the framework has another name. The cases of `ui/pass` are test programs
//! of the first one.

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
    let moved = manifest.replace("../..", root.to_str().expect("a plain path"));
    assert_ne!(moved, manifest, "the paths to the framework and its collections are absolute now");
    fs::write(outside.join("Cargo.toml"), moved).expect("the manifest");
    copy_folder(&tests.join("external/tests"), &outside.join("tests"));
    copy_folder(&tests.join("external/renamed/src"), &outside.join("renamed/src"));
    fs::copy(tests.join("external/renamed/Cargo.toml"), outside.join("renamed/Cargo.toml"))
        .expect("the manifest of the renamed one");
    copy_folder(&tests.join("collections"), &outside.join("tests/collections"));
    copy_folder(&tests.join("ui/pass"), &outside.join("pass"));
    let examples = outside.join("examples/priority_queue");
    fs::create_dir_all(&examples).expect("a folder");
    for (from, to) in [("priority_queue.rs", "main.rs"), ("members.rs", "members.rs")] {
        fs::copy(root.join("examples/collections").join(from), examples.join(to)).expect("an example");
    }

    for case in fs::read_dir(outside.join("pass")).expect("a folder") {
        let case = case.expect("a file").file_name();
        let test = format!("path = \"pass/{}\"\nharness = false", case.to_string_lossy());
        assert!(manifest.contains(&test), "the manifest lacks {case:?}");
    }

    let output = Command::new(env!("CARGO"))
        .args(["test", "--workspace", "--offline", "--manifest-path"])
        .arg(outside.join("Cargo.toml"))
        // Build results of the workspace are reused where they fit.
        .env("CARGO_TARGET_DIR", scratch.parent().expect("the folder of build results"))
        .output()
        .expect("cargo runs");
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{failed}");
    assert!(said.contains("3 passed"), "its own tests: {said}");
    assert!(said.contains("both_services_are_replicated ... ok"), "the framework under another name: {said}");
    assert!(said.contains("4 passed"), "the trials of collections: {said}");
    let target = scratch.parent().expect("the folder of build results");
    let queue =
        Command::new(target.join("debug/examples/priority_queue")).output().expect("the example runs");
    let said = String::from_utf8_lossy(&queue.stdout);
    assert!(
        queue.status.success() && said.ends_with("put out the fire\nanswer the phone\nsweep\n"),
        "{said}"
    );
}

/// Copies the files of a folder. Removes the results of an earlier run first.
fn copy_folder(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file").path();
        fs::copy(&file, to.join(file.file_name().expect("a name"))).expect("a copy");
    }
}
