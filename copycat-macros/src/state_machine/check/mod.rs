//! Reports all mistakes in a trait or an `impl` block, and turns the correct rest into the model.
//!
//! The rules for one method are in [`signature`] (what the compiler would not report, or not understandably) and
//! [`options`] (how the marks relate to each other), those for a block in [`block`]. The rules for a trait and
//! those across methods are here.

mod block;
mod options;
mod signature;

use super::item::Item;
use super::model::{Command, Kind, Machine, Merge, State};
use super::parse::{Draft, MethodAttribute};
use crate::support::attributes;
use crate::support::mistakes::Mistakes;
use proc_macro2::Span;
use std::collections::BTreeMap;
use syn::ext::IdentExt;
use syn::{Ident, ItemTrait, Path, TraitItem};

/// Checks the whole item. Returns `None` if nothing sensible can be generated.
pub(crate) fn machine(
    item: &Item,
    framework: Path,
    drafts: Vec<Draft>,
    mistakes: &mut Mistakes,
) -> Option<Machine> {
    let before = mistakes.count();
    check_item(item, mistakes);
    let sound = mistakes.count() == before;
    if let Item::Block(block) = item {
        block::check_marks(block, &drafts, mistakes);
    }
    let names = Names::of(item.word(), &drafts);
    let mut commands: Vec<Command> =
        drafts.into_iter().filter_map(|draft| command(draft, &names, mistakes)).collect();
    check_ids(&commands, mistakes);
    if let Item::Trait(_) = item {
        check_merges(&mut commands, mistakes);
    }
    let name = item.name().filter(|_| sound)?;
    Some(assembled(item, framework, name, commands, mistakes.count() > 0))
}

fn assembled(item: &Item, framework: Path, name: &Ident, commands: Vec<Command>, flawed: bool) -> Machine {
    let documentation = item.attributes().iter().filter(|attribute| attribute.path().is_ident("doc"));
    let (visibility, state) = match item {
        Item::Trait(written) => (written.vis.clone(), State::Any),
        Item::Block(block) => (block::widest(&commands), State::One(block.self_ty.clone())),
    };
    let mut machine = Machine {
        framework,
        conditions: attributes::conditions(item.attributes()),
        documentation: documentation.cloned().collect(),
        visibility,
        name: name.clone(),
        state,
        generics: item.generics().clone(),
        commands,
        flawed,
    };
    if let Item::Block(block) = item {
        block::write_out_self(&block.self_ty, &mut machine);
    }
    machine
}

/// Refuses `Self::merge` in a trait, where it cannot be resolved because the state type is unknown.
fn check_merges(commands: &mut [Command], mistakes: &mut Mistakes) {
    for command in commands {
        let of_the_state = |merge: &mut Merge| match merge {
            Merge::Own(function) => function.path.segments.first().is_some_and(|first| first.ident == "Self"),
            Merge::Known(..) => false,
        };
        if let Some(Merge::Own(function)) = command.merge.take_if(of_the_state) {
            mistakes.add(&function, "results are merged where no state is: name the function without `Self`");
        }
    }
}

const OUTLIVES: &str = "a state outlives everything it was sent: take a type parameter instead of a lifetime";

fn check_item(item: &Item, mistakes: &mut Mistakes) {
    if let Some(unsafety) = item.unsafety() {
        mistakes.add(unsafety, "a state machine is plain safe code: remove `unsafe`");
    }
    for lifetime in item.generics().lifetimes() {
        mistakes.add(lifetime, OUTLIVES);
    }
    match item {
        Item::Trait(written) => check_trait(written, mistakes),
        Item::Block(block) => block::check(block, mistakes),
    }
}

fn check_trait(item: &ItemTrait, mistakes: &mut Mistakes) {
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

/// The methods that have a mark or need none, by name.
pub(super) struct Names {
    /// The word for the item that they belong to.
    word: &'static str,
    named: BTreeMap<String, Named>,
}

/// The properties of a command that a superseding command is checked against.
pub(super) struct Named {
    kind: Kind,
    keyed: bool,
    id: Option<u32>,
}

impl Names {
    fn of(word: &'static str, drafts: &[Draft]) -> Names {
        let named = drafts.iter().filter_map(|draft| {
            let mark = draft.marks.first();
            let kind = mark.map_or_else(|| implied(draft), |mark| Some(mark.kind))?;
            let id = mark.and_then(|mark| mark.id).map(|(_, id)| id);
            let name = draft.signature.ident.unraw().to_string();
            let keyed = !draft.keys.is_empty() && !draft.is_split();
            Some((name, Named { kind, keyed, id }))
        });
        Names { word, named: named.collect() }
    }

    fn get(&self, name: &str) -> Option<&Named> {
        self.named.get(name)
    }
}

/// Returns the kind of a method without a mark; `None` for helpers and for wrong methods.
fn implied(draft: &Draft) -> Option<Kind> {
    let changes = signature::takes_mut_self(&draft.signature);
    (changes && !draft.has_body).then_some(Kind::Write)
}

/// Returns the command of a method; `None` for helpers, and for methods that no proxy could have.
fn command(mut draft: Draft, names: &Names, mistakes: &mut Mistakes) -> Option<Command> {
    for extra in draft.marks.iter().skip(1) {
        mistakes.at(extra.span, "a method has one mark: remove the others");
    }
    let mark = draft.marks.drain(..).next();
    if mark.is_none() && draft.has_body {
        for key in &draft.keys {
            mistakes.at(key.span, "a method with a body and without a mark is a helper, which is never sent: mark it `#[read]` or `#[write]`, or remove `#[key]`");
        }
        return None;
    }
    let kind = mark.as_ref().map(|mark| mark.kind).or_else(|| implied(&draft));
    let before = mistakes.count();
    signature::check(&draft.signature, kind, mark.is_some(), names.word, mistakes);
    let broken = mistakes.count() > before;
    let mark = mark.or_else(|| Some(MethodAttribute::plain(kind?, Span::call_site())))?;
    let key = options::key(&draft.keys, mistakes);
    let route = options::route(&draft, &mark, mistakes);
    let supersedes = options::supersedes(&mark, key, names, mistakes);
    options::check(&draft, &mark, mistakes);
    let split = options::split(&draft, &mark, key, mistakes);
    let key = key.filter(|key| key.split.is_none()).map(|key| key.at);
    if broken {
        return None;
    }
    Some(Command {
        conditions: attributes::conditions(&draft.attributes),
        descriptions: attributes::descriptions(&draft.attributes),
        documented: attributes::is_documented(&draft.attributes),
        visibility: draft.visibility,
        name: draft.signature.ident.clone(),
        kind: mark.kind,
        id: mark.id.map(|(_, id)| id),
        consistency: mark.consistency,
        route,
        merge: mark.merge.map(|(_, merge)| merge),
        supersedes,
        arguments: signature::arguments(&draft.signature),
        key,
        split,
        result: signature::result(&draft.signature),
    })
}

/// Refuses two methods with the same id. The compiler finds these as well, but here the message can name both methods.
fn check_ids(commands: &[Command], mistakes: &mut Mistakes) {
    let mut owners = BTreeMap::new();
    // Only the compiler knows which of the methods with conditions exist at once.
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

/// Computes the id of a name as `MethodId::of` does: FNV-1a.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
