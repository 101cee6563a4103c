//! The house style as a test. It reads the sources of the whole workspace and reports all broken rules at once, with
//! file, line and fix.
//!
//! `cargo test -p copycat-tests --test tidy` runs it; `-- --nocapture` also prints the figures. Each file under
//! `tidy/` holds a few related rules, and proves on planted lines that each of them is enforced. `tidy/ratchet.txt`
//! lists known violations, and may only shrink.
//!
//! Begin with `tidy/workspace.rs`, the input of the rules, then `tidy/floors.rs`, the most important rule.

mod tidy {
    pub(crate) mod assertions;
    pub(crate) mod collections;
    pub(crate) mod comments;
    pub(crate) mod cycles;
    pub(crate) mod floors;
    pub(crate) mod lexer;
    pub(crate) mod manifests;
    pub(crate) mod names;
    pub(crate) mod paths;
    pub(crate) mod ratchet;
    pub(crate) mod report;
    pub(crate) mod repository;
    pub(crate) mod rules;
    pub(crate) mod sizes;
    pub(crate) mod syntax;
    pub(crate) mod vocabulary;
    pub(crate) mod workspace;
}

use tidy::report::{Report, Violation};
use tidy::workspace::Workspace;
use tidy::{
    assertions, collections, comments, cycles, floors, manifests, names, paths, ratchet, repository, rules,
    sizes, vocabulary,
};

/// Returns all violations, in a stable order.
fn violations(workspace: &Workspace) -> Vec<Violation> {
    let mut report = Report::default();
    assertions::check(workspace, &mut report);
    cycles::check(workspace, &mut report);
    collections::check(workspace, &mut report);
    floors::check(workspace, &mut report);
    names::check(workspace, &mut report);
    paths::check(workspace, &mut report);
    sizes::check(workspace, &mut report);
    comments::check(workspace, &mut report);
    manifests::check(workspace, &mut report);
    repository::check(workspace, &mut report);
    rules::check(workspace, &mut report);
    vocabulary::check(workspace, &mut report);
    ratchet::apply(workspace, report).into_sorted()
}

#[test]
fn the_workspace_keeps_the_house_rules() {
    let workspace = Workspace::read();
    println!("{}", sizes::figures(&workspace));
    println!("{}", comments::figures(&workspace));
    println!("{}", assertions::figures(&workspace));
    let violations = violations(&workspace);
    let list: String = violations.iter().map(|violation| format!("\n{violation}")).collect();
    assert!(violations.is_empty(), "{} house rules are broken:\n{list}", violations.len());
}
