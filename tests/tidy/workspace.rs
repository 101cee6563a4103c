//! The input of the rules: every file of the repository, and the syntax of its Rust sources.

use super::lexer::{self, Comment};
use super::syntax::Syntax;
use std::path::Path;
use std::process::Command;

/// A text file of the repository.
pub(crate) struct File {
    /// The path from the root of the repository, with `/`.
    pub path: String,
    pub text: String,
}

/// A Rust source.
pub(crate) struct Source {
    pub path: String,
    pub text: String,
    /// The module path of the file in its crate: `["raft", "log"]`; empty for `lib.rs`.
    pub module: Vec<String>,
    pub comments: Vec<Comment>,
    /// The parsed source. If the file is not valid Rust, this is empty and `broken` holds the error.
    pub syntax: Syntax,
    pub broken: Option<String>,
    /// Whether only tests use the file.
    pub test_only: bool,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let (syntax, broken) = match Syntax::parse(text) {
            Ok(syntax) => (syntax, None),
            Err(error) => (Syntax::default(), Some(error.to_string())),
        };
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            module: module(path),
            comments: lexer::comments(text),
            syntax,
            broken,
            test_only: path.starts_with("tests/"),
        }
    }

    /// Returns whether the file lies in the folder.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns whether the file is part of what users build. The size rules apply there.
    pub(crate) fn is_product(&self) -> bool {
        ["copycat/src", "copycat-macros/src", "collections/src", "examples"].iter().any(|in_| self.is_in(in_))
            && !self.test_only
    }

    /// Returns whether a line exists only in tests.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.test_only || self.syntax.tests.iter().any(|lines| lines.contains(&line))
    }

    /// Returns the lines that are not tests.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(before, text)| (before + 1, text));
        numbered.filter(|(line, _)| !self.is_test(*line))
    }
}

/// The repository.
pub(crate) struct Workspace {
    pub files: Vec<File>,
    pub sources: Vec<Source>,
}

impl Workspace {
    /// Reads the repository that this test was built from.
    pub(crate) fn read() -> Workspace {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository");
        let files = tracked(root).into_iter().filter_map(|path| {
            // Binary files (golden files of the formats) are skipped. Deleted files are still listed.
            let text = std::fs::read_to_string(root.join(&path)).ok()?;
            Some(File { path, text })
        });
        Workspace::from(files.collect())
    }

    /// Creates a planted repository.
    pub(crate) fn of(files: &[(&str, &str)]) -> Workspace {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Workspace::from(files.iter().map(file).collect())
    }

    fn from(files: Vec<File>) -> Workspace {
        let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
        let mut sources: Vec<_> = rust.map(|file| Source::new(&file.path, &file.text)).collect();
        mark_tests(&mut sources);
        Workspace { files, sources }
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Marks the files below a `#[cfg(test)] mod name;` as tests, like the module itself.
fn mark_tests(sources: &mut [Source]) {
    let declared = |source: &Source| {
        let (package, module) = (package(&source.path).to_owned(), source.module.clone());
        let names = source.syntax.test_files.clone();
        names.into_iter().map(move |name| (package.clone(), [module.clone(), name].concat()))
    };
    let tests: Vec<_> = sources.iter().flat_map(declared).collect();
    for source in sources {
        source.test_only |= tests
            .iter()
            .any(|(owner, module)| owner == package(&source.path) && source.module.starts_with(module));
    }
}

fn package(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// Returns the module path of a file below a `src/` folder, or the steps of its path elsewhere.
fn module(path: &str) -> Vec<String> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let mut steps: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if steps.last().is_some_and(|last| last == "mod") || steps == ["lib"] || steps == ["main"] {
        steps.pop();
    }
    steps
}

/// Returns the files of the repository: those that git tracks or would track, so that a new file is read before it is
/// committed. Without git (a source archive), it returns everything except build results.
fn tracked(root: &Path) -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output();
    let mut files: Vec<String> = match git {
        Ok(output) if output.status.success() => {
            let list = String::from_utf8_lossy(&output.stdout).into_owned();
            list.split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walk(root, root),
    };
    files.sort();
    files.dedup();
    files
}

fn walk(root: &Path, folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && name != ".git" {
            files.extend(walk(root, &path));
        } else if path.is_file() {
            let inside = path.strip_prefix(root).expect("the walk began at the root");
            files.push(inside.to_string_lossy().into_owned());
        }
    }
    files
}

#[test]
fn files_below_a_test_module_are_tests() {
    let workspace = Workspace::of(&[
        ("copycat/src/raft/mod.rs", "#[cfg(test)] mod script;\nmod log;\n"),
        ("copycat/src/raft/script/mod.rs", "mod part;"),
        ("copycat/src/raft/script/part.rs", ""),
        ("copycat/src/raft/log.rs", ""),
        ("copycat-macros/src/raft/script.rs", ""),
        ("tests/tidy.rs", ""),
    ]);
    let tests: Vec<_> = workspace.sources.iter().map(|source| source.test_only).collect();
    assert_eq!(tests, [false, true, true, false, false, true]);
}
