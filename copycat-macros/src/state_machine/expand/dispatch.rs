//! Generates the dispatch from an encoded command to the user's method: the method of every state that implements
//! the trait, or of the one state that the block belongs to.

use super::{bounded, commands_name, decoded, quiet};
use crate::state_machine::model::{Argument, ArgumentMode, Command, Kind, Machine, State};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Generics, Ident, parse_quote};

/// Generates the table of handlers, in the order of the table of commands.
pub(super) fn dispatch(machine: &Machine) -> TokenStream {
    let (dispatch, handler) = (machine.private("Dispatch"), machine.private("Handler"));
    let (conditions, name, quiet) = (&machine.conditions, commands_name(machine), quiet(machine));
    let (_, arguments, _) = machine.generics.split_for_impl();
    let Target { generics, state, own } = target(machine);
    let (parameters, _, clause) = generics.split_for_impl();
    let handlers = machine.commands.iter().map(|command| match machine.flawed {
        true => unreachable_entry(machine, command),
        false => entry(machine, command, &own),
    });
    quote! {
        #(#conditions)*
        #quiet
        #[allow(deprecated, clippy::all, clippy::pedantic, clippy::nursery)]
        impl #parameters #dispatch<#state> for #name #arguments #clause {
            const HANDLERS: &'static [#handler<#state>] = &[#(#handlers),*];
        }
    }
}

/// The state that the commands are dispatched to.
struct Target {
    /// The parameters and bounds of the implementation.
    generics: Generics,
    /// The type of the state.
    state: TokenStream,
    /// The path before the name of a method.
    own: TokenStream,
}

fn target(machine: &Machine) -> Target {
    let mut generics = bounded(machine);
    match &machine.state {
        State::One(ty) => Target { generics, state: quote!(#ty), own: quote!(<#ty>) },
        State::Any => {
            let (_, arguments, _) = machine.generics.split_for_impl();
            let trait_name = &machine.name;
            // A name that no parameter of a user should have.
            let state = Ident::new("__State", Span::mixed_site());
            generics.params.push(parse_quote!(#state));
            let bound = parse_quote!(#state: #trait_name #arguments + 'static);
            generics.make_where_clause().predicates.push(bound);
            Target { generics, own: quote!(<#state as #trait_name #arguments>), state: quote!(#state) }
        }
    }
}

/// Generates the handler of a machine with mistakes, which never runs. It names no method, because the method may
/// not fit.
fn unreachable_entry(machine: &Machine, command: &Command) -> TokenStream {
    let (handler, conditions, kind) = (machine.private("Handler"), &command.conditions, kind(command));
    quote!(#(#conditions)* #handler::#kind(|_, _, _| ::core::unreachable!()))
}

/// Returns the variant of the handler.
fn kind(command: &Command) -> TokenStream {
    match command.kind {
        Kind::Read => quote!(Read),
        Kind::Write | Kind::Delete => quote!(Write),
    }
}

fn entry(machine: &Machine, command: &Command, own: &TokenStream) -> TokenStream {
    let (handler, answer, kind) = (machine.private("Handler"), machine.private("answer"), kind(command));
    let (conditions, name) = (&command.conditions, &command.name);
    let passed = command.arguments.iter().map(passed);
    let names = command.others().map(|argument| &argument.name);
    let types = command.others().map(|argument| decoded(machine, argument));
    let arguments = match command.key() {
        Some(key) => {
            let (key, ty) = (&key.name, decoded(machine, key));
            quote_spanned!(Span::mixed_site()=> let (#key, (#(#names,)*)) = entry.keyed::<#ty, (#(#types,)*)>()?;)
        }
        None if command.arguments.is_empty() => {
            quote_spanned!(Span::mixed_site()=> let () = entry.arguments::<()>()?;)
        }
        None => {
            quote_spanned!(Span::mixed_site()=> let (#(#names,)*) = entry.arguments::<(#(#types,)*)>()?;)
        }
    };
    quote_spanned! {Span::mixed_site()=>
        #(#conditions)*
        #handler::#kind(|state, entry, out| {
            #arguments
            #answer(&#own::#name(state, #(#passed),*), out)
        })
    }
}

/// Returns the expression that passes a decoded argument to the method.
fn passed(argument: &Argument) -> TokenStream {
    let name = &argument.name;
    match argument.passing {
        ArgumentMode::AsWritten | ArgumentMode::Bytes => quote!(#name),
        ArgumentMode::Slice(_) | ArgumentMode::Borrowed(_) => quote!(&#name),
    }
}
