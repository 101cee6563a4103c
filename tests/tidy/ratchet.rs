//! Known violations. `ratchet.txt` lists them exactly, so the list can only shrink.

use super::report::{Report, Rule, Violation};
use super::workspace::Workspace;

const PATH: &str = "tests/tidy/ratchet.txt";

const RATCHET_RULE: Rule =
    Rule { name: "ratchet", mend: "lower the figure, or delete the entry: what was mended stays mended" };

/// `rule subject size`: the size of the rule's violation that is excused there.
struct Excuse<'a> {
    line: usize,
    rule: &'a str,
    subject: &'a str,
    size: usize,
}

/// Removes the excused violations, and reports the entries that excuse more than there is.
pub(crate) fn apply(workspace: &Workspace, report: Report) -> Report {
    let text = workspace.file(PATH).map_or("", |file| file.text.as_str());
    let mut violations = report.into_sorted();
    let mut left = Report::default();
    for entry in text.lines().enumerate() {
        match parse(entry) {
            Ok(None) => {}
            Ok(Some(excuse)) => settle(&excuse, &mut violations, &mut left),
            Err(what) => left.line(RATCHET_RULE, PATH, entry.0 + 1, what),
        }
    }
    violations.into_iter().for_each(|violation| left.add(violation));
    left
}

fn parse((before, text): (usize, &str)) -> Result<Option<Excuse<'_>>, String> {
    let entry = text.split('#').next().unwrap_or("");
    match entry.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        [rule, subject, size] => {
            let size = size.parse().map_err(|_| format!("`{size}` is no size"))?;
            Ok(Some(Excuse { line: before + 1, rule, subject, size }))
        }
        _ => Err("an entry is `rule subject size`".to_owned()),
    }
}

/// Applies one excuse. Sizes of items are excused one by one; violations in lines of a file add up.
fn settle(excuse: &Excuse<'_>, violations: &mut Vec<Violation>, left: &mut Report) {
    let excused =
        |violation: &Violation| violation.rule.name == excuse.rule && violation.subject() == excuse.subject;
    let found: usize =
        violations.iter().filter(|violation| excused(violation)).map(|violation| violation.size).sum();
    if found < excuse.size {
        let Excuse { rule, subject, size, .. } = excuse;
        left.line(
            RATCHET_RULE,
            PATH,
            excuse.line,
            format!("excuses {size} of `{rule}` in {subject}; there is {found}"),
        );
    }
    if found <= excuse.size {
        violations.retain(|violation| !excused(violation));
    }
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    const SINNER: (&str, &str) = ("copycat/src/node/mod.rs", "fn f() { todo!() }\nfn g() { todo!() }\n");

    fn left_by(ratchet: &str) -> Vec<String> {
        let workspace = Workspace::of(&[SINNER, (PATH, ratchet)]);
        let mut report = Report::default();
        names::check(&workspace, &mut report);
        let left = apply(&workspace, report).places();
        left.into_iter().map(|(rule, path, line)| format!("{rule} {path}:{line}")).collect()
    }

    #[test]
    fn what_is_written_down_is_excused() {
        let ratchet = "# Why it is there.\n\nunfinished copycat/src/node/mod.rs 2 # soon\n";
        assert_eq!(left_by(ratchet), [""; 0]);
    }

    #[test]
    fn one_more_brings_all_of_them_back() {
        let both = [1, 2].map(|line| format!("unfinished copycat/src/node/mod.rs:{line}"));
        assert_eq!(left_by("unfinished copycat/src/node/mod.rs 1\n"), both);
        assert_eq!(left_by(""), both);
    }

    #[test]
    fn what_was_mended_stays_mended() {
        assert_eq!(left_by("unfinished copycat/src/node/mod.rs 3\n"), ["ratchet tests/tidy/ratchet.txt:1"]);
        let ratchet = "unfinished copycat/src/node/mod.rs 2\nprint copycat/src/lib.rs 1\n";
        assert_eq!(left_by(ratchet), ["ratchet tests/tidy/ratchet.txt:2"]);
    }

    #[test]
    fn entries_that_say_nothing_are_found() {
        let ratchet = "unfinished copycat/src/node/mod.rs 2\nall of it\nprint everywhere\nprint there many";
        let expected = [2, 3, 4].map(|line| format!("ratchet tests/tidy/ratchet.txt:{line}"));
        assert_eq!(left_by(ratchet), expected);
    }

    #[test]
    fn items_are_excused_by_name() {
        let long = format!("fn f() {{\n{}}}\n", "step();\n".repeat(70)) + &"fn g() {}\n".repeat(20);
        let ratchet = "function-lines copycat/src/a.rs::f 72\n";
        let workspace = Workspace::of(&[("copycat/src/a.rs", &long), (PATH, ratchet)]);
        let mut report = Report::default();
        super::super::sizes::check(&workspace, &mut report);
        assert!(apply(&workspace, report).into_sorted().is_empty());
    }
}
