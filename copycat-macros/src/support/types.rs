//! Answers questions about types as they are written.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, Ident, Lifetime, Path, PathArguments, PathSegment, Type, TypeImplTrait, TypeReference,
};

/// Returns the type without parentheses and without the invisible groups that other macros leave.
pub(crate) fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        other => other,
    }
}

/// Returns whether the type is written as this one name.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    matches!(plain(ty), Type::Path(path) if path.qself.is_none() && path.path.is_ident(name))
}

/// Returns whether the type is written `Option<…>`, with any path before it.
pub(crate) fn is_option(ty: &Type) -> bool {
    let Type::Path(path) = plain(ty) else { return false };
    path.path.segments.last().is_some_and(|last| {
        last.ident == "Option"
            && matches!(&last.arguments, PathArguments::AngleBracketed(list)
                if matches!(list.args.first(), Some(GenericArgument::Type(_))))
    })
}

/// Returns whether the type is written `()`.
pub(crate) fn is_unit(ty: &Type) -> bool {
    matches!(plain(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Returns the names that a type consists of, without the paths before them.
pub(crate) fn names(ty: &Type) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl<'ast> Visit<'ast> for Names {
        fn visit_path(&mut self, path: &'ast Path) {
            self.0.extend(path.segments.last().map(|last| last.ident.clone()));
            visit::visit_path(self, path);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_type(ty);
    names.0
}

/// Returns the last name of the type's path as it is written: `Money` for `bank::Money<Euro>`. Of a type without a path
/// it is the first name inside of it, or `()`.
pub(crate) fn last_name(ty: &Type) -> String {
    names(ty).first().map_or_else(|| "()".into(), |name| name.unraw().to_string())
}

/// A part of a type that prevents sending its values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Obstacle {
    /// A reference.
    Reference(Span),
    /// A reference through which the value can be changed.
    Mutable(Span),
    /// A reference, inside the type, to something that cannot be read without being owned.
    Inner(Span),
    /// A lifetime with a name.
    Lifetime(Span),
    /// An `impl Trait`.
    Opaque(Span),
    /// The type `Self`.
    State(Span),
}

/// Returns everything in the type that prevents sending its values.
pub(crate) fn obstacles(ty: &Type) -> Vec<Obstacle> {
    let mut search = Search { found: Vec::new() };
    search.visit_type(ty);
    search.found
}

struct Search {
    found: Vec<Obstacle>,
}

impl<'ast> Visit<'ast> for Search {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        let span = reference.and_token.span;
        self.found.push(match reference.mutability {
            Some(_) => Obstacle::Mutable(span),
            None if is_read_in_place(&reference.elem) => Obstacle::Reference(span),
            None => Obstacle::Inner(span),
        });
        let lasting = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static");
        self.found.extend(lasting.map(|lifetime| Obstacle::Lifetime(lifetime.span())));
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        match lifetime.ident.to_string().as_str() {
            // A type with this parameter may own its parts: `Cow<'static, str>`. If it does not, its bound says so.
            "static" => {}
            "_" => self.found.push(Obstacle::Reference(lifetime.span())),
            _ => self.found.push(Obstacle::Lifetime(lifetime.span())),
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
        self.found.push(Obstacle::Opaque(opaque.impl_token.span));
    }

    // The path of a type, or of a constant that is a length.
    fn visit_path(&mut self, path: &'ast Path) {
        if let Some(first) = path.segments.first().filter(|first| first.ident == "Self") {
            self.found.push(Obstacle::State(first.ident.span()));
        }
        visit::visit_path(self, path);
    }
}

/// Returns the type with the lifetime of each `Cow` written out: `Cow<'_, str>` for `Cow<str>`. An `async` function and
/// a bound need it. Of the types that may leave it out, this is the only one that is known by its name.
pub(crate) fn with_lifetimes(ty: &Type) -> Type {
    struct Cows;
    impl VisitMut for Cows {
        fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
            visit_mut::visit_path_segment_mut(self, segment);
            if let PathArguments::AngleBracketed(list) = &mut segment.arguments
                && segment.ident == "Cow"
                && matches!(list.args.first(), Some(GenericArgument::Type(_)))
            {
                list.args.insert(0, GenericArgument::Lifetime(Lifetime::new("'_", segment.ident.span())));
            }
        }
    }
    let mut ty = ty.clone();
    Cows.visit_type_mut(&mut ty);
    ty
}

/// Returns whether a reference to the type can point into the bytes that were received.
fn is_read_in_place(ty: &Type) -> bool {
    is_named(ty, "str") || matches!(plain(ty), Type::Slice(slice) if is_named(&slice.elem, "u8"))
}
