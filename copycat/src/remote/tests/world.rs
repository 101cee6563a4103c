//! Fake members: they speak the protocol, and say what a test tells them.

use super::super::{Options, RemoteClient};
use crate::codec::access::Access;
use crate::codec::command::{Call, Command};
use crate::codec::cursor::Malformed;
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::request::sender::{Answer, RequestSender};
use crate::request::wire::leaders::{self, LeaderHint, Leaders};
use crate::request::wire::resolve::{self, Resolve};
use crate::request::wire::results::{Answered, Results};
use crate::request::wire::submit::{self, Submit, Submitted};
use crate::request::wire::{self as requests, number};
use crate::stream::wire::{self as stream, ToServer};
use crate::transport::acceptor::Acceptor;
use crate::transport::admission::Admission;
use crate::transport::endpoint::Endpoint;
use crate::transport::event::{Event, Inbox, Source};
use crate::transport::limits::Limits;
use crate::transport::memory::Memory;
use crate::transport::sender::Sender;
use crate::transport::wire::envelope::Envelope;
use crate::transport::wire::family::Family;
use crate::transport::wire::registry::Registry;
use crate::transport::wire::{self, Hello, Refusal, Welcome};
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

pub(super) const GROUP: GroupId = GroupId(7);
/// The timeout of every wait; only a defect reaches it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The messages that a fake member understands: everything that a handle may send.
#[derive(Clone, Debug)]
pub(super) enum Incoming {
    Submit(Submit),
    FindLeaders,
    Resolve(Resolve),
    Stream(ToServer),
}

impl wire::Incoming for Incoming {
    const KINDS: &'static Registry = &Registry::of(&[requests::KINDS, stream::KINDS]);

    fn read(envelope: &Envelope) -> Result<Incoming, Malformed> {
        match envelope.kind.number {
            _ if envelope.kind.family == Family::Streams => {
                stream::read_to_server(envelope).map(Incoming::Stream)
            }
            number::SUBMIT => submit::read(envelope).map(Incoming::Submit),
            number::RESOLVE => resolve::read_question(envelope).map(Incoming::Resolve),
            number::FIND_LEADERS => leaders::read_find_leaders(envelope).map(|_| Incoming::FindLeaders),
            other => panic!("a handle says {other}"),
        }
    }
}

/// An admission that accepts every caller.
pub(super) struct Policy(Mutex<Welcome>);

impl Policy {
    pub(super) fn form(&self, cluster: u128) {
        self.0.lock().unwrap().cluster = cluster;
    }
}

impl Admission for Policy {
    fn identity(&self) -> Welcome {
        self.0.lock().unwrap().clone()
    }

    fn admit(&self, _hello: &Hello) -> Result<(), Refusal> {
        Ok(())
    }

    fn accept(&self, _peer: MemberId, _identity: &Welcome) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A fake member that listens, and waits to be told what to answer.
pub(super) struct Stranger {
    pub(super) policy: Arc<Policy>,
    bulk: mpsc::Receiver<Event<Incoming>>,
    _control: mpsc::Receiver<Event<Incoming>>,
    pub(super) acceptor: Acceptor,
}

/// A message of a handle, and the sender for replies.
pub(super) type Said = (Incoming, Sender);

impl Stranger {
    /// Listens at `address` as the member `id` of a cluster.
    pub(super) async fn start(network: &Memory, address: &str, id: u64, cluster: u128) -> Stranger {
        let (member, disk_id, bootstrap) = (MemberId(id), u128::from(id), Bytes::new());
        let identity = Welcome { member, disk_id, election_ms: 250, cluster: 0, bootstrap };
        let policy = Arc::new(Policy(Mutex::new(identity)));
        policy.form(cluster);
        let ((control, _control), (bulk_in, bulk)) = (mpsc::channel(4), mpsc::channel(64));
        let inbox = Inbox { control, bulk: bulk_in };
        let (network, limits) = (Arc::new(network.clone()), Limits::default());
        let endpoint = Endpoint { network, admission: policy.clone(), inbox, limits };
        Stranger { policy, bulk, _control, acceptor: Acceptor::listen(&endpoint, address).await.unwrap() }
    }

    /// Returns the messages that arrive next together, in their order.
    pub(super) async fn next(&mut self) -> Vec<Said> {
        loop {
            match timeout(PATIENCE, self.bulk.recv()).await.expect("something is said").unwrap() {
                Event::Received { from: Source::Client { replies, .. }, messages } => {
                    return messages.into_iter().map(|message| (message, replies.clone())).collect();
                }
                Event::Gone { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Answers every request with its own method, and every question with `leaders`. Every message is first
    /// passed to `heard`.
    pub(super) async fn serve(
        mut self,
        leaders: Vec<LeaderHint>,
        heard: mpsc::UnboundedSender<(u64, Incoming)>,
    ) {
        let me = self.policy.identity().member.0;
        loop {
            for (message, replies) in self.next().await {
                heard.send((me, message.clone())).unwrap();
                let sent = match message {
                    Incoming::Submit(submit) => replies.send(Results(answers(&submit))),
                    Incoming::FindLeaders => replies.send(Leaders(leaders.clone())),
                    other => panic!("nobody asked for {other:?}"),
                };
                sent.unwrap();
            }
        }
    }

    /// Returns whether anything has arrived on a connection.
    pub(super) fn was_called(&mut self) -> bool {
        self.bulk.try_recv().is_ok()
    }
}

pub(super) fn answers(submit: &Submit) -> Vec<Answered> {
    let answer = |request: &Submitted| Answered {
        id: request.id,
        result: Ok(Bytes::copy_from_slice(&request.call.command.method.0.to_le_bytes())),
    };
    submit.requests.iter().map(answer).collect()
}

pub(super) fn leader(term: u64, member: u64, address: &str) -> LeaderHint {
    LeaderHint { group: GROUP, term, member: MemberId(member), address: address.into() }
}

pub(super) async fn handle(network: &Memory, address: &str) -> RemoteClient {
    handle_with(network, address, PATIENCE).await
}

pub(super) async fn handle_with(network: &Memory, address: &str, request_timeout: Duration) -> RemoteClient {
    let options = Options {
        members: vec![(MemberId(1), address.into())],
        network: Arc::new(network.clone()),
        request_timeout,
    };
    RemoteClient::connect(options).await.unwrap()
}

pub(super) async fn write(sender: &RequestSender, number: u32) -> Answer {
    let command = Command { method: MethodId(number), key_len: 0, body: Bytes::new() };
    let call = Call::new(Access::Write, command);
    timeout(PATIENCE, sender.call(GROUP, call)).await.expect("an answer")
}

pub(super) fn answer_of(number: u32) -> Answer {
    Ok(Bytes::copy_from_slice(&number.to_le_bytes()))
}
