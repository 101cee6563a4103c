//! Says everything that is wrong with a trait, and turns what is right into the model.
//!
//! Rules for one method are in [`signature`] (what the compiler would not, or not understandably, say) and
//! [`options`] (what the marks promise about each other); those across methods are here.

mod options;
mod signature;

use super::model::{Command, Kind, Machine};
use super::parse::{Draft, Mark};
use crate::support::attributes;
use crate::support::mistakes::Mistakes;
use std::collections::BTreeMap;
use syn::ext::IdentExt;
use syn::{ItemTrait, TraitItem};

/// Checks the whole trait. `None` if it is such that nothing sensible can be generated.
pub(crate) fn machine(item: &ItemTrait, drafts: Vec<Draft>, mistakes: &mut Mistakes) -> Option<Machine> {
    let before = mistakes.count();
    check_trait(item, mistakes);
    let sound = mistakes.count() == before;
    let names = Names::of(&drafts);
    let commands: Vec<Command> =
        drafts.into_iter().filter_map(|draft| command(draft, &names, mistakes)).collect();
    check_ids(&commands, mistakes);
    sound.then(|| Machine {
        conditions: attributes::conditions(&item.attrs),
        documentation: item
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"))
            .cloned()
            .collect(),
        visibility: item.vis.clone(),
        name: item.ident.clone(),
        generics: item.generics.clone(),
        commands,
        flawed: mistakes.count() > 0,
    })
}

fn check_trait(item: &ItemTrait, mistakes: &mut Mistakes) {
    if let Some(unsafety) = &item.unsafety {
        mistakes.add(unsafety, "a state machine is plain safe code: remove `unsafe`");
    }
    for lifetime in item.generics.lifetimes() {
        mistakes.add(
            lifetime,
            "a state outlives everything it was sent: take a type parameter instead of a lifetime",
        );
    }
    for item in &item.items {
        match item {
            TraitItem::Type(ty) => mistakes.add(
                &ty.ident,
                "proxies do not know the state's associated types: make it a parameter of the trait",
            ),
            TraitItem::Macro(call) => mistakes
                .add(call, "a macro's methods cannot be seen from here: write the commands out in the trait"),
            _ => {}
        }
    }
}

/// The methods that have exactly one mark or need none, by name.
pub(super) struct Names(BTreeMap<String, Named>);

/// What another method must know about a command that it supersedes.
pub(super) struct Named {
    kind: Kind,
    keyed: bool,
    id: Option<u32>,
}

impl Names {
    fn of(drafts: &[Draft]) -> Names {
        let named = drafts.iter().filter_map(|draft| {
            let mark = draft.marks.first();
            let kind = mark.map_or_else(|| implied(draft), |mark| Some(mark.kind))?;
            let id = mark.and_then(|mark| mark.id).map(|(_, id)| id);
            let name = draft.method.sig.ident.unraw().to_string();
            let keyed = draft.keys.first().is_some_and(|key| key.split.is_none());
            Some((name, Named { kind, keyed, id }))
        });
        Names(named.collect())
    }

    fn get(&self, name: &str) -> Option<&Named> {
        self.0.get(name)
    }
}

/// The kind of a method without a mark; `None` for helpers and for what is wrong.
fn implied(draft: &Draft) -> Option<Kind> {
    let changes = signature::takes_mut_self(&draft.method.sig);
    (changes && draft.method.default.is_none()).then_some(Kind::Write)
}

/// The command that a method is; `None` for helpers, and for methods no proxy could have.
fn command(mut draft: Draft, names: &Names, mistakes: &mut Mistakes) -> Option<Command> {
    for extra in draft.marks.iter().skip(1) {
        mistakes.at(extra.span, "a method has one mark: remove the others");
    }
    let mark = draft.marks.drain(..).next();
    if mark.is_none() && draft.method.default.is_some() {
        for key in &draft.keys {
            mistakes.at(key.span, "a method with a body and without a mark is a helper, which is never sent: mark it `#[read]` or `#[write]`, or remove `#[key]`");
        }
        return None;
    }
    let kind = mark.as_ref().map(|mark| mark.kind).or_else(|| implied(&draft));
    let before = mistakes.count();
    signature::check(&draft.method.sig, kind, mark.is_some(), mistakes);
    let broken = mistakes.count() > before;
    let mark = mark.or_else(|| Some(unmarked(kind?)))?;
    let key = options::key(&draft.keys, mistakes);
    let route = options::route(&draft, &mark, mistakes);
    let supersedes = options::supersedes(&mark, key, names, mistakes);
    options::check(&draft, &mark, mistakes);
    options::check_split(&draft, &mark, key, mistakes);
    let split = key.and_then(|key| key.split.clone());
    let key = key.filter(|key| key.split.is_none()).map(|key| key.at);
    if broken {
        return None;
    }
    Some(Command {
        conditions: attributes::conditions(&draft.method.attrs),
        descriptions: attributes::descriptions(&draft.method.attrs),
        documented: attributes::is_documented(&draft.method.attrs),
        name: draft.method.sig.ident.clone(),
        kind: mark.kind,
        id: mark.id.map(|(_, id)| id),
        consistency: mark.consistency,
        route,
        merge: mark.merge.map(|(_, merge)| merge),
        supersedes,
        arguments: signature::arguments(&draft.method.sig),
        key,
        split,
        result: signature::result(&draft.method.sig),
    })
}

/// The mark of a method that needs none.
fn unmarked(kind: Kind) -> Mark {
    let span = proc_macro2::Span::call_site();
    Mark { kind, span, consistency: None, supersedes: None, merge: None, all: None, single: None, id: None }
}

/// The compiler finds collisions as well; here the message can name both methods.
fn check_ids(commands: &[Command], mistakes: &mut Mistakes) {
    let mut owners = BTreeMap::new();
    // Which of the methods with conditions exist at once is known to the compiler only.
    for command in commands.iter().filter(|command| command.conditions.is_empty()) {
        let name = command.name.unraw().to_string();
        let id = command.id.unwrap_or_else(|| hash(&name));
        match owners.insert(id, name.clone()) {
            Some(other) if other != name => mistakes.add(
                &command.name,
                format!("`{other}` has the same id, {id:#010x}: choose one for either with `id = 0x…`"),
            ),
            _ => {}
        }
    }
}

/// As `MethodId::of`: FNV-1a.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
