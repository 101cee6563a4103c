//! Rules, and reports of their violations.

use std::collections::BTreeSet;
use std::fmt;

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    /// The name that the ratchet uses.
    pub name: &'static str,
    /// The fix of a violation.
    pub mend: &'static str,
}

/// One place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub path: String,
    pub line: usize,
    pub rule: Rule,
    /// The finding.
    pub what: String,
    /// The function or trait that is too large; empty for a rule about lines.
    pub item: String,
    /// The size of the item; 1 for a rule about lines, so that the lines of a file add up.
    pub size: usize,
}

impl Violation {
    /// Returns the subject by which the ratchet excuses it: the file, or an item in it.
    pub(crate) fn subject(&self) -> String {
        if self.item.is_empty() { self.path.clone() } else { format!("{}::{}", self.path, self.item) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { path, line, rule, what, .. } = self;
        write!(f, "{path}:{line}: {what} [{}]\n    mend: {}", rule.name, rule.mend)
    }
}

/// All violations found so far. A violation that is found twice counts once.
#[derive(Debug, Default)]
pub(crate) struct Report {
    violations: BTreeSet<Violation>,
}

impl Report {
    /// Adds a line that breaks a rule.
    pub(crate) fn line(&mut self, rule: Rule, path: &str, line: usize, what: impl Into<String>) {
        self.add(Violation {
            path: path.to_owned(),
            line,
            rule,
            what: what.into(),
            item: String::new(),
            size: 1,
        });
    }

    /// Adds a file, or an item in it, that is larger than a rule allows.
    pub(crate) fn add(&mut self, violation: Violation) {
        self.violations.insert(violation);
    }

    /// Returns the violations, ordered by file and line.
    pub(crate) fn into_sorted(self) -> Vec<Violation> {
        self.violations.into_iter().collect()
    }

    /// Returns the rule, file and line of each violation, for the rules' own tests.
    pub(crate) fn places(self) -> Vec<(&'static str, String, usize)> {
        self.into_sorted().into_iter().map(|found| (found.rule.name, found.path, found.line)).collect()
    }
}

/// Returns what `check` finds in planted files, as rule and `file:line`, for the rules' own tests.
pub(crate) fn found_in(
    files: &[(&str, &str)],
    check: fn(&super::workspace::Workspace, &mut Report),
) -> Vec<String> {
    let mut report = Report::default();
    check(&super::workspace::Workspace::of(files), &mut report);
    report.places().into_iter().map(|(rule, path, line)| format!("{rule} {path}:{line}")).collect()
}
