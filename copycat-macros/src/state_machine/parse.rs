//! Reads the marks and removes them from the methods. Checks only their syntax.

use super::item::Item;
use super::model::{Kind, Merge, Split};
use crate::support::mistakes::Mistakes;
use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprPath, FnArg, Ident, LitInt, Meta, Path, Result, Signature, Token, Visibility,
};

/// Reads the option `crate = path` of the attribute. Without it, `find` returns the path of the framework. Returns
/// `None` if that is not known.
pub(crate) fn framework(
    options: &TokenStream,
    find: impl FnOnce() -> std::result::Result<Path, &'static str>,
    mistakes: &mut Mistakes,
) -> Option<Path> {
    if options.is_empty() {
        return find().map_err(|text| mistakes.at(Span::call_site(), text)).ok();
    }
    let option = |input: ParseStream<'_>| {
        input.parse::<Token![crate]>()?;
        input.parse::<Token![=]>()?;
        input.call(Path::parse_mod_style)
    };
    if let Ok(path) = option.parse2(options.clone()) {
        return Some(path);
    }
    mistakes.add(
        options,
        "`#[state_machine]` takes one option, the path of the framework: `crate = other::copycat`",
    );
    find().ok()
}

/// A method, and the marks that were on it.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The attributes, without the marks.
    pub attributes: Vec<Attribute>,
    /// The visibility of the method on the proxies.
    pub visibility: Visibility,
    /// The signature, without the marks and without contexts.
    pub signature: Signature,
    /// Whether the method has a body where it is declared.
    pub has_body: bool,
    /// The marks of the method, in the order in which they are written. A correct method has at most one.
    pub marks: Vec<MethodAttribute>,
    /// The marks of arguments, in the order in which they are written. A correct method has at most one.
    pub keys: Vec<Key>,
}

impl Draft {
    /// Returns whether its argument with a key is a collection of keys.
    pub(crate) fn is_split(&self) -> bool {
        self.keys.first().is_some_and(|key| key.split.is_some())
    }
}

/// The mark `#[key]`, or `#[key(each…)]`.
#[derive(Debug)]
pub(crate) struct Key {
    /// The number of the marked argument, without counting the receiver and contexts.
    pub at: usize,
    /// The span of the mark's name.
    pub span: Span,
    /// The option `each…`: every element of the argument has a key.
    pub split: Option<Split>,
}

/// The mark `#[read(…)]`, `#[write(…)]` or `#[delete(…)]`.
#[derive(Debug)]
pub(crate) struct MethodAttribute {
    /// The kind of the mark.
    pub kind: Kind,
    /// The span of the mark's name.
    pub span: Span,
    /// The option `consistency = …`.
    pub consistency: Option<Ident>,
    /// The option `supersedes(…)`.
    pub supersedes: Option<(Span, Vec<Ident>)>,
    /// The option `merge = …`.
    pub merge: Option<(Span, Merge)>,
    /// The option `all`.
    pub all: Option<Span>,
    /// The option `single`.
    pub single: Option<Span>,
    /// The option `id = …`.
    pub id: Option<(Span, u32)>,
}

/// Removes the marks from the item's methods and returns them, in the order of the methods.
pub(crate) fn take_marks(item: &mut Item, mistakes: &mut Mistakes) -> Vec<Draft> {
    let drafts = item.methods().into_iter().map(|method| {
        refuse_conditional(method.attributes, &["read", "write", "delete"], mistakes);
        for input in &mut method.signature.inputs {
            if let FnArg::Typed(argument) = input {
                refuse_conditional(&mut argument.attrs, &["key", "context"], mistakes);
            }
        }
        let marks = take_method_marks(method.attributes, mistakes);
        let contexts = take_contexts(method.signature, mistakes);
        let keys = take_keys(method.signature, &contexts, mistakes);
        Draft {
            attributes: method.attributes.clone(),
            visibility: method.visibility.clone(),
            signature: without(method.signature, &contexts),
            has_body: method.has_body,
            marks,
            keys,
        }
    });
    drafts.collect()
}

/// Reports marks that depend on a condition, which cannot be evaluated here, and treats them as if it held.
fn refuse_conditional(attributes: &mut [Attribute], marks: &[&str], mistakes: &mut Mistakes) {
    let is_mark = |part: &Meta| marks.iter().any(|name| part.path().is_ident(name));
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        if !list.path.is_ident("cfg_attr") {
            continue;
        }
        let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        if let Some(mark) = parts.ok().and_then(|parts| parts.into_iter().skip(1).find(is_mark)) {
            mistakes.add(&attribute.meta, CONDITIONAL);
            attribute.meta = mark;
        }
    }
}

const CONDITIONAL: &str =
    "a mark cannot depend on a condition: write the mark itself, or two methods, each with a `#[cfg(…)]`";

fn take_method_marks(attributes: &mut Vec<Attribute>, mistakes: &mut Mistakes) -> Vec<MethodAttribute> {
    let is_mark = |attribute: &mut Attribute| kind_of(attribute.path()).is_some();
    attributes
        .extract_if(.., is_mark)
        .filter_map(|attribute| Some(mark(&attribute, kind_of(attribute.path())?, mistakes)))
        .collect()
}

fn kind_of(path: &Path) -> Option<Kind> {
    [Kind::Read, Kind::Write, Kind::Delete].into_iter().find(|kind| path.is_ident(kind.mark()))
}

/// Removes `#[context]`, which is reserved, and returns the positions of the arguments that had it.
fn take_contexts(signature: &mut Signature, mistakes: &mut Mistakes) -> Vec<usize> {
    let mut contexts = Vec::new();
    for (at, input) in signature.inputs.iter_mut().enumerate() {
        let FnArg::Typed(argument) = input else { continue };
        for context in argument.attrs.extract_if(.., |attribute| attribute.path().is_ident("context")) {
            mistakes.add(context.path(), CONTEXT_RESERVED);
            contexts.push(at);
        }
        if contexts.contains(&at) {
            argument.attrs.retain(|attribute| !attribute.path().is_ident("key"));
        }
    }
    contexts
}

/// Returns the signature without the contexts, which are not arguments of the command.
fn without(signature: &Signature, contexts: &[usize]) -> Signature {
    let inputs = signature.inputs.iter().enumerate().filter(|(at, _)| !contexts.contains(at));
    Signature { inputs: inputs.map(|(_, input)| input.clone()).collect(), ..signature.clone() }
}

fn take_keys(signature: &mut Signature, contexts: &[usize], mistakes: &mut Mistakes) -> Vec<Key> {
    let mut keys = Vec::new();
    let arguments = signature.inputs.iter_mut().enumerate().filter_map(|(at, input)| match input {
        FnArg::Typed(argument) if !contexts.contains(&at) => Some(argument),
        _ => None,
    });
    for (at, argument) in arguments.enumerate() {
        for key in argument.attrs.extract_if(.., |attribute| attribute.path().is_ident("key")) {
            let split = match &key.meta {
                Meta::Path(_) => None,
                written => split(at, &key).or_else(|| {
                    mistakes.add(written, KEY_OPTIONS);
                    None
                }),
            };
            keys.push(Key { at, span: key.path().span(), split });
        }
    }
    keys
}

const KEY_OPTIONS: &str = "`#[key]` has one option: `#[key(each)]` on a collection of keys, `#[key(each.0)]` on one of \
                           pairs, or another field of each element";

const CONTEXT_RESERVED: &str = "`#[context]` is reserved: a later version will hand the method its place in the log, the \
                                cluster's time and its caller here. Not yet: leave this argument out";

/// Parses `each`, or a field of it.
fn split(at: usize, attribute: &Attribute) -> Option<Split> {
    let key: Expr = attribute.parse_args().ok()?;
    let mut base = &key;
    while let Expr::Field(field) = base {
        base = &field.base;
    }
    let Expr::Path(element) = base else { return None };
    let element = element.path.get_ident().filter(|name| *name == "each")?.clone();
    Some(Split { at, element, key })
}

impl MethodAttribute {
    /// Returns a mark without options.
    pub(crate) fn plain(kind: Kind, span: Span) -> MethodAttribute {
        MethodAttribute {
            kind,
            span,
            consistency: None,
            supersedes: None,
            merge: None,
            all: None,
            single: None,
            id: None,
        }
    }
}

fn mark(attribute: &Attribute, kind: Kind, mistakes: &mut Mistakes) -> MethodAttribute {
    let mut mark = MethodAttribute::plain(kind, attribute.path().span());
    match &attribute.meta {
        Meta::Path(_) => {}
        Meta::List(list) => {
            // A mistake in one option is recorded, and the other options are still read.
            let read = list.parse_nested_meta(|option| {
                read_option(&mut mark, &option).or_else(|error| {
                    mistakes.note(error);
                    skip_value(&option)
                })
            });
            read.unwrap_or_else(|error| mistakes.note(error));
        }
        Meta::NameValue(_) => {
            let name = kind.mark();
            mistakes.add(&attribute.meta, format!("write options in parentheses: `#[{name}(…)]`"));
        }
    }
    mark
}

fn read_option(mark: &mut MethodAttribute, option: &ParseNestedMeta<'_>) -> Result<()> {
    let span = option.path.span();
    let name = option.path.get_ident().map(Ident::to_string).unwrap_or_default();
    match name.as_str() {
        "consistency" => once(&mut mark.consistency, consistency(option)?, option),
        "supersedes" => once(&mut mark.supersedes, (span, names(option)?), option),
        "merge" => once(&mut mark.merge, (span, merge(option)?), option),
        "all" => once(&mut mark.all, span, option),
        "single" => once(&mut mark.single, span, option),
        "id" => once(&mut mark.id, (span, id(option)?), option),
        _ => {
            Err(option.error(format!("unknown option: `#[{}]` knows {}", mark.kind.mark(), known(mark.kind))))
        }
    }
}

fn known(kind: Kind) -> &'static str {
    match kind {
        Kind::Read => "`consistency = …`, `merge = …`, `all`, `single` and `id = …`",
        Kind::Write | Kind::Delete => "`supersedes(…)`, `all`, `merge = …`, `single` and `id = …`",
    }
}

fn once<T>(slot: &mut Option<T>, value: T, option: &ParseNestedMeta<'_>) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(option.error("this option is there twice: remove one")),
    }
}

fn skip_value(option: &ParseNestedMeta<'_>) -> Result<()> {
    while !option.input.is_empty() && !option.input.peek(Token![,]) {
        option.input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

fn consistency(option: &ParseNestedMeta<'_>) -> Result<Ident> {
    let name: Ident = option.value()?.call(Ident::parse_any)?;
    if ["strict", "lease", "eventual"].iter().any(|known| name == known) {
        return Ok(name);
    }
    Err(Error::new(name.span(), "unknown consistency: there are `strict`, `lease` and `eventual`"))
}

fn names(option: &ParseNestedMeta<'_>) -> Result<Vec<Ident>> {
    let content;
    syn::parenthesized!(content in option.input);
    let names = content.call(Punctuated::<Ident, Token![,]>::parse_terminated)?;
    if names.is_empty() {
        return Err(option.error("name the commands: `supersedes(put, remove)`"));
    }
    Ok(names.into_iter().collect())
}

fn merge(option: &ParseNestedMeta<'_>) -> Result<Merge> {
    let own: ExprPath = option.value()?.parse()?;
    let is_named = |name: &&str| own.qself.is_none() && own.path.is_ident(name);
    let known = ["sum", "and", "or", "min", "max", "concat"].into_iter().find(is_named);
    Ok(known.map_or_else(|| Merge::Own(own.clone()), |name| Merge::Known(name, own.span())))
}

fn id(option: &ParseNestedMeta<'_>) -> Result<u32> {
    let literal: LitInt = option.value()?.parse()?;
    match literal.base10_parse() {
        Ok(0) => Err(Error::new(literal.span(), "the id 0 is reserved: choose another")),
        Ok(id) => Ok(id),
        Err(_) => Err(Error::new(literal.span(), "an id is a number of 32 bits: `id = 0x1234abcd`")),
    }
}
