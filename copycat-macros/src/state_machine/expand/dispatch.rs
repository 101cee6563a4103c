//! From an encoded command to the user's method, for every state that implements the trait.

use super::{bounded, commands_name, decoded, private, quiet};
use crate::state_machine::model::{Argument, Command, Kind, Machine, Passing};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, parse_quote};

/// The table of handlers, in the order of the table of commands.
pub(super) fn dispatch(machine: &Machine) -> TokenStream {
    let (dispatch, handler) = (private("Dispatch"), private("Handler"));
    let (conditions, name, trait_name) = (&machine.conditions, commands_name(machine), &machine.name);
    let (generics, quiet) = (bounded(machine), quiet(machine));
    let (_, arguments, _) = generics.split_for_impl();
    // Not a name that a user's parameter would have.
    let state = Ident::new("__State", Span::mixed_site());
    let mut with_state = generics.clone();
    with_state.params.push(parse_quote!(#state));
    with_state.make_where_clause().predicates.push(parse_quote!(#state: #trait_name #arguments + 'static));
    let (parameters, _, clause) = with_state.split_for_impl();
    let own = quote!(<#state as #trait_name #arguments>);
    let handlers = machine.commands.iter().map(|command| entry(command, &own));
    quote! {
        #(#conditions)*
        #quiet
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #parameters #dispatch<#state> for #name #arguments #clause {
            const HANDLERS: &'static [#handler<#state>] = &[#(#handlers),*];
        }
    }
}

fn entry(command: &Command, own: &TokenStream) -> TokenStream {
    let (handler, decode, answer) = (private("Handler"), private("decode"), private("answer"));
    let kind = match command.kind {
        Kind::Read => quote!(Read),
        Kind::Write | Kind::Delete => quote!(Write),
    };
    let (conditions, name) = (&command.conditions, &command.name);
    let names = command.travelling().map(|argument| &argument.name);
    let types = command.travelling().map(decoded);
    let passed = command.arguments.iter().map(passed);
    let arguments = if command.arguments.is_empty() {
        quote_spanned!(Span::mixed_site()=> let () = #decode::<()>(body)?;)
    } else {
        quote_spanned!(Span::mixed_site()=> let (#(#names,)*) = #decode::<(#(#types,)*)>(body)?;)
    };
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #handler::#kind(|state, body, out| {
            #arguments
            #answer(&#own::#name(state, #(#passed),*), out)
        })
    }
}

/// The expression that hands a decoded argument to the method.
fn passed(argument: &Argument) -> TokenStream {
    let name = &argument.name;
    match argument.passing {
        Passing::AsWritten | Passing::Bytes => quote!(#name),
        Passing::Slice(_) | Passing::Borrowed(_) => quote!(&#name),
    }
}
