//! A path in a comment or a page must be the end of a path that exists.

use super::report::{Report, Rule};
use super::workspace::Workspace;

const PATH_RULE: Rule =
    Rule { name: "path", mend: "name the file that holds this now, by the end of its path" };

/// The endings of the repository's text files.
const ENDINGS: [&str; 5] = [".rs", ".md", ".txt", ".sh", ".toml"];

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    for page in workspace.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (before, line) in page.text.lines().enumerate() {
            check_text(line, (&page.path, before + 1), workspace, report);
        }
    }
    for source in &workspace.sources {
        for comment in &source.comments {
            check_text(&comment.text, (&source.path, comment.line), workspace, report);
        }
    }
}

fn check_text(text: &str, (path, line): (&str, usize), workspace: &Workspace, report: &mut Report) {
    for named in named_paths(text) {
        let exists = workspace.files.iter().any(|file| ends_with(&file.path, named));
        if !exists {
            report.line(PATH_RULE, path, line, format!("names `{named}`, which is no file"));
        }
    }
}

/// Returns the relative paths between backticks that have at least a folder and a file. A name alone could mean any
/// file.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        let plain = name.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
        let relative = name.contains('/') && !name.starts_with(['/', '.']);
        plain && relative && ENDINGS.iter().any(|ending| name.ends_with(ending))
    })
}

/// Returns whether `path` ends with the steps of `named`.
fn ends_with(path: &str, named: &str) -> bool {
    path.strip_suffix(named).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    #[test]
    fn files_that_are_gone_are_found_wherever_they_are_named() {
        let page = "The log (`storage/log.rs`).\nSee `raft/gone.rs`, and `a/log.rs`.\n";
        let source =
            "//! As `raft/gone.rs` says.\n// `storage/log.rs` does; `src/storage/log.rs` is the same.\n";
        let files = [("page.md", page), ("copycat/src/a.rs", source), ("copycat/src/storage/log.rs", "")];
        assert_eq!(found_in(&files, check), ["path copycat/src/a.rs:1", "path page.md:2", "path page.md:2"]);
    }

    #[test]
    fn what_is_no_path_of_the_repository_is_left_alone() {
        for text in ["`gone.rs`", "`/tmp/gone.rs`", "`../gone.rs`", "`a/*.rs`", "`raft/gone`", "raft/gone.rs"]
        {
            assert_eq!(found_in(&[("page.md", text)], check), [""; 0], "{text}");
        }
    }
}
