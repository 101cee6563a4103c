//! The loop that drives a shard with real time, sockets and disks.
//!
//! It waits for whatever comes first, takes everything that is there, lets the shard take its turn, and
//! distributes what the turn left: writes to the flusher, committed entries to the applier, messages
//! (already handed over by the shard) to the lanes. Nothing here decides anything about consensus.

use super::applier::{Applier, Work};
use super::founding::{Founding, NotMine};
use super::identity::{Home, IdentityError};
use super::links::{Door, PeerLinks, client_origin, member_origin};
use super::options::{Options, Storage};
use super::reply::Origin;
use super::request::Request;
use super::shard::{Attachment, GroupStatus, Input, Shard};
use super::threads;
use super::workers::{self, Done, Worker};
use crate::codec::configuration::Configuration;
use crate::codec::ids::MemberId;
use crate::storage::{Disk, FileDisk, Journal, MemoryDisk, Owner, Preparation, StorageError, Write};
use crate::transport::acceptor::Acceptor;
use crate::transport::endpoint::{Endpoint, Event, Inbox, Source};
use crate::transport::lane::Peer;
use crate::transport::limits::Limits;
use crate::transport::wire::{Formation, LaneKind, Message};
use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};

/// How often the shard is told the time, at least.
const TICK: Duration = Duration::from_millis(5);
/// Most inputs of one turn: keeps the loop's reaction to heartbeats short under any load.
const TURN_MAX: usize = 4_096;
/// Requests of this process's proxies that may wait for a turn; behind them callers wait in line.
pub(super) const REQUESTS_DEPTH: usize = 4_096;
/// Batches of messages that may wait for a turn, per lane kind; behind them sockets are not read.
const EVENTS_DEPTH: usize = 256;

/// Why a node did not start. Nothing was sent; a new data directory may have been made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The log cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The cluster was formed by other members than those named now.
    #[error("the cluster was formed by members {formed:?}, not by {configured:?}")]
    SeedsDiffer {
        /// As recorded.
        formed: Vec<u64>,
        /// As configured.
        configured: Vec<u64>,
    },
}

/// What the owner of a node may ask of its loop.
#[derive(Debug)]
pub(crate) enum Command {
    /// A resource's code for one group.
    Attach(Attachment),
    /// Tell when the cluster is formed, or why it cannot be, as far as this member is concerned.
    Formed(oneshot::Sender<Result<(), NotMine>>),
    /// Tell how the groups are doing.
    Status(oneshot::Sender<Vec<GroupStatus>>),
    /// Stop in order: what was proposed is flushed, the log is closed, connections are emptied.
    Close,
    /// Stop at once, as a crash would.
    Abort,
}

/// The channels into the loop.
#[derive(Debug)]
pub(super) struct Inlets {
    pub commands: mpsc::UnboundedReceiver<Command>,
    pub requests: mpsc::Receiver<Request>,
}

/// A running node, on its own thread.
pub(super) struct Driver {
    shard: Shard,
    door: Arc<Door>,
    peers: BTreeMap<MemberId, Peer>,
    origins: BTreeMap<MemberId, Origin>,
    acceptor: Acceptor,
    flusher: Worker<Write>,
    preparer: Worker<Preparation>,
    applier: ApplierThread,
    inlets: Inlets,
    done: mpsc::UnboundedReceiver<Done>,
    control: mpsc::Receiver<Event>,
    bulk: mpsc::Receiver<Event>,
    inputs: Vec<Input>,
    ticks: Interval,
    next_tick: Duration,
    /// What was last logged of the kind.
    outcast: Option<NotMine>,
    awaiting_formation: Vec<oneshot::Sender<Result<(), NotMine>>>,
    /// Last, so that the directory stays locked until every thread that writes to it has ended.
    home: Home,
}

/// The thread that owns the state machines.
#[derive(Debug)]
struct ApplierThread {
    work: Option<blocking::Sender<Vec<Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl ApplierThread {
    fn start() -> io::Result<ApplierThread> {
        let (work, queue) = blocking::channel::<Vec<Work>>();
        let thread = threads::spawn("copycat-apply-0".into(), move || {
            let mut applier = Applier::default();
            queue.into_iter().for_each(|work| applier.run(work));
        })?;
        Ok(ApplierThread { work: Some(work), thread: Some(thread) })
    }

    /// `false` if the thread is gone, which only a defect can bring about.
    fn hand_over(&self, work: Vec<Work>) -> bool {
        self.work.as_ref().is_some_and(|queue| queue.send(work).is_ok())
    }
}

impl Drop for ApplierThread {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The time since the machine started; goes on while it sleeps, and is never set.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Driver {
    /// Opens what is on disk, occupies the address, and begins to dial the others.
    pub(super) async fn open(options: &Options, inlets: Inlets) -> Result<Driver, StartError> {
        let mut entropy = fastrand::Rng::new();
        let home = match &options.storage {
            Storage::Memory => Home::in_memory(options.me, &mut entropy),
            Storage::Directory { path, .. } => Home::open(path, options.me, &mut entropy)?,
        };
        let identity = home.identity().clone();
        check_seeds(options, identity.formation.as_ref())?;
        let (journal, recovered) = open_journal(options, &home, entropy.u64(..))?;
        if let Some(cut) = &recovered.cut {
            tracing::info!(?cut, "cut a torn tail that was never acknowledged");
        }

        let seeds = options.seeds.iter().map(|(member, _)| *member).collect();
        let founding = Founding::new(options.me, identity.storage, seeds, identity.formation.clone());
        let door = Arc::new(Door::new(options.me, identity.storage, founding));
        let ((control_in, control), (bulk_in, bulk)) =
            (mpsc::channel(EVENTS_DEPTH), mpsc::channel(EVENTS_DEPTH));
        let endpoint = Endpoint {
            network: options.network.clone(),
            gate: door.clone(),
            inbox: Inbox { control: control_in, bulk: bulk_in },
            limits: Limits::default(),
        };
        let acceptor = endpoint
            .listen(&options.listen)
            .await
            .map_err(|source| StartError::Address { address: options.listen.clone(), source })?;
        let peers: BTreeMap<MemberId, Peer> =
            options.peers().map(|(id, address)| (*id, endpoint.dial(*id, address))).collect();
        tracing::info!(member = %options.me, address = acceptor.address(), "listening");
        let links = PeerLinks(peers.iter().map(|(id, peer)| (*id, peer.sender())).collect());
        let origins = peers.iter().map(|(id, peer)| (*id, member_origin(peer.sender()))).collect();
        let shard = Shard::new(options.shard(entropy.u64(..)), journal, recovered, Box::new(links));

        let (completed, done) = mpsc::unbounded_channel();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut driver = Driver {
            shard,
            door,
            peers,
            origins,
            acceptor,
            flusher: workers::flusher(0, completed.clone()).map_err(StartError::Thread)?,
            preparer: workers::preparer(0, completed).map_err(StartError::Thread)?,
            applier: ApplierThread::start().map_err(StartError::Thread)?,
            inlets,
            done,
            control,
            bulk,
            inputs: Vec::new(),
            ticks,
            next_tick: Duration::ZERO,
            outcast: None,
            awaiting_formation: Vec::new(),
            home,
        };
        match identity.formation {
            Some(formation) => driver.begin(&formation),
            None => driver.try_to_found(),
        }
        Ok(driver)
    }

    /// Runs until it is told to stop, is dropped by its owner, or its disk fails.
    pub(super) async fn run(mut self) {
        loop {
            match self.wait().await {
                Some(Command::Close) => return self.close().await,
                Some(Command::Abort) => return,
                Some(command) => self.obey(command),
                None => {}
            }
            self.gather();
            if self.turn().is_break() {
                return;
            }
        }
    }

    /// Waits for the first thing to happen. Commands come back, everything else becomes an input.
    async fn wait(&mut self) -> Option<Command> {
        tokio::select! {
            biased;
            // An owner that is gone without a word has dropped the node.
            command = self.inlets.commands.recv() => return Some(command.unwrap_or(Command::Abort)),
            Some(done) = self.done.recv() => self.inputs.push(Input::Done(done)),
            Some(event) = self.control.recv() => self.take_event(event),
            Some(event) = self.bulk.recv() => self.take_event(event),
            Some(request) = self.inlets.requests.recv() => self.inputs.push(Input::Request(request)),
            _ = self.ticks.tick() => {}
        }
        None
    }

    /// Takes everything else that is there already, so that one turn serves all of it.
    fn gather(&mut self) {
        while let Ok(done) = self.done.try_recv() {
            self.inputs.push(Input::Done(done));
        }
        while let Ok(event) = self.control.try_recv() {
            self.take_event(event);
        }
        while self.inputs.len() < TURN_MAX
            && let Ok(event) = self.bulk.try_recv()
        {
            self.take_event(event);
        }
        while self.inputs.len() < TURN_MAX
            && let Ok(request) = self.inlets.requests.try_recv()
        {
            self.inputs.push(Input::Request(request));
        }
    }

    /// One turn of the shard, and whatever it leaves to be done. Breaks when the member must stop.
    fn turn(&mut self) -> ControlFlow<()> {
        let now = now();
        self.shard.turn(now, self.inputs.drain(..));
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.shard.tick(now);
        }
        let out = self.shard.outbox();
        let work = std::mem::take(&mut out.work);
        let (write, preparation) = (out.write.take(), out.preparation.take());
        let mut alive = work.is_empty() || self.applier.hand_over(work);
        if let Some(write) = write {
            alive &= self.flusher.hand_over(write);
        }
        if let Some(preparation) = preparation {
            alive &= self.preparer.hand_over(preparation);
        }
        if !alive {
            tracing::error!("a thread of the node is gone: this member stops");
        }
        if alive && self.shard.failure().is_none() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Attach(attachment) => self.inputs.push(Input::Attach(attachment)),
            Command::Status(reply) => drop(reply.send(self.shard.status())),
            Command::Formed(reply) => {
                self.awaiting_formation.push(reply);
                self.tell_formation();
            }
            Command::Close | Command::Abort => unreachable!("the loop ends with these"),
        }
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Received { from, messages } => {
                messages.into_iter().for_each(|message| self.take_message(&from, message));
            }
            Event::Gone { from: Source::Member { id, lane: LaneKind::Bulk } } => {
                self.inputs.push(Input::Gone(id))
            }
            Event::Gone { .. } => {}
            Event::Connected { peer, lane: LaneKind::Bulk, .. } => self.inputs.push(Input::Connected(peer)),
            Event::Disconnected { peer, lane: LaneKind::Bulk } => self.inputs.push(Input::Disconnected(peer)),
            Event::Connected { peer, lane: LaneKind::Control, identity } => {
                self.door.founding().reconciled(peer);
                match &identity.formation {
                    Some(formation) => self.show(peer, formation),
                    None => self.meet(peer, identity.storage),
                }
            }
            Event::Disconnected { peer, lane: LaneKind::Control } => self.door.founding().lost(peer),
            Event::Refused { peer, lane, refusal } => {
                tracing::debug!(%peer, ?lane, %refusal, "refused");
                self.door.founding().refused(peer, refusal);
                self.tell_formation();
            }
        }
    }

    fn take_message(&mut self, from: &Source, message: Message) {
        match (from, message) {
            (Source::Member { id, .. }, Message::Raft { group, message, frames }) => {
                self.inputs.push(Input::Raft { from: *id, group, message, frames });
            }
            (Source::Member { id, .. }, Message::Submit(submit)) => {
                if let Some(origin) = self.origins.get(id).cloned() {
                    self.inputs.push(Input::Submitted { origin, submit });
                }
            }
            (Source::Client { replies, .. }, Message::Submit(submit)) => {
                self.inputs.push(Input::Submitted { origin: client_origin(replies.clone()), submit });
            }
            (Source::Member { .. }, Message::Results(answers)) => self.inputs.push(Input::Answered(answers)),
            (Source::Member { id, .. }, Message::Form(formation)) => self.show(*id, &formation),
            (Source::Member { .. }, Message::Formed(_)) => {}
            (from, _) => tracing::warn!(?from, "a message that is not for its sender to send"),
        }
    }

    /// A seed without a cluster: it may complete the founders, or have missed the founding.
    fn meet(&mut self, peer: MemberId, storage: u128) {
        let formed = self.door.founding().formation().cloned();
        match formed {
            Some(formation) => self.announce(peer, formation),
            None => {
                self.door.founding().met(peer, storage);
                self.try_to_found();
            }
        }
    }

    fn try_to_found(&mut self) {
        let proposal = self.door.founding().propose(fastrand::u128(1..));
        let Some(formation) = proposal else { return };
        if self.record(&formation) {
            for peer in self.peers.keys().copied().collect::<Vec<_>>() {
                self.announce(peer, formation.clone());
            }
        }
    }

    fn announce(&self, peer: MemberId, formation: Formation) {
        // One that is out of reach now hears of it when it is back: the handshake tells, too.
        if let Some(peer) = self.peers.get(&peer) {
            let _ = peer.sender().send(Message::Form(formation));
        }
    }

    /// Another member shows a formation.
    fn show(&mut self, peer: MemberId, formation: &Formation) {
        let examined = self.door.founding().examine(formation);
        match examined {
            Ok(true) => drop(self.record(formation)),
            Ok(false) => {}
            Err(not_mine) => {
                self.door.founding().estranged(peer, not_mine);
                self.tell_formation();
            }
        }
    }

    /// Makes a formation durable, and lives by it.
    fn record(&mut self, formation: &Formation) -> bool {
        if let Err(error) = self.home.found(formation.clone()) {
            tracing::error!(%error, "cannot record who formed the cluster; trying again when asked again");
            return false;
        }
        self.door.founding().adopt(formation.clone());
        self.begin(formation);
        true
    }

    fn begin(&mut self, formation: &Formation) {
        tracing::info!(cluster = %format_args!("{:032x}", formation.cluster), "the cluster is formed");
        self.shard
            .found(now(), Configuration::of_voters(formation.members.iter().map(|(member, _)| *member)));
        self.tell_formation();
    }

    /// Tells those who wait for the formation what there is to tell.
    fn tell_formation(&mut self) {
        let founding = self.door.founding();
        let told = match (founding.outcast(), founding.formation()) {
            (Some(not_mine), _) => Err(not_mine),
            (None, Some(_)) => Ok(()),
            (None, None) => return,
        };
        drop(founding);
        if let Err(not_mine) = told
            && self.outcast.replace(not_mine) != Some(not_mine)
        {
            tracing::error!(reason = %not_mine, "this member takes no part in the cluster");
        }
        for waiting in self.awaiting_formation.drain(..) {
            let _ = waiting.send(told);
        }
    }

    /// Ends in order. What was proposed but not acknowledged stays unknown to its callers; everything
    /// that was handed to the journal is flushed, and the end of the log is recorded.
    async fn close(mut self) {
        self.shard.stop();
        while !self.shard.journal_mut().is_idle() {
            let Some(done) = self.done.recv().await else { return };
            self.inputs.push(Input::Done(done));
            if self.turn().is_break() {
                return;
            }
        }
        if let Some(mark) = self.shard.journal_mut().close()
            && self.flusher.hand_over(mark)
        {
            while let Some(done) = self.done.recv().await {
                if let Done::Written(_) = done {
                    break;
                }
            }
        }
        for peer in std::mem::take(&mut self.peers).into_values() {
            peer.close().await;
        }
        self.acceptor.close().await;
    }
}

fn check_seeds(options: &Options, formation: Option<&Formation>) -> Result<(), StartError> {
    let Some(formation) = formation else { return Ok(()) };
    let formed: Vec<u64> = formation.members.iter().map(|(member, _)| member.0).collect();
    let mut configured: Vec<u64> = options.seeds.iter().map(|(member, _)| member.0).collect();
    configured.sort_unstable();
    if formed == configured { Ok(()) } else { Err(StartError::SeedsDiffer { formed, configured }) }
}

fn open_journal(
    options: &Options,
    home: &Home,
    salts: u64,
) -> Result<(Journal, crate::storage::Recovered), StorageError> {
    let owner = Owner { storage: home.identity().storage, member: options.me, shard: 0 };
    let mut kept = crate::storage::Options::new(owner);
    let disk: Arc<dyn Disk> = match &options.storage {
        Storage::Memory => Arc::new(MemoryDisk::default()),
        Storage::Directory { path, segment_len } => {
            kept.segment_len = *segment_len;
            Arc::new(FileDisk::open(&path.join(super::JOURNAL_DIRECTORY))?)
        }
    };
    Journal::open(disk, kept, salts)
}
