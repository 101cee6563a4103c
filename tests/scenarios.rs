//! Replays every script in `scenarios/` against the pure consensus core, and compares the output with the script.
//! `REWRITE=1 cargo test -p copycat-tests --test scenarios` writes the actual output into the scripts instead: review
//! the difference before you trust it.

use copycat::testing::scenario;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[test]
fn every_scenario_happens_as_written() {
    let rewrite = std::env::var_os("REWRITE").is_some();
    let scripts = scripts();
    assert!(scripts.len() > 10, "only {} scripts found", scripts.len());
    let mut failures = String::new();
    for path in scripts {
        let expected = std::fs::read_to_string(&path).expect("a readable script");
        let happened = replay(&path, &expected);
        if happened == expected {
            continue;
        }
        if rewrite {
            std::fs::write(&path, &happened).expect("a writable script");
        } else {
            failures.push_str(&difference(&path, &expected, &happened));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Returns the paths of all scripts, sorted.
fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut scripts: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of scripts")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    scripts.sort();
    scripts
}

/// Replays one script. If an assertion of the core fails, prints the name of the script.
fn replay(path: &Path, script: &str) -> String {
    std::panic::catch_unwind(|| scenario::replay(script)).unwrap_or_else(|cause| {
        eprintln!("in {}", path.display());
        std::panic::resume_unwind(cause)
    })
}

/// Returns the lines between the common beginning and the common end, with one command before them.
fn difference(path: &Path, expected: &str, happened: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), happened.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let from = old[..same].iter().rposition(|line| line.starts_with("> ")).unwrap_or(0);
    let mut shown = format!("{}:{}: not as written\n", path.display(), same + 1);
    let mut add = |sign: &str, lines: &[&str]| {
        for line in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(shown, "{sign} {line}");
        }
    };
    add(" ", &old[from..same]);
    add("-", &old[same..old.len() - tail]);
    add("+", &new[same..new.len() - tail]);
    shown
}
