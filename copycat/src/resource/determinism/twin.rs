//! Two copies of a state on one member, which must do the same.

use super::{answers, states};
use crate::codec::ids::MethodId;
use crate::codec::shape::schema::Schema;
use crate::node::machine::{Entry, Halt, Machine, MachineError, Query};
use crate::resource::dispatch::Replica;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Most commands between two comparisons of the states.
const DISTANCE_MAX: u64 = 1_000;

/// A state machine that does everything twice, on two copies of the state, and halts where they differ.
pub(crate) struct Twin<S: 'static> {
    /// The name of the resource.
    resource: String,
    schema: Arc<Schema>,
    one: Replica<S>,
    other: Replica<S>,
    /// The commands applied so far.
    applied: u64,
}

impl<S: Serialize + DeserializeOwned + Send + 'static> Twin<S> {
    /// Creates a state machine of two replicas that are in the same state and have this schema.
    pub(crate) fn new(resource: &str, schema: Arc<Schema>, one: Replica<S>, other: Replica<S>) -> Twin<S> {
        Twin { resource: resource.into(), schema, one, other, applied: 0 }
    }

    /// Compares what the copies answered, the first one with the end of `out`. It loses that on a difference.
    fn compare_answers(
        &self,
        method: MethodId,
        outcomes: [Result<(), MachineError>; 2],
        (out, start): (&mut Vec<u8>, usize),
        other: &[u8],
    ) -> Result<(), MachineError> {
        let [outcome, of_other] = outcomes;
        // What this program does not know has no answer.
        let shape = match (&outcome, self.schema.method(method)) {
            (Err(MachineError::Halt(_)), _) | (_, None) => return outcome,
            (_, Some(shape)) => shape,
        };
        let answer = |outcome: &Result<(), MachineError>, bytes: &[u8]| match outcome {
            Ok(()) => Ok(bytes.to_vec()),
            Err(error) => Err(error.answer()),
        };
        let (one, other) = (answer(&outcome, &out[start..]), answer(&of_other, other));
        match answers::difference(&one, &other, shape, &self.schema.types) {
            None => outcome,
            Some(difference) => {
                out.truncate(start);
                Err(self.halt(&shape.name, &format!("its answers are {difference}")))
            }
        }
    }

    fn halt(&self, method: &str, difference: &str) -> MachineError {
        let resource = &self.resource;
        Halt::NotDeterministic(format!(
            "`{method}` of the resource `{resource}` is not deterministic: {difference}"
        ))
        .into()
    }

    /// Compares the states, if it is time to.
    fn compare_states(&self, method: MethodId) -> Result<(), MachineError> {
        if !self.applied.is_power_of_two() && !self.applied.is_multiple_of(DISTANCE_MAX) {
            return Ok(());
        }
        // Serializing is code of the user, which may panic or fail. That says nothing about determinism.
        let compared = catch_unwind(AssertUnwindSafe(|| difference(self.one.state(), self.other.state())));
        let difference = match compared {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(difference))) => difference,
            Ok(Err(Unwritten)) | Err(_) => {
                tracing::warn!(
                    resource = self.resource,
                    "the copies of the state cannot be compared, because a state cannot be written: its type refuses \
                     or panics"
                );
                return Ok(());
            }
        };
        let which = match (self.applied / 2).min(DISTANCE_MAX) {
            0 | 1 => "it".to_owned(),
            distance => format!("it, or another one of the last {distance} commands,"),
        };
        let name = self.schema.method(method).map_or("", |shape| &shape.name);
        Err(self.halt(name, &format!("{which} left two states: {difference}")))
    }
}

/// A state cannot be written.
struct Unwritten;

/// Returns how two states differ, if they do.
fn difference<S: Serialize + DeserializeOwned>(one: &S, other: &S) -> Result<Option<String>, Unwritten> {
    match (states::encode(one), states::encode(other)) {
        (Ok(one), Ok(other)) if one == other => Ok(None),
        (Ok(_), Ok(_)) => Ok(states::difference(one, other)),
        _ => Err(Unwritten),
    }
}

impl<S: Serialize + DeserializeOwned + Send + 'static> Machine for Twin<S> {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let (start, mut other) = (out.len(), Vec::new());
        let outcomes = [self.one.apply(entry, out), self.other.apply(entry, &mut other)];
        let method = entry.command.method;
        let outcome = self.compare_answers(method, outcomes, (out, start), &other);
        if let Err(MachineError::Halt(_)) = outcome {
            return outcome;
        }
        self.applied += 1;
        self.compare_states(method).inspect_err(|_| out.truncate(start))?;
        outcome
    }

    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let (start, mut other) = (out.len(), Vec::new());
        let outcomes = [self.one.read(query, out), self.other.read(query, &mut other)];
        self.compare_answers(query.command.method, outcomes, (out, start), &other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::command::{Command, Stamp};
    use crate::request::error::RequestError;
    use crate::resource::arguments::check_keyless;
    use crate::resource::commands::{Commands, Method};
    use crate::resource::dispatch::{Dispatch, Handler, answer};
    use crate::resource::schema::schema_of;
    use serde::{Deserialize, Serializer};
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Numbers that the methods of both copies take in turn.
    static TAKEN: AtomicU64 = AtomicU64::new(1);

    /// A counter, as the macro would generate it.
    struct Counter;

    macro_rules! method {
        ($kind:ident $name:literal) => {
            Method::$kind(
                $name,
                &["by"],
                |body, key_len| check_keyless::<(u64,)>(body, key_len),
                |shapes| {
                    shapes.argument::<u64>("u64");
                    shapes.result::<u64>("u64");
                },
            )
        };
    }

    impl Commands for Counter {
        const NAME: &'static str = "Counter";
        const METHODS: &'static [Method] =
            &[method!(write "add"), method!(write "keep"), method!(write "take"), method!(read "peek")];
    }

    impl Dispatch<u64> for Counter {
        const HANDLERS: &'static [Handler<u64>] = &[
            Handler::Write(|state, entry, out| {
                let (by,) = entry.arguments::<(u64,)>()?;
                *state += by;
                assert_ne!(by, 13, "unlucky");
                answer(state, out)
            }),
            Handler::Write(|state, entry, out| {
                let (by,) = entry.arguments::<(u64,)>()?;
                *state = TAKEN.fetch_add(1, Ordering::Relaxed);
                answer(&by, out)
            }),
            Handler::Write(|_, entry, out| {
                let (_,) = entry.arguments::<(u64,)>()?;
                answer(&TAKEN.fetch_add(1, Ordering::Relaxed), out)
            }),
            Handler::Read(|state, query, out| {
                let (by,) = query.arguments::<(u64,)>()?;
                answer(&if by == 0 { *state } else { TAKEN.fetch_add(1, Ordering::Relaxed) }, out)
            }),
        ];
    }

    fn twin() -> Twin<u64> {
        let schema = Arc::new(schema_of::<Counter>().schema);
        let replica = || Replica::new::<Counter>(0, schema.clone());
        Twin::new("numbers", schema.clone(), replica(), replica())
    }

    /// A state that cannot always be written.
    #[derive(Serialize, Deserialize)]
    struct Fragile(#[serde(serialize_with = "write_carefully")] u64);

    fn write_carefully<S: Serializer>(state: &u64, to: S) -> Result<S::Ok, S::Error> {
        assert_ne!(*state, 1, "its author forbids it");
        if *state == 2 { Err(serde::ser::Error::custom("not now")) } else { to.serialize_u64(*state) }
    }

    impl Dispatch<Fragile> for Counter {
        const HANDLERS: &'static [Handler<Fragile>] = &[Handler::Write(|state: &mut Fragile, entry, out| {
            let (by,) = entry.arguments::<(u64,)>()?;
            state.0 += by;
            answer(&state.0, out)
        }); 4];
    }

    #[test]
    fn a_state_that_cannot_be_written_harms_nobody() {
        let schema = Arc::new(schema_of::<Counter>().schema);
        let replica = || Replica::new::<Counter>(Fragile(0), schema.clone());
        let mut twin = Twin::new("numbers", schema.clone(), replica(), replica());
        let mut out = Vec::new();
        for sum in 1..=8u8 {
            let command = Command { method: MethodId::of("add"), key_len: 0, body: &[1][..] };
            out.clear();
            twin.apply(&Entry { index: 1, time: 0, stamp: Stamp::NONE, command }, &mut out).unwrap();
            assert_eq!(out, [sum], "the comparisons after the first and the second command fail");
        }
    }

    fn command(method: &str, by: u8) -> (MethodId, [u8; 1]) {
        (MethodId::of(method), [by])
    }

    fn apply(twin: &mut Twin<u64>, method: &str, by: u8, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let (method, body) = command(method, by);
        let command = Command { method, key_len: 0, body: &body[..] };
        twin.apply(&Entry { index: 1, time: 0, stamp: Stamp::NONE, command }, out)
    }

    fn read(twin: &Twin<u64>, by: u8, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let (method, body) = command("peek", by);
        let command = Command { method, key_len: 0, body: &body[..] };
        twin.read(&Query { index: 1, time: 0, stamp: Stamp::NONE, command }, out)
    }

    fn halted(outcome: Result<(), MachineError>) -> String {
        match outcome {
            Err(MachineError::Halt(Halt::NotDeterministic(text))) => text,
            other => panic!("it goes on: {other:?}"),
        }
    }

    #[test]
    fn what_both_copies_do_alike_is_what_one_would_do() {
        let (mut twin, mut out) = (twin(), b"before".to_vec());
        apply(&mut twin, "add", 5, &mut out).unwrap();
        read(&twin, 0, &mut out).unwrap();
        assert_eq!(out, b"before\x05\x05");
        assert_eq!(apply(&mut twin, "add", 13, &mut out), Err(RequestError::Panicked.into()));
        assert_eq!(apply(&mut twin, "add", 255, &mut out), Err(RequestError::BadArguments.into()));
        assert_eq!(apply(&mut twin, "peek", 0, &mut out), Err(Halt::WrongKind.into()));
        assert_eq!(apply(&mut twin, "unknown", 0, &mut out), Err(Halt::UnknownMethod.into()));
        assert_eq!(out, b"before\x05\x05");
    }

    #[test]
    fn answers_that_differ_are_none() {
        let (mut twin, mut out) = (twin(), b"before".to_vec());
        let text = halted(apply(&mut twin, "take", 0, &mut out));
        assert!(
            text.starts_with("`take` of the resource `numbers` is not deterministic: its answers are "),
            "{text}"
        );
        let text = halted(read(&twin, 1, &mut out));
        assert!(
            text.starts_with("`peek` of the resource `numbers` is not deterministic: its answers are "),
            "{text}"
        );
        assert_eq!(out, b"before");
    }

    #[test]
    fn states_are_compared_soon_at_first_and_after_a_thousand_commands_at_last() {
        let mut out = Vec::new();
        let text = halted(apply(&mut twin(), "keep", 0, &mut out));
        let begin = "`keep` of the resource `numbers` is not deterministic: it left two states: ";
        assert!(text.starts_with(begin), "{text}");
        for (fine, left) in [(4, 3), (1_030, 969), (2_999, 0)] {
            let mut twin = twin();
            (0..fine).for_each(|_| apply(&mut twin, "add", 1, &mut out).unwrap());
            out.clear();
            (0..left).for_each(|_| apply(&mut twin, "keep", 1, &mut out).unwrap());
            assert_eq!(out, vec![1; left]);
            assert!(halted(apply(&mut twin, "keep", 1, &mut out)).contains("left two states: "));
            assert_eq!(out, vec![1; left]);
        }
    }
}
