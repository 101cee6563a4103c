//! Prints the code of a machine. What it prints is thin: the logic is in `copycat::__private`, the only
//! path it names besides `core`.
//!
//! Local variables are hygienic (`mixed_site`), so that no argument of the user's can meet one of ours.

mod dispatch;
mod proxies;
mod table;

use super::item;
use super::model::{Argument, ArgumentMode, Machine, State};
use crate::support::types;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Ident, Type, WherePredicate, parse_quote, parse_quote_spanned};

/// Everything that stands beside the trait or the block.
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

/// The machine's parameters, with what every value that travels must fulfil.
///
/// The user's own types are among the bounds although they are no parameters. Where one of them does not
/// fulfil its bound, the compiler says so once, at the type in the method, instead of wherever it is used.
fn bounded(machine: &Machine) -> Generics {
    let mut generics = machine.generics.clone();
    let parameters: Vec<_> = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    let own = own_types(machine, &parameters);
    if parameters.is_empty() && own.is_empty() {
        return generics;
    }
    let data = private("Data");
    let clause = generics.make_where_clause();
    clause.predicates.extend(parameters.iter().map(|name| -> WherePredicate { parse_quote!(#name: #data) }));
    clause.predicates.extend(own.iter().map(|ty| -> WherePredicate {
        let span = ty.span();
        parse_quote_spanned!(span=> #ty: ::copycat::__private::Data)
    }));
    generics
}

/// Silences the lint that wonders about bounds on what is no parameter; `None` if there are none.
fn quiet(machine: &Machine) -> Option<TokenStream> {
    let parameters: Vec<_> =
        machine.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    (!own_types(machine, &parameters).is_empty()).then(|| quote!(#[allow(trivial_bounds)]))
}

/// A link to the trait or the state, for documentation.
fn link(machine: &Machine) -> String {
    let name = machine.name.to_string();
    let State::One(ty) = &machine.state else { return format!("[`{name}`]") };
    let segments = item::path(ty).into_iter().flat_map(|path| &path.segments);
    let path = segments.map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::");
    if path == name { format!("[`{name}`]") } else { format!("[`{name}`]({path})") }
}

/// Types that certainly travel; they need no bound.
const FAMILIAR: [&str; 23] = [
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String", "Option", "Result", "Vec", "BTreeMap", "BTreeSet", "Box",
];

/// The types the commands carry that the user wrote, once each; those with parameters are left to their bounds.
fn own_types(machine: &Machine, parameters: &[Ident]) -> Vec<Type> {
    let mut types: Vec<Type> = Vec::new();
    // A type of a command with a condition may not even exist.
    for command in machine.commands.iter().filter(|command| command.conditions.is_empty()) {
        let arguments = command.arguments.iter().filter_map(carried);
        for ty in arguments.chain(command.result.as_ref()) {
            let names = types::names(ty);
            let familiar = names.iter().all(|name| FAMILIAR.iter().any(|known| name == known));
            let open =
                names.iter().any(|name| parameters.contains(name)) || mentions_constants(machine, &names);
            if !familiar && !open && types::obstacles(ty).is_empty() && !types.contains(ty) {
                types.push(ty.clone());
            }
        }
    }
    types
}

fn mentions_constants(machine: &Machine, names: &[Ident]) -> bool {
    machine.generics.const_params().any(|parameter| names.contains(&parameter.ident))
}

/// The owned type that an argument is, or is lent from; `None` for what is read in place.
fn carried(argument: &Argument) -> Option<&Type> {
    match &argument.passing {
        ArgumentMode::AsWritten => Some(&argument.ty),
        ArgumentMode::Slice(ty) | ArgumentMode::Borrowed(ty) => Some(ty),
        ArgumentMode::Bytes => None,
    }
}

/// The machine's parameters without any bounds; defaults stay.
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
        ArgumentMode::AsWritten | ArgumentMode::Bytes => {
            let ty = &argument.ty;
            quote!(#ty)
        }
        ArgumentMode::Slice(element) => {
            let vec = private("Vec");
            quote!(#vec<#element>)
        }
        ArgumentMode::Borrowed(ty) => quote!(#ty),
    }
}
