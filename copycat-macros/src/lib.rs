//! Procedural macros of `copycat`.

use proc_macro::TokenStream;

/// Turns a trait into a replicated service.
#[proc_macro_attribute]
pub fn state_machine(_options: TokenStream, item: TokenStream) -> TokenStream {
    item
}
