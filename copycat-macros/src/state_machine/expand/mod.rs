//! Generates the code of a machine. The code is thin: the logic is in `copycat::__private`, the only path that it
//! names besides `core`.
//!
//! Local variables are hygienic (`mixed_site`), so that none of them can collide with an argument of the user.

mod dispatch;
mod proxies;
mod table;

use super::item;
use super::model::{Argument, ArgumentMode, Machine, State};
use crate::support::types;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Ident, Type, WherePredicate, parse_quote, parse_quote_spanned};

/// Generates everything that is added to the trait or the block.
pub(crate) fn machine(machine: &Machine) -> TokenStream {
    let table = table::table(machine);
    let dispatch = dispatch::dispatch(machine);
    let proxies = proxies::proxies(machine);
    quote!(#table #dispatch #proxies)
}

impl Machine {
    /// Returns the path of something in the framework's `__private`.
    fn private(&self, name: &str) -> TokenStream {
        self.private_at(name, Span::mixed_site())
    }

    /// Returns such a path for an error of the compiler to point to `span`.
    fn private_at(&self, name: &str, span: Span) -> TokenStream {
        // A path of the user keeps its own spans: it may begin with the `$crate` of another macro.
        let found = self.framework.leading_colon.is_some();
        let framework = self.framework.to_token_stream().into_iter().map(|mut token| {
            if found {
                token.set_span(span);
            }
            token
        });
        let name = Ident::new(name, span);
        quote_spanned!(span=> #(#framework)*::__private::#name)
    }
}

/// Returns the name of the marker type: `BankCommands` for `Bank`.
fn commands_name(machine: &Machine) -> Ident {
    format_ident!("{}Commands", machine.name)
}

/// Returns the machine's parameters, with the bounds that every encoded value must fulfil.
///
/// The bounds include the user's own types, although they are not parameters. If one does not fulfil its bound, the
/// compiler reports it once, at the type in the method, instead of at every use.
fn bounded(machine: &Machine) -> Generics {
    let mut generics = machine.generics.clone();
    let parameters: Vec<_> = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    let own = own_types(machine, &parameters);
    if parameters.is_empty() && own.is_empty() {
        return generics;
    }
    let data = machine.private("Data");
    let clause = generics.make_where_clause();
    clause.predicates.extend(parameters.iter().map(|name| -> WherePredicate { parse_quote!(#name: #data) }));
    clause.predicates.extend(own.iter().map(|ty| -> WherePredicate {
        let data = machine.private_at("Data", ty.span());
        parse_quote_spanned!(ty.span()=> #ty: #data)
    }));
    generics
}

/// Returns the attribute that silences the lint about bounds on types that are not parameters; `None` if there are
/// no such bounds.
fn quiet(machine: &Machine) -> Option<TokenStream> {
    let parameters: Vec<_> =
        machine.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    (!own_types(machine, &parameters).is_empty()).then(|| quote!(#[allow(trivial_bounds)]))
}

/// Returns a documentation link to the trait or the state.
fn link(machine: &Machine) -> String {
    let name = machine.name.to_string();
    let State::One(ty) = &machine.state else { return format!("[`{name}`]") };
    let segments = item::path(ty).into_iter().flat_map(|path| &path.segments);
    let path = segments.map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::");
    if path == name { format!("[`{name}`]") } else { format!("[`{name}`]({path})") }
}

/// Types that can certainly be encoded. They need no bound.
const FAMILIAR: [&str; 23] = [
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize",
    "f32", "f64", "String", "Option", "Result", "Vec", "BTreeMap", "BTreeSet", "Box",
];

/// Returns the types that the user wrote in commands, once each. Types with parameters are left to the bounds of these.
fn own_types(machine: &Machine, parameters: &[Ident]) -> Vec<Type> {
    let mut types: Vec<Type> = Vec::new();
    // A type in a command with a condition may not exist.
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

/// Returns the owned type of an argument, or the one that it is borrowed from; `None` if it is read in place.
fn carried(argument: &Argument) -> Option<&Type> {
    match &argument.passing {
        ArgumentMode::AsWritten => Some(&argument.ty),
        ArgumentMode::Slice(ty) | ArgumentMode::Borrowed(ty) => Some(ty),
        ArgumentMode::Bytes => None,
    }
}

/// Returns the machine's parameters without bounds, but with defaults.
fn unbounded(machine: &Machine) -> Generics {
    let mut generics = machine.generics.clone();
    generics.where_clause = None;
    for parameter in generics.type_params_mut() {
        parameter.colon_token = None;
        parameter.bounds.clear();
    }
    generics
}

/// Returns the type of the field that mentions the parameters without owning values of them; `None` if there are no
/// parameters.
fn mention(machine: &Machine) -> Option<TokenStream> {
    let names: Vec<_> = machine.generics.type_params().map(|parameter| &parameter.ident).collect();
    (!names.is_empty()).then(|| quote!(::core::marker::PhantomData<fn() -> (#(#names,)*)>))
}

/// Returns the type that an argument is decoded as.
fn decoded(machine: &Machine, argument: &Argument) -> TokenStream {
    match &argument.passing {
        ArgumentMode::AsWritten | ArgumentMode::Bytes => {
            let ty = &argument.ty;
            quote!(#ty)
        }
        ArgumentMode::Slice(element) => {
            let vec = machine.private("Vec");
            quote!(#vec<#element>)
        }
        ArgumentMode::Borrowed(ty) => quote!(#ty),
    }
}
