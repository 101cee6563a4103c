//! Prints the code of a machine. What it prints is thin: the logic is in `copycat::__private`, the only
//! path it names besides `core`.
//!
//! Local variables are hygienic (`mixed_site`), so that no argument of the user's can meet one of ours.

mod dispatch;
mod proxies;
mod table;

use super::model::{Argument, Machine, Passing};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Generics, Ident, parse_quote};

/// Everything that stands beside the trait.
pub(crate) fn machine(machine: &Machine) -> TokenStream {
    let table = table::table(machine);
    let dispatch = dispatch::dispatch(machine);
    let proxies = proxies::proxies(machine);
    quote!(#table #dispatch #proxies)
}

/// `::copycat::__private::name`
fn private(name: &str) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> ::copycat::__private::#name)
}

/// `BankCommands`
fn commands_name(machine: &Machine) -> Ident {
    format_ident!("{}Commands", machine.name)
}

/// The trait's parameters, with what every value that travels must fulfil.
fn bounded(machine: &Machine) -> Generics {
    let mut generics = machine.generics.clone();
    let data = private("Data");
    let names: Vec<_> = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    if !names.is_empty() {
        let clause = generics.make_where_clause();
        clause
            .predicates
            .extend(names.iter().map(|name| -> syn::WherePredicate { parse_quote!(#name: #data) }));
    }
    generics
}

/// The trait's parameters without any bounds; defaults stay.
fn unbounded(machine: &Machine) -> Generics {
    let mut generics = machine.generics.clone();
    generics.where_clause = None;
    for parameter in generics.type_params_mut() {
        parameter.colon_token = None;
        parameter.bounds.clear();
    }
    generics
}

/// The type of the field that mentions the parameters without owning values of them; `None` if there are none.
fn mention(machine: &Machine) -> Option<TokenStream> {
    let names: Vec<_> = machine.generics.type_params().map(|parameter| &parameter.ident).collect();
    (!names.is_empty()).then(|| quote!(::core::marker::PhantomData<fn() -> (#(#names,)*)>))
}

/// What an argument is decoded as.
fn decoded(argument: &Argument) -> TokenStream {
    match &argument.passing {
        Passing::AsWritten | Passing::Bytes => {
            let ty = &argument.ty;
            quote!(#ty)
        }
        Passing::Slice(element) => {
            let vec = private("Vec");
            quote!(#vec<#element>)
        }
        Passing::Borrowed(ty) => quote!(#ty),
    }
}
