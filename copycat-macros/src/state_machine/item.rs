//! What the attribute stands on, a trait or an `impl` block; what follows need not ask which.

use crate::support::mistakes::Mistakes;
use crate::support::types;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Attribute, Generics, Ident, ImplItem, ImplItemFn, ItemImpl, ItemTrait, Path, Signature, TraitItem, Type,
    Visibility,
};

/// A trait, or an `impl` block.
#[derive(Debug)]
pub(crate) enum Item {
    /// Its methods run on every state that implements it.
    Trait(ItemTrait),
    /// Its methods run on the one state that it belongs to.
    Block(ItemImpl),
}

/// A method of either, borrowed where it is written so that its marks can be taken off.
#[derive(Debug)]
pub(crate) struct Method<'a> {
    /// Marks included.
    pub attributes: &'a mut Vec<Attribute>,
    /// Of the method in a block; that of the trait otherwise.
    pub visibility: &'a Visibility,
    /// Its name, arguments and result.
    pub signature: &'a mut Signature,
    /// Whether what it does is written here. In a block it always is.
    pub has_body: bool,
}

impl Item {
    /// Reads a trait or a block; `None` for everything else.
    pub(crate) fn read(tokens: &TokenStream, mistakes: &mut Mistakes) -> Option<Item> {
        match syn::parse2(tokens.clone()).ok()? {
            syn::Item::Trait(written) => Some(Item::Trait(written)),
            syn::Item::Impl(mut written) => {
                written.items.iter_mut().for_each(|item| complete(item, mistakes));
                Some(Item::Block(written))
            }
            _ => None,
        }
    }

    /// What it is called in messages.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Item::Trait(_) => "trait",
            Item::Block(_) => "`impl` block",
        }
    }

    /// The name of the trait, or the last one in the path of the block's type; `None` if that is no path.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Item::Trait(written) => Some(&written.ident),
            Item::Block(written) => Some(&path(&written.self_ty)?.segments.last()?.ident),
        }
    }

    /// Its attributes, without `#[state_machine]`.
    pub(crate) fn attributes(&self) -> &[Attribute] {
        match self {
            Item::Trait(written) => &written.attrs,
            Item::Block(written) => &written.attrs,
        }
    }

    /// Its parameters and its `where` clause.
    pub(crate) fn generics(&self) -> &Generics {
        match self {
            Item::Trait(written) => &written.generics,
            Item::Block(written) => &written.generics,
        }
    }

    /// The keyword before it that is for unsafe ones.
    pub(crate) fn unsafety(&self) -> Option<&impl ToTokens> {
        match self {
            Item::Trait(written) => written.unsafety.as_ref(),
            Item::Block(written) => written.unsafety.as_ref(),
        }
    }

    /// Its methods, in their order.
    pub(crate) fn methods(&mut self) -> Vec<Method<'_>> {
        match self {
            Item::Trait(written) => trait_methods(written),
            Item::Block(written) => block_methods(written),
        }
    }
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Item::Trait(written) => written.to_tokens(tokens),
            Item::Block(written) => written.to_tokens(tokens),
        }
    }
}

fn trait_methods(written: &mut ItemTrait) -> Vec<Method<'_>> {
    let visibility = &written.vis;
    let methods = written.items.iter_mut().filter_map(|item| match item {
        TraitItem::Fn(method) => Some(Method {
            attributes: &mut method.attrs,
            visibility,
            signature: &mut method.sig,
            has_body: method.default.is_some(),
        }),
        _ => None,
    });
    methods.collect()
}

fn block_methods(written: &mut ItemImpl) -> Vec<Method<'_>> {
    let methods = written.items.iter_mut().filter_map(|item| match item {
        ImplItem::Fn(method) => Some(Method {
            attributes: &mut method.attrs,
            visibility: &method.vis,
            signature: &mut method.sig,
            has_body: true,
        }),
        _ => None,
    });
    methods.collect()
}

/// The path that the type of a block is written as; `None` for references, slices and the like.
pub(crate) fn path(ty: &Type) -> Option<&Path> {
    match types::plain(ty) {
        Type::Path(ty) if ty.qself.is_none() => Some(&ty.path),
        _ => None,
    }
}

/// Gives a body to a function of a block that has none, so that it is read like the others, marks and all.
fn complete(item: &mut ImplItem, mistakes: &mut Mistakes) {
    let ImplItem::Verbatim(tokens) = &*item else { return };
    let mut head: Vec<_> = tokens.clone().into_iter().collect();
    // The semicolon.
    head.pop();
    let completed = quote!(#[allow(unused_variables)] #(#head)* { ::core::unreachable!() });
    if let Ok(method) = syn::parse2::<ImplItemFn>(completed) {
        mistakes.add(
            &method.sig,
            "in an `impl` block every function has a body: write what it does, or annotate a trait",
        );
        *item = ImplItem::Fn(method);
    }
}
