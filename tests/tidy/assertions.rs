//! Assertions state what must hold, in production too. The folders whose defects lose data have a minimum of
//! assertions per hundred functions. A folder below its minimum is reported with the files that lack most.
//!
//! The check counts `assert!` and its relatives, including those of debug builds and constants, against the functions
//! that do more than pass a value on. Code that only tests use is not counted.

use super::report::{Report, Rule, Violation};
use super::workspace::{Source, Workspace};

/// A function of at most this number of lines, from its signature to its closing brace, reads or passes on one value.
const PLAIN_MAX: usize = 3;
/// Most files that a finding names.
const NAMED_MAX: usize = 5;

const RULE: Rule = Rule {
    name: "assertions",
    mend: "state what callers promise, what they are promised, and what a value that is read back must still say; \
           never what bytes from a disk or a peer can break",
};

/// The minimum of one folder.
struct Minimum {
    folder: &'static str,
    /// Files and folders in it that replace something in tests, and are not counted.
    except: &'static [&'static str],
    /// Number of assertions per hundred functions.
    per_hundred: usize,
}

/// The current minima. They are only ever raised.
const MINIMA: &[Minimum] = &[
    // Two members that disagree lose acknowledged entries silently.
    Minimum { folder: "copycat/src/raft", except: &[], per_hundred: 100 },
    // A byte in the wrong place may be noticed years later.
    Minimum {
        folder: "copycat/src/storage",
        except: &["history/", "forge.rs", "disk/simulated.rs"],
        per_hundred: 100,
    },
    // It carries out the decisions of the other two. Much of it only passes values on, so it has fewer facts of its
    // own.
    Minimum { folder: "copycat/src/node/shard", except: &[], per_hundred: 40 },
];

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    for minimum in MINIMA {
        let counts = minimum.counts(workspace);
        let (functions, assertions) = total(&counts);
        if assertions * 100 >= functions * minimum.per_hundred {
            continue;
        }
        report.add(Violation {
            path: format!("{}/mod.rs", minimum.folder),
            line: 1,
            rule: RULE,
            what: format!(
                "{assertions} assertions in {functions} functions; at least {} in a hundred; fewest in:{}",
                minimum.per_hundred,
                lowest(counts)
            ),
            item: String::new(),
            size: 1,
        });
    }
}

/// Returns the numbers of assertions per hundred functions, as one line.
pub(crate) fn figures(workspace: &Workspace) -> String {
    let figure = |minimum: &Minimum| {
        let (functions, assertions) = total(&minimum.counts(workspace));
        format!("{} {}", minimum.folder, assertions * 100 / functions.max(1))
    };
    let figures: Vec<_> = MINIMA.iter().map(figure).collect();
    format!("assertions in a hundred functions: {}", figures.join(", "))
}

/// The counts of one file.
struct Count {
    path: String,
    functions: usize,
    assertions: usize,
}

impl Minimum {
    fn counts(&self, workspace: &Workspace) -> Vec<Count> {
        let own = workspace.sources.iter().filter(|source| self.applies_to(source));
        own.map(Count::of).collect()
    }

    fn applies_to(&self, source: &Source) -> bool {
        let inside = source.path.strip_prefix(self.folder).and_then(|rest| rest.strip_prefix('/'));
        inside.is_some_and(|path| !self.except.iter().any(|except| path.starts_with(except)))
    }
}

impl Count {
    fn of(source: &Source) -> Count {
        let functions = source.syntax.functions.iter().filter(|function| function.size > PLAIN_MAX);
        let functions = functions.filter(|function| !source.is_test(function.line)).count();
        let calls = source.syntax.paths.iter().filter(|path| path.macro_call && !source.is_test(path.line));
        let assertions = calls.filter(|path| path.segments.last().is_some_and(|name| asserts(name)));
        Count { path: source.path.clone(), functions, assertions: assertions.count() }
    }

    /// Returns the number of assertions that the file lacks to have one per function.
    fn missing(&self) -> usize {
        self.functions.saturating_sub(self.assertions)
    }
}

fn asserts(name: &str) -> bool {
    let name = name.strip_prefix("debug_").unwrap_or(name);
    ["assert", "assert_eq", "assert_ne"].contains(&name)
}

fn total(counts: &[Count]) -> (usize, usize) {
    let sum = |of: fn(&Count) -> usize| counts.iter().map(of).sum();
    (sum(|count| count.functions), sum(|count| count.assertions))
}

/// Names the files that lack most, worst first.
fn lowest(mut counts: Vec<Count>) -> String {
    counts.retain(|count| count.missing() > 0);
    counts.sort_by_key(|count| std::cmp::Reverse(count.missing()));
    let named = counts.into_iter().take(NAMED_MAX);
    named
        .map(|Count { path, functions, assertions }| {
            format!("\n      {path}: {assertions} in {functions} functions")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::*;

    const BARE: &str = "fn f() {\n    a();\n    b();\n}\n";
    const ASSERTS: &str = "fn g() {\n    let a = b();\n    assert!(a);\n    debug_assert_eq!(a, b);\n}\n";

    #[test]
    fn a_folder_with_too_few_is_found() {
        let bare = ("copycat/src/raft/bare.rs", BARE);
        assert_eq!(found_in(&[bare], check), ["assertions copycat/src/raft/mod.rs:1"]);
        assert_eq!(found_in(&[bare, ("copycat/src/raft/a.rs", ASSERTS)], check), [""; 0]);
        let elsewhere = [bare, ("copycat/src/storage/a.rs", ASSERTS), ("copycat/src/raft.rs", ASSERTS)];
        assert_eq!(found_in(&elsewhere, check), ["assertions copycat/src/raft/mod.rs:1"]);
    }

    #[test]
    fn a_folder_may_need_fewer() {
        let bare = [BARE; 3].concat();
        let with = |asserting: &str| {
            let files = [("copycat/src/node/shard/a.rs", &*bare), ("copycat/src/node/shard/b.rs", asserting)];
            found_in(&files, check)
        };
        assert_eq!(with(ASSERTS), [""; 0], "two in four");
        assert_eq!(with(BARE), ["assertions copycat/src/node/shard/mod.rs:1"]);
    }

    #[test]
    fn tests_and_what_stands_in_for_something_are_not_counted() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{ASSERTS}}}\n");
        let bare = ("copycat/src/storage/bare.rs", BARE);
        let files = [bare, ("copycat/src/storage/a.rs", &*tests), ("copycat/src/storage/forge.rs", ASSERTS)];
        assert_eq!(found_in(&files, check), ["assertions copycat/src/storage/mod.rs:1"]);
        let plain = "fn f() {\n    a()\n}\n";
        let files = [
            ("copycat/src/storage/a.rs", plain),
            ("copycat/src/storage/history/mod.rs", BARE),
            ("copycat/src/storage/b.rs", "#[cfg(test)]\nmod tests {\n fn f() {\n  a();\n  b();\n }\n}\n"),
        ];
        assert_eq!(found_in(&files, check), [""; 0]);
    }

    #[test]
    fn the_files_that_lack_most_are_named_first() {
        let two = [BARE, BARE].concat();
        let files = [
            ("copycat/src/raft/one.rs", BARE),
            ("copycat/src/raft/two.rs", &*two),
            ("copycat/src/raft/none.rs", ASSERTS),
        ];
        let mut report = Report::default();
        check(&Workspace::of(&files), &mut report);
        let found = report.into_sorted().remove(0).what;
        let lines: Vec<_> = found.lines().map(str::trim).collect();
        assert_eq!(
            lines[1..],
            ["copycat/src/raft/two.rs: 0 in 2 functions", "copycat/src/raft/one.rs: 0 in 1 functions"]
        );
    }

    #[test]
    fn figures_are_those_of_the_folders() {
        let workspace =
            Workspace::of(&[("copycat/src/raft/a.rs", ASSERTS), ("copycat/src/storage/b.rs", BARE)]);
        assert_eq!(
            figures(&workspace),
            "assertions in a hundred functions: copycat/src/raft 200, copycat/src/storage 0, copycat/src/node/shard 0"
        );
    }
}
