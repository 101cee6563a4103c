//! Fixtures of these tests: members whose admission a test opens and closes.

use super::bodies::Note;
use crate::codec::ids::MemberId;
use crate::transport::acceptor::Acceptor;
use crate::transport::admission::Admission;
use crate::transport::client::Client;
use crate::transport::endpoint::Endpoint;
use crate::transport::event::{Event, Inbox, Source};
use crate::transport::limits::Limits;
use crate::transport::memory::Memory;
use crate::transport::network::{Stream, Transport};
use crate::transport::peer::Peer;
use crate::transport::sender::Sender;
use crate::transport::tcp::Tcp;
use crate::transport::wire::hello::{HANDSHAKE, VERSION, decode_reply};
use crate::transport::wire::{CallerKind, Hello, Priority, Refusal, Welcome, envelope, into_bytes};
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

pub(super) type Network = Arc<dyn Transport>;

pub(super) fn tcp() -> Network {
    Arc::new(Tcp)
}

pub(super) fn memory() -> Network {
    Arc::new(Memory::default())
}

/// An admission that accepts every caller, or none.
pub(super) struct Policy {
    pub(super) identity: Mutex<Welcome>,
    pub(super) refuses: Mutex<Option<Refusal>>,
    rejects: Mutex<Option<Refusal>>,
}

impl Policy {
    pub(super) fn of(member: u64, cluster: u128) -> Arc<Policy> {
        let identity = Welcome {
            member: MemberId(member),
            disk_id: u128::from(member),
            election_ms: 250,
            cluster: 0,
            bootstrap: Bytes::new(),
        };
        let policy =
            Policy { identity: Mutex::new(identity), refuses: Mutex::default(), rejects: Mutex::default() };
        policy.form(cluster);
        Arc::new(policy)
    }

    /// Sets the cluster that the member belongs to; 0: none.
    pub(super) fn form(&self, cluster: u128) {
        let bootstrap = if cluster == 0 { Bytes::new() } else { Bytes::from_static(b"as the node says") };
        let mut identity = self.identity.lock().unwrap();
        (identity.cluster, identity.bootstrap) = (cluster, bootstrap);
    }

    pub(super) fn reject(&self, refusal: Refusal) {
        *self.rejects.lock().unwrap() = Some(refusal);
    }
}

impl Admission for Policy {
    fn identity(&self) -> Welcome {
        self.identity.lock().unwrap().clone()
    }

    fn admit(&self, _hello: &Hello) -> Result<(), Refusal> {
        self.refuses.lock().unwrap().map_or(Ok(()), Err)
    }

    fn accept(&self, _peer: MemberId, _identity: &Welcome) -> Result<(), Refusal> {
        self.rejects.lock().unwrap().map_or(Ok(()), Err)
    }
}

/// Pauses short enough for a test; the other limits are those of members.
pub(super) fn limits() -> Limits {
    Limits { redial_min: Duration::from_millis(1), redial_max: Duration::from_millis(4), ..Limits::default() }
}

pub(super) struct Member {
    pub(super) endpoint: Endpoint<Note>,
    pub(super) control: mpsc::Receiver<Event<Note>>,
    pub(super) bulk: mpsc::Receiver<Event<Note>>,
}

impl Member {
    pub(super) fn with(network: &Network, admission: Arc<Policy>, limits: Limits) -> Member {
        let ((to_control, control), (to_bulk, bulk)) = (mpsc::channel(4), mpsc::channel(4));
        let inbox = Inbox { control: to_control, bulk: to_bulk };
        Member {
            endpoint: Endpoint { network: Arc::clone(network), admission, inbox, limits },
            control,
            bulk,
        }
    }

    pub(super) fn new(network: &Network, id: u64) -> Member {
        Member::with(network, Policy::of(id, 7), limits())
    }

    pub(super) async fn listen(&self, address: &str) -> Acceptor {
        Acceptor::listen(&self.endpoint, address).await.unwrap()
    }

    pub(super) fn dial(&self, id: u64, address: &str) -> Peer {
        Peer::dial(&self.endpoint, MemberId(id), address)
    }

    /// Dials `id` and waits until both connections are open.
    pub(super) async fn reach(&mut self, id: u64, acceptor: &Acceptor) -> Peer {
        let peer = self.dial(id, acceptor.address());
        for _ in 0..2 {
            let event = self.event().await;
            assert!(matches!(event, Event::Connected { peer, .. } if peer.0 == id), "{event:?}");
        }
        peer
    }

    /// Waits for the next event in either inbox.
    pub(super) async fn event(&mut self) -> Event<Note> {
        tokio::select! {
            event = self.control.recv() => event.unwrap(),
            event = self.bulk.recv() => event.unwrap(),
        }
    }

    pub(super) async fn gone(&mut self) -> Source {
        match self.bulk.recv().await.unwrap() {
            Event::Gone { from } => from,
            other => panic!("{other:?}"),
        }
    }
}

pub(super) async fn received(events: &mut mpsc::Receiver<Event<Note>>) -> (Source, Vec<Note>) {
    match events.recv().await.unwrap() {
        Event::Received { from, messages } => (from, messages),
        other => panic!("{other:?}"),
    }
}

/// Returns the numbers of the next `count` answers that arrive, or more.
pub(super) async fn answered(events: &mut mpsc::Receiver<Event<Note>>, count: usize) -> Vec<u64> {
    let mut all = Vec::new();
    while all.len() < count {
        for message in received(events).await.1 {
            let Note::Answer(number, _) = message else { panic!("{message:?}") };
            all.push(number);
        }
    }
    all
}

/// Returns the numbers of the next `count` requests that arrive, or more.
pub(super) async fn asked(events: &mut mpsc::Receiver<Event<Note>>, count: usize) -> Vec<u64> {
    let mut all = Vec::new();
    while all.len() < count {
        for message in received(events).await.1 {
            let Note::Ask(numbers, _) = message else { panic!("{message:?}") };
            all.extend(numbers);
        }
    }
    all
}

pub(super) fn ask(number: u64) -> Note {
    asks(number..number + 1, 5)
}

/// Creates several requests at once, of `length` bytes each.
pub(super) fn asks(numbers: impl Iterator<Item = u64>, length: usize) -> Note {
    Note::Ask(numbers.collect(), length)
}

pub(super) fn hello_of(disk_id: u128, priority: Priority) -> Hello {
    let role = CallerKind::Member { id: MemberId(1), disk_id, priority, election_ms: 250 };
    Hello { version: VERSION, role, cluster: 0, expected: None }
}

pub(super) const HANDLE: Hello =
    Hello { version: VERSION, role: CallerKind::Client, cluster: 7, expected: None };

/// Performs a handshake by hand, and returns the stream after it.
pub(super) async fn raw(network: &Network, address: &str, hello: Hello) -> Result<Box<dyn Stream>, Refusal> {
    let mut bytes = BytesMut::new();
    hello.encode(&mut bytes);
    raw_bytes(network, address, &bytes).await
}

/// Performs a handshake with a `Hello` written by hand.
pub(super) async fn raw_bytes(
    network: &Network,
    address: &str,
    hello: &[u8],
) -> Result<Box<dyn Stream>, Refusal> {
    let mut stream = network.connect(address).await.unwrap();
    stream.write_all(hello).await.unwrap();
    let mut bytes = BytesMut::new();
    loop {
        if let Some(envelope) = envelope::take(&mut bytes, &HANDSHAKE).unwrap() {
            return decode_reply(&envelope).unwrap().map(|_| stream);
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
}

/// Reads until the other side has closed, in order or not.
pub(super) async fn closed(mut stream: Box<dyn Stream>) {
    let mut sink = [0; 1_024];
    while stream.read(&mut sink).await.is_ok_and(|count| count > 0) {}
}

pub(super) async fn handle(network: &Network, acceptor: &Acceptor) -> Client<Note> {
    connect(network, &[acceptor.address().to_owned()], 7).await.unwrap()
}

pub(super) async fn connect(
    network: &Network,
    addresses: &[String],
    cluster: u128,
) -> Result<Client<Note>, crate::transport::client::ClientError> {
    Client::connect(&**network, addresses, cluster, None, &limits()).await
}

/// Returns the next messages of a handle or member, and the sender for replies.
pub(super) async fn said(member: &mut Member) -> (Sender, Vec<Note>) {
    let (from, messages) = received(&mut member.bulk).await;
    match from {
        Source::Client { replies, .. } | Source::Member { replies, .. } => (replies, messages),
        Source::Server { .. } => panic!("{from:?}"),
    }
}

pub(super) fn encoded(message: Note) -> BytesMut {
    into_bytes(message).unwrap()
}
