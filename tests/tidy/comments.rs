//! Comments explain decisions, each folder introduces itself, and comments hold neither open work nor disabled code.

use super::report::{Report, Rule};
use super::workspace::{Source, Workspace};
use std::collections::BTreeSet;

/// The least share of comment lines. The style asks for a quarter, which `figures` shows; below half of that the
/// product is too silent. The share is counted over the whole product, because a single file may be plain enough to
/// need few.
const SHARE_MIN_PERCENT: usize = 12;

const OPEN_RULE: Rule =
    Rule { name: "open-end", mend: "do it now, or open an issue and say here what holds today" };
const DEAD_RULE: Rule =
    Rule { name: "dead-code", mend: "delete it: the history keeps it; an example belongs in documentation" };
const INTRODUCTION_RULE: Rule = Rule {
    name: "introduction",
    mend: "begin with `//!`: what the folder is for, what it never does, where to begin reading",
};
const SHARE_RULE: Rule = Rule {
    name: "comment-share",
    mend: "say why, where a reader would ask; never what the names say already",
};

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    for source in &workspace.sources {
        check_open_ends(source, report);
        check_dead_code(source, report);
        check_introduction(source, report);
    }
    let (comments, lines) = share(workspace);
    if comments * 100 < lines * SHARE_MIN_PERCENT {
        let what = format!("{comments} of {lines} lines are comments; at least {SHARE_MIN_PERCENT} %");
        report.line(SHARE_RULE, "Cargo.toml", 1, what);
    }
}

/// Returns the share of comment lines, as one line.
pub(crate) fn figures(workspace: &Workspace) -> String {
    let (comments, lines) = share(workspace);
    format!("{comments} of {lines} lines are comments: {} %", comments * 100 / lines.max(1))
}

/// Returns the number of product lines with a comment, and of those that are not blank.
fn share(workspace: &Workspace) -> (usize, usize) {
    let product = workspace.sources.iter().filter(|source| source.is_product());
    product.fold((0, 0), |(comments, lines), source| {
        let own = source.comments.iter().map(|comment| comment.line).filter(|line| !source.is_test(*line));
        let own: BTreeSet<_> = own.collect();
        let written = source.lines().filter(|(_, text)| !text.trim().is_empty()).count();
        (comments + own.len(), lines + written)
    })
}

fn check_open_ends(source: &Source, report: &mut Report) {
    for comment in &source.comments {
        let mut words = comment.text.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.find(|word| ["TODO", "FIXME", "XXX", "HACK"].contains(word)) {
            report.line(OPEN_RULE, &source.path, comment.line, format!("a comment says {word}"));
        }
    }
}

fn check_dead_code(source: &Source, report: &mut Report) {
    for comment in source.comments.iter().filter(|comment| !comment.doc && is_code(&comment.text)) {
        let what = format!("a comment holds code: `{}`", comment.text);
        report.line(DEAD_RULE, &source.path, comment.line, what);
    }
}

/// Returns whether a line can only be code. It rather misses code than accuses a sentence or a formula: a line that
/// ends like a statement or opens a block must also parse as one, and hold more than a word.
fn is_code(text: &str) -> bool {
    let closes = ["}", "};", "})", "});", "},"].contains(&text);
    let attribute = text.starts_with("#[") && text.ends_with(']');
    let statement = text.ends_with(';') && text.contains([' ', '(', ':']) && parses(text);
    let block = text.ends_with('{') && text.contains(' ') && parses(&format!("{text}}}"));
    closes || attribute || statement || block
}

fn parses(statement: &str) -> bool {
    use syn::parse::Parser;
    syn::Block::parse_within.parse_str(statement).is_ok()
}

fn check_introduction(source: &Source, report: &mut Report) {
    let opens = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| source.path.ends_with(&format!("/{name}")));
    let library =
        ["copycat", "copycat-macros", "collections", "examples"].iter().any(|folder| source.is_in(folder));
    if opens && library && !source.text.starts_with("//!") {
        report.line(INTRODUCTION_RULE, &source.path, 1, "does not introduce itself");
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::{check, figures};
    use crate::tidy::workspace::Workspace;

    #[test]
    fn open_ends_are_found() {
        let source =
            "// TODO: later\nfn f() {} // (FIXME)\n/* HACK */\nlet s = \"TODO\"; // TODOS of no one\n";
        let expected = ["open-end tests/a.rs:1", "open-end tests/a.rs:2", "open-end tests/a.rs:3"];
        assert_eq!(found_in(&[("tests/a.rs", source)], check), expected);
    }

    #[test]
    fn dead_code_is_found() {
        for code in [
            "let a = b;",
            "fn f(x: u8) -> u8 {",
            "self.log.append(entry)?;",
            "if a > b {",
            "} else {",
            "});",
            "#[cfg(test)]",
            "use std::fs;",
            "return Ok(());",
        ] {
            let source = format!("// {code}\nfn f() {{}}\n");
            let expected = if code.starts_with("} ") { 0 } else { 1 };
            assert_eq!(found_in(&[("tests/a.rs", &source)], check).len(), expected, "{code}");
        }
    }

    #[test]
    fn sentences_formulas_and_documentation_are_no_dead_code() {
        let source = "// the log is cut;\n// a <= b, and so is c;\n// later;\n// length = count * 8\n\
                      // | magic | salt |\n// {len, crc}\n/// let a = f();\nfn f() {}\n// Raft §5.4.2:\n";
        assert_eq!(found_in(&[("tests/a.rs", source)], check), [""; 0]);
    }

    #[test]
    fn folders_introduce_themselves() {
        let files = [
            ("copycat/src/raft/mod.rs", "mod a; // it is only here\n"),
            ("copycat/src/gossip/mod.rs", "//! Gossip.\n"),
            ("tests/a/mod.rs", "mod a;"),
        ];
        assert_eq!(found_in(&files, check), ["introduction copycat/src/raft/mod.rs:1"]);
    }

    #[test]
    fn a_silent_product_is_found() {
        let source = "fn f() {}\n\n".repeat(22) + "// why\n// why\n/// What.\nfn g() {} // when\n";
        let workspace = Workspace::of(&[("copycat/src/a.rs", &source)]);
        assert_eq!(figures(&workspace), "4 of 26 lines are comments: 15 %");
        assert!(found_in(&[("copycat/src/a.rs", &source)], check).is_empty());
        let silent = source + &"fn h() {}\n".repeat(10) + "#[cfg(test)]\nmod tests {\n// much\n// more\n}\n";
        assert_eq!(found_in(&[("copycat/src/a.rs", &silent)], check), ["comment-share Cargo.toml:1"]);
    }
}
