//! The replica's side of a state machine: dispatches a committed command to the user's method and encodes its result.

use super::commands::{Commands, Method};
use crate::codec::access::Access;
use crate::codec::command::{Call, Command};
use crate::codec::frame::{BODY_MAX, KEY_MAX, RESULT_MAX};
use crate::codec::ids::MethodId;
use crate::codec::payload;
use crate::codec::shape::schema::Schema;
use crate::codec::shape::{Shape, Types, encoder};
use crate::node::machine::{Checker, Entry, Machine, Query};
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
    /// Decodes the arguments, in the order in which they are encoded.
    pub fn arguments<A: Deserialize<'a>>(&self) -> Result<A, RequestError> {
        decode(self.command.body)
    }
}

/// The part of a read that generated code uses.
impl<'a> Query<'a> {
    /// Decodes the arguments, in the order in which they are encoded.
    pub fn arguments<A: Deserialize<'a>>(&self) -> Result<A, RequestError> {
        decode(self.command.body)
    }
}

/// Decodes the arguments of a command, in the order in which they are encoded.
pub fn decode<'a, A: Deserialize<'a>>(body: &'a [u8]) -> Result<A, RequestError> {
    payload::decode_borrowed(body).map_err(|_| RequestError::BadArguments)
}

/// Appends a method's encoded result. Fails if it would be read as something else, or is longer than `RESULT_MAX`.
pub fn answer<T: Serialize>(result: &T, out: &mut Output<'_>) -> Result<(), RequestError> {
    let Output { bytes, shape, types } = out;
    let start = bytes.len();
    encoder::encode(result, shape, types, bytes).map_err(|error| {
        tracing::error!("the result of a method does not fit its type: {error}");
        RequestError::BadResult
    })?;
    if bytes.len() - start > RESULT_MAX { Err(RequestError::BadResult) } else { Ok(()) }
}

/// A hash table from ids to methods, in which an id is its own hash. Every member looks up every command here. A
/// lookup takes a step or two, however many methods there are.
#[derive(Clone)]
struct Table {
    methods: &'static [Method],
    /// Ids with their indexes in `methods`. The length is a power of two, and at least half of the slots are free.
    /// A free slot has the id 0.
    slots: Arc<[(MethodId, usize)]>,
}

impl Table {
    fn of<C: Commands>() -> Table {
        let mut slots = vec![(MethodId(0), 0); (2 * C::METHODS.len() + 1).next_power_of_two()];
        for (at, method) in C::METHODS.iter().enumerate() {
            assert!(method.id.0 != 0, "ids were checked while compiling");
            let free = Table::probe(method.id, slots.len()).find(|slot| slots[*slot].0.0 == 0);
            slots[free.expect("more slots than methods")] = (method.id, at);
        }
        Table { methods: C::METHODS, slots: slots.into() }
    }

    fn index_of(&self, id: MethodId) -> Result<usize, RequestError> {
        for slot in Table::probe(id, self.slots.len()) {
            match self.slots[slot] {
                (MethodId(0), _) => break,
                (found, at) if found == id => return Ok(at),
                _ => {}
            }
        }
        Err(RequestError::UnknownMethod)
    }

    /// Returns the slots where an id may be, in the order to try. The lowest bits of the id select the first one.
    fn probe(id: MethodId, slots: usize) -> impl Iterator<Item = usize> {
        let first = id.0 as usize;
        (0..slots).map(move |step| (first + step) & (slots - 1))
    }
}

/// A user's state, with the table of the methods that run on it.
pub(crate) struct Replica<S: 'static> {
    state: S,
    table: Table,
    handlers: &'static [Handler<S>],
    /// The schema, whose commands are in the order of the handlers.
    schema: Arc<Schema>,
}

impl<S: Send + 'static> Replica<S> {
    /// Creates a replica that is driven by the commands `C`, whose schema is `schema`.
    pub(crate) fn new<C: Dispatch<S>>(state: S, schema: Arc<Schema>) -> Replica<S> {
        assert_eq!(C::HANDLERS.len(), C::METHODS.len(), "one handler for each method");
        assert_eq!(schema.methods.len(), C::METHODS.len(), "one shape for each method");
        Replica { state, table: Table::of::<C>(), handlers: C::HANDLERS, schema }
    }
}

impl<S: Send + 'static> Machine for Replica<S> {
    fn apply(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) -> Result<(), RequestError> {
        let at = self.table.index_of(entry.command.method)?;
        let Handler::Write(run) = self.handlers[at] else { return Err(RequestError::WrongKind) };
        let (state, shape, types) = (&mut self.state, &self.schema.methods[at].result, &self.schema.types);
        guarded(out, |bytes| run(state, entry, &mut Output { bytes, shape, types }))
    }

    fn read(&self, query: &Query<'_>, out: &mut Vec<u8>) -> Result<(), RequestError> {
        let at = self.table.index_of(query.command.method)?;
        let Handler::Read(run) = self.handlers[at] else { return Err(RequestError::WrongKind) };
        let (shape, types) = (&self.schema.methods[at].result, &self.schema.types);
        guarded(out, |bytes| run(&self.state, query, &mut Output { bytes, shape, types }))
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

/// The checks of a state machine's commands. They need no state.
#[derive(Clone)]
pub(crate) struct Checks(Table);

impl Checks {
    /// Creates the checks of the commands `C`.
    pub(crate) fn new<C: Commands>() -> Checks {
        Checks(Table::of::<C>())
    }
}

impl Checker for Checks {
    fn check(&self, call: &Call) -> Result<(), RequestError> {
        let Command { method, key_len, body } = call.command.borrow();
        let (method, key_len) = (&self.0.methods[self.0.index_of(method)?], key_len as usize);
        if key_len > KEY_MAX || body.len() > BODY_MAX {
            return Err(RequestError::TooLarge);
        }
        match call.access {
            Access::Read(..) if method.is_read() => Ok(()),
            Access::Write if !method.is_read() => {
                // The user's `Deserialize` may panic, which must not end the shard.
                match catch_unwind(|| (method.check)(body, key_len)) {
                    Ok(Ok(())) => Ok(()),
                    _ => Err(RequestError::BadArguments),
                }
            }
            _ => Err(RequestError::WrongKind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::access::Consistency;
    use crate::codec::command::Stamp;
    use crate::codec::shape::tracer::{Traced, Tracer};
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
                let (amount,): (u64,) = entry.arguments()?;
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
    ) -> Result<(), RequestError> {
        let (stamp, command) = (Stamp::NONE, command(method, body));
        replica.apply(&Entry { index: 1, time: 0, stamp, command }, out)
    }

    fn read(
        replica: &Replica<u64>,
        method: MethodId,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RequestError> {
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
        assert_eq!(apply(&mut replica, ADD, &[13], &mut out), Err(RequestError::Panicked));
        assert_eq!(out, b"before");
        read(&replica, VALUE, &[], &mut out).unwrap();
        assert_eq!(out, b"before\x0d");
    }

    /// Several methods whose ids all begin at the same slot.
    struct Crowd;

    impl Commands for Crowd {
        const NAME: &'static str = "Crowd";

        const METHODS: &'static [Method] = &{
            let method =
                Method::read("crowd", &[], |body, key_len| check_keyless::<()>(body, key_len), |_| {});
            let mut methods = [method; 22];
            let mut at = 0;
            while at < methods.len() {
                methods[at] = method.with_id(MethodId((at as u32 + 1) << 16));
                at += 1;
            }
            methods
        };
    }

    #[test]
    fn ids_that_meet_are_told_apart() {
        let table = Table::of::<Crowd>();
        for (at, method) in Crowd::METHODS.iter().enumerate() {
            assert_eq!(table.index_of(method.id), Ok(at));
        }
        for id in [0, 1, 23 << 16, u32::MAX] {
            assert_eq!(table.index_of(MethodId(id)), Err(RequestError::UnknownMethod));
        }
    }

    #[test]
    fn unknown_methods_and_wrong_kinds_are_told_apart_from_bad_arguments() {
        let mut replica = counter();
        let out = &mut Vec::new();
        assert_eq!(apply(&mut replica, MethodId(1), &[], out), Err(RequestError::UnknownMethod));
        assert_eq!(apply(&mut replica, VALUE, &[], out), Err(RequestError::WrongKind));
        assert_eq!(read(&replica, ADD, &[1], out), Err(RequestError::WrongKind));
        assert_eq!(apply(&mut replica, ADD, &[], out), Err(RequestError::BadArguments));
        assert_eq!(apply(&mut replica, ADD, &[1, 1], out), Err(RequestError::BadArguments));
    }

    #[test]
    fn nothing_is_proposed_that_would_not_decode() {
        let checks = Checks::new::<Counter>();
        let check = |access, method, key_len, body: &[u8]| {
            let command = Command { method, key_len, body: Bytes::copy_from_slice(body) };
            checks.check(&Call::new(access, command))
        };
        let add = |key_len, body: &[u8]| check(Access::Write, ADD, key_len, body);
        assert_eq!(add(1, &[5]), Ok(()));
        assert_eq!(add(0, &[5]), Err(RequestError::BadArguments));
        assert_eq!(add(2, &[5]), Err(RequestError::BadArguments));
        assert_eq!(add(1, &[255]), Err(RequestError::BadArguments));
        assert_eq!(add(KEY_MAX as u32 + 1, &[5]), Err(RequestError::TooLarge));
        let read = Access::read(Consistency::Strict);
        assert_eq!(check(read, VALUE, 0, &[]), Ok(()));
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
