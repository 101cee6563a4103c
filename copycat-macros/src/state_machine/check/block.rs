//! The rules for `impl` blocks only: a block belongs to one type, which has a name and owns what it contains.

use super::OUTLIVES;
use crate::state_machine::item;
use crate::state_machine::model::{Command, Machine, Merge};
use crate::state_machine::parse::Draft;
use crate::support::mistakes::Mistakes;
use crate::support::types::{self, Obstacle};
use syn::visit_mut::{self, VisitMut};
use syn::{ExprPath, ImplItem, ItemImpl, Type, VisRestricted, Visibility, parse_quote};

/// Checks everything but the methods.
pub(super) fn check(block: &ItemImpl, mistakes: &mut Mistakes) {
    if let Some(default) = &block.modifiers.defaultness {
        mistakes.add(default, "a state has one set of commands: remove `default`");
    }
    if let Some((name, _)) = &block.trait_ {
        mistakes.add(
            name,
            "a trait's commands are marked where it is declared: put `#[state_machine]` on the trait itself, or on an `impl` block without a trait",
        );
        return;
    }
    check_type(&block.self_ty, mistakes);
    for item in &block.items {
        if let ImplItem::Macro(call) = item {
            mistakes.add(
                call,
                "a macro's methods cannot be seen from here: write the commands out in the `impl` block",
            );
        }
    }
}

fn check_type(ty: &Type, mistakes: &mut Mistakes) {
    if item::path(ty).is_none() {
        mistakes.add(ty, nameless(ty));
        return;
    }
    for obstacle in types::obstacles(ty) {
        if let Obstacle::Reference(span) | Obstacle::Mutable(span) | Obstacle::Inner(span) = obstacle {
            mistakes.at(span, OUTLIVES);
        }
    }
}

/// Returns the advice for a type whose name no proxy can take over.
fn nameless(ty: &Type) -> &'static str {
    match types::plain(ty) {
        Type::Reference(_) => "a replica owns its state: write the `impl` block for the type itself",
        Type::TraitObject(_) => {
            "a replica knows the type of its state: put `#[state_machine]` on the trait itself"
        }
        _ => "proxies are named after their state: make it a struct or an enum of your own",
    }
}

/// Requires a mark on some method: in a block all methods have bodies, so none is a command without a mark.
pub(super) fn check_marks(block: &ItemImpl, drafts: &[Draft], mistakes: &mut Mistakes) {
    if block.trait_.is_none() && drafts.iter().all(|draft| draft.marks.is_empty()) {
        mistakes.add(
            &block.self_ty,
            "no method of this `impl` block is a command: mark those that are `#[read]`, `#[write]` or `#[delete]`",
        );
    }
}

/// Returns the visibility of the most visible command.
pub(super) fn widest(commands: &[Command]) -> Visibility {
    let visibilities = commands.iter().map(|command| &command.visibility);
    visibilities.fold(Visibility::Inherited, |widest, other| wider(&widest, other))
}

/// Returns the one that is visible from more places.
fn wider(left: &Visibility, right: &Visibility) -> Visibility {
    match rank(left).cmp(&rank(right)) {
        std::cmp::Ordering::Greater => left.clone(),
        std::cmp::Ordering::Less => right.clone(),
        std::cmp::Ordering::Equal if left == right || rank(left) != IN_PATH => left.clone(),
        // Only the compiler knows which of two modules lies in the other. Both lie in the crate.
        std::cmp::Ordering::Equal => parse_quote!(pub(crate)),
    }
}

/// The rank of `pub(super)` and `pub(in …)`, which differ among themselves.
const IN_PATH: u8 = 1;

fn rank(visibility: &Visibility) -> u8 {
    match visibility {
        Visibility::Inherited => 0,
        Visibility::Restricted(VisRestricted { path, .. }) if path.is_ident("self") => 0,
        Visibility::Restricted(VisRestricted { path, .. }) if path.is_ident("crate") => 2,
        Visibility::Restricted(_) => IN_PATH,
        Visibility::Public(_) => 3,
    }
}

/// Replaces `Self` by the type: in the proxies, `Self` would be the proxy.
pub(super) fn write_out_self(ty: &Type, machine: &mut Machine) {
    let mut written_out = WrittenOut(ty);
    written_out.visit_generics_mut(&mut machine.generics);
    for command in &mut machine.commands {
        if let Some(Merge::Own(function)) = &mut command.merge {
            written_out.visit_expr_path_mut(function);
        }
    }
}

struct WrittenOut<'a>(&'a Type);

impl VisitMut for WrittenOut<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if types::is_named(ty, "Self") {
            *ty = self.0.clone();
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }

    fn visit_expr_path_mut(&mut self, function: &mut ExprPath) {
        visit_mut::visit_expr_path_mut(self, function);
        let mut names = function.path.segments.iter();
        if function.qself.is_none()
            && names.len() > 1
            && names.next().is_some_and(|name| name.ident == "Self")
        {
            let ty = self.0;
            *function = parse_quote!(<#ty>::#(#names)::*);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn wider_of(left: &str, right: &str) -> String {
        let parse = |text| syn::parse_str(text).unwrap();
        wider(&parse(left), &parse(right)).to_token_stream().to_string().replace(' ', "")
    }

    #[test]
    fn the_wider_visibility_is_found_on_either_side() {
        let narrowest_first = ["", "pub(super)", "pub(crate)", "pub"];
        for (at, narrow) in narrowest_first.iter().enumerate() {
            for wide in &narrowest_first[at..] {
                assert_eq!([wider_of(narrow, wide), wider_of(wide, narrow)], [*wide; 2]);
            }
        }
        assert_eq!(wider_of("pub(self)", "pub(super)"), "pub(super)");
    }

    #[test]
    fn two_different_modules_are_covered_by_the_crate() {
        assert_eq!(wider_of("pub(super)", "pub(in crate::bank)"), "pub(crate)");
        assert_eq!(wider_of("pub(in crate::bank)", "pub(in crate::bank)"), "pub(incrate::bank)");
    }
}
