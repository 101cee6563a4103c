//! Three expansions, stored for people to read: `expansions/*.rs`. Every change of the generated code shows there.
//!
//! `UPDATE_GOLDEN=1 cargo test -p copycat-macros` rewrites them.

use super::state_machine;
use proc_macro2::TokenStream;
use std::path::Path;

fn compare(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions");
    let written = std::fs::read_to_string(folder.join(format!("{name}.in.rs"))).unwrap();
    let tokens: TokenStream = written.replace("#[state_machine]", "").parse().unwrap();
    let expanded = state_machine(&TokenStream::new(), &tokens);
    let printed = prettyplease::unparse(&syn::parse2(expanded).unwrap());
    let golden = folder.join(format!("{name}.out.rs"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &printed).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    assert_eq!(printed, expected, "{} differs: see the head of this file", golden.display());
}

#[test]
fn bank_expands_as_recorded() {
    compare("bank");
}

#[test]
fn a_generic_map_expands_as_recorded() {
    compare("map");
}

#[test]
fn a_ledger_without_a_trait_expands_as_recorded() {
    compare("ledger");
}
