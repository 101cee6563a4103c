//! Names in the code use the field's words. A banned word has a better one in the field, or says nothing; a reader
//! who knows the field must not have to learn a dialect first.
//!
//! The rule applies to types, fields, variables, functions, modules, folders and files. Names of tests are sentences,
//! and may say anything.

use super::report::{Report, Rule};
use super::syntax::Name;
use super::workspace::{Source, Workspace};

const RULE: Rule =
    Rule { name: "vocabulary", mend: "take the field's word, which the finding says, or name what it does" };

/// A banned word and its replacement.
struct Banned {
    word: &'static str,
    better: &'static str,
    /// Banned only at the end of a name of several words. At its beginning, or alone, the word says something.
    only_behind: bool,
}

const fn banned(word: &'static str, better: &'static str) -> Banned {
    Banned { word, better, only_behind: false }
}

const fn banned_behind(word: &'static str, better: &'static str) -> Banned {
    Banned { word, better, only_behind: true }
}

const BANNED: &[Banned] = &[
    banned("ground", "explicit parameters"),
    banned("road", "connection, or path"),
    banned("home", "data directory"),
    banned("hall", "acceptor"),
    banned("ear", "reader"),
    banned("door", "handshake"),
    banned("entrance", "inbox"),
    banned("founders", "bootstrap state"),
    banned("founding", "bootstrap"),
    banned("formation", "bootstrap record"),
    banned("rope", "write buffer"),
    banned("gate", "admission"),
    banned("seam", "the trait's name"),
    banned("lane", "priority, or connection"),
    banned("lanes", "priorities, or connections"),
    banned("beat", "heartbeat"),
    banned("beats", "heartbeats"),
    banned("footing", "leader context"),
    banned("pen", "held messages"),
    banned("errand", "task"),
    banned("parcel", "message in flight"),
    banned("manager", "what it does: owner, scheduler, pool"),
    banned("helper", "what it does"),
    banned("util", "the idea that its contents share"),
    banned("utils", "the idea that its contents share"),
    banned("misc", "the idea that its contents share"),
    banned("common", "the idea that its contents share"),
    banned_behind("impl", "what tells it from the others"),
    banned_behind("data", "what it holds"),
];

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    // The cases of the macro's tests may use any name, because users may.
    for source in workspace.sources.iter().filter(|source| !source.is_in("tests/ui")) {
        for step in source.path.trim_end_matches(".rs").split('/') {
            note(step, source, 1, report);
        }
        let named = source.syntax.names.iter().filter(|name| !(name.function && source.is_test(name.line)));
        for Name { text, line, .. } in named {
            note(text, source, *line, report);
        }
    }
}

fn note(name: &str, source: &Source, line: usize, report: &mut Report) {
    let words = words(name);
    for Banned { word, better, .. } in BANNED.iter().filter(|banned| banned.is_in(&words)) {
        report.line(RULE, &source.path, line, format!("`{name}` says {word}; better: {better}"));
    }
}

impl Banned {
    fn is_in(&self, words: &[String]) -> bool {
        match self.only_behind {
            true => words.len() > 1 && words.last().is_some_and(|last| last == self.word),
            false => words.iter().any(|word| word == self.word),
        }
    }
}

/// Splits a name into its words, in lower case, in any naming style.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut follows_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && follows_lower) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        follows_lower = letter.is_lowercase() || letter.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::*;

    fn lines_in(path: &str, source: &str) -> Vec<String> {
        let found = found_in(&[(path, source)], check);
        found.into_iter().map(|found| found.replace(&format!("{path}:"), "")).collect()
    }

    #[test]
    fn banned_words_are_found_in_names_of_all_kinds() {
        let source = "pub struct Door;\nenum OpenRoad {}\ntrait KeyHelper { fn ear(&self); }\ntype HallOf = u8;\n\
                      mod utils {}\nunion Misc { a: u8 }\nimpl Door {\n fn ground_for() {}\n}\nfn go_home() {}\n";
        let expected = [1, 2, 3, 3, 4, 5, 6, 8, 10].map(|line| format!("vocabulary {line}"));
        assert_eq!(lines_in("copycat/src/node/a.rs", source), expected);
        assert_eq!(lines_in("copycat/src/node/manager.rs", ""), ["vocabulary 1"]);
        assert_eq!(lines_in("copycat/src/common/a.rs", ""), ["vocabulary 1"]);
    }

    #[test]
    fn only_whole_words_count() {
        let source =
            "struct Heartbeat;\nfn background() {}\nfn clear() {}\nstruct Shall;\nfn commonly() {}\n";
        assert_eq!(lines_in("copycat/src/node/search.rs", source), [""; 0]);
    }

    #[test]
    fn some_words_are_banned_at_the_end_only() {
        let source = "struct DataDirectory;\ntrait Data {}\nfn visit_impl_block() {}\nstruct SegmentData;\nstruct DiskImpl;\n";
        assert_eq!(lines_in("copycat/src/node/data.rs", source), ["vocabulary 4", "vocabulary 5"]);
    }

    #[test]
    fn names_of_tests_and_of_cases_are_free() {
        let test = "#[test]\nfn nobody_stands_in_the_door() {}\n";
        assert_eq!(lines_in("copycat/src/node/a.rs", test), [""; 0]);
        assert_eq!(lines_in("tests/a.rs", "fn the_way_home() {}\nstruct Home;\n"), ["vocabulary 2"]);
        assert_eq!(lines_in("tests/ui/pass/helper.rs", "struct Manager;\nfn helper() {}\n"), [""; 0]);
    }

    #[test]
    fn no_word_is_listed_twice() {
        let all: std::collections::BTreeSet<_> = BANNED.iter().map(|banned| banned.word).collect();
        assert_eq!(all.len(), BANNED.len());
        assert!(BANNED.iter().all(|banned| words(banned.word) == [banned.word]), "one word, in lower case");
    }
}
