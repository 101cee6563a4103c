//! Tests of a complete member, with the connection of a remote handle that can send anything.

use super::machine::{Checks, Entry, Machine, MachineError, Query};
use super::{Node, OpenResource, Options, Storage};
use crate::codec::cursor::Malformed;
use crate::codec::ids::{GroupId, MemberId};
use crate::codec::shape::schema::Schema;
use crate::request::error::RequestError;
use crate::request::status::{Health, PartitionStatus};
use crate::request::wire::resolve::{self, Resolve, Resolved};
use crate::request::wire::{self as requests, number};
use crate::stream::STREAMS_MAX;
use crate::stream::topic::STATUS;
use crate::stream::wire::{self as stream, EndReason, Open, StreamId, ToReader, ToServer};
use crate::transport::client::Client;
use crate::transport::event::Event;
use crate::transport::limits::Limits;
use crate::transport::memory::Memory;
use crate::transport::wire::envelope::Envelope;
use crate::transport::wire::family::Family;
use crate::transport::wire::registry::Registry;
use crate::transport::wire::{self, Outgoing};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The longest wait for an event. Only a defect makes a test wait that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message from a member.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Resolved(Resolved),
    Stream(ToReader),
}

impl wire::Incoming for Heard {
    const KINDS: &'static Registry = &Registry::of(&[requests::KINDS, stream::KINDS]);

    fn read(envelope: &Envelope) -> Result<Heard, Malformed> {
        match (envelope.kind.family, envelope.kind.number) {
            (Family::Streams, _) => stream::read_to_reader(envelope).map(Heard::Stream),
            (_, number::RESOLVED) => resolve::read_answer(envelope).map(Heard::Resolved),
            (_, other) => panic!("nobody asked for {other}"),
        }
    }
}

/// A state machine that does nothing.
struct Nothing;

impl Machine for Nothing {
    fn apply(&mut self, _: &Entry<'_>, _: &mut Vec<u8>) -> Result<(), MachineError> {
        Ok(())
    }

    fn read(&self, _: &Query<'_>, _: &mut Vec<u8>) -> Result<(), MachineError> {
        Ok(())
    }
}

fn schema() -> Schema {
    Schema { name: "Bank".into(), ..Schema::default() }
}

/// A single member that has opened a resource of three partitions.
struct Alone {
    node: Node,
    network: Memory,
}

impl Alone {
    async fn start() -> Alone {
        let network = Memory::default();
        let node = Node::start(Options {
            me: MemberId(1),
            seeds: vec![(MemberId(1), "alone".into())],
            listen: "alone".into(),
            network: Arc::new(network.clone()),
            storage: Storage::Memory,
            election_timeout: Duration::from_millis(50),
            heartbeat_interval: Duration::from_millis(10),
            request_timeout: PATIENCE,
        })
        .await
        .unwrap();
        node.formed().await.unwrap().unwrap();
        let schema = schema();
        let (groups, encoded) = ((1..=3).map(GroupId).collect(), schema.encode().unwrap().into());
        let resource =
            OpenResource { name: "bank".into(), groups, checks: Checks::new(Arc::new(schema)), encoded };
        let machines = (1..=3).map(|_| Box::new(Nothing) as Box<dyn Machine>).collect();
        node.attach(resource, machines).await.unwrap();
        Alone { node, network }
    }

    async fn caller(&self) -> Caller {
        let addresses = ["alone".to_owned()];
        let connected = Client::connect(&self.network, &addresses, 0, None, &Limits::default()).await;
        Caller { client: connected.unwrap(), heard: VecDeque::new() }
    }
}

struct Caller {
    client: Client<Heard>,
    heard: VecDeque<Heard>,
}

impl Caller {
    fn say(&self, message: impl Outgoing) {
        self.client.sender.send(message).unwrap();
    }

    fn open(&self, stream: StreamId, topic: u16, subject: &'static str, credit: u64) {
        let subject = Bytes::from_static(subject.as_bytes());
        self.say(ToServer::Open(Open { stream, topic, subject, position: 0, credit }));
    }

    /// Returns the next message; `None`: the connection was closed.
    async fn next(&mut self) -> Option<Heard> {
        while self.heard.is_empty() {
            match timeout(PATIENCE, self.client.events.recv()).await.expect("something is heard") {
                Some(Event::Received { messages, .. }) => self.heard.extend(messages),
                _ => return None,
            }
        }
        self.heard.pop_front()
    }

    async fn end(&mut self) -> (StreamId, EndReason) {
        match self.next().await {
            Some(Heard::Stream(ToReader::End { stream, reason, .. })) => (stream, reason),
            other => panic!("no end: {other:?}"),
        }
    }

    /// Returns the status of each received item, until there are `count`.
    async fn statuses(&mut self, count: usize) -> Vec<PartitionStatus> {
        let mut all = Vec::new();
        while all.len() < count {
            let Some(Heard::Stream(ToReader::Items { items, .. })) = self.next().await else {
                panic!("no items")
            };
            all.extend(items.iter().map(|item| PartitionStatus::decode(&item.body).unwrap()));
        }
        all
    }
}

#[tokio::test]
async fn names_stand_for_what_is_open() {
    let alone = Alone::start().await;
    let mut caller = alone.caller().await;
    let refused = |id, error: RequestError| {
        Some(Heard::Resolved(Resolved { id, partitions: Err(error.code()), schema: Bytes::new() }))
    };
    // Until the commands are on record in every group, nobody could send any.
    let (partitions, schema) = loop {
        caller.say(Resolve { id: 1, name: "bank".into() });
        match caller.next().await {
            Some(Heard::Resolved(Resolved { id: 1, partitions: Ok(partitions), schema })) => {
                break (partitions, schema);
            }
            heard => assert_eq!(heard, refused(1, RequestError::NoLeader)),
        }
    };
    assert!(partitions.iter().map(|partition| partition.group.0).eq(1..=3), "in their order");
    assert_eq!(Schema::decode(&schema).unwrap(), self::schema());
    caller.say(Resolve { id: 2, name: "nobody's".into() });
    assert_eq!(caller.next().await, refused(2, RequestError::UnknownResource));
    alone.node.close().await;
}

#[tokio::test]
async fn streams_of_nothing_end_with_a_reason_and_too_many_are_refused() {
    let alone = Alone::start().await;
    let mut caller = alone.caller().await;
    caller.open(1, 99, "bank", 1);
    assert_eq!(caller.end().await, (1, EndReason::UnknownTopic));
    caller.open(2, STATUS, "nobody's", 1);
    assert_eq!(caller.end().await, (2, EndReason::UnknownSubject));
    for stream in 3..3 + STREAMS_MAX as u64 + 7 {
        caller.open(stream, STATUS, "bank", 0);
    }
    for stream in 0..7 {
        assert_eq!(caller.end().await, (3 + STREAMS_MAX as u64 + stream, EndReason::TooMany));
    }
    caller.say(ToServer::Cancel { stream: 3 });
    assert_eq!(caller.end().await, (3, EndReason::Cancelled));
    // Messages that cross the end of the stream have no effect.
    caller.say(ToServer::Cancel { stream: 3 });
    caller.say(ToServer::Credit { stream: 3, items: 1 << 63 });
    caller.say(ToServer::Credit { stream: 4, items: 1 << 63 });
    let partitions: Vec<_> = caller.statuses(3).await.iter().map(|status| status.partition).collect();
    assert_eq!(partitions, [0, 1, 2]);
    alone.node.close().await;
}

#[tokio::test]
async fn a_listener_hears_as_much_as_it_takes_and_the_newest_next() {
    let alone = Alone::start().await;
    let mut caller = alone.caller().await;
    caller.open(1, STATUS, "bank", 2);
    let mut newest = [None; 3];
    for status in caller.statuses(2).await {
        newest[status.partition as usize] = Some(status);
    }
    assert_eq!(newest.map(|status| status.is_some()), [true, true, false], "no credit for the third");
    // A single member soon leads.
    let mut watching = alone.node.status_sender().watch("bank".into()).await.unwrap();
    let mut led = [false; 3];
    while led != [true; 3] {
        let status = watching.recv().await.unwrap();
        led[status.partition as usize] = status.health == Health::Healthy;
    }
    caller.say(ToServer::Credit { stream: 1, items: 100 });
    while newest.map(|status| status.map(|status| status.leader)) != [Some(Some(1)); 3] {
        for status in caller.statuses(1).await {
            newest[status.partition as usize] = Some(status);
        }
    }
    alone.node.close().await;
    assert!(caller.next().await.is_none());
}

#[tokio::test]
async fn whoever_breaks_the_rules_of_streams_is_cut_off_and_nobody_else() {
    let alone = Alone::start().await;
    let mut honest = alone.caller().await;
    honest.open(1, STATUS, "bank", 64);
    honest.statuses(3).await;
    let rules: [&dyn Fn(&Caller); 3] = [
        &|caller| (0..2).for_each(|_| caller.open(1, 99, "bank", 1)),
        &|caller| caller.say(ToServer::Credit { stream: 9, items: 1 }),
        &|caller| caller.say(ToServer::Cancel { stream: 9 }),
    ];
    for break_one in rules {
        let mut caller = alone.caller().await;
        break_one(&caller);
        while caller.next().await.is_some() {}
    }
    honest.open(2, 99, "bank", 1);
    while !matches!(honest.next().await.unwrap(), Heard::Stream(ToReader::End { stream: 2, .. })) {}
    alone.node.close().await;
}
