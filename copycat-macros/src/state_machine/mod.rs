//! `#[state_machine]`: turns a trait or an `impl` block into its table of commands, its dispatch and its two proxies.
//!
//! A pipeline with one file for each step: [`item`] is the annotated item, [`parse`] reads its marks, [`check`] reports
//! all mistakes and turns the rest into the [`model`], [`expand`] generates the code. The item itself is always part of
//! the output, without the marks, whatever is wrong: so editors keep working while it is being written.

mod check;
mod expand;
mod item;
mod model;
mod parse;

use crate::support::mistakes::Mistakes;
use item::Item;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Path;

/// Runs the whole macro. `find` returns the path of the framework, unless an option names it, or the text of an error.
pub(crate) fn state_machine(
    options: &TokenStream,
    item: &TokenStream,
    find: impl FnOnce() -> Result<Path, &'static str>,
) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let Some(mut written) = Item::read(item, &mut mistakes) else {
        mistakes.at(
            Span::call_site(),
            "`#[state_machine]` belongs on a trait, or on the `impl` block with a state's own methods",
        );
        let mistakes = mistakes.into_tokens();
        return quote!(#item #mistakes);
    };
    let framework = parse::framework(options, find, &mut mistakes);
    let drafts = parse::take_marks(&mut written, &mut mistakes);
    let machine = framework.and_then(|path| check::machine(&written, path, drafts, &mut mistakes));
    let generated = machine.map(|machine| expand::machine(&machine));
    let mistakes = mistakes.into_tokens();
    quote!(#written #generated #mistakes)
}

#[cfg(test)]
mod tests;
