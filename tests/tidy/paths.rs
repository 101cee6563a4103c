//! A path in a comment or a page must be the end of a path that exists, and so must the name of a source. Where a
//! folder says in which files to begin, they are its own.

use super::report::{Report, Rule};
use super::workspace::{Source, Workspace};

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
        check_beginning(source, workspace, report);
    }
}

/// Checks the files that a folder's introduction names after "Begin with", until the paragraph ends. The compiler's
/// documentation checks those that are links.
fn check_beginning(source: &Source, workspace: &Workspace, report: &mut Report) {
    let Some(folder) = source.path.strip_suffix("mod.rs") else { return };
    let introduction = source.comments.iter().zip(1..).take_while(|(comment, line)| comment.line == *line);
    let introduction = introduction.map(|(comment, _)| comment);
    let paragraph = introduction.skip_while(|comment| !comment.text.contains("Begin with"));
    for comment in paragraph.take_while(|comment| !comment.text.is_empty()) {
        let begin = comment.text.find("Begin with").unwrap_or(0);
        for name in bare_names(&comment.text[begin..]) {
            let (file, inside) = (format!("{folder}{name}.rs"), format!("{folder}{name}/"));
            if !workspace.files.iter().any(|other| other.path == file || other.path.starts_with(&inside)) {
                let what = format!("begins with `{name}`, which is no file of {folder}");
                report.line(PATH_RULE, &source.path, comment.line, what);
            }
        }
    }
}

/// Returns the names between backticks that a module may have, without those in links.
fn bare_names(text: &str) -> impl Iterator<Item = &str> {
    let mut before = "";
    text.split('`').enumerate().filter_map(move |(at, part)| {
        let linked = std::mem::replace(&mut before, part).ends_with('[');
        let module = !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        (at % 2 == 1 && module && !linked).then_some(part)
    })
}

fn check_text(text: &str, (path, line): (&str, usize), workspace: &Workspace, report: &mut Report) {
    for named in named_paths(text) {
        let exists = workspace.files.iter().any(|file| ends_with(&file.path, named));
        if !exists {
            report.line(PATH_RULE, path, line, format!("names `{named}`, which is no file"));
        }
    }
}

/// Returns the relative paths between backticks that have at least a folder and a file, and the names of sources. Any
/// other name alone could mean a file of the user.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        let plain = name.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
        let relative = (name.contains('/') || name.ends_with(".rs")) && !name.starts_with(['/', '.']);
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
    fn the_name_of_a_source_is_enough() {
        let page = "It is in `gone.rs`, and once was in `log.rs`.\n";
        let files = [("page.md", page), ("copycat/src/storage/log.rs", "")];
        assert_eq!(found_in(&files, check), ["path page.md:1"]);
    }

    #[test]
    fn a_folder_begins_with_files_of_its_own() {
        let source = "//! It is about `nothing`.\n//!\n//! Begin with [`entry`] and `log`, then\n\
                      //! read `wire` and `gone`, and `Log`.\n//!\n//! See `gone`.\nmod log;\n";
        let files = [
            ("copycat/src/a/mod.rs", source),
            ("copycat/src/a/log.rs", ""),
            ("copycat/src/a/wire/mod.rs", ""),
        ];
        assert_eq!(found_in(&files, check), ["path copycat/src/a/mod.rs:4"]);
        assert_eq!(found_in(&[("copycat/src/a/b.rs", source)], check), [""; 0]);
    }

    #[test]
    fn what_is_no_path_of_the_repository_is_left_alone() {
        for text in
            ["`gone.txt`", "`/tmp/gone.rs`", "`../gone.rs`", "`a/*.rs`", "`raft/gone`", "raft/gone.rs"]
        {
            assert_eq!(found_in(&[("page.md", text)], check), [""; 0], "{text}");
        }
    }
}
