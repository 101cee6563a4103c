//! Layers: an import never goes up, and siblings name each other only where the table allows it.
//!
//! The compiler keeps layers between crates. `copycat` is one crate, so this rule keeps them between its folders. It
//! applies to tests as well, except that a layer's own tests may use `testing`.

use super::report::{Report, Rule};
use super::syntax::Path;
use super::workspace::{Source, Workspace};

/// A folder or file of `copycat/src`, its height, and whether it may name others of the same height.
struct Floor {
    name: &'static str,
    height: u8,
    names_siblings: bool,
}

const fn floor(name: &'static str, height: u8, names_siblings: bool) -> Floor {
    Floor { name, height, names_siblings }
}

/// The layers from the lowest up. `error` is the one error type of the facade. The modules that return it to users,
/// `cluster` and `resource`, are just above it. It knows the layers whose errors it gathers.
const FLOORS: &[Floor] = &[
    floor("codec", 0, false),
    floor("threads", 0, false),
    floor("storage", 1, false),
    floor("raft", 1, false),
    floor("gossip", 1, false),
    floor("transport", 2, false),
    floor("request", 3, false),
    floor("stream", 3, false),
    floor("node", 4, false),
    floor("remote", 4, false),
    floor("error", 5, false),
    floor("cluster", 6, true),
    floor("resource", 6, true),
    floor(FACADE, 7, true),
    floor("copycat", 7, true),
    floor("prelude", 7, true),
    floor("__private", 7, true),
    floor("testing", 8, false),
];

/// `lib.rs` itself, with its definitions and exports.
const FACADE: &str = "lib";

/// The one example that runs single layers, to measure them. Users cannot reach them.
const LABORATORY: &str = "examples/bench/floors.rs";

const FLOOR_RULE: Rule = Rule {
    name: "floors",
    mend: "move what both need to a lower floor, or hand it in from above; the order is in tests/tidy/floors.rs",
};
const UNKNOWN_RULE: Rule = Rule {
    name: "unknown-floor",
    mend: "put the file in one of the folders of the design, or give the new folder a place in tests/tidy/floors.rs",
};
const FACADE_RULE: Rule = Rule {
    name: "facade",
    mend: "use what `copycat` shows to every user; if that is not enough, the facade lacks something",
};
const PARSE_RULE: Rule = Rule { name: "parse", mend: "make it Rust, or keep it under tests/ui" };

pub(crate) fn check(workspace: &Workspace, report: &mut Report) {
    for source in &workspace.sources {
        if let (Some(error), false) = (&source.broken, source.is_in("tests/ui")) {
            report.line(PARSE_RULE, &source.path, 1, format!("cannot be parsed: {error}"));
        }
        if source.is_in("copycat/src") {
            check_source(source, report);
        }
        if source.is_in("collections") || source.is_in("examples") {
            check_guest(source, report);
        }
    }
}

fn named(name: &str) -> Option<&'static Floor> {
    FLOORS.iter().find(|floor| floor.name == name)
}

fn check_source(source: &Source, report: &mut Report) {
    let Some(own) = named(source.module.first().map_or(FACADE, String::as_str)) else {
        return report.line(UNKNOWN_RULE, &source.path, 1, "lies on no floor");
    };
    for path in &source.syntax.paths {
        let Some(target) = target(source, path) else { continue };
        let fixture = target.name == "testing" && source.is_test(path.line);
        let up = target.height > own.height && !fixture;
        let aside = target.height == own.height && !(own.names_siblings || own.name == target.name);
        if up || aside {
            let what = format!("`{}` names `{}` ({})", own.name, target.name, path.segments.join("::"));
            report.line(FLOOR_RULE, &source.path, path.line, what);
        }
    }
}

/// Returns the layer that a path leads to; `None` if it leads out of the crate or is a local name.
fn target(source: &Source, path: &Path) -> Option<&'static Floor> {
    let mut here = [source.module.clone(), source.syntax.modules_at(path.line)].concat();
    let mut segments = path.segments.as_slice();
    match segments.first()?.as_str() {
        "crate" => (here, segments) = (Vec::new(), &segments[1..]),
        "self" | "super" => {
            while let Some((step, rest)) =
                segments.split_first().filter(|(step, _)| *step == "self" || *step == "super")
            {
                segments = rest;
                if step == "super" {
                    here.pop();
                }
            }
        }
        // In the root, layers can be named without `crate`; a lone name may be anything there.
        first if here.is_empty() && (path.import || segments.len() > 1) => return named(first),
        _ => return None,
    }
    let absolute = here.iter().chain(segments).next();
    // A lone `crate` or `super` ends an import of a whole module, or begins a group of imports, whose leaves are
    // paths of their own. A name that is no layer is an item of the root.
    absolute.and_then(|first| named(first).or_else(|| named(FACADE)))
}

fn check_guest(source: &Source, report: &mut Report) {
    for path in &source.syntax.paths {
        let segments: Vec<_> = path.segments.iter().map(String::as_str).collect();
        let inside = match segments.as_slice() {
            ["copycat", "__private", ..] | ["copycat_macros", ..] => true,
            ["copycat", "testing", "speed", ..] if source.path == LABORATORY => false,
            ["copycat", "testing", ..] => !source.is_test(path.line),
            _ => false,
        };
        if inside {
            report.line(FACADE_RULE, &source.path, path.line, format!("names `{}`", segments.join("::")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::found_in;
    use super::check;

    #[test]
    fn an_import_that_goes_up_is_found() {
        let storage =
            "use crate::codec::frame;\nuse crate::node::Shard;\nuse crate::{codec, transport as t};\n";
        let found = found_in(&[("copycat/src/storage/journal.rs", storage)], check);
        assert_eq!(
            found,
            ["floors copycat/src/storage/journal.rs:2", "floors copycat/src/storage/journal.rs:3"]
        );
    }

    #[test]
    fn siblings_on_the_ground_are_strangers() {
        let raft = "fn f() { crate::storage::open(); }\nfn g() { super::super::gossip::f(); }";
        let found = found_in(&[("copycat/src/raft/log.rs", raft)], check);
        assert_eq!(found, ["floors copycat/src/raft/log.rs:1", "floors copycat/src/raft/log.rs:2"]);
    }

    #[test]
    fn paths_in_macros_and_inline_modules_are_followed() {
        let codec = "mod inner {\n use super::super::super::node::A;\n use super::super::cursor;\n}\n\
                     fn f() { assert!(crate::raft::ok()); }\n";
        let found = found_in(&[("copycat/src/codec/frame.rs", codec)], check);
        assert_eq!(found, ["floors copycat/src/codec/frame.rs:2", "floors copycat/src/codec/frame.rs:5"]);
    }

    #[test]
    fn the_root_is_the_facade() {
        let node =
            "use crate::Copycat;\nuse crate::prelude::*;\nuse super::transport::A;\nuse self::inner::B;\n";
        let lib = "mod testing;\npub use node::Consistency;\npub use testing::Simulation;\n";
        let found = found_in(&[("copycat/src/node/mod.rs", node), ("copycat/src/lib.rs", lib)], check);
        assert_eq!(
            found,
            [
                "floors copycat/src/lib.rs:3",
                "floors copycat/src/node/mod.rs:1",
                "floors copycat/src/node/mod.rs:2"
            ]
        );
    }

    #[test]
    fn the_error_type_lies_between_node_and_what_returns_it() {
        let use_error = "use crate::error::Error;\n";
        let files = [
            ("copycat/src/error.rs", "use crate::request::error::RequestError;\n"),
            ("copycat/src/cluster/mod.rs", use_error),
            ("copycat/src/resource/mod.rs", "use crate::cluster::Cluster;\nuse crate::error::Error;"),
            ("copycat/src/transport/mod.rs", use_error),
        ];
        assert_eq!(found_in(&files, check), ["floors copycat/src/transport/mod.rs:1"]);
    }

    #[test]
    fn only_tests_may_use_the_testing_floor() {
        let raft = "use crate::testing::A;\n#[cfg(test)]\nmod tests {\n use crate::testing::B;\n}\n";
        assert_eq!(
            found_in(&[("copycat/src/raft/log.rs", raft)], check),
            ["floors copycat/src/raft/log.rs:1"]
        );
    }

    #[test]
    fn a_folder_without_a_place_is_found() {
        let found = found_in(&[("copycat/src/utils/mod.rs", "")], check);
        assert_eq!(found, ["unknown-floor copycat/src/utils/mod.rs:1"]);
    }

    #[test]
    fn guests_keep_to_the_facade() {
        let example = "use copycat::prelude::*;\nuse copycat::__private::Table;\nuse copycat_macros::task;\n\
                       use copycat::testing::Simulation;\n#[cfg(test)]\nuse copycat::testing::History;\n";
        let found = found_in(&[("examples/demo/main.rs", example)], check);
        let expected = [2, 3, 4].map(|line| format!("facade examples/demo/main.rs:{line}"));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_source_that_is_no_rust_is_found() {
        let files = [("tests/ui/broken.rs", "fn ("), ("copycat/src/lib.rs", "fn (")];
        assert_eq!(found_in(&files, check), ["parse copycat/src/lib.rs:1"]);
    }
}
