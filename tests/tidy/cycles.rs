//! No import cycles between files, direct or indirect. Each file can be read after the files that it uses, and
//! understood without the files that use it.

use super::report::{Report, Rule};
use super::syntax::Path;
use super::workspace::{Source, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// The folders to which the rule applies.
const FOLDERS: &[&str] = &[
    "copycat/src/codec",
    "copycat/src/storage",
    "copycat/src/raft",
    "copycat/src/transport",
    "copycat/src/request",
    "copycat/src/stream",
    "copycat/src/node",
    "copycat/src/remote",
    "copycat/src/cluster",
    "copycat/src/resource",
    "copycat/src/copycat",
];

const CIRCLE_RULE: Rule = Rule {
    name: "circle",
    mend: "move what both need to a file below them, or give the lower one what it needs as an argument",
};

/// For each file, by its module: the files of the folder that it uses, with a line where it does.
type Uses<'a> = BTreeMap<&'a [String], BTreeMap<&'a [String], usize>>;

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    for folder in FOLDERS {
        let files: Vec<_> = workspace.sources.iter().filter(|source| is_file_of(source, folder)).collect();
        let uses: Uses<'_> =
            files.iter().map(|file| (file.module.as_slice(), used_by(file, &files))).collect();
        for file in &files {
            for (used, line) in &uses[file.module.as_slice()] {
                if reaches(used, &file.module, &uses) {
                    let what = format!("uses `{}`, which uses it", used.join("::"));
                    report.line(CIRCLE_RULE, &file.path, *line, what);
                }
            }
        }
    }
}

/// Returns whether the source is a file of the folder. `mod.rs` names all files and stands for none, so it is left
/// out.
fn is_file_of(source: &Source, folder: &str) -> bool {
    source.is_in(folder) && !source.path.ends_with("/mod.rs") && !source.test_only
}

fn used_by<'a>(file: &Source, files: &[&'a Source]) -> BTreeMap<&'a [String], usize> {
    let paths = file.syntax.paths.iter().filter(|path| !file.is_test(path.line));
    let absolute = paths.filter_map(|path| Some((absolute(file, path)?, path.line)));
    let used = absolute.filter_map(|(path, line)| {
        let found = files.iter().find(|other| path.starts_with(&other.module) && other.path != file.path)?;
        Some((found.module.as_slice(), line))
    });
    used.collect()
}

/// Resolves a path from the root of the crate; `None` if its beginning is unknown.
fn absolute(file: &Source, path: &Path) -> Option<Vec<String>> {
    let steps = path.segments.iter().position(|segment| segment != "self" && segment != "super");
    let (begin, rest) = path.segments.split_at(steps?);
    let above = begin.iter().filter(|segment| *segment == "super").count();
    match rest.first()?.as_str() {
        "crate" => Some(rest[1..].to_vec()),
        _ if begin.is_empty() => None,
        _ => {
            let here = [file.module.clone(), file.syntax.modules_at(path.line)].concat();
            Some([&here[..here.len().checked_sub(above)?], rest].concat())
        }
    }
}

fn reaches(from: &[String], to: &[String], uses: &Uses<'_>) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(uses[at].keys());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    #[test]
    fn files_that_use_each_other_are_found() {
        let files = [
            ("copycat/src/raft/mod.rs", "//! Both.\nmod a;\nmod b;\nuse a::A;\n"),
            ("copycat/src/raft/a.rs", "use super::b::B;\n"),
            ("copycat/src/raft/b.rs", "\nfn f() { crate::raft::a::g() }\n"),
        ];
        assert_eq!(
            found_in(&files, check),
            ["circle copycat/src/raft/a.rs:1", "circle copycat/src/raft/b.rs:2"]
        );
    }

    #[test]
    fn a_detour_is_a_circle_too() {
        let files = [
            ("copycat/src/raft/a.rs", "use super::{b::B, d::D};\n"),
            ("copycat/src/raft/b.rs", "use super::c;\n"),
            ("copycat/src/raft/c.rs", "use super::a::A;\n"),
            ("copycat/src/raft/d.rs", "use crate::codec::ids::Index;\n"),
        ];
        let found = ["a", "b", "c"].map(|file| format!("circle copycat/src/raft/{file}.rs:1"));
        assert_eq!(found_in(&files, check), found);
    }

    #[test]
    fn tests_may_use_what_they_like_and_other_folders_too() {
        let files = [
            ("copycat/src/raft/a.rs", "use super::b::B;\n"),
            ("copycat/src/raft/b.rs", "#[cfg(test)]\nmod tests {\n    use super::super::a::A;\n}\n"),
            ("copycat/src/testing/a.rs", "use super::b::B;\n"),
            ("copycat/src/testing/b.rs", "use super::a::A;\n"),
        ];
        assert_eq!(found_in(&files, check), [""; 0]);
    }
}
