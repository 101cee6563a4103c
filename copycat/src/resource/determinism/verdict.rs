//! Finds the first command in which two copies of a state differ, and describes it for a person.

use super::commands::TestCommand;
use super::copies::{Plan, Step, Steps, Unreadable, both};
use super::{answers, states};
use crate::codec::payload;
use crate::resource::dispatch::Dispatch;
use crate::resource::json;
use serde::Serialize;
use serde::de::DeserializeOwned;

const CAUSES: &str = "\
Usual causes: the clock, random numbers, the order of a `HashMap` or a `HashSet`, the address of a value, the thread, a \
static variable, or a field that serde skips.";

/// A difference between two copies.
struct Difference {
    /// The last command after which both were equal; `None` if their creation already differs.
    equal_after: Option<usize>,
    /// The number of the command after which they differ; 0 for the creation.
    number: usize,
    /// Whether the answers differ, or the states.
    what: What,
}

enum What {
    Answers(String),
    States(String),
}

/// Runs a plan on two copies. Returns the description of the first difference; `None` if there is none.
pub(super) fn difference<C, S, F>(init: &F, mut plan: Plan) -> Option<String>
where
    C: Dispatch<S>,
    S: Serialize + DeserializeOwned + Send + 'static,
    F: Fn() -> S + Sync,
{
    let mut found = match first_difference::<S>(both::<C, S, F>(init, &plan), &plan) {
        Ok(found) => found?,
        Err(unreadable) => return Some(described_unreadable(&unreadable, &plan)),
    };
    if found.equal_after.is_some_and(|equal| equal + 1 < found.number) {
        // The states behind the commands in between were not taken. What is random may come elsewhere this time.
        plan.window = found.equal_after.map_or(0, |equal| equal + 1)..found.number;
        if let Ok(Some(again)) = first_difference::<S>(both::<C, S, F>(init, &plan), &plan) {
            found = again;
        }
    }
    Some(described(&found, &plan))
}

fn first_difference<S>((one, other): (Steps, Steps), plan: &Plan) -> Result<Option<Difference>, Unreadable>
where
    S: Serialize + DeserializeOwned,
{
    let (one, other) = (one?, other?);
    assert_eq!(one.len(), other.len(), "both copies run the whole plan");
    let mut equal_after = None;
    for (number, (one, other)) in one.iter().zip(&other).enumerate() {
        let what = match answers_differ(number, one, other, plan) {
            Some(answers) => Some(What::Answers(answers)),
            None => states_differ::<S>(number, one, other)?.map(What::States),
        };
        if let Some(what) = what {
            return Ok(Some(Difference { equal_after, number, what }));
        }
        if one.state.is_some() {
            equal_after = Some(number);
        }
    }
    Ok(None)
}

fn answers_differ(number: usize, one: &Step, other: &Step, plan: &Plan) -> Option<String> {
    let command = &plan.commands[number.checked_sub(1)?];
    let shape = &plan.schema.methods[command.method];
    answers::difference(&one.answer, &other.answer, shape, &plan.schema.types)
}

fn states_differ<S>(number: usize, one: &Step, other: &Step) -> Result<Option<String>, Unreadable>
where
    S: Serialize + DeserializeOwned,
{
    let (Some(one), Some(other)) = (&one.state, &other.state) else { return Ok(None) };
    if one == other {
        return Ok(None);
    }
    let read = |bytes: &[u8]| payload::decode(bytes).map_err(|error| Unreadable { after: number, error });
    let (one, other): (S, S) = (read(one)?, read(other)?);
    Ok(states::difference(&one, &other))
}

/// Describes the first difference: which command, and what came of it.
fn described(found: &Difference, plan: &Plan) -> String {
    let Difference { equal_after, number, what } = found;
    let first = equal_after.map_or(0, |equal| equal + 1);
    let (differ, label, detail) = match what {
        What::Answers(detail) => ("answered differently", "answers", detail),
        What::States(detail) => ("left two states", "states", detail),
    };
    let name = &plan.schema.name;
    let (total, command) = (plan.commands.len(), number.checked_sub(1).map(|at| &plan.commands[at]));
    let begin = match command {
        None => format!("two new states for `{name}` differ"),
        Some(_) if first < *number && matches!(what, What::States(_)) => {
            format!(
                "the methods of `{name}` are not deterministic: one of the commands {first} to {number} of {total} {differ}"
            )
        }
        Some(_) => {
            format!("the methods of `{name}` are not deterministic: command {number} of {total} {differ}")
        }
    };
    let command =
        command.map_or_else(String::new, |command| format!("\n  command: {}", shown(command, plan)));
    format!("{begin}{command}\n  {label}: {detail}\n{CAUSES}")
}

fn described_unreadable(unreadable: &Unreadable, plan: &Plan) -> String {
    let Unreadable { after, error } = unreadable;
    let name = &plan.schema.name;
    match after.checked_sub(1) {
        None => format!("a new state for `{name}` cannot be written and read back: {error}"),
        Some(at) => format!(
            "the state for `{name}` cannot be written and read back after command {after}: {error}\n  command: {}",
            shown(&plan.commands[at], plan)
        ),
    }
}

/// Returns a command as its name and its arguments.
fn shown(command: &TestCommand, plan: &Plan) -> String {
    let TestCommand { method, body, key_len } = command;
    let shape = &plan.schema.methods[*method];
    let arguments = json::shown_arguments(body, *key_len, shape, &plan.schema.types);
    format!("{} {}", shape.name, arguments.unwrap_or_else(|_| format!("{body:?}")))
}
