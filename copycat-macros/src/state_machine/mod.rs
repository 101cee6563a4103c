//! `#[state_machine]`: from a trait to its table of commands, its dispatch and its two proxies.
//!
//! A pipeline, a file each: [`parse`] reads what is written, [`check`] says all that is wrong with it and
//! turns the rest into the [`model`], [`expand`] prints the code. The trait itself is always printed
//! again, without the marks, whatever is wrong: editors go on working while it is being written.

mod check;
mod expand;
mod model;
mod parse;

use crate::support::mistakes::Mistakes;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemTrait;

/// The whole macro.
pub(crate) fn state_machine(options: &TokenStream, item: &TokenStream) -> TokenStream {
    let Ok(mut written) = syn::parse2::<ItemTrait>(item.clone()) else {
        let mut mistakes = Mistakes::default();
        mistakes.at(proc_macro2::Span::call_site(), "`#[state_machine]` belongs on a trait");
        let mistakes = mistakes.into_tokens();
        return quote!(#item #mistakes);
    };
    let mut mistakes = Mistakes::default();
    if !options.is_empty() {
        mistakes.add(options, "`#[state_machine]` takes no options");
    }
    let drafts = parse::take_marks(&mut written, &mut mistakes);
    let machine = check::machine(&written, drafts, &mut mistakes);
    let generated = machine.map(|machine| expand::machine(&machine));
    let mistakes = mistakes.into_tokens();
    quote!(#written #generated #mistakes)
}

#[cfg(test)]
mod tests;
