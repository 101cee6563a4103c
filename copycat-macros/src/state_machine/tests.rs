//! Three expansions, stored for people to read: `expansions/*.rs`. Every change of the generated code shows there.
//!
//! `UPDATE_GOLDEN=1 cargo test -p copycat-macros` rewrites them.

use super::state_machine;
use crate::support::framework::usual;
use proc_macro2::TokenStream;
use std::path::Path;

fn compare(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expansions");
    let written = std::fs::read_to_string(folder.join(format!("{name}.in.rs"))).unwrap();
    let tokens: TokenStream = written.replace("#[state_machine]", "").parse().unwrap();
    let expanded = state_machine(&TokenStream::new(), &tokens, || Ok(usual()));
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

fn expanded(options: &str, find: impl FnOnce() -> Result<syn::Path, &'static str>) -> String {
    let item = "pub trait Bank { fn pay(&mut self, cents: u64) -> u64; }".parse().unwrap();
    state_machine(&options.parse().unwrap(), &item, find).to_string()
}

#[test]
fn generated_code_names_the_framework_as_the_package_does_or_as_the_option_says() {
    let renamed = expanded("", || Ok(syn::parse_quote!(::cat)));
    assert!(renamed.contains(":: cat :: __private") && !renamed.contains("copycat"), "{renamed}");
    let named = expanded("crate = crate::other::copycat", || panic!("the option says where it is"));
    assert!(named.contains("crate :: other :: copycat :: __private"), "{named}");
}

#[test]
fn a_package_without_the_framework_gets_its_trait_and_one_error() {
    let expanded = expanded("", || Err("name it"));
    assert!(expanded.contains("trait Bank") && expanded.contains("\"name it\""), "{expanded}");
    assert_eq!(expanded.matches("compile_error").count(), 1);
    assert!(!expanded.contains("__private"), "{expanded}");
}
