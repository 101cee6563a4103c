//! One suite, run over TCP on loopback and in memory. It waits for events, never for time.

use super::acceptor::Acceptor;
use super::client::{Client, ClientError};
use super::connection::Closed;
use super::endpoint::{Endpoint, Event, Gate, Inbox, Source};
use super::lane::Peer;
use super::limits::{HANDSHAKE_MAX, Limits, MESSAGE_MAX};
use super::memory::Memory;
use super::outbox::{Sender, Unsent};
use super::seam::{Stream, Transport};
use super::tcp::Tcp;
use super::wire::hello::{VERSION, decode_reply};
use super::wire::{
    Answered, Formation, Hello, Identity, Incoming, LaneKind, Message, Refusal, Role, Submit, Submitted,
    envelope,
};
use crate::codec::access::Access;
use crate::codec::command::{Call, Command};
use crate::codec::frame::{Header, Kind};
use crate::codec::ids::{GroupId, MemberId, MethodId};
use crate::codec::terms::{LogId, Span, Spans};
use crate::raft::message::Message as Raft;
use bytes::{Bytes, BytesMut};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

type Network = Arc<dyn Transport>;

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod over_tcp {
            $(#[tokio::test] async fn $name() { super::ends(super::$name(super::tcp(), "127.0.0.1:0")).await; })*
        }
        mod in_memory { $(#[tokio::test] async fn $name() { super::ends(super::$name(super::memory(), "")).await; })* }
    };
}

/// Where a rule is broken, some tests would wait for ever. No test needs a hundredth of this.
async fn ends(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(120), test).await.expect("what it waits for never comes");
}

on_both!(
    messages_arrive_in_order_and_on_their_lane,
    senders_work_from_any_thread,
    appends_arrive_with_their_frames,
    a_broken_lane_is_dialed_again,
    what_waits_in_a_broken_lane_is_not_sent_later,
    refusals_are_told_once,
    the_callers_own_gate_is_asked,
    a_stranger_at_the_address_is_noticed,
    members_with_other_timeouts_do_not_meet,
    a_newer_connection_replaces_an_older_one,
    the_founder_replaces_whoever_came_before_the_founding,
    callers_are_judged_again_after_the_founding,
    members_are_answered_where_they_asked,
    handles_submit_and_get_their_results,
    a_handle_finds_the_member_that_lives,
    a_handle_that_never_reads_is_cut_and_harms_nobody,
    a_handle_that_takes_nothing_is_cut_though_it_lives,
    a_handle_that_trickles_is_cut,
    a_handle_that_reads_gets_many_large_results,
    a_batch_beyond_the_bound_is_sent,
    appends_leave_room_for_requests,
    there_is_room_for_so_many_handles,
    slow_handshakes_are_cut,
    a_crowd_in_the_door_keeps_nobody_out,
    garbage_closes_the_connection_only,
    oversized_lengths_close_the_connection,
    misplaced_messages_close_the_connection,
    a_silent_connection_is_closed,
    a_full_inbox_holds_the_senders_back,
    bulk_does_not_hold_up_control,
    closing_writes_what_is_queued,
    closing_an_acceptor_writes_what_is_queued,
    nothing_is_left_running,
    an_occupied_address_is_an_error,
);

fn tcp() -> Network {
    Arc::new(Tcp)
}

fn memory() -> Network {
    Arc::new(Memory::default())
}

/// A gate that lets in everyone, or nobody.
struct House {
    identity: Mutex<Identity>,
    refuses: Mutex<Option<Refusal>>,
    rejects: Mutex<Option<Refusal>>,
}

impl House {
    fn of(member: u64, cluster: u128) -> Arc<House> {
        let formation = (cluster != 0).then(|| founded(cluster));
        let identity =
            Identity { member: MemberId(member), storage: u128::from(member), election_ms: 250, formation };
        Arc::new(House {
            identity: Mutex::new(identity),
            refuses: Mutex::default(),
            rejects: Mutex::default(),
        })
    }
}

fn founded(cluster: u128) -> Formation {
    Formation { cluster, members: vec![(MemberId(1), 1), (MemberId(2), 2)] }
}

impl Gate for House {
    fn identity(&self) -> Identity {
        self.identity.lock().unwrap().clone()
    }

    fn admit(&self, _hello: &Hello) -> Result<(), Refusal> {
        self.refuses.lock().unwrap().map_or(Ok(()), Err)
    }

    fn accept(&self, _peer: MemberId, _identity: &Identity) -> Result<(), Refusal> {
        self.rejects.lock().unwrap().map_or(Ok(()), Err)
    }
}

/// Pauses short enough for a test; patience as members have it.
fn limits() -> Limits {
    Limits { redial_min: Duration::from_millis(1), redial_max: Duration::from_millis(4), ..Limits::default() }
}

struct Member {
    endpoint: Endpoint,
    control: mpsc::Receiver<Event>,
    bulk: mpsc::Receiver<Event>,
}

impl Member {
    fn with(network: &Network, gate: Arc<House>, limits: Limits) -> Member {
        let ((to_control, control), (to_bulk, bulk)) = (mpsc::channel(4), mpsc::channel(4));
        let inbox = Inbox { control: to_control, bulk: to_bulk };
        Member { endpoint: Endpoint { network: Arc::clone(network), gate, inbox, limits }, control, bulk }
    }

    fn new(network: &Network, id: u64) -> Member {
        Member::with(network, House::of(id, 7), limits())
    }

    async fn listen(&self, address: &str) -> Acceptor {
        self.endpoint.listen(address).await.unwrap()
    }

    /// Dials `id` and waits until both lanes are open.
    async fn reach(&mut self, id: u64, acceptor: &Acceptor) -> Peer {
        let peer = self.endpoint.dial(MemberId(id), acceptor.address());
        for _ in 0..2 {
            let event = self.control.recv().await.unwrap();
            assert!(matches!(event, Event::Connected { peer, .. } if peer.0 == id), "{event:?}");
        }
        peer
    }

    async fn gone(&mut self) -> Source {
        match self.bulk.recv().await.unwrap() {
            Event::Gone { from } => from,
            other => panic!("{other:?}"),
        }
    }
}

async fn received(events: &mut mpsc::Receiver<Event>) -> (Source, Vec<Incoming>) {
    match events.recv().await.unwrap() {
        Event::Received { from, messages } => (from, messages),
        other => panic!("{other:?}"),
    }
}

/// As they were sent.
fn again(arrived: Vec<Incoming>) -> Vec<Message> {
    arrived.into_iter().map(Message::from).collect()
}

async fn results(events: &mut mpsc::Receiver<Event>, count: usize) -> Vec<Answered> {
    let mut all = Vec::new();
    while all.len() < count {
        for message in received(events).await.1 {
            let Incoming::Results(answers) = message else { panic!("{message:?}") };
            all.extend(answers);
        }
    }
    all
}

fn heartbeat(round: u64) -> Message {
    Message::Raft {
        group: GroupId(1),
        message: Raft::Heartbeat { term: 1, commit: 0, round },
        frames: vec![],
    }
}

fn answer(id: u64, length: usize) -> Message {
    Message::Results(vec![Answered { id, result: Ok(vec![id as u8; length].into()) }])
}

fn submit(id: u64) -> Message {
    submits(id..id + 1, 5)
}

/// A batch of requests of `length` bytes each.
fn submits(ids: impl Iterator<Item = u64>, length: usize) -> Message {
    let command = Command { method: MethodId(5), key_len: 4, body: Bytes::from(vec![3; length]) };
    let request = |id| Submitted { id, call: Call::new(Access::Write, command.clone()) };
    Message::Submit(Submit { group: GroupId(1), term: 0, requests: ids.map(request).collect() })
}

/// The numbers of the next `count` requests that arrive, or more.
async fn asked(events: &mut mpsc::Receiver<Event>, count: usize) -> Vec<u64> {
    let mut all = Vec::new();
    while all.len() < count {
        for message in received(events).await.1 {
            let Incoming::Submit(submit) = message else { panic!("{message:?}") };
            all.extend(submit.requests.iter().map(|request| request.id));
        }
    }
    all
}

async fn messages_arrive_in_order_and_on_their_lane(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    for id in 0..1_000 {
        peer.sender().send(submit(id)).unwrap();
        peer.sender().send(heartbeat(id)).unwrap();
    }
    assert!(asked(&mut two.bulk, 1_000).await.into_iter().eq(0..1_000));
    let mut rounds = Vec::new();
    while rounds.len() < 1_000 {
        let (from, messages) = received(&mut two.control).await;
        assert!(matches!(from, Source::Member { id: MemberId(1), lane: LaneKind::Control, .. }));
        rounds.extend(messages.into_iter().map(|message| match message {
            Incoming::Raft { message: Raft::Heartbeat { round, .. }, .. } => round,
            other => panic!("{other:?}"),
        }));
    }
    assert!(rounds.into_iter().eq(0..1_000));
}

async fn senders_work_from_any_thread(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(submit(1)).unwrap();
    let (replies, _) = submitted(&mut two).await;
    for thread in 0..4 {
        let sender = replies.clone();
        std::thread::spawn(move || {
            (0..100).for_each(|at| {
                let answer = answer(thread * 100 + at, 100);
                // Some thread may be writing by itself at any moment.
                if at % 3 == 0 { sender.send(answer).unwrap() } else { sender.send_now(answer).unwrap() }
            });
        });
    }
    let mut arrived: Vec<_> = results(&mut one.bulk, 400).await.iter().map(|answer| answer.id).collect();
    for thread in 0..4u64 {
        let own: Vec<_> = arrived.iter().filter(|id| **id / 100 == thread).collect();
        assert!(own.is_sorted(), "the order of one thread is kept");
    }
    arrived.sort_unstable();
    assert!(arrived.into_iter().eq(0..400));
}

async fn appends_arrive_with_their_frames(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let mut packed = Vec::new();
    for index in 1..=40 {
        Header::bare(Kind::Command, GroupId(1), 1, index, 0).encode(&vec![7; 100_000], &mut packed);
    }
    let mut spans = Spans::default();
    spans.push(Span { term: 1, first: 1, last: 40 });
    let message = Raft::Append { term: 1, prev: LogId::ZERO, commit: 0, spans, configurations: vec![] };
    let frames = vec![Bytes::from(packed.clone())];
    peer.sender().send(Message::Raft { group: GroupId(1), message, frames }).unwrap();
    let (mut bytes, mut entries) = (Vec::<u8>::new(), 0);
    while entries < 40 {
        for message in received(&mut two.bulk).await.1 {
            let Incoming::Raft { entries: more, .. } = message else { panic!("{message:?}") };
            entries += more.count();
            bytes.extend(more.frames());
        }
    }
    assert!(bytes == packed, "the frames are the same, byte for byte");
}

async fn a_broken_lane_is_dialed_again(network: Network, any: &str) {
    let (mut one, two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let address = acceptor.address().to_owned();
    let peer = one.reach(2, &acceptor).await;
    drop(acceptor);
    for _ in 0..2 {
        assert!(matches!(one.control.recv().await, Some(Event::Disconnected { peer: MemberId(2), .. })));
    }
    assert_eq!(peer.sender().send(heartbeat(1)), Err(Unsent::Disconnected));
    let mut two = Member::new(&network, 2);
    let _acceptor = two.listen(&address).await;
    for _ in 0..2 {
        assert!(matches!(one.control.recv().await, Some(Event::Connected { peer: MemberId(2), .. })));
    }
    peer.sender().send(heartbeat(2)).unwrap();
    assert_eq!(again(received(&mut two.control).await.1), [heartbeat(2)]);
}

async fn what_waits_in_a_broken_lane_is_not_sent_later(network: Network, any: &str) {
    let (mut one, two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let address = acceptor.address().to_owned();
    let peer = one.reach(2, &acceptor).await;
    // Nobody reads the inbox of the second member: some of this fills it, the rest waits.
    while peer.sender().send(submits(1..2, 1 << 20)).is_ok() {}
    drop((acceptor, two));
    for _ in 0..2 {
        assert!(matches!(one.control.recv().await, Some(Event::Disconnected { .. })));
    }
    let mut two = Member::new(&network, 2);
    let _acceptor = two.listen(&address).await;
    for _ in 0..2 {
        assert!(matches!(one.control.recv().await, Some(Event::Connected { .. })));
    }
    peer.sender().send(submit(2)).unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [2]);
}

async fn refused(events: &mut mpsc::Receiver<Event>) -> Refusal {
    match events.recv().await.unwrap() {
        Event::Refused { refusal, .. } => refusal,
        other => panic!("{other:?}"),
    }
}

async fn refusals_are_told_once(network: Network, any: &str) {
    let gate = House::of(2, 7);
    *gate.refuses.lock().unwrap() = Some(Refusal::UnknownMember);
    let two = Member::with(&network, gate.clone(), limits());
    let acceptor = two.listen(any).await;
    let mut one = Member::new(&network, 1);
    let peer = one.endpoint.dial(MemberId(2), acceptor.address());
    for _ in 0..2 {
        assert_eq!(refused(&mut one.control).await, Refusal::UnknownMember);
    }
    assert_eq!(peer.sender().send(heartbeat(1)), Err(Unsent::Disconnected));
    // The lanes go on trying: the next thing they tell is that they were let in.
    *gate.refuses.lock().unwrap() = None;
    for _ in 0..2 {
        assert!(matches!(one.control.recv().await, Some(Event::Connected { .. })));
    }
}

async fn the_callers_own_gate_is_asked(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let gate = House::of(1, 7);
    *gate.rejects.lock().unwrap() = Some(Refusal::WrongStorage);
    let mut one = Member::with(&network, gate, limits());
    let _peer = one.endpoint.dial(MemberId(2), acceptor.address());
    assert_eq!(refused(&mut one.control).await, Refusal::WrongStorage);
}

async fn a_stranger_at_the_address_is_noticed(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let cases =
        [(1, 7, 3, Refusal::NotMe), (1, 8, 2, Refusal::WrongCluster), (2, 7, 2, Refusal::DuplicateMember)];
    for (own, cluster, dialed, expected) in cases {
        let mut one = Member::with(&network, House::of(own, cluster), limits());
        let _peer = one.endpoint.dial(MemberId(dialed), acceptor.address());
        assert_eq!(refused(&mut one.control).await, expected);
    }
    let later = Hello { version: VERSION + 1, ..hello_of(1, LaneKind::Bulk) };
    assert!(matches!(raw(&network, acceptor.address(), later).await, Err(Refusal::WrongVersion)));
    // A member that was not formed yet meets anyone.
    let mut one = Member::with(&network, House::of(1, 0), limits());
    let _peer = one.reach(2, &acceptor).await;
}

fn hello_of(storage: u128, lane: LaneKind) -> Hello {
    let role = Role::Member { id: MemberId(1), storage, lane, election_ms: 250 };
    Hello { version: VERSION, role, cluster: 0, expected: None }
}

async fn members_with_other_timeouts_do_not_meet(network: Network, any: &str) {
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let gate = House::of(1, 7);
    gate.identity.lock().unwrap().election_ms = 100;
    let hasty = gate.identity();
    let mut one = Member::with(&network, gate, limits());
    let _peer = one.endpoint.dial(MemberId(2), acceptor.address());
    assert_eq!(refused(&mut one.control).await, Refusal::WrongTimeout);
    assert_eq!(two.endpoint.check_answer(MemberId(1), &hasty), Err(Refusal::WrongTimeout));
    // A remote handle grants no leases and waits for none.
    let _client = handle(&network, &acceptor).await;
}

/// A caller written by hand, behind its handshake.
async fn raw(network: &Network, address: &str, hello: Hello) -> Result<Box<dyn Stream>, Refusal> {
    let mut stream = network.connect(address).await.unwrap();
    let mut bytes = BytesMut::new();
    hello.encode(&mut bytes);
    stream.write_all(&bytes).await.unwrap();
    bytes.clear();
    loop {
        if let Some(envelope) = envelope::take(&mut bytes, HANDSHAKE_MAX).unwrap() {
            return decode_reply(&envelope).unwrap().map(|_| stream);
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
}

/// Reads until the other side has closed, in order or not.
async fn closed(mut stream: Box<dyn Stream>) {
    let mut sink = [0; 1_024];
    while stream.read(&mut sink).await.is_ok_and(|count| count > 0) {}
}

async fn a_newer_connection_replaces_an_older_one(network: Network, any: &str) {
    let mut two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let first = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    let _other_lane = raw(&network, acceptor.address(), hello_of(1, LaneKind::Control)).await.unwrap();
    let _second = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    closed(first).await;
    assert!(matches!(two.gone().await, Source::Member { id: MemberId(1), lane: LaneKind::Bulk, .. }));
}

async fn the_founder_replaces_whoever_came_before_the_founding(network: Network, any: &str) {
    let gate = House::of(2, 0);
    let mut two = Member::with(&network, gate.clone(), limits());
    let acceptor = two.listen(any).await;
    let impostor = raw(&network, acceptor.address(), hello_of(9, LaneKind::Bulk)).await.unwrap();
    let founder = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await;
    assert!(matches!(founder, Err(Refusal::DuplicateMember)));
    gate.identity.lock().unwrap().formation = Some(founded(7));
    let mut founder = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    closed(impostor).await;
    assert!(matches!(two.gone().await, Source::Member { id: MemberId(1), lane: LaneKind::Bulk, .. }));
    founder.write_all(&encoded(submit(1))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [1]);
}

async fn callers_are_judged_again_after_the_founding(network: Network, any: &str) {
    let gate = House::of(2, 0);
    let mut two = Member::with(&network, gate.clone(), limits());
    let acceptor = two.listen(any).await;
    let mut caller = raw(&network, acceptor.address(), hello_of(9, LaneKind::Bulk)).await.unwrap();
    caller.write_all(&encoded(submit(1))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [1]);
    gate.identity.lock().unwrap().formation = Some(founded(7));
    caller.write_all(&encoded(submit(2))).await.unwrap();
    assert_eq!(asked(&mut two.bulk, 1).await, [2]);
    // Who was found fit stays; who is not is heard no more.
    let mut caller = {
        gate.identity.lock().unwrap().formation = None;
        raw(&network, acceptor.address(), hello_of(9, LaneKind::Bulk)).await.unwrap()
    };
    two.gone().await;
    gate.identity.lock().unwrap().formation = Some(founded(7));
    *gate.refuses.lock().unwrap() = Some(Refusal::WrongStorage);
    caller.write_all(&encoded(submit(3))).await.unwrap();
    two.gone().await;
    closed(caller).await;
}

async fn handle(network: &Network, acceptor: &Acceptor) -> Client {
    Client::connect(&**network, &[acceptor.address().to_owned()], 7, None, &limits()).await.unwrap()
}

/// The next batch of a handle or member, and the way back to it.
async fn submitted(member: &mut Member) -> (Sender, Vec<Incoming>) {
    let (from, messages) = received(&mut member.bulk).await;
    match from {
        Source::Client { replies, .. } | Source::Member { replies, .. } => (replies, messages),
        Source::Server { .. } => panic!("{from:?}"),
    }
}

/// Nothing is asked of the way in the other direction, which need not be there.
async fn members_are_answered_where_they_asked(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(submit(4)).unwrap();
    let (replies, messages) = submitted(&mut two).await;
    assert_eq!(again(messages), [submit(4)]);
    replies.send_now(answer(4, 3)).unwrap();
    let (from, messages) = received(&mut one.bulk).await;
    assert!(matches!(from, Source::Server { id: MemberId(2) }), "{from:?}");
    assert_eq!(again(messages), [answer(4, 3)]);
    // The connection ends: one side is told that its answer is lost, the other that it cannot send it.
    drop(acceptor);
    while !matches!(one.control.recv().await, Some(Event::Disconnected { lane: LaneKind::Bulk, .. })) {}
    assert_eq!(replies.send(answer(5, 3)), Err(Unsent::Disconnected));
}

async fn handles_submit_and_get_their_results(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    assert_eq!((client.identity.member, client.identity.cluster()), (MemberId(1), 7));
    client.sender.send(submit(4)).unwrap();
    let (replies, messages) = submitted(&mut member).await;
    assert_eq!(again(messages), [submit(4)]);
    replies.send(answer(4, 3)).unwrap();
    assert_eq!(results(&mut client.events, 1).await[0].id, 4);
    drop(client);
    assert!(matches!(member.gone().await, Source::Client { .. }));
    assert_eq!(replies.send(answer(5, 3)), Err(Unsent::Disconnected));
}

async fn a_handle_finds_the_member_that_lives(network: Network, any: &str) {
    let member = Member::new(&network, 1);
    let gone = member.listen(any).await;
    let dead = gone.address().to_owned();
    gone.close().await;
    let acceptor = member.listen(any).await;
    let addresses = [dead.clone(), acceptor.address().to_owned()];
    let mut client = Client::connect(&*network, &addresses, 0, None, &limits()).await.unwrap();
    acceptor.close().await;
    assert!(matches!(client.events.recv().await, Some(Event::Gone { .. })));
    assert!(client.events.recv().await.is_none());
    let refused = Closed::Network(io::ErrorKind::ConnectionRefused);
    let error = Client::connect(&*network, &[dead], 0, None, &limits()).await.unwrap_err();
    assert_eq!(error, ClientError::Unreachable(refused));
    let error = Client::connect(&*network, &[], 0, None, &limits()).await.unwrap_err();
    assert_eq!(error, ClientError::NoAddress);
}

async fn a_handle_that_never_reads_is_cut_and_harms_nobody(network: Network, any: &str) {
    let limits = Limits { client_bytes_max: 16 << 20, ..limits() };
    let mut member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let hello = Hello { version: VERSION, role: Role::Client, cluster: 7, expected: None };
    let mut deaf = raw(&network, acceptor.address(), hello).await.unwrap();
    deaf.write_all(&encoded(submit(1))).await.unwrap();
    let (to_deaf, _) = submitted(&mut member).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(submit(2)).unwrap();
    let (to_client, _) = submitted(&mut member).await;
    while to_deaf.send_now(answer(1, 1 << 20)).is_ok() {
        // Whatever the network takes on its way is taken.
        tokio::task::yield_now().await;
    }
    assert!(matches!(member.gone().await, Source::Client { .. }));
    assert_eq!(to_deaf.send(answer(1, 1)), Err(Unsent::Disconnected));
    to_client.send(answer(2, 1)).unwrap();
    assert_eq!(results(&mut client.events, 1).await[0].id, 2);
}

async fn a_handle_that_takes_nothing_is_cut_though_it_lives(network: Network, any: &str) {
    let patience = Duration::from_millis(5);
    let limits = Limits {
        ping_interval: patience,
        silence_max: patience * 4,
        client_idle_bytes_max: 1 << 20,
        ..limits()
    };
    let mut member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let hello = Hello { version: VERSION, role: Role::Client, cluster: 7, expected: None };
    let mut deaf = raw(&network, acceptor.address(), hello).await.unwrap();
    deaf.write_all(&encoded(submit(1))).await.unwrap();
    let (replies, _) = submitted(&mut member).await;
    // Below the bound, beyond what a network takes on its way.
    for id in 0..40 {
        replies.send(answer(id, 1 << 20)).unwrap();
    }
    let mut alive = BytesMut::new();
    super::wire::encode_alive(&mut alive);
    let lives = async { while deaf.write_all(&alive).await.is_ok() {} };
    let (_, gone) = tokio::join!(lives, member.gone());
    assert!(matches!(gone, Source::Client { .. }));
}

/// It takes a little, again and again, so that it is never idle: the bound of all that waits for it is what cuts it off.
async fn a_handle_that_trickles_is_cut(network: Network, any: &str) {
    let patience = Duration::from_secs(600);
    let (client_bytes_max, client_idle_bytes_max) = (16 << 20, usize::MAX);
    let limits = Limits { client_bytes_max, client_idle_bytes_max, silence_max: patience, ..limits() };
    let mut member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let hello = Hello { version: VERSION, role: Role::Client, cluster: 7, expected: None };
    let mut slow = raw(&network, acceptor.address(), hello).await.unwrap();
    slow.write_all(&encoded(submit(1))).await.unwrap();
    let (replies, _) = submitted(&mut member).await;
    let (mut sent, mut taken) = (0, [0; 1_024]);
    while replies.send(answer(1, 1 << 20)).is_ok() {
        slow.read_exact(&mut taken).await.unwrap();
        sent += 1;
        // Twice the bound, and all that a network takes on its way.
        assert!(sent < 64, "{sent} MiB wait for one that takes a thousandth of it");
    }
    assert!(matches!(member.gone().await, Source::Client { .. }));
}

async fn a_handle_that_reads_gets_many_large_results(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(submit(1)).unwrap();
    let (replies, _) = submitted(&mut member).await;
    for id in 0..8 {
        replies.send(answer(id, 3 << 20)).unwrap();
    }
    let arrived = results(&mut client.events, 8).await;
    assert!(arrived.iter().map(|answer| answer.id).eq(0..8));
    // Written from here, until the network takes no more: the connection's task has the rest.
    for id in 8..16 {
        replies.send_now(answer(id, 3 << 20)).unwrap();
    }
    let arrived = results(&mut client.events, 8).await;
    assert!(arrived.iter().map(|answer| answer.id).eq(8..16));
}

async fn a_batch_beyond_the_bound_is_sent(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.bulk_bytes_max = 4 << 20;
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    peer.sender().send(submits(0..6, 1 << 20)).unwrap();
    assert_eq!(peer.sender().send(submits(6..12, 1 << 20)), Err(Unsent::Full));
    assert!(asked(&mut two.bulk, 6).await.into_iter().eq(0..6));
}

async fn appends_leave_room_for_requests(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.bulk_bytes_max = 8 << 20;
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let entry = |index| {
        let mut frame = Vec::new();
        Header::bare(Kind::Command, GroupId(1), 1, index, 0).encode(&vec![7; 1 << 20], &mut frame);
        let mut spans = Spans::default();
        spans.push(Span { term: 1, first: index, last: index });
        let prev = LogId::new(1, index - 1);
        let message = Raft::Append { term: 1, prev, commit: 0, spans, configurations: vec![] };
        Message::Raft { group: GroupId(1), message, frames: vec![frame.into()] }
    };
    // Nothing is written before this test waits.
    let appends = (2..).take_while(|index| peer.sender().send(entry(*index)).is_ok()).count();
    assert_eq!(appends, 4);
    (0..4).for_each(|id| peer.sender().send(submits(id..id + 1, 1 << 20)).unwrap());
    assert_eq!(peer.sender().send(entry(6)), Err(Unsent::Full));
    let mut arrived = Vec::new();
    while arrived.len() < 4 {
        for message in received(&mut two.bulk).await.1 {
            if let Incoming::Submit(submit) = message {
                arrived.extend(submit.requests.into_iter().map(|request| request.id));
            }
        }
    }
    assert_eq!(arrived, [0, 1, 2, 3]);
}

fn encoded(message: Message) -> Vec<u8> {
    let mut rope = super::rope::Rope::default();
    message.encode(&mut rope).unwrap();
    rope.tail().to_vec()
}

async fn there_is_room_for_so_many_handles(network: Network, any: &str) {
    let limits = Limits { clients_max: 2, ..limits() };
    let mut member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let first = handle(&network, &acceptor).await;
    let _second = handle(&network, &acceptor).await;
    let addresses = [acceptor.address().to_owned()];
    let error = Client::connect(&*network, &addresses, 7, None, &Limits::default()).await.unwrap_err();
    assert_eq!(error, ClientError::Refused(Refusal::TooManyConnections));
    let mut other = Member::new(&network, 2);
    let _peer = other.reach(1, &acceptor).await;
    drop(first);
    member.gone().await;
    // The event may come a moment before the place is free.
    while Client::connect(&*network, &addresses, 7, None, &Limits::default()).await.is_err() {}
}

async fn slow_handshakes_are_cut(network: Network, any: &str) {
    let limits = Limits { handshake_timeout: Duration::from_millis(20), ..limits() };
    let member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let silent = network.connect(acceptor.address()).await.unwrap();
    let mut slow = network.connect(acceptor.address()).await.unwrap();
    slow.write_all(&[80, 0, 0]).await.unwrap();
    closed(silent).await;
    closed(slow).await;
}

async fn a_crowd_in_the_door_keeps_nobody_out(network: Network, any: &str) {
    let limits = Limits { handshakes_max: 4, handshake_timeout: Duration::from_secs(600), ..limits() };
    let member = Member::with(&network, House::of(1, 7), limits);
    let acceptor = member.listen(any).await;
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(network.connect(acceptor.address()).await.unwrap());
    }
    let _client = handle(&network, &acceptor).await;
    // At most four are still there; the others were cut.
    for stream in crowd.drain(..16) {
        closed(stream).await;
    }
}

async fn garbage_closes_the_connection_only(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..20 {
        let mut garbage = vec![0; random.usize(24..5_000)];
        random.fill(&mut garbage);
        // The acceptor may close before everything is written.
        let mut stream = network.connect(acceptor.address()).await.unwrap();
        let _cut = stream.write_all(&garbage).await;
        closed(stream).await;
        let mut stream = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
        let _cut = stream.write_all(&garbage).await;
        closed(stream).await;
        member.gone().await;
    }
    // What came before the garbage is delivered.
    let mut stream = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    stream.write_all(&[&encoded(submit(6))[..], &[0xff; 64]].concat()).await.unwrap();
    assert_eq!(asked(&mut member.bulk, 1).await, [6]);
    member.gone().await;
}

async fn oversized_lengths_close_the_connection(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let mut stream = network.connect(acceptor.address()).await.unwrap();
    stream.write_all(&(HANDSHAKE_MAX as u32 + 1).to_le_bytes()).await.unwrap();
    closed(stream).await;
    let mut stream = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    stream.write_all(&(MESSAGE_MAX as u32 + 1).to_le_bytes()).await.unwrap();
    closed(stream).await;
    member.gone().await;
}

async fn misplaced_messages_close_the_connection(network: Network, any: &str) {
    let mut member = Member::new(&network, 2);
    let acceptor = member.listen(any).await;
    let client = Hello { version: VERSION, role: Role::Client, cluster: 7, expected: None };
    let cases = [
        (client, heartbeat(1)),
        (client, answer(1, 1)),
        (hello_of(1, LaneKind::Bulk), heartbeat(1)),
        (hello_of(1, LaneKind::Bulk), answer(1, 1)),
        (hello_of(1, LaneKind::Control), submit(1)),
        (client, Message::Leaders(Vec::new())),
        (hello_of(1, LaneKind::Bulk), Message::Seek(vec![GroupId(1)])),
        (hello_of(1, LaneKind::Bulk), Message::Leaders(Vec::new())),
    ];
    for (hello, message) in cases {
        let mut stream = raw(&network, acceptor.address(), hello).await.unwrap();
        stream.write_all(&encoded(message)).await.unwrap();
        closed(stream).await;
    }
    for _ in 0..7 {
        member.gone().await;
    }
    assert!(matches!(member.control.recv().await, Some(Event::Gone { .. })));
}

async fn a_silent_connection_is_closed(network: Network, any: &str) {
    let patience = Duration::from_millis(5);
    let limits = Limits { ping_interval: patience, silence_max: patience * 4, ..limits() };
    let mut member = Member::with(&network, House::of(2, 7), limits.clone());
    let acceptor = member.listen(any).await;
    let silent = raw(&network, acceptor.address(), hello_of(1, LaneKind::Bulk)).await.unwrap();
    member.gone().await;
    closed(silent).await;
    // The other way round: a member that lets in and never speaks again.
    let mut one = Member::with(&network, House::of(1, 7), limits);
    let mut listener = network.bind(any).await.unwrap();
    let _peer = one.endpoint.dial(MemberId(2), listener.address());
    let mut streams = Vec::new();
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut welcome = BytesMut::new();
        House::of(2, 7).identity().encode(&mut welcome);
        stream.write_all(&welcome).await.unwrap();
        streams.push(stream);
    }
    let mut lost = 0;
    while lost < 2 {
        lost += usize::from(matches!(one.control.recv().await.unwrap(), Event::Disconnected { .. }));
    }
}

async fn a_full_inbox_holds_the_senders_back(network: Network, any: &str) {
    let mut one = Member::new(&network, 1);
    let mut two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    // The inbox holds four batches, the network some megabytes, the lane its limit: then it is full.
    let mut sent = 0;
    loop {
        match peer.sender().send(submits(sent..sent + 1, 1 << 20)) {
            Ok(()) => sent += 1,
            Err(error) => break assert_eq!(error, Unsent::Full),
        }
        tokio::task::yield_now().await;
        assert!(sent < 200, "nothing holds the sender back");
    }
    assert!(asked(&mut two.bulk, sent as usize).await.into_iter().eq(0..sent));
}

async fn bulk_does_not_hold_up_control(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    while peer.sender().send(submits(1..2, 1 << 20)).is_ok() {}
    peer.sender().send(heartbeat(9)).unwrap();
    assert_eq!(again(received(&mut two.control).await.1), [heartbeat(9)]);
}

async fn closing_writes_what_is_queued(network: Network, any: &str) {
    let (mut one, mut two) = (Member::new(&network, 1), Member::new(&network, 2));
    one.endpoint.limits.linger = Duration::from_secs(60);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let sender = peer.sender();
    for id in 0..20 {
        sender.send(submits(id..id + 1, 1 << 20)).unwrap();
    }
    let (_, arrived) = tokio::join!(peer.close(), asked(&mut two.bulk, 20));
    assert!(arrived.into_iter().eq(0..20));
    assert_eq!(sender.send(submit(20)), Err(Unsent::Disconnected));
}

async fn closing_an_acceptor_writes_what_is_queued(network: Network, any: &str) {
    let mut member = Member::new(&network, 1);
    member.endpoint.limits.linger = Duration::from_secs(60);
    let acceptor = member.listen(any).await;
    let mut client = handle(&network, &acceptor).await;
    client.sender.send(submit(1)).unwrap();
    let (replies, _) = submitted(&mut member).await;
    for id in 0..10 {
        replies.send(answer(id, 1 << 20)).unwrap();
    }
    let (_, arrived) = tokio::join!(acceptor.close(), results(&mut client.events, 10));
    assert!(arrived.iter().map(|answer| answer.id).eq(0..10));
    assert!(matches!(client.events.recv().await, Some(Event::Gone { .. })));
}

async fn nothing_is_left_running(network: Network, any: &str) {
    let running = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = running();
    let mut one = Member::new(&network, 1);
    let two = Member::new(&network, 2);
    let acceptor = two.listen(any).await;
    let peer = one.reach(2, &acceptor).await;
    let client = handle(&network, &acceptor).await;
    let unreachable = one.endpoint.dial(MemberId(3), "127.0.0.1:1");
    let _raw = network.connect(acceptor.address()).await.unwrap();
    peer.close().await;
    client.close().await;
    unreachable.close().await;
    acceptor.close().await;
    assert_eq!(running(), before);
    // Without an orderly close the tasks end as well.
    let acceptor = two.listen(any).await;
    let dropped = (one.reach(2, &acceptor).await, handle(&network, &acceptor).await, acceptor);
    drop(dropped);
    while running() > before {
        tokio::task::yield_now().await;
    }
}

async fn an_occupied_address_is_an_error(network: Network, any: &str) {
    let member = Member::new(&network, 1);
    let acceptor = member.listen(any).await;
    let error = member.endpoint.listen(acceptor.address()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let address = acceptor.address().to_owned();
    acceptor.close().await;
    member.listen(&address).await;
}
