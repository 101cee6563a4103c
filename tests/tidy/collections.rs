//! The collections use only what users have, as users would, and are short enough to learn from.

use super::report::{Report, Rule};
use super::workspace::{Source, Workspace};

/// Most lines of a collection's file, without the examples in its documentation and without tests.
const LINES_MAX: usize = 200;

const HIDDEN_RULE: Rule = Rule {
    name: "hidden-door",
    mend: "use what `copycat` documents; if that is not enough, every user lacks it, too",
};
const LENGTH_RULE: Rule = Rule {
    name: "plain-collection",
    mend: "leave out what is not needed to understand it, or give one of its ideas a file of its own",
};

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    let hidden = hidden(workspace);
    for source in workspace.sources.iter().filter(|source| source.is_in("collections/src")) {
        check_doors(source, &hidden, report);
        check_length(source, report);
    }
}

/// Returns the names that the framework shows to generated code and hides from users.
fn hidden(workspace: &Workspace) -> Vec<String> {
    let framework = workspace.sources.iter().filter(|source| source.is_in("copycat/src"));
    let lines = framework.flat_map(|source| {
        let next = source.text.lines().skip(1);
        source.text.lines().zip(next).filter(|(line, _)| line.trim() == "#[doc(hidden)]")
    });
    let names = lines.filter_map(|(_, item)| {
        let mut words =
            item.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        words.find(|word| ["fn", "mod", "struct", "trait"].contains(word))?;
        words.next().map(str::to_owned)
    });
    names.collect()
}

fn check_doors(source: &Source, hidden: &[String], report: &mut Report) {
    for (line, text) in source.lines().filter(|(_, text)| !text.trim_start().starts_with("//")) {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.find(|word| hidden.iter().any(|name| name == word)) {
            report.line(
                HIDDEN_RULE,
                &source.path,
                line,
                format!("names `{word}`, which is hidden from users"),
            );
        }
    }
}

fn check_length(source: &Source, report: &mut Report) {
    let mut example = false;
    let counted = source.lines().filter(|(_, text)| {
        let text = text.trim_start().trim_start_matches("//!").trim_start_matches("///").trim_start();
        let fence = text.starts_with("```");
        example ^= fence;
        !(example || fence)
    });
    let lines = counted.count();
    if lines > LINES_MAX {
        let what = format!("{lines} lines without examples and tests; at most {LINES_MAX}");
        report.line(LENGTH_RULE, &source.path, 1, what);
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    #[test]
    fn what_is_hidden_is_found_where_it_is_used() {
        let proxy = "pub trait Proxy {\n    #[doc(hidden)]\n    fn client(&self) -> &ResourceClient;\n    fn name(&self);\n}\n";
        let root = "#[doc(hidden)]\npub mod __private;\npub mod prelude;\n";
        let set = "// A client is no door here.\nfn f(p: &P) { p.client(); }\nuse copycat::{__private as p};\n\
                   fn g(p: &P) { p.name(); }\n#[cfg(test)]\nmod tests { fn f(p: &P) { p.client(); } }\n";
        let files = [
            ("copycat/src/resource/proxy.rs", proxy),
            ("copycat/src/lib.rs", root),
            ("collections/src/set.rs", set),
            ("examples/a.rs", "fn f(p: &P) { p.client(); }"),
        ];
        let expected = ["hidden-door collections/src/set.rs:2", "hidden-door collections/src/set.rs:3"];
        assert_eq!(found_in(&files, check), expected);
    }

    #[test]
    fn a_long_collection_is_found_and_its_examples_are_not_counted() {
        let example = format!("/// ```\n{}/// ```\n", "/// let a = b;\n".repeat(100));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// more\n".repeat(100));
        let of = |lines: usize| {
            format!("{}{example}{}{tests}", "// a\n".repeat(lines - 100), "fn b() {}\n".repeat(100))
        };
        assert!(found_in(&[("collections/src/set.rs", &of(200))], check).is_empty());
        let found = found_in(&[("collections/src/set.rs", &of(201)), ("copycat/src/a.rs", &of(400))], check);
        assert_eq!(found, ["plain-collection collections/src/set.rs:1"]);
    }
}
