//! Sends a call from a proxy to the partition, or the partitions, that it is for.

use super::arguments::{Arguments, EncodingError};
use super::block_on::block_on;
use super::commands::{Commands, Method, Route};
use super::encoding::{ArgumentEncoder, Encoders};
use super::join::join_all;
use super::json;
use super::line::Line;
use super::merge::merge_decoded;
use super::partitioner::HashPartitioner;
use super::split::{Parts, Spread};
use super::tuple;
use crate::codec::access::{Access, Consistency};
use crate::codec::ids::GroupId;
use crate::codec::payload;
use crate::codec::shape::contradiction::contradiction;
use crate::codec::shape::schema::Schema;
use crate::codec::shape::tracer::{Traced, Tracer};
use crate::error::{CallSite, Cause, Error};
use crate::request::error::Outcome;
use crate::request::sender::{Answer, RequestSender};
use crate::request::status::StatusSender;
use crate::threads::is_node_thread;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;

/// The client behind a proxy: it sends the calls to an open resource. It knows the consistency of the reads, and the
/// line of the calls, if they have one. Cheap to clone.
///
/// The methods of a proxy are generated. They only encode their arguments and call this.
#[derive(Clone)]
pub struct ResourceClient {
    resource: Arc<Resource>,
    consistency: Option<Consistency>,
    line: Option<Arc<Line>>,
}

struct Resource {
    name: Arc<str>,
    partitions: Box<[Partition]>,
    encoders: Encoders,
    listening: StatusSender,
}

/// One partition of a resource, and how to reach it.
pub(crate) struct Partition {
    /// The Raft group of the partition.
    pub group: GroupId,
    /// The queue for requests of the group.
    pub sender: RequestSender,
}

impl fmt::Debug for ResourceClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceClient")
            .field("resource", &self.resource.name)
            .field("partitions", &self.resource.partitions.len())
            .field("consistency", &self.consistency)
            .field("line", &self.line)
            .finish()
    }
}

impl ResourceClient {
    /// Creates the client of an open resource. `partitions` are in the order of their numbers, at least one. `schema`
    /// is that of the commands that will be called.
    pub(crate) fn new(
        name: &str,
        partitions: Vec<Partition>,
        schema: Arc<Schema>,
        listening: StatusSender,
    ) -> ResourceClient {
        assert!(!partitions.is_empty(), "a resource has at least one partition");
        let name: Arc<str> = name.into();
        let encoders = Encoders::new(Arc::clone(&name), schema);
        let resource = Resource { name, partitions: partitions.into(), encoders, listening };
        ResourceClient { resource: Arc::new(resource), consistency: None, line: None }
    }

    /// Returns the resource's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.resource.name
    }

    /// Returns the sender for subscriptions to the status of the resource.
    pub(crate) fn status_sender(&self) -> StatusSender {
        self.resource.listening.clone()
    }

    /// Returns a client of the same resource whose reads use `consistency` instead of what their methods declare.
    #[must_use]
    pub fn with_consistency(&self, consistency: Consistency) -> ResourceClient {
        ResourceClient { consistency: Some(consistency), ..self.clone() }
    }

    /// Returns a client of the same resource whose calls form a new line.
    #[must_use]
    pub fn in_order(&self) -> ResourceClient {
        ResourceClient { line: Some(Arc::default()), ..self.clone() }
    }

    /// Sends a command and waits for its result.
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        arguments: Arguments,
    ) -> Result<R, Error> {
        let result = match method.route {
            Route::Key | Route::Single => self.send(method, arguments).await?,
            // Without a merge all results are alike, because the methods return nothing.
            Route::All | Route::Keys => self.send_all(method, arguments).await?.swap_remove(0),
        };
        payload::decode(&result).map_err(|cause| self.error(method, Cause::Result(cause)))
    }

    /// Returns the partitions over which a command with several keys is spread.
    #[must_use]
    pub fn spread(&self, method: &'static Method) -> Spread<'_> {
        let (partitions, all) = (self.resource.partitions.len(), method.route == Route::All);
        Spread { partitions, all, encoder: self.arguments(method) }
    }

    /// Returns the encoder of a command's arguments.
    #[must_use]
    pub fn arguments(&self, method: &'static Method) -> ArgumentEncoder<'_> {
        self.resource.encoders.of(method.id, method.name)
    }

    /// Sends each partition its part of a command with several keys, waits for all results, and merges them.
    pub async fn call_parts<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        parts: Parts,
        merge: fn(R, R) -> R,
    ) -> Result<R, Error> {
        self.merged(method, &self.send_parts(method, parts).await?, merge)
    }

    /// Runs [`call_parts`](ResourceClient::call_parts) and blocks the thread.
    pub fn call_parts_blocking<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        parts: Parts,
        merge: fn(R, R) -> R,
    ) -> Result<R, Error> {
        self.may_block(method)?;
        block_on(self.call_parts(method, parts, merge))
    }

    /// Sends a command to every partition, waits for all results, and merges them.
    pub async fn call_all<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        arguments: Arguments,
        merge: fn(R, R) -> R,
    ) -> Result<R, Error> {
        self.merged(method, &self.send_all(method, arguments).await?, merge)
    }

    fn merged<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        results: &[Bytes],
        merge: fn(R, R) -> R,
    ) -> Result<R, Error> {
        merge_decoded(results, merge).map_err(|cause| self.error(method, Cause::Result(cause.0)))
    }

    /// Runs [`call`](ResourceClient::call) and blocks the thread.
    pub fn call_blocking<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        arguments: Arguments,
    ) -> Result<R, Error> {
        self.may_block(method)?;
        block_on(self.call(method, arguments))
    }

    /// Runs [`call_all`](ResourceClient::call_all) and blocks the thread.
    pub fn call_all_blocking<R: DeserializeOwned>(
        &self,
        method: &'static Method,
        arguments: Arguments,
        merge: fn(R, R) -> R,
    ) -> Result<R, Error> {
        self.may_block(method)?;
        block_on(self.call_all(method, arguments, merge))
    }

    /// Sends a command that [`prepare`](ResourceClient::prepare) found by its name.
    pub(crate) async fn submit<R: DeserializeOwned>(
        &self,
        (method, arguments): (&'static Method, Arguments),
    ) -> Result<R, Error> {
        self.check_result::<R>(method)?;
        let result = self.submit_encoded(method, arguments).await?;
        payload::decode(&result).map_err(|cause| self.error(method, Cause::Result(cause)))
    }

    /// Refuses to read the result of a command as another type than it has: it could be read as another value.
    fn check_result<R: DeserializeOwned>(&self, method: &'static Method) -> Result<(), Error> {
        let (schema, mut tracer) = (self.resource.encoders.schema(), Tracer::default());
        let shape = &schema.method(method.id).expect("a command that was prepared has a shape").result;
        let refused = |asked: String| {
            let has = shape.shown(&schema.types).in_full().to_string();
            Err(self.error(method, Cause::AskedResult { has, asked }))
        };
        match tracer.trace::<R>() {
            Traced::Found(asked) => {
                match contradiction((shape, &schema.types), (&asked, &tracer.into_types())) {
                    Some(found) => refused(format!("{} ({})", std::any::type_name::<R>(), found.found)),
                    None => Ok(()),
                }
            }
            // A part that is unknown agrees with everything.
            Traced::Opaque(_) => Ok(()),
            Traced::SelfDescribing(_) => refused(std::any::type_name::<R>().into()),
        }
    }

    /// Sends a command that [`prepare_json`](ResourceClient::prepare_json) found by its name. Returns its result as JSON.
    pub(crate) async fn submit_json(
        &self,
        (method, arguments): (&'static Method, Arguments),
    ) -> Result<String, Error> {
        let schema = self.resource.encoders.schema();
        let shape = schema.method(method.id).expect("a command that was prepared has a shape");
        let result = self.submit_encoded(method, arguments).await?;
        json::result(&result, shape, &schema.types).map_err(|kind| self.error(method, kind))
    }

    /// Sends a command, and returns its encoded result: that of its partition, or those of all partitions, merged.
    async fn submit_encoded(&self, method: &'static Method, arguments: Arguments) -> Result<Bytes, Error> {
        match (method.merge, method.route) {
            (None, Route::Key | Route::Single) => self.send(method, arguments).await,
            (None, Route::All | Route::Keys) => Ok(self.send_all(method, arguments).await?.swap_remove(0)),
            (Some(merge), _) => {
                let (results, mut merged) = (self.send_all(method, arguments).await?, Vec::new());
                let failed = |cause: EncodingError| self.error(method, Cause::Result(cause.0));
                merge(&results, &mut merged).map_err(failed)?;
                Ok(merged.into())
            }
        }
    }

    /// Runs [`submit`](ResourceClient::submit) and blocks the thread.
    pub(crate) fn submit_blocking<R: DeserializeOwned>(
        &self,
        prepared: (&'static Method, Arguments),
    ) -> Result<R, Error> {
        self.may_block(prepared.0)?;
        block_on(self.submit(prepared))
    }

    /// Finds a command by its name and encodes its arguments. Fails if there is none, or if they do not fit.
    pub(crate) fn prepare<C: Commands, A: Serialize + ?Sized>(
        &self,
        name: &str,
        arguments: &A,
    ) -> Result<(&'static Method, Arguments), Error> {
        let method = self.find::<C>(name)?;
        let encoded = tuple::encode(method, self.arguments(method), arguments)
            .map_err(|error| error.at(self.call_site(method)))?;
        Ok((method, encoded))
    }

    /// Finds a command by its name and encodes its arguments, which are JSON. Fails if there is none, or if they do not
    /// fit.
    pub(crate) fn prepare_json<C: Commands>(
        &self,
        name: &str,
        arguments: &str,
    ) -> Result<(&'static Method, Arguments), Error> {
        let (method, schema) = (self.find::<C>(name)?, self.resource.encoders.schema());
        let shape = schema.method(method.id).ok_or_else(|| self.unknown(name))?;
        // Each part of a command that is split has its own limits.
        let encoded = json::arguments(arguments, shape, &schema.types, method.split.is_none())
            .map_err(|error| error.at(self.call_site(method)))?;
        Ok((method, encoded))
    }

    fn find<C: Commands>(&self, name: &str) -> Result<&'static Method, Error> {
        let method = C::METHODS.iter().find(|method| method.name == name);
        method.ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Error {
        Cause::UnknownMethod { name: name.into(), resource: self.resource.name.clone() }.into()
    }

    /// Refuses to block a thread that the answer would have to come from.
    pub(crate) fn may_block(&self, method: &'static Method) -> Result<(), Error> {
        if is_node_thread() { Err(self.error(method, Cause::NodeThread)) } else { Ok(()) }
    }

    async fn send(&self, method: &'static Method, arguments: Arguments) -> Result<Bytes, Error> {
        let partitions = &self.resource.partitions;
        let at = match method.route {
            Route::Key => HashPartitioner::partition(arguments.key(), partitions.len()),
            Route::Single | Route::Keys | Route::All => 0,
        };
        let answer = self.send_to(&partitions[at], method, arguments).await;
        answer.map_err(|error| self.error(method, Cause::Request(error)))
    }

    /// Sends a command to every partition that it is for: the whole of it, or the partition's part.
    async fn send_all(&self, method: &'static Method, arguments: Arguments) -> Result<Vec<Bytes>, Error> {
        let parts = match method.split {
            Some(split) => split(&arguments.body, self.spread(method))
                .map_err(|error| error.at(self.call_site(method)))?,
            None => (0..self.resource.partitions.len()).map(|at| (at, arguments.clone())).collect(),
        };
        self.send_parts(method, parts).await
    }

    async fn send_parts(&self, method: &'static Method, parts: Parts) -> Result<Vec<Bytes>, Error> {
        let partitions = &self.resource.partitions;
        let sent = parts.into_iter().map(|(at, part)| self.send_to(&partitions[at], method, part));
        let answers = join_all(sent).await;
        let errors = answers.iter().filter_map(|answer| answer.as_ref().err().copied());
        if let Some(error) = errors.clone().max_by_key(|error| error.outcome() == Outcome::Unknown) {
            // "Not applied" would be wrong if some partitions applied it and others did not.
            let nowhere = errors.clone().count() == answers.len() && error.outcome() == Outcome::NotApplied;
            let kind = if method.is_read() || nowhere || answers.len() == 1 {
                Cause::Request(error)
            } else {
                Cause::Partial(error)
            };
            return Err(self.error(method, kind));
        }
        Ok(answers.into_iter().flatten().collect())
    }

    async fn send_to(&self, partition: &Partition, method: &'static Method, arguments: Arguments) -> Answer {
        let access = match method.is_read() {
            true => Access::read(self.consistency.unwrap_or(method.consistency)),
            false => Access::Write,
        };
        let Partition { group, sender } = partition;
        let call = arguments.into_call(access, method.id);
        match &self.line {
            None => sender.call(*group, call).await,
            Some(line) => line.call(sender, *group, call).await,
        }
    }

    fn call_site(&self, method: &'static Method) -> CallSite {
        CallSite {
            resource: Arc::clone(&self.resource.name),
            method: method.name.into(),
            read: method.is_read(),
        }
    }

    fn error(&self, method: &'static Method, kind: Cause) -> Error {
        Error::from(kind).at(self.call_site(method))
    }
}

#[cfg(test)]
mod tests;
