//! The item under the attribute, a trait or an `impl` block. Later steps rarely need to know which.

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
    /// A trait: its methods run on every state that implements it.
    Trait(ItemTrait),
    /// A block: its methods run on the one state that it belongs to.
    Block(ItemImpl),
}

/// A method of a trait or a block, borrowed in place so that its marks can be removed.
#[derive(Debug)]
pub(crate) struct Method<'a> {
    /// The attributes, marks included.
    pub attributes: &'a mut Vec<Attribute>,
    /// The visibility of the method in a block; that of the trait otherwise.
    pub visibility: &'a Visibility,
    /// The name, arguments and result.
    pub signature: &'a mut Signature,
    /// Whether the method has a body here. In a block it always does.
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

    /// Returns the word for the item in messages.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Item::Trait(_) => "trait",
            Item::Block(_) => "`impl` block",
        }
    }

    /// Returns the name of the trait, or the last name in the path of the block's type; `None` if that type is not
    /// a path.
    pub(crate) fn name(&self) -> Option<&Ident> {
        match self {
            Item::Trait(written) => Some(&written.ident),
            Item::Block(written) => Some(&path(&written.self_ty)?.segments.last()?.ident),
        }
    }

    /// Returns the attributes of the item, without `#[state_machine]`.
    pub(crate) fn attributes(&self) -> &[Attribute] {
        match self {
            Item::Trait(written) => &written.attrs,
            Item::Block(written) => &written.attrs,
        }
    }

    /// Returns the parameters of the item and its `where` clause.
    pub(crate) fn generics(&self) -> &Generics {
        match self {
            Item::Trait(written) => &written.generics,
            Item::Block(written) => &written.generics,
        }
    }

    /// Returns the keyword of an unsafe item.
    pub(crate) fn unsafety(&self) -> Option<&impl ToTokens> {
        match self {
            Item::Trait(written) => written.unsafety.as_ref(),
            Item::Block(written) => written.unsafety.as_ref(),
        }
    }

    /// Returns the methods of the item, in their order.
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

/// Returns the path of a block's type; `None` for references, slices and the like.
pub(crate) fn path(ty: &Type) -> Option<&Path> {
    match types::plain(ty) {
        Type::Path(ty) if ty.qself.is_none() => Some(&ty.path),
        _ => None,
    }
}

/// Gives a body to a function of a block that has none, so that it is read like the others, marks included.
fn complete(item: &mut ImplItem, mistakes: &mut Mistakes) {
    let ImplItem::Verbatim(tokens) = &*item else { return };
    let mut head: Vec<_> = tokens.clone().into_iter().collect();
    // Drops the semicolon.
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
