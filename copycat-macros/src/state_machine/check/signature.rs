//! Checks the signature of a command: everything in it must be known where it is decoded.

use crate::state_machine::model::{Argument, ArgumentMode, Kind};
use crate::support::mistakes::Mistakes;
use crate::support::types::{self, Obstacle};
use syn::{
    FnArg, GenericParam, Ident, Pat, PatType, Receiver, ReceiverKind, ReturnType, Safety, Signature, Type,
};

/// The most arguments of a command: the longest tuple that can be encoded.
const ARGUMENTS_MAX: usize = 16;

/// Returns whether the method takes `&mut self`.
pub(super) fn takes_mut_self(signature: &Signature) -> bool {
    signature
        .receiver()
        .is_some_and(|receiver| matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_))))
}

/// Checks a method that is a command, or should be one. `kind` is `None` if it cannot be told; `word` names the
/// item that the method belongs to.
pub(super) fn check(
    signature: &Signature,
    kind: Option<Kind>,
    marked: bool,
    word: &str,
    mistakes: &mut Mistakes,
) {
    check_receiver(signature, kind, marked, mistakes);
    check_qualifiers(signature, mistakes);
    check_generics(signature, word, mistakes);
    let arguments: Vec<_> = typed(signature).collect();
    for argument in &arguments {
        check_argument(argument, mistakes);
    }
    if let Some(extra) = arguments.get(ARGUMENTS_MAX) {
        mistakes.add(extra, "a command takes at most 16 arguments: put some of them into a struct");
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        check_result(ty, mistakes);
    }
}

fn check_receiver(signature: &Signature, kind: Option<Kind>, marked: bool, mistakes: &mut Mistakes) {
    let Some(receiver) = signature.receiver() else {
        let message = if marked {
            "a command works on the state: take `&self` or `&mut self`"
        } else {
            "a command works on the state: take `&self` or `&mut self`; or give the function a body, then it is a helper"
        };
        mistakes.add(&signature.ident, message);
        return;
    };
    let ReceiverKind::Reference(_, lifetime, mutable) = &receiver.kind else {
        mistakes.add(receiver, "a replica keeps its state: take `&self` or `&mut self`");
        return;
    };
    if let Some(lifetime) = lifetime {
        mistakes.add(lifetime, LIFETIME);
    }
    check_access(signature, receiver, kind, mutable.is_some(), mistakes);
}

fn check_access(
    signature: &Signature,
    receiver: &Receiver,
    kind: Option<Kind>,
    mutable: bool,
    mistakes: &mut Mistakes,
) {
    match kind {
        Some(Kind::Read) if mutable => mistakes.add(
            receiver,
            "a `#[read]` only looks at the state: take `&self`, or mark the method `#[write]`",
        ),
        Some(kind @ (Kind::Write | Kind::Delete)) if !mutable => {
            let mark = kind.mark();
            mistakes.add(
                receiver,
                format!("a `#[{mark}]` changes the state: take `&mut self`, or mark the method `#[read]`"),
            );
        }
        None if !mutable => {
            let name = &signature.ident;
            mistakes.add(
                name,
                format!("`{name}` needs a mark: `#[read]` makes it a command, a body makes it a helper of the state"),
            );
        }
        _ => {}
    }
}

fn check_qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(asyncness) = &signature.asyncness {
        mistakes.add(
            asyncness,
            "a command runs on every replica as one step: remove `async`; the proxies' methods are async all the same",
        );
    }
    if let Some(constness) = &signature.constness {
        mistakes.add(constness, "a command runs on a replica: remove `const`");
    }
    if !matches!(signature.safety, Safety::Default) {
        mistakes.add(&signature.safety, "a command is plain safe code: remove `unsafe`");
    }
    if let Some(abi) = &signature.abi {
        mistakes.add(abi, "a command is called by Rust code only: remove `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        mistakes.add(variadic, "a command has the same arguments each time: take a `Vec`");
    }
}

fn check_generics(signature: &Signature, word: &str, mistakes: &mut Mistakes) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(lifetime) => mistakes.add(lifetime, LIFETIME),
            other => mistakes.add(
                other,
                format!(
                    "a command has one shape in the log: name the type, or make it a parameter of the {word}"
                ),
            ),
        }
    }
    if let Some(clause) = &signature.generics.where_clause {
        mistakes.add(clause, format!("every state must have every command: move the bounds to the {word}"));
    }
}

const LIFETIME: &str =
    "leave the lifetime out: arguments are borrowed for the call (`&str`), results are owned";

fn typed(signature: &Signature) -> impl Iterator<Item = &PatType> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(argument),
        FnArg::Receiver(_) => None,
    })
}

fn check_argument(argument: &PatType, mistakes: &mut Mistakes) {
    if argument_name(argument).is_none() {
        mistakes.add(
            &argument.pat,
            "an argument has a name, by which it is known outside: take it apart in the body",
        );
    }
    for attribute in argument.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        mistakes
            .add(attribute, "a command has the same arguments in every build: put `#[cfg]` on the method");
    }
    let ty = types::plain(&argument.ty);
    let inner = match ty {
        // The outermost reference may be to any type: the target is decoded, and then borrowed.
        Type::Reference(reference) if reference.mutability.is_none() && reference.lifetime.is_none() => {
            &reference.elem
        }
        _ => ty,
    };
    for obstacle in types::obstacles(inner) {
        match obstacle {
            Obstacle::Reference(_) => {}
            Obstacle::Mutable(span) => mistakes
                .at(span, "an argument travels one way: take the value, and return what became of it"),
            Obstacle::Inner(span) => mistakes
                .at(span, "inside an argument only `&str` and `&[u8]` can be borrowed: own this, or borrow the whole argument"),
            Obstacle::Lifetime(span) => mistakes.at(span, LIFETIME),
            Obstacle::Opaque(span) => {
                mistakes.at(span, "a replica must know what to decode: name the type instead of `impl`");
            }
            Obstacle::State(span) => mistakes.at(span, STATE),
        }
    }
}

const STATE: &str = "a proxy is not the state: name the type instead of `Self`";

fn check_result(ty: &Type, mistakes: &mut Mistakes) {
    let obstacles = types::obstacles(&types::with_lifetimes(ty));
    let borrowed =
        obstacles.iter().any(|obstacle| matches!(obstacle, Obstacle::Reference(_) | Obstacle::Inner(_)));
    for obstacle in obstacles {
        match obstacle {
            Obstacle::Lifetime(_) if borrowed => {}
            Obstacle::Reference(span) | Obstacle::Mutable(span) | Obstacle::Inner(span) => {
                mistakes.at(
                    span,
                    "a result leaves the replica: return an owned value (`String` instead of `&str`)",
                );
            }
            Obstacle::Lifetime(span) => mistakes.at(span, LIFETIME),
            Obstacle::Opaque(span) => {
                mistakes.at(span, "a caller must know what to decode: name the type instead of `impl`");
            }
            Obstacle::State(span) => mistakes.at(span, STATE),
        }
    }
}

/// Returns the name of an argument that is not a pattern. A `mut` concerns only the body.
fn argument_name(argument: &PatType) -> Option<&Ident> {
    match &*argument.pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(&name.ident),
        _ => None,
    }
}

/// Returns the arguments of a signature that was found correct.
pub(super) fn arguments(signature: &Signature) -> Vec<Argument> {
    let named = typed(signature).filter_map(|argument| Some((argument_name(argument)?, argument)));
    named
        .map(|(name, argument)| {
            let ty = types::with_lifetimes(&argument.ty);
            Argument { name: name.clone(), passing: passing(&ty), ty }
        })
        .collect()
}

fn passing(ty: &Type) -> ArgumentMode {
    let Type::Reference(reference) = types::plain(ty) else { return ArgumentMode::AsWritten };
    match types::plain(&reference.elem) {
        Type::Slice(slice) if types::is_named(&slice.elem, "u8") => ArgumentMode::Bytes,
        Type::Slice(slice) => ArgumentMode::Slice((*slice.elem).clone()),
        elem if types::is_named(elem, "str") => ArgumentMode::AsWritten,
        elem => ArgumentMode::Borrowed(elem.clone()),
    }
}

/// Returns the type of a method's result; `None` if it returns nothing.
pub(super) fn result(signature: &Signature) -> Option<Type> {
    match &signature.output {
        ReturnType::Type(_, ty) if !types::is_unit(ty) => Some((**ty).clone()),
        _ => None,
    }
}
