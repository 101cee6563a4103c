//! The rules of Raft. Each is cited where it is implemented, in one form and in one place, so that a reader who knows
//! the paper finds it.
//!
//! A citation is a comment of its own that says `Rule: ` and one of the names below. Sections and figures are those
//! of the extended Raft paper or of Ongaro's thesis.

use super::report::{Report, Rule};
use super::workspace::{Source, Workspace};
use std::collections::BTreeMap;

/// The folder in which rules are implemented.
const CORE: &str = "copycat/src/raft";
/// The file for which a rule without a citation is reported.
const FIRST_FILE: &str = "copycat/src/raft/mod.rs";

/// The rules that must be cited, once each.
const CITED: &[&str] = &[
    "Raft figure 2, State",
    // Terms and votes are on stable storage before a server answers.
    "Raft figure 2, State, before responding",
    "Raft figure 2, State of leaders",
    "Raft figure 2, RequestVote 1",
    "Raft figure 2, RequestVote 2",
    "Raft figure 2, AppendEntries 1",
    "Raft figure 2, AppendEntries 2",
    "Raft figure 2, AppendEntries 3",
    "Raft figure 2, AppendEntries 4",
    "Raft figure 2, AppendEntries 5",
    "Raft figure 2, All Servers 1",
    "Raft figure 2, All Servers 2",
    "Raft figure 2, Followers 1",
    "Raft figure 2, Followers 2",
    "Raft figure 2, Candidates 1",
    "Raft figure 2, Candidates 2",
    "Raft figure 2, Candidates 3",
    "Raft figure 2, Candidates 4",
    "Raft figure 2, Leaders 1",
    "Raft figure 2, Leaders 2",
    "Raft figure 2, Leaders 3",
    "Raft figure 2, Leaders 4",
    "Raft figure 3, Election Safety",
    "Raft figure 3, Leader Append-Only",
    "Raft figure 3, Log Matching",
    "Raft figure 3, Leader Completeness",
    "Raft figure 3, State Machine Safety",
    "Raft figure 4",
    // Terms are exchanged with every message.
    "Raft §5.1",
    "Raft §5.2, majority",
    "Raft §5.2, one vote in a term",
    "Raft §5.2, randomized timeouts",
    // The hint of a rejected append skips whole terms.
    "Raft §5.3, fewer rejected appends",
    // Voters compare logs.
    "Raft §5.4.1",
    // Entries of earlier terms do not commit by counting.
    "Raft §5.4.2",
    // A repeated message does no harm.
    "Raft §5.5",
    // A new leader commits a no-op.
    "Raft §8",
    // Membership changes are prepared: configurations are counted, adopted and rolled back. No code proposes one yet.
    "thesis §4.1",
    "thesis §4.2.1",
    "thesis §4.3",
    // A member that hears a leader grants no votes that would disturb it.
    "thesis §4.2.3",
    // A leader without a majority steps down.
    "thesis §6.2",
    // ReadIndex, by the numbers of its steps. The fifth, the query, is the state machine's.
    "thesis §6.4 (1)",
    "thesis §6.4 (2)",
    "thesis §6.4 (3)",
    "thesis §6.4 (4)",
    // Leases.
    "thesis §6.4.1",
    // Pre-vote.
    "thesis §9.6",
    // The leader writes in parallel with its followers.
    "thesis §10.2.1",
    // Appends are pipelined: they follow each other without waiting for answers.
    "thesis §10.2.2",
];

/// Rules without an implementation yet. An implementation moves its rule into the list above.
const ABSENT: &[&str] = &[
    // Leadership transfer.
    "thesis §3.10",
    // Removal of the leader, and the rest of a membership change.
    "thesis §4.2.2",
    // Snapshots sent to followers.
    "Raft figure 13",
];

const MISSING_RULE: Rule = Rule {
    name: "rule-missing",
    mend: "cite it where it is implemented, `// Rule: ` and its name; or move it to ABSENT in tests/tidy/rules.rs",
};
const UNKNOWN_RULE: Rule =
    Rule { name: "rule-unknown", mend: "cite it by its name in tests/tidy/rules.rs, or add it to that list" };
const TWICE_RULE: Rule =
    Rule { name: "rule-twice", mend: "cite it at the one place that a reader should find first" };
const STRAY_RULE: Rule = Rule {
    name: "rule-stray",
    mend: "name the idea in words, and leave sections and figures to the one line `// Rule: ` of its implementation",
};

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    let mut cited: BTreeMap<&str, usize> = CITED.iter().map(|rule| (*rule, 0)).collect();
    for source in workspace.sources.iter().filter(|source| source.is_in(CORE)) {
        for comment in source.comments.iter().filter(|comment| !source.is_test(comment.line)) {
            match comment.text.trim().strip_prefix("Rule: ") {
                Some(rule) => note(rule, &mut cited, source, comment.line, report),
                None if is_stray(&comment.text) => {
                    report.line(STRAY_RULE, &source.path, comment.line, "cites the paper in a sentence");
                }
                None => {}
            }
        }
    }
    for (rule, _) in cited.into_iter().filter(|(_, times)| *times == 0) {
        report.line(MISSING_RULE, FIRST_FILE, 1, format!("`{rule}` is cited nowhere"));
    }
}

fn note(rule: &str, cited: &mut BTreeMap<&str, usize>, source: &Source, line: usize, report: &mut Report) {
    match cited.get_mut(rule) {
        Some(times) if *times > 0 => {
            report.line(TWICE_RULE, &source.path, line, format!("`{rule}` is cited a second time"));
        }
        Some(times) => *times += 1,
        None if ABSENT.contains(&rule) => {
            let what = format!("`{rule}` is cited, but listed as not implemented");
            report.line(UNKNOWN_RULE, &source.path, line, what);
        }
        None => report.line(UNKNOWN_RULE, &source.path, line, format!("no rule is called `{rule}`")),
    }
}

/// Returns whether a sentence names a section or a figure.
fn is_stray(text: &str) -> bool {
    let figure = |word: &str| {
        text.split_once(word).is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    text.contains('§') || figure("figure ") || figure("Figure ")
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::*;

    const PATH: &str = "copycat/src/raft/a.rs";

    /// Returns what is found if each rule is cited once, followed by the planted text.
    fn with(planted: &str) -> Vec<String> {
        let all: String = CITED.iter().map(|rule| format!("// Rule: {rule}\n")).collect();
        let found = found_in(&[(PATH, &format!("{all}{planted}\nfn f() {{}}\n"))], check);
        let line = format!("{PATH}:{}", CITED.len() + 1);
        found.into_iter().map(|found| found.replace(&line, "planted")).collect()
    }

    #[test]
    fn all_rules_once_are_what_is_wanted() {
        assert_eq!(with("// A remark about nothing."), [""; 0]);
    }

    #[test]
    fn a_rule_that_is_cited_nowhere_is_named() {
        let all_but_one: String = CITED[1..].iter().map(|rule| format!("// Rule: {rule}\n")).collect();
        let mut report = Report::default();
        check(
            &Workspace::of(&[(PATH, &all_but_one), ("tests/a.rs", "// Rule: Raft figure 2, State")]),
            &mut report,
        );
        let found: Vec<_> = report.into_sorted().into_iter().map(|found| found.what).collect();
        assert_eq!(found, ["`Raft figure 2, State` is cited nowhere"]);
    }

    #[test]
    fn other_names_and_second_places_are_found() {
        assert_eq!(with("// Rule: Raft §5.9"), ["rule-unknown planted"]);
        assert_eq!(with("// Rule: thesis §3.10"), ["rule-unknown planted"]);
        assert_eq!(with("// Rule: Raft §8"), ["rule-twice planted"]);
    }

    #[test]
    fn a_citation_in_a_sentence_is_found() {
        assert_eq!(with("/// The paper says so (§5.2)."), ["rule-stray planted"]);
        assert_eq!(with("// See figure 8."), ["rule-stray planted"]);
        assert_eq!(with("// Figures are shown elsewhere."), [""; 0]);
    }

    #[test]
    fn no_rule_is_listed_twice() {
        let all: std::collections::BTreeSet<_> = CITED.iter().chain(ABSENT).collect();
        assert_eq!(all.len(), CITED.len() + ABSENT.len());
    }
}
