//! Checks the options of a mark: which contradict each other or the signature.

use super::Names;
use super::signature::{arguments, result};
use crate::state_machine::model::{ArgumentMode, Kind, Route, Split};
use crate::state_machine::parse::{Draft, Key, MethodAttribute};
use crate::support::mistakes::Mistakes;
use syn::ext::IdentExt;

/// Returns the argument that is the key.
pub(super) fn key<'a>(keys: &'a [Key], mistakes: &mut Mistakes) -> Option<&'a Key> {
    let first = keys.first()?;
    for Key { at, span, .. } in &keys[1..] {
        let message = if *at == first.at {
            "this argument is marked `#[key]` already: once is enough"
        } else {
            "a command has one key: put what belongs together into one argument, a tuple or a struct"
        };
        mistakes.at(*span, message);
    }
    Some(first)
}

/// Returns the partitions that the command goes to.
pub(super) fn route(draft: &Draft, mark: &MethodAttribute, mistakes: &mut Mistakes) -> Route {
    let split = draft.is_split();
    let merged_read = mark.kind == Kind::Read && mark.merge.is_some();
    if let (Some(_), Some(single)) = (mark.all, mark.single) {
        mistakes.at(single, "`all` and `single` contradict each other: keep one");
    }
    if let Some(Key { span: key, .. }) = draft.keys.first() {
        let message = "goes where its key belongs";
        if !split && (mark.all.is_some() || merged_read) {
            mistakes.at(
                *key,
                format!("a command with a key {message}: remove `#[key]`, or what sends it to all"),
            );
        } else if mark.single.is_some() {
            mistakes.at(*key, format!("a command with a key {message}: remove `#[key]` or `single`"));
        }
    }
    let keyed = !draft.keys.is_empty();
    match (keyed, mark.all.is_some() || merged_read, mark.single.is_some()) {
        (true, ..) if split && mark.all.is_some() => Route::All,
        (true, ..) if split => Route::Keys,
        (true, ..) => Route::Key,
        (_, true, _) => Route::All,
        (.., true) => Route::Single,
        _ => Route::Unsaid,
    }
}

/// Returns the names and chosen ids of the commands that this one makes obsolete.
pub(super) fn supersedes(
    mark: &MethodAttribute,
    key: Option<&Key>,
    names: &Names,
    mistakes: &mut Mistakes,
) -> Vec<(String, Option<u32>)> {
    let Some((span, superseded)) = &mark.supersedes else { return Vec::new() };
    if mark.kind == Kind::Read {
        mistakes.at(*span, "a read is not in the log and supersedes nothing: remove this");
        return Vec::new();
    }
    match key {
        None => mistakes
            .at(*span, "a command supersedes earlier ones with the same key: mark an argument `#[key]`"),
        Some(Key { split: Some(_), .. }) => mistakes
            .at(*span, "a command with several keys is one entry of the log for all of them, and supersedes nothing: remove this"),
        Some(_) => {}
    }
    let mut found = Vec::new();
    for name in superseded {
        let text = name.unraw().to_string();
        match names.get(&text) {
            None => mistakes.add(name, format!("`{text}` is no command of this {}", names.word)),
            Some(named) if named.kind == Kind::Read => {
                mistakes.add(name, format!("`{text}` is a read: it leaves nothing in the log to supersede"));
            }
            Some(named) if !named.keyed => {
                mistakes.add(
                    name,
                    format!("`{text}` has no key, so no entry of it has the same key: leave it out"),
                );
            }
            Some(named) => found.push((text, named.id)),
        }
    }
    found
}

/// Returns how the command is split by its keys; `None` if it is not, or if the collection of keys or an option for
/// it is wrong.
pub(super) fn split(
    draft: &Draft,
    mark: &MethodAttribute,
    key: Option<&Key>,
    mistakes: &mut Mistakes,
) -> Option<Split> {
    let Some(Key { at, span, split: Some(split) }) = key else { return None };
    let before = mistakes.count();
    let passing = arguments(&draft.signature).into_iter().nth(*at).map(|argument| argument.passing);
    if let Some(ArgumentMode::Borrowed(_)) = passing {
        mistakes.at(*span, "a collection of keys is taken apart: take it by value, or as a slice");
    }
    if mark.merge.is_none() && mark.all.is_none() && result(&draft.signature).is_some() {
        mistakes.at(
            *span,
            "each partition that has some of the keys returns a result: say how they become one, `merge = sum` for \
             example",
        );
    }
    (mistakes.count() == before).then(|| split.clone())
}

/// Checks everything else about the options of one mark.
pub(super) fn check(draft: &Draft, mark: &MethodAttribute, mistakes: &mut Mistakes) {
    let returns = result(&draft.signature);
    if let Some(consistency) = mark.consistency.as_ref().filter(|_| mark.kind != Kind::Read) {
        mistakes.add(consistency, "only a read chooses its consistency: a write always goes through the log");
    }
    match (&mark.merge, mark.all, returns) {
        (Some((merge, _)), _, None) => {
            mistakes.at(*merge, "nothing is returned, so there is nothing to merge: remove `merge`");
        }
        (Some((merge, _)), None, _) if mark.single.is_some() => {
            mistakes.at(*merge, "one partition gives one result: remove `merge` or `single`");
        }
        (Some((merge, _)), None, Some(_)) if mark.kind != Kind::Read && !draft.is_split() => {
            mistakes.at(*merge, "a write with `merge` changes every partition: say so with `all`");
        }
        (None, Some(all), Some(_)) => mistakes
            .at(all, "every partition returns a result: say how they become one, `merge = sum` for example"),
        _ => {}
    }
}
