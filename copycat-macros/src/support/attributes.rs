//! Selects the attributes of the user's items that the generated items get as well.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// Returns the attributes that decide whether the item exists at all.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// Returns the attributes that describe a method to its callers: documentation, deprecation, lints.
///
/// All others (`#[inline]`, `#[tracing::instrument]`) concern only the user's own function.
pub(crate) fn descriptions(attributes: &[Attribute]) -> Vec<TokenStream> {
    attributes
        .iter()
        .filter_map(|attribute| description(&attribute.meta))
        .map(|meta| quote!(#[#meta]))
        .collect()
}

fn description(meta: &Meta) -> Option<TokenStream> {
    let path = meta.path();
    if ["cfg", "doc", "deprecated", "allow", "warn", "deny", "forbid"].iter().any(|name| path.is_ident(name))
    {
        return Some(quote!(#meta));
    }
    match meta {
        // An `expect` is fulfilled once, in the user's own code.
        Meta::List(list) if path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(allow(#lints)))
        }
        Meta::List(list) if path.is_ident("cfg_attr") => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            let described = parts.iter().skip(1).map(description).collect::<Option<Vec<_>>>()?;
            let condition = parts.first()?;
            Some(quote!(cfg_attr(#condition, #(#described),*)))
        }
        _ => None,
    }
}

/// Returns whether there is documentation.
pub(crate) fn is_documented(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("doc"))
}
