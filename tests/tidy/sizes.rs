//! Sizes of files, functions and trait boundaries. Tests are not counted: they may be as long as they need.

use super::report::{Report, Rule, Violation};
use super::workspace::{Source, Workspace};

/// Lines of a file, including comments and blank lines.
const FILE_MEDIAN_MAX: usize = 200;
const FILE_MAX: usize = 500;
/// Lines of a function, from its signature to its closing brace.
const FUNCTION_MEDIAN_MAX: usize = 10;
const FUNCTION_NINE_IN_TEN_MAX: usize = 35;
const FUNCTION_MAX: usize = 70;
/// Methods of a trait, except traits that users annotate.
const SEAM_MAX: usize = 6;

const FILE_RULE: Rule = Rule {
    name: "file-lines",
    mend: "give one of its ideas a file of its own; tests of a long file can move to a file of theirs",
};
const FILES_RULE: Rule = Rule { name: "file-median", mend: "split the longest files by idea" };
const FUNCTION_RULE: Rule =
    Rule { name: "function-lines", mend: "name its parts and make them functions: a step each" };
const FUNCTIONS_RULE: Rule =
    Rule { name: "function-spread", mend: "split the longest functions; they are listed with the finding" };
const SEAM_RULE: Rule = Rule {
    name: "seam-methods",
    mend: "split the seam by who uses it, or move what can be built from the rest to functions beside it",
};

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    let sizes = Sizes::of(workspace);
    for file in sizes.files.iter().filter(|file| file.size > FILE_MAX) {
        report.add(file.violation(FILE_RULE, format!("{} lines; at most {FILE_MAX}", file.size)));
    }
    for function in sizes.functions.iter().filter(|function| function.size > FUNCTION_MAX) {
        let what = format!("`{}` has {} lines; at most {FUNCTION_MAX}", function.item, function.size);
        report.add(function.violation(FUNCTION_RULE, what));
    }
    for item in sizes.traits.iter().filter(|item| item.size > SEAM_MAX) {
        let what = format!("`{}` has {} methods; at most {SEAM_MAX}", item.item, item.size);
        report.add(item.violation(SEAM_RULE, what));
    }
    check_spread(&sizes.files, 50, FILE_MEDIAN_MAX, FILES_RULE, report);
    check_spread(&sizes.functions, 50, FUNCTION_MEDIAN_MAX, FUNCTIONS_RULE, report);
    check_spread(&sizes.functions, 90, FUNCTION_NINE_IN_TEN_MAX, FUNCTIONS_RULE, report);
}

/// Returns the current sizes of the product, as one line.
pub(crate) fn figures(workspace: &Workspace) -> String {
    let Sizes { files, functions, .. } = Sizes::of(workspace);
    format!(
        "{} files: median {} lines, longest {}; {} functions: median {} lines, nine in ten at most {}, longest {}",
        files.len(),
        quantile(&files, 50),
        quantile(&files, 100),
        functions.len(),
        quantile(&functions, 50),
        quantile(&functions, 90),
        quantile(&functions, 100),
    )
}

/// One measured file, function or trait.
struct Measured {
    path: String,
    line: usize,
    item: String,
    size: usize,
}

impl Measured {
    fn violation(&self, rule: Rule, what: String) -> Violation {
        let Measured { path, line, item, size } = self;
        Violation { path: path.clone(), line: *line, rule, what, item: item.clone(), size: *size }
    }
}

/// The sizes of the product, largest first.
struct Sizes {
    files: Vec<Measured>,
    functions: Vec<Measured>,
    traits: Vec<Measured>,
}

impl Sizes {
    fn of(workspace: &Workspace) -> Sizes {
        let mut sizes = Sizes { files: Vec::new(), functions: Vec::new(), traits: Vec::new() };
        for source in workspace.sources.iter().filter(|source| source.is_product()) {
            let path = source.path.clone();
            sizes.files.push(Measured { path, line: 1, item: String::new(), size: source.lines().count() });
            sizes.functions.extend(items(source, &source.syntax.functions));
            if source.is_in("copycat/src") {
                sizes.traits.extend(items(source, &source.syntax.traits));
            }
        }
        for measured in [&mut sizes.files, &mut sizes.functions] {
            measured.sort_by_key(|measured| std::cmp::Reverse(measured.size));
        }
        sizes
    }
}

fn items<'a>(source: &'a Source, found: &'a [super::syntax::Item]) -> impl Iterator<Item = Measured> + 'a {
    let product = found.iter().filter(|item| !source.is_test(item.line));
    product.map(|item| Measured {
        path: source.path.clone(),
        line: item.line,
        item: item.name.clone(),
        size: item.size,
    })
}

/// Returns the size that `percent` of the items do not exceed; 0 if there are none.
fn quantile(sorted: &[Measured], percent: usize) -> usize {
    let above = sorted.len() * (100 - percent) / 100;
    sorted.get(above).map_or(0, |measured| measured.size)
}

fn check_spread(sorted: &[Measured], percent: usize, max: usize, rule: Rule, report: &mut Report) {
    let size = quantile(sorted, percent);
    if size <= max {
        return;
    }
    let longest: Vec<_> = sorted
        .iter()
        .take(10)
        .map(|Measured { path, line, item, size }| format!("\n      {path}:{line} {item} {size}"))
        .collect();
    report.add(Violation {
        path: "Cargo.toml".to_owned(),
        line: 1,
        rule,
        what: format!("{percent} % have up to {size} lines; at most {max}; the longest:{}", longest.concat()),
        item: format!("{percent}"),
        size,
    });
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::{check, figures};
    use crate::tidy::workspace::Workspace;

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn long_files_are_found_and_tests_are_not_counted() {
        let comments = "// why\n".repeat(490);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "// more\n".repeat(100));
        let fits = format!("{comments}{tests}");
        let long = format!("{}{tests}", "// why\n".repeat(501));
        let short = [("copycat/src/a.rs", "\n"), ("copycat/src/b.rs", "\n"), ("copycat/src/c.rs", "\n")];
        let files = [&short[..], &[("copycat/src/d.rs", &fits), ("examples/e/main.rs", &long)]].concat();
        assert_eq!(found_in(&files, check), ["file-lines examples/e/main.rs:1"]);
        let files = [("copycat/src/d.rs", fits.as_str()), ("tests/simulation.rs", &long)];
        assert_eq!(found_in(&files, check), ["file-median Cargo.toml:1"]);
    }

    #[test]
    fn long_functions_are_found() {
        let short = (0..20).map(|n| function(&format!("f{n}"), 5)).collect::<String>();
        let fits = short.clone() + &function("fits", 70);
        assert!(found_in(&[("copycat-macros/src/a.rs", &fits)], check).is_empty());
        let long = short + "#[test]\n" + &function("story", 90) + &function("long", 71);
        assert_eq!(
            found_in(&[("collections/src/a.rs", &long)], check),
            ["function-lines collections/src/a.rs:192"]
        );
    }

    #[test]
    fn the_spread_of_functions_is_watched() {
        let of = |sizes: [usize; 10]| {
            let named = sizes.iter().enumerate().map(|(n, size)| function(&format!("f{n}"), *size));
            let source: String = named.collect();
            found_in(&[("copycat/src/a.rs", &source)], check).len()
        };
        assert_eq!(of([2, 3, 4, 5, 6, 10, 20, 30, 35, 60]), 0);
        assert_eq!(
            of([2, 3, 4, 5, 6, 11, 20, 30, 35, 35]),
            0,
            "the median may be the lower of the middle two"
        );
        assert_eq!(of([2, 3, 4, 5, 11, 11, 20, 30, 35, 35]), 1);
        assert_eq!(of([2, 3, 4, 5, 6, 10, 20, 30, 36, 36]), 1);
    }

    #[test]
    fn wide_seams_are_found() {
        let wide_trait =
            |methods: usize| format!("pub trait Disk {{\n{}}}\n", "    fn f();\n".repeat(methods));
        assert!(found_in(&[("copycat/src/storage/disk.rs", &wide_trait(6))], check).is_empty());
        let wide = [("copycat/src/storage/disk.rs", wide_trait(7)), ("examples/bank/main.rs", wide_trait(7))];
        let files = wide.each_ref().map(|(path, text)| (*path, text.as_str()));
        assert_eq!(found_in(&files, check), ["seam-methods copycat/src/storage/disk.rs:1"]);
    }

    #[test]
    fn figures_are_those_of_the_product() {
        let text = function("a", 4) + &function("b", 2);
        let workspace = Workspace::of(&[("copycat/src/a.rs", &text), ("tests/b.rs", "fn c() {}")]);
        assert_eq!(
            figures(&workspace),
            "1 files: median 6 lines, longest 6; 2 functions: median 2 lines, nine in ten at most 4, longest 4"
        );
    }
}
