//! Names with a fixed place: clocks and sockets are outside the cores, and `unsafe` is in one file.

use super::report::{Report, Rule};
use super::syntax::Path;
use super::workspace::{Source, Workspace};

const CORE_RULE: Rule = Rule {
    name: "core",
    mend: "the cores are pure: take it as an argument, return it as an effect; ordered maps, seeded randomness",
};
const UNSAFE_RULE: Rule =
    Rule { name: "unsafe", mend: "keep `unsafe` in the one file of copycat/src/storage that maps segments" };
const BINCODE_RULE: Rule = Rule {
    name: "bincode",
    mend: "go through codec::payload, the only place that knows how values are encoded",
};
const ASYNC_TRAIT_RULE: Rule = Rule {
    name: "async-trait",
    mend: "boxed futures belong to transport/ alone: use plain functions or `async fn` without `dyn`",
};
const UNFINISHED_RULE: Rule = Rule { name: "unfinished", mend: "finish it, or leave it out" };
const PRINT_RULE: Rule = Rule { name: "print", mend: "return it, or emit a tracing event" };
const ERROR_RULE: Rule =
    Rule { name: "error-type", mend: "return the floor's own error enum, derived with thiserror" };
const SLEEP_RULE: Rule = Rule {
    name: "sleep",
    mend: "wait for the event itself (a channel, a status, a reply), or run under the simulated clock",
};

/// Beginnings of paths that a core never names: I/O, clocks, threads, crates that reach the system.
const IMPURE_ROOTS: &[&[&str]] = &[
    &["tokio"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "thread"],
    &["std", "*"],
    &["rustix"],
    &["libc"],
    &["mio"],
    &["memmap2"],
    &["rand"],
    &["getrandom"],
];

/// Names that a core never uses anywhere in a path: clocks, and maps whose order changes with each run.
const IMPURE_NAMES: &[&str] =
    &["Instant", "SystemTime", "HashMap", "HashSet", "hash_map", "hash_set", "RandomState"];

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    let mut file_of_unsafe: Option<&str> = None;
    for source in &workspace.sources {
        for path in &source.syntax.paths {
            check_core(source, path, report);
            check_places(source, path, report);
            check_calls(source, path, report);
            check_sleep(source, path, report);
            // A compile-fail case may write it, because the compiler refuses it.
            if path.segments == ["unsafe"] && !source.is_in("tests/ui") {
                let in_place = source.is_in("copycat/src/storage")
                    && *file_of_unsafe.get_or_insert(&source.path) == source.path;
                if !in_place {
                    report.line(UNSAFE_RULE, &source.path, path.line, "`unsafe` outside its one file");
                }
            }
        }
        check_errors(source, report);
    }
}

fn is_core(source: &Source) -> bool {
    source.is_in("copycat/src/raft") || source.is_in("copycat/src/gossip")
}

fn check_core(source: &Source, path: &Path, report: &mut Report) {
    let segments: Vec<_> = path.segments.iter().map(String::as_str).collect();
    // A lone name is no path from a root; it may be a variable.
    let rooted = path.import || segments.len() > 1;
    let root = rooted && IMPURE_ROOTS.iter().any(|root| segments.starts_with(root));
    let name = segments.iter().any(|segment| IMPURE_NAMES.contains(segment));
    if is_core(source) && (root || name || takes_entropy(&segments)) {
        report.line(CORE_RULE, &source.path, path.line, format!("a core names `{}`", segments.join("::")));
    }
}

/// Returns whether the path seeds a generator from the system: every function of fastrand except its generator, and
/// the generator unless it gets a seed.
fn takes_entropy(segments: &[&str]) -> bool {
    match segments {
        ["fastrand", name, ..] if *name != "Rng" => true,
        [.., "Rng", "new" | "default"] => true,
        _ => false,
    }
}

fn check_places(source: &Source, path: &Path, report: &mut Report) {
    for (name, folder, rule) in [
        ("bincode", "copycat/src/codec", BINCODE_RULE),
        ("async_trait", "copycat/src/transport", ASYNC_TRAIT_RULE),
    ] {
        if path.segments.iter().any(|segment| segment == name) && !source.is_in(folder) {
            report.line(rule, &source.path, path.line, format!("`{name}` outside {folder}"));
        }
    }
}

fn check_calls(source: &Source, path: &Path, report: &mut Report) {
    let Some(name) = path.segments.last().filter(|_| path.macro_call && !source.is_test(path.line)) else {
        return;
    };
    let library =
        ["copycat/src", "copycat-macros/src", "collections/src"].iter().any(|folder| source.is_in(folder));
    let rule = match name.as_str() {
        "todo" | "unimplemented" | "dbg" => UNFINISHED_RULE,
        // `testing` belongs to tests, and a person reads its output when a test fails.
        "print" | "println" | "eprint" | "eprintln" if library && !source.is_in("copycat/src/testing") => {
            PRINT_RULE
        }
        _ => return,
    };
    report.line(rule, &source.path, path.line, format!("`{name}!`"));
}

fn check_errors(source: &Source, report: &mut Report) {
    if !source.is_in("copycat/src") {
        return;
    }
    let boxed = source.syntax.boxed_errors.iter().map(|line| (*line, "`Box<dyn Error>`"));
    let any = source.syntax.paths.iter().filter(|path| path.segments[0] == "anyhow");
    let any = any.map(|path| (path.line, "`anyhow`"));
    for (line, what) in boxed.chain(any).filter(|(line, _)| !source.is_test(*line)) {
        report.line(ERROR_RULE, &source.path, line, what);
    }
}

fn check_sleep(source: &Source, path: &Path, report: &mut Report) {
    let segments: Vec<_> = path.segments.iter().map(String::as_str).collect();
    let sleeps = matches!(segments.as_slice(), [.., "thread" | "time", "sleep" | "sleep_until"]);
    if sleeps && source.is_test(path.line) {
        report.line(SLEEP_RULE, &source.path, path.line, "a test sleeps and hopes");
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    fn lines_in(path: &str, source: &str) -> Vec<String> {
        let found = found_in(&[(path, source)], check);
        found.into_iter().map(|found| found.replace(&format!("{path}:"), "")).collect()
    }

    #[test]
    fn cores_are_pure() {
        let source = "use tokio::sync::oneshot;\n\
                      use std::{cmp, fs};\n\
                      use std::time::{Duration, Instant};\n\
                      use std::collections::{BTreeMap, HashMap};\n\
                      fn f() { std::thread::yield_now(); }\n\
                      fn g() { let a = fastrand::u64(..); let b = fastrand::Rng::with_seed(1); }\n\
                      fn h() { let a = fastrand::Rng::new(); }\n\
                      fn i(x: std::net::SocketAddr) {}\n\
                      fn j() { let rand = 1; }\n";
        let expected = [1, 2, 3, 4, 5, 6, 7, 8].map(|line| format!("core {line}"));
        assert_eq!(lines_in("copycat/src/raft/log.rs", source), expected);
        assert_eq!(lines_in("copycat/src/gossip/mod.rs", source), expected);
        assert!(lines_in("copycat/src/node/mod.rs", source).is_empty());
    }

    #[test]
    fn unsafe_has_one_home() {
        let source = "fn f() { unsafe { g() } }\n";
        let files = [
            ("copycat/src/storage/map.rs", source),
            ("copycat/src/storage/other.rs", source),
            ("copycat/src/node/mod.rs", "#[unsafe(no_mangle)]\nfn f() {}\n"),
            ("examples/demo/main.rs", "fn f() { m!(unsafe { g() }); }\n"),
        ];
        let expected =
            ["copycat/src/node/mod.rs:1", "copycat/src/storage/other.rs:1", "examples/demo/main.rs:1"];
        assert_eq!(found_in(&files, check), expected.map(|place| format!("unsafe {place}")));
    }

    #[test]
    fn libraries_stay_where_they_belong() {
        let source = "use bincode::Encode;\n#[async_trait::async_trait]\nimpl A for B {}\n";
        assert_eq!(lines_in("copycat/src/codec/payload.rs", source), ["async-trait 2"]);
        assert_eq!(lines_in("copycat/src/transport/mod.rs", source), ["bincode 1"]);
        assert_eq!(lines_in("tests/simulation.rs", source), ["bincode 1", "async-trait 2"]);
    }

    #[test]
    fn libraries_are_finished_and_silent() {
        let source = "fn f() { todo!() }\nfn g() { println!(\"\"); std::dbg!(1); }\n\
                      #[cfg(test)]\nmod tests { fn f() { println!(\"\"); } }\n";
        assert_eq!(lines_in("copycat/src/node/mod.rs", source), ["unfinished 1", "print 2", "unfinished 2"]);
        assert_eq!(lines_in("examples/demo/main.rs", source), ["unfinished 1", "unfinished 2"]);
    }

    #[test]
    fn errors_have_types() {
        let source = "type A = Result<(), Box<dyn std::error::Error>>;\nuse anyhow::Result;\n\
                      #[cfg(test)]\nuse anyhow::Context;\n";
        assert_eq!(lines_in("copycat/src/node/mod.rs", source), ["error-type 1", "error-type 2"]);
        assert!(lines_in("examples/demo/main.rs", source).is_empty());
    }

    #[test]
    fn tests_wait_for_events() {
        let source =
            "fn f() { std::thread::sleep(d); }\n#[tokio::test]\nasync fn g() {\n time::sleep(d).await\n}\n";
        assert_eq!(lines_in("copycat/src/node/mod.rs", source), ["sleep 4"]);
        assert_eq!(lines_in("tests/demo.rs", source), ["sleep 1", "sleep 4"]);
    }
}
