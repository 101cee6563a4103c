//! The replica's side of a state machine: dispatches a committed command to the user's method and encodes its result.

use super::commands::Commands;
use crate::codec::command::Command;
use crate::codec::frame::RESULT_MAX;
use crate::codec::payload;
use crate::codec::shape::encoded::Encoded;
use crate::codec::shape::encoder;
use crate::codec::shape::method_table::MethodTable;
use crate::codec::shape::schema::Schema;
use crate::codec::shape::{Shape, Types};
use crate::node::machine::{Entry, Halt, Machine, MachineError, Query};
use crate::request::error::RequestError;
use serde::Serialize;
use serde::de::Deserialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Commands that can be run on a state `S`.
///
/// Generated for the marker type of a trait, for every `S` that implements the trait; or for the marker type of an
/// `impl` block, for the type of that block.
#[diagnostic::on_unimplemented(
    message = "`{S}` is no state for `{Self}`",
    label = "neither implements the `#[state_machine]` trait of these commands, nor has them in its own `impl` block"
)]
pub trait Dispatch<S: 'static>: Commands {
    /// The handlers of [`Commands::METHODS`], in the same order.
    const HANDLERS: &'static [Handler<S>];
}

/// A function that decodes the arguments, runs the method, and appends its encoded result.
#[derive(Debug)]
pub enum Handler<S: 'static> {
    /// The handler of a read.
    Read(RunRead<S>),
    /// The handler of a write or a delete.
    Write(RunWrite<S>),
}

/// The function of a [`Handler::Read`].
pub(crate) type RunRead<S> = fn(&S, &Query<'_>, &mut Output<'_>) -> Result<(), RequestError>;

/// The function of a [`Handler::Write`].
pub(crate) type RunWrite<S> = fn(&mut S, &Entry<'_>, &mut Output<'_>) -> Result<(), RequestError>;

/// Where a method's result goes, and the shape that its caller reads.
#[derive(Debug)]
pub struct Output<'a> {
    bytes: &'a mut Vec<u8>,
    shape: &'a Shape,
    types: &'a Types,
}

impl<S> Clone for Handler<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Handler<S> {}

/// The part of a committed command that generated code uses.
impl<'a> Entry<'a> {
    /// Decodes the arguments of a command without a key.
    pub fn arguments<A: Deserialize<'a>>(&self) -> Result<A, RequestError> {
        keyless(self.command)
    }

    /// Decodes the key and the tuple of the other arguments.
    pub fn keyed<K: Deserialize<'a>, A: Deserialize<'a>>(&self) -> Result<(K, A), RequestError> {
        keyed(self.command)
    }
}

/// The part of a read that generated code uses.
impl<'a> Query<'a> {
    /// Decodes the arguments of a command without a key.
    pub fn arguments<A: Deserialize<'a>>(&self) -> Result<A, RequestError> {
        keyless(self.command)
    }

    /// Decodes the key and the tuple of the other arguments.
    pub fn keyed<K: Deserialize<'a>, A: Deserialize<'a>>(&self) -> Result<(K, A), RequestError> {
        keyed(self.command)
    }
}

fn keyless<'a, A: Deserialize<'a>>(command: Command<&'a [u8]>) -> Result<A, RequestError> {
    if command.key_len > 0 { Err(RequestError::BadArguments) } else { decode(command.body) }
}

/// Decodes a key, which takes exactly the bytes that are said to be it, and the other arguments. This is the only check
/// of what a command carries: it is the same on every replica, and a command that does not pass it has no effect.
fn keyed<'a, K: Deserialize<'a>, A: Deserialize<'a>>(
    command: Command<&'a [u8]>,
) -> Result<(K, A), RequestError> {
    payload::decode_both(command.body, command.key_len as usize).map_err(|_| RequestError::BadArguments)
}

/// Decodes the arguments of a command, in the order in which they are encoded.
pub fn decode<'a, A: Deserialize<'a>>(body: &'a [u8]) -> Result<A, RequestError> {
    payload::decode_borrowed(body).map_err(|_| RequestError::BadArguments)
}

/// Appends a method's encoded result. Fails if it would be read as something else, or is longer than `RESULT_MAX`.
pub fn answer<T: Serialize>(result: &T, out: &mut Output<'_>) -> Result<(), RequestError> {
    let Output { bytes, shape, types } = out;
    let mut encoded = Encoded::default();
    let outcome = encoder::encode(result, shape, types, &mut encoded);
    outcome.map_err(|error| {
        tracing::error!("the result of a method does not fit its type: {error}");
        RequestError::BadResult
    })?;
    if encoded.bytes.len() > RESULT_MAX {
        return Err(RequestError::BadResult);
    }
    match bytes.is_empty() {
        true => **bytes = encoded.bytes,
        false => bytes.extend_from_slice(&encoded.bytes),
    }
    Ok(())
}

/// A user's state, with the table of the methods that run on it.
pub(crate) struct Replica<S: 'static> {
    state: S,
    table: MethodTable,
    handlers: &'static [Handler<S>],
    /// The schema, whose commands are in the order of the handlers.
    schema: Arc<Schema>,
}

impl<S: Send + 'static> Replica<S> {
    /// Creates a replica that is driven by the commands `C`, whose schema is `schema`.
    pub(crate) fn new<C: Dispatch<S>>(state: S, schema: Arc<Schema>) -> Replica<S> {
        assert_eq!(C::HANDLERS.len(), C::METHODS.len(), "one handler for each method");
        assert_eq!(schema.methods.len(), C::METHODS.len(), "one shape for each method");
        let table = MethodTable::of(C::METHODS.iter().map(|method| method.id));
        Replica { state, table, handlers: C::HANDLERS, schema }
    }

    /// Returns the state.
    pub(super) fn state(&self) -> &S {
        &self.state
    }

    /// Goes on with another state.
    pub(super) fn replace_state(&mut self, state: S) {
        self.state = state;
    }
}

impl<S: Send + 'static> Machine for Replica<S> {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let at = self.table.position(entry.command.method).ok_or(Halt::UnknownMethod)?;
        let Handler::Write(run) = self.handlers[at] else { return Err(Halt::WrongKind.into()) };
        let (state, shape, types) = (&mut self.state, &self.schema.methods[at].result, &self.schema.types);
        guarded(out, |bytes| run(state, entry, &mut Output { bytes, shape, types }))?;
        Ok(())
    }

    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), MachineError> {
        let at = self.table.position(query.command.method).ok_or(RequestError::UnknownMethod)?;
        let Handler::Read(run) = self.handlers[at] else {
            return Err(RequestError::WrongKind.into());
        };
        let (shape, types) = (&self.schema.methods[at].result, &self.schema.types);
        guarded(out, |bytes| run(&self.state, query, &mut Output { bytes, shape, types }))?;
        Ok(())
    }
}

/// Runs user code. A panic becomes [`RequestError::Panicked`], and any error leaves `out` unchanged.
///
/// The state stays in use after a panic. That is sound, and replicas stay equal: what the method had changed before
/// it panicked is the same on all of them.
fn guarded(
    out: &mut Vec<u8>,
    run: impl FnOnce(&mut Vec<u8>) -> Result<(), RequestError>,
) -> Result<(), RequestError> {
    let start = out.len();
    let result = catch_unwind(AssertUnwindSafe(|| run(out))).unwrap_or(Err(RequestError::Panicked));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::commands::Method;
    use super::*;
    use crate::codec::access::{Access, Consistency};
    use crate::codec::command::{Call, Stamp};
    use crate::codec::frame::{BODY_MAX, KEY_MAX};
    use crate::codec::ids::MethodId;
    use crate::codec::shape::tracer::{Traced, Tracer};
    use crate::node::machine::Checks;
    use crate::resource::arguments::{Arguments, check_keyed, check_keyless};
    use crate::resource::commands::assert_distinct;
    use crate::resource::schema::schema_of;
    use bytes::Bytes;

    /// A counter as the macro would generate it, with two methods. `add` panics on 13.
    struct Counter;

    impl Commands for Counter {
        const NAME: &'static str = "Counter";

        const METHODS: &'static [Method] = &[
            Method::read(
                "value",
                &[],
                |body, key_len| check_keyless::<()>(body, key_len),
                |shapes| {
                    shapes.result::<u64>("u64");
                },
            ),
            Method::write(
                "add",
                &["amount"],
                |body, key_len| check_keyed::<u64, ()>(body, key_len),
                |shapes| {
                    shapes.argument::<u64>("u64");
                    shapes.result::<u64>("u64");
                },
            )
            .with_key(0),
        ];
    }

    const _: () = assert_distinct(&[MethodId::of("value"), MethodId::of("add")]);

    impl Dispatch<u64> for Counter {
        const HANDLERS: &'static [Handler<u64>] = &[
            Handler::Read(|state, query, out| {
                let () = query.arguments()?;
                answer(state, out)
            }),
            Handler::Write(|state, entry, out| {
                let (amount, ()) = entry.keyed::<u64, ()>()?;
                *state += amount;
                assert_ne!(amount, 13, "unlucky");
                answer(state, out)
            }),
        ];
    }

    fn counter() -> Replica<u64> {
        Replica::new::<Counter>(0, Arc::new(schema_of::<Counter>().schema))
    }

    const VALUE: MethodId = MethodId::of("value");
    const ADD: MethodId = MethodId::of("add");

    fn command(method: MethodId, body: &[u8]) -> Command<&[u8]> {
        Command { method, key_len: 0, body }
    }

    fn apply(
        replica: &mut Replica<u64>,
        method: MethodId,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), MachineError> {
        let key_len = u32::from(method == ADD).min(body.len() as u32);
        let (stamp, command) = (Stamp::NONE, Command { key_len, ..command(method, body) });
        replica.apply(&Entry { index: 1, time: 0, stamp, command }, out)
    }

    fn read(
        replica: &Replica<u64>,
        method: MethodId,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), MachineError> {
        let (stamp, command) = (Stamp::NONE, command(method, body));
        replica.read(&Query { index: 1, time: 0, stamp, command }, out)
    }

    #[test]
    fn runs_methods_and_appends_results() {
        let mut replica = counter();
        let mut out = b"before".to_vec();
        apply(&mut replica, ADD, &[5], &mut out).unwrap();
        apply(&mut replica, ADD, &[2], &mut out).unwrap();
        read(&replica, VALUE, &[], &mut out).unwrap();
        assert_eq!(out, b"before\x05\x07\x07");
    }

    #[test]
    fn a_panic_is_an_answer_and_what_was_changed_stays() {
        let mut replica = counter();
        let mut out = b"before".to_vec();
        assert_eq!(apply(&mut replica, ADD, &[13], &mut out), Err(RequestError::Panicked.into()));
        assert_eq!(out, b"before");
        read(&replica, VALUE, &[], &mut out).unwrap();
        assert_eq!(out, b"before\x0d");
    }

    #[test]
    fn unknown_methods_and_wrong_kinds_are_told_apart_from_bad_arguments() {
        let mut replica = counter();
        let out = &mut Vec::new();
        assert_eq!(apply(&mut replica, MethodId(1), &[], out), Err(Halt::UnknownMethod.into()));
        assert_eq!(apply(&mut replica, VALUE, &[], out), Err(Halt::WrongKind.into()));
        assert_eq!(read(&replica, ADD, &[1], out), Err(RequestError::WrongKind.into()));
        assert_eq!(apply(&mut replica, ADD, &[], out), Err(RequestError::BadArguments.into()));
        assert_eq!(apply(&mut replica, ADD, &[1, 1], out), Err(RequestError::BadArguments.into()));
    }

    #[test]
    fn what_a_replica_cannot_decode_changes_nothing() {
        let mut replica = counter();
        let mut out = Vec::new();
        let mut add = |key_len, body: &[u8]| {
            let command = Command { method: ADD, key_len, body };
            out.clear();
            replica.apply(&Entry { index: 1, time: 0, stamp: Stamp::NONE, command }, &mut out)
        };
        assert_eq!(add(1, &[5]), Ok(()));
        for (key_len, body) in [(0, &[5][..]), (2, &[5]), (1, &[255]), (1, &[5, 5]), (9, &[5])] {
            assert_eq!(add(key_len, body), Err(RequestError::BadArguments.into()), "{key_len} {body:?}");
        }
        assert_eq!(add(1, &[5]), Ok(()));
        assert_eq!(out, [10]);
        let command = Command { method: VALUE, key_len: 1, body: &[][..] };
        let query = Query { index: 1, time: 0, stamp: Stamp::NONE, command };
        assert_eq!(replica.read(&query, &mut out), Err(RequestError::BadArguments.into()));
    }

    #[test]
    fn nothing_is_proposed_that_no_replica_could_run() {
        let checks = Checks::new(Arc::new(schema_of::<Counter>().schema));
        let check = |access, method, key_len, body: &[u8]| {
            let command = Command { method, key_len, body: Bytes::copy_from_slice(body) };
            checks.check(&Call::new(access, command))
        };
        let add = |key_len, body: &[u8]| check(Access::Write, ADD, key_len, body);
        assert_eq!(add(1, &[5]), Ok(1));
        assert_eq!(add(2, &[5]), Err(RequestError::BadArguments), "a key beyond the body");
        assert_eq!(add(KEY_MAX as u32 + 1, &[5]), Err(RequestError::TooLarge));
        assert_eq!(add(1, &vec![0; BODY_MAX + 1]), Err(RequestError::TooLarge));
        let read = Access::read(Consistency::Strict);
        assert_eq!(check(read, VALUE, 0, &[]), Ok(0));
        assert_eq!(check(read, VALUE, 1, &[5]), Err(RequestError::BadArguments), "it has no key");
        assert_eq!(check(read, ADD, 1, &[5]), Err(RequestError::WrongKind));
        assert_eq!(check(Access::Write, VALUE, 0, &[]), Err(RequestError::WrongKind));
        assert_eq!(check(read, MethodId(0), 0, &[]), Err(RequestError::UnknownMethod));
    }

    /// Appends a result of its own shape.
    fn answered<T: Serialize + Deserialize<'static>>(
        result: &T,
        bytes: &mut Vec<u8>,
    ) -> Result<(), RequestError> {
        let mut tracer = Tracer::default();
        let Traced::Found(shape) = tracer.trace::<T>() else { panic!("a shape") };
        answer(result, &mut Output { bytes, shape: &shape, types: &tracer.into_types() })
    }

    #[test]
    fn a_result_that_would_be_read_as_something_else_is_no_answer() {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Found {
            #[serde(skip_serializing_if = "Option::is_none")]
            name: Option<String>,
            count: u64,
        }
        let mut out = Vec::new();
        answered(&Found { name: Some("ada".into()), count: 1 }, &mut out).unwrap();
        assert_eq!(out, b"\x01\x03ada\x01");
        let refused = answered(&Found { name: None, count: 1 }, &mut out);
        assert_eq!(refused, Err(RequestError::BadResult));
    }

    #[test]
    fn a_result_is_measured_by_itself() {
        let mut out = vec![0; RESULT_MAX];
        answered(&7u8, &mut out).unwrap();
        assert_eq!(out.len(), RESULT_MAX + 1);
        assert_eq!(answered(&vec![0u8; RESULT_MAX - 4], &mut out), Err(RequestError::BadResult));
        answered(&vec![0u8; RESULT_MAX - 5], &mut out).unwrap();
    }

    #[test]
    fn whatever_came_in_a_command_fits_into_an_answer_that_says_more_about_it() {
        let largest = Arguments::keyless(&(vec![0u8; BODY_MAX - 5],)).unwrap();
        assert_eq!(largest.body.len(), BODY_MAX);
        let mut out = Vec::new();
        answered(&Some((vec![0u8; BODY_MAX - 5], u64::MAX, true)), &mut out).unwrap();
    }
}
