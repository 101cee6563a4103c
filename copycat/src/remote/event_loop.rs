//! The loop of a remote handle.

use super::dialing::{Dialed, Dialing};
use super::links::{LinkId, Links};
use super::requests::{Batch, Requests};
use super::resolving::{Reply, Resolving};
use super::watching::{Fault, Watching};
use super::wire::Incoming;
use crate::codec::configuration::MEMBERS_MAX;
use crate::request::sender::RequestReceiver;
use crate::request::status::Watch;
use crate::request::wire::leaders::{GROUPS_MAX, LeaderHint, Seek};
use crate::stream::STREAMS_MAX;
use crate::transport::client::Client;
use crate::transport::event::Event;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often deadlines, questions and attempts are looked at.
const TICK: Duration = Duration::from_millis(10);

/// Most names that are asked about at a time; behind them callers wait.
const RESOLVING_MAX: usize = 1_024;

/// Most listeners; behind them others wait.
const WATCHING_MAX: usize = STREAMS_MAX / 2;

/// The channels into the loop.
#[derive(Debug)]
pub(super) struct Inlets {
    pub requests: RequestReceiver,
    pub commands: mpsc::Receiver<Command>,
    pub watches: mpsc::Receiver<Watch>,
}

/// What the owner of a handle may ask of its loop.
#[derive(Debug)]
pub(super) enum Command {
    /// What does the name stand for?
    Resolve {
        /// Of a resource.
        name: String,
        /// Takes the answer.
        reply: Reply,
    },
}

/// Everything between the requests that are handed in and the connections.
#[derive(Debug)]
pub(super) struct EventLoop {
    inlets: Inlets,
    request_timeout: Duration,
    resolving: Resolving,
    watching: Watching,
    requests: Requests,
    links: Links,
    dialing: Dialing,
    /// The default member could not do what it was asked, and perhaps another member can.
    roaming: bool,
}

impl EventLoop {
    pub(super) fn new(
        dialing: Dialing,
        first: Client<Incoming>,
        inlets: Inlets,
        request_timeout: Duration,
    ) -> EventLoop {
        let mut event_loop = EventLoop {
            inlets,
            request_timeout,
            resolving: Resolving::default(),
            watching: Watching::default(),
            requests: Requests::new(request_timeout),
            links: Links::default(),
            dialing,
            roaming: false,
        };
        let first = event_loop.open(first);
        event_loop.requests.routes.settle(first);
        event_loop
    }

    /// Runs until it is told to stop, or the last proxy and the handle are gone.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room = self.requests.has_room();
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                (link, event) = self.links.next_event() => self.take_event(link, event),
                dialed = self.dialing.next() => self.take_dialed(dialed),
                Some(command) = self.inlets.commands.recv(), if self.resolving.len() < RESOLVING_MAX => self.obey(command),
                Some(watch) = self.inlets.watches.recv(), if self.watching.len() < WATCHING_MAX => {
                    self.watching.add(Instant::now(), watch);
                    self.watch();
                }
                request = self.inlets.requests.recv(), if room => match request {
                    Some(request) => self.requests.take(Instant::now(), request),
                    None => break,
                },
                _ = ticks.tick() => self.tick(Instant::now()),
            }
            self.gather();
            self.send();
        }
        self.links.close().await;
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Resolve { name, reply } => {
                self.resolving.take(now, now + self.request_timeout, name, reply);
                self.ask_about_names(now);
            }
        }
    }

    /// Takes all requests that are there already, so that one turn serves them.
    fn gather(&mut self) {
        let now = Instant::now();
        while self.requests.has_room()
            && let Some(request) = self.inlets.requests.try_recv()
        {
            self.requests.take(now, request);
        }
    }

    /// Sends what may be sent, one message for each queue.
    fn send(&mut self) {
        while let Some(Batch { queue, link, submit }) = self.requests.next() {
            if self.links.queue(link, submit).is_err() {
                self.requests.unsend(queue, link);
            }
        }
        self.links.write_queued();
    }

    fn take_event(&mut self, link: LinkId, event: Option<Event<Incoming>>) {
        match event {
            Some(Event::Received { messages, .. }) => {
                messages.into_iter().for_each(|message| self.take_message(link, message))
            }
            Some(Event::Gone { .. }) | None => self.lost(link),
            Some(_) => {}
        }
    }

    fn take_message(&mut self, link: LinkId, message: Incoming) {
        match message {
            Incoming::Results(answers) => {
                for answer in answers {
                    self.roaming |= self.requests.answered(Instant::now(), link, answer);
                }
            }
            Incoming::Leaders(leaders) => self.take_leaders(leaders),
            Incoming::Stream(message) => match self.watching.take(link, message) {
                Ok(()) => self.watch(),
                Err(fault) => self.blame(link, &fault),
            },
            Incoming::Resolved(resolved) => {
                self.roaming |= self.resolving.answered(link, &resolved);
                if self.dialing.knows_cluster() {
                    let partitions = resolved.partitions.unwrap_or_default();
                    self.requests
                        .routes
                        .learn(Instant::now(), partitions.into_iter().filter_map(|known| known.leader));
                }
            }
        }
    }

    fn take_leaders(&mut self, leaders: Vec<LeaderHint>) {
        if self.dialing.knows_cluster() {
            self.requests.routes.hear(leaders);
        } else {
            // The cluster was formed since the default member was found. Whoever is found now can say which it is.
            self.roaming |= !leaders.is_empty();
        }
    }

    /// A connection is gone: what was under way on it may or may not have happened.
    fn lost(&mut self, link: LinkId) {
        self.links.retain(|kept| kept != link);
        self.requests.lost(link);
        self.resolving.lost(link);
        self.watching.lost(link);
        let now = Instant::now();
        self.requests.routes.closed(now, link);
        if self.requests.routes.default_link().is_none() {
            self.dialing.seek_default(now, None);
        }
    }

    fn take_dialed(&mut self, dialed: Dialed) {
        self.dialing.note(Instant::now(), &dialed);
        match (dialed.leader, dialed.outcome) {
            (None, Ok(client)) => {
                let default_link = self.open(client);
                self.requests.routes.settle(default_link);
            }
            (Some(_), Ok(client)) if self.links.len() < MEMBERS_MAX => drop(self.open(client)),
            (Some(leader), _) => self.requests.routes.unreachable(leader),
            (None, Err(_)) => {}
        }
    }

    /// Keeps a connection, unless there is one to the same member; that serves as well.
    fn open(&mut self, client: Client<Incoming>) -> LinkId {
        let member = client.identity.member;
        self.links.to(member).unwrap_or_else(|| {
            let link = self.links.add(client);
            self.requests.routes.opened(member, link);
            link
        })
    }

    /// Everything that may be a little late.
    fn tick(&mut self, now: Instant) {
        self.roaming |= self.requests.expire(now);
        self.resolving.expire(now);
        self.look_for_members(now);
        self.ask(now);
        self.ask_about_names(now);
        self.watch();
        for link in self.links.retain(|link| self.requests.routes.needs(link)) {
            self.requests.routes.closed(now, link);
            self.resolving.lost(link);
            self.watching.lost(link);
        }
    }

    fn look_for_members(&mut self, now: Instant) {
        let default_link = self.requests.routes.default_link();
        if default_link.is_none() || self.roaming {
            let except = default_link.and_then(|link| self.links.address(link));
            self.roaming &= !self.dialing.seek_default(now, except);
        }
        for leader in self.requests.routes.missing() {
            self.dialing.reach(now, leader);
        }
    }

    /// Passes on what listeners are told, and keeps their streams open.
    fn watch(&mut self) {
        let now = Instant::now();
        match self.watching.deliver(now) {
            Ok(elsewhere) => self.roaming |= elsewhere,
            Err((link, fault)) => return self.blame(link, &fault),
        }
        if let Some(link) = self.requests.routes.default_link() {
            self.watching.open(now, link);
        }
        while let Some((link, message)) = self.watching.next_out() {
            if self.links.queue(link, message).is_err() {
                self.watching.lost(link);
            }
        }
    }

    /// The member behind a connection says what no member says.
    fn blame(&mut self, link: LinkId, fault: &Fault) {
        tracing::warn!(%fault, "connection closed: no member says that");
        self.lost(link);
    }

    fn ask_about_names(&mut self, now: Instant) {
        let Some(link) = self.requests.routes.default_link() else { return };
        for resolve in self.resolving.ask(now, link) {
            if self.links.queue(link, resolve).is_err() {
                self.resolving.lost(link);
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        for (link, groups) in self.requests.routes.seek(now) {
            for groups in groups.chunks(GROUPS_MAX) {
                // A question that is lost is asked again.
                let _ = self.links.queue(link, Seek(groups.to_vec()));
            }
        }
    }
}
