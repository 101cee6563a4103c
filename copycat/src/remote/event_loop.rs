//! The event loop of a remote handle.

use super::connections::{ConnectionId, Connections};
use super::dialing::{Dialed, Dialing};
use super::requests::{Batch, Requests};
use super::resolving::{Reply, Resolving};
use super::watching::{Fault, Watching};
use super::wire::Incoming;
use crate::codec::configuration::MEMBERS_MAX;
use crate::request::sender::RequestReceiver;
use crate::request::status::Subscription;
use crate::request::wire::leaders::{FindLeaders, GROUPS_MAX, LeaderHint};
use crate::stream::STREAMS_MAX;
use crate::transport::client::Client;
use crate::transport::event::Event;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The interval at which deadlines, questions and attempts are checked.
const TICK: Duration = Duration::from_millis(10);

/// Most names that are resolved at a time; beyond it, callers wait.
const RESOLVING_MAX: usize = 1_024;

/// Most listeners; beyond it, new ones wait.
const WATCHING_MAX: usize = STREAMS_MAX / 2;

/// The channels into the loop.
#[derive(Debug)]
pub(super) struct Channels {
    pub requests: RequestReceiver,
    pub commands: mpsc::Receiver<Command>,
    pub watches: mpsc::Receiver<Subscription>,
}

/// A command of the handle's owner to its loop.
#[derive(Debug)]
pub(super) enum Command {
    /// Resolves the name of a resource.
    Resolve {
        /// The resource's name.
        name: String,
        /// Receives the answer.
        reply: Reply,
    },
}

/// The state of the loop: everything between the submitted requests and the connections.
#[derive(Debug)]
pub(super) struct EventLoop {
    channels: Channels,
    request_timeout: Duration,
    resolving: Resolving,
    watching: Watching,
    requests: Requests,
    connections: Connections,
    dialing: Dialing,
    /// Another default member is to be tried: the present one could not do what it was asked.
    seeks_default: bool,
}

impl EventLoop {
    pub(super) fn new(
        dialing: Dialing,
        first: Client<Incoming>,
        channels: Channels,
        request_timeout: Duration,
    ) -> EventLoop {
        let mut event_loop = EventLoop {
            channels,
            request_timeout,
            resolving: Resolving::default(),
            watching: Watching::default(),
            requests: Requests::new(request_timeout),
            connections: Connections::default(),
            dialing,
            seeks_default: false,
        };
        let first = event_loop.open(first);
        event_loop.requests.routes.set_default_connection(first);
        event_loop
    }

    /// Runs until it is told to stop, or until the last proxy and the handle are gone.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let has_capacity = self.requests.has_capacity();
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                (connection, event) = self.connections.next_event() => self.take_event(connection, event),
                dialed = self.dialing.next() => self.take_dialed(dialed),
                Some(command) = self.channels.commands.recv(), if self.resolving.len() < RESOLVING_MAX => self.handle_command(command),
                Some(watch) = self.channels.watches.recv(), if self.watching.len() < WATCHING_MAX => {
                    self.watching.add(Instant::now(), watch);
                    self.watch();
                }
                request = self.channels.requests.recv(), if has_capacity => match request {
                    Some(request) => self.requests.take(Instant::now(), request),
                    None => break,
                },
                _ = ticks.tick() => self.tick(Instant::now()),
            }
            self.gather();
            self.send();
        }
        self.connections.close().await;
    }

    fn handle_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Resolve { name, reply } => {
                self.resolving.take(now, now + self.request_timeout, name, reply);
                self.ask_about_names(now);
            }
        }
    }

    /// Accepts all requests that are queued already, so that one turn serves them.
    fn gather(&mut self) {
        let now = Instant::now();
        while self.requests.has_capacity()
            && let Some(request) = self.channels.requests.try_recv()
        {
            self.requests.take(now, request);
        }
    }

    /// Sends what may be sent, one batch for each queue.
    fn send(&mut self) {
        while let Some(Batch { queue, connection, submit }) = self.requests.next() {
            if self.connections.queue(connection, submit).is_err() {
                self.requests.unsend(queue, connection);
            }
        }
        self.connections.write_queued();
    }

    fn take_event(&mut self, connection: ConnectionId, event: Option<Event<Incoming>>) {
        match event {
            Some(Event::Received { messages, .. }) => {
                messages.into_iter().for_each(|message| self.take_message(connection, message))
            }
            Some(Event::Gone { .. }) | None => self.lost(connection),
            Some(_) => {}
        }
    }

    fn take_message(&mut self, connection: ConnectionId, message: Incoming) {
        match message {
            Incoming::Results(answers) => {
                for answer in answers {
                    self.seeks_default |= self.requests.answered(Instant::now(), connection, answer);
                }
            }
            Incoming::Leaders(leaders) => self.take_leaders(leaders),
            Incoming::Stream(message) => match self.watching.take(connection, message) {
                Ok(()) => self.watch(),
                Err(fault) => self.blame(connection, &fault),
            },
            Incoming::Resolved(resolved) => {
                self.seeks_default |= self.resolving.answered(connection, &resolved);
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
            // The cluster was bootstrapped after the default member was found. A member that is found now knows
            // its id.
            self.seeks_default |= !leaders.is_empty();
        }
    }

    /// Handles the end of a connection: requests in flight on it may or may not have happened.
    fn lost(&mut self, connection: ConnectionId) {
        self.connections.retain(|kept| kept != connection);
        self.requests.lost(connection);
        self.resolving.lost(connection);
        self.watching.lost(connection);
        let now = Instant::now();
        self.requests.routes.closed(now, connection);
        if self.requests.routes.default_connection().is_none() {
            self.dialing.seek_default(now, None);
        }
    }

    fn take_dialed(&mut self, dialed: Dialed) {
        self.dialing.note(Instant::now(), &dialed);
        match (dialed.leader, dialed.outcome) {
            (None, Ok(client)) => {
                let default_connection = self.open(client);
                self.requests.routes.set_default_connection(default_connection);
            }
            (Some(_), Ok(client)) if self.connections.len() < MEMBERS_MAX => drop(self.open(client)),
            (Some(leader), _) => self.requests.routes.unreachable(leader),
            (None, Err(_)) => {}
        }
    }

    /// Keeps a connection, unless there is one to the same member, which is used instead.
    fn open(&mut self, client: Client<Incoming>) -> ConnectionId {
        let member = client.identity.member;
        self.connections.to(member).unwrap_or_else(|| {
            let connection = self.connections.add(client);
            self.requests.routes.opened(member, connection);
            connection
        })
    }

    /// Does everything that may be a little late.
    fn tick(&mut self, now: Instant) {
        self.seeks_default |= self.requests.expire(now);
        self.resolving.expire(now);
        self.look_for_members(now);
        self.ask(now);
        self.ask_about_names(now);
        self.watch();
        for connection in self.connections.retain(|connection| self.requests.routes.needs(connection)) {
            self.requests.routes.closed(now, connection);
            self.resolving.lost(connection);
            self.watching.lost(connection);
        }
    }

    fn look_for_members(&mut self, now: Instant) {
        let default_connection = self.requests.routes.default_connection();
        if default_connection.is_none() || self.seeks_default {
            let except = default_connection.and_then(|connection| self.connections.address(connection));
            self.seeks_default &= !self.dialing.seek_default(now, except);
        }
        for leader in self.requests.routes.missing() {
            self.dialing.reach(now, leader);
        }
    }

    /// Delivers changes to listeners, and keeps their streams open.
    fn watch(&mut self) {
        let now = Instant::now();
        match self.watching.deliver(now) {
            Ok(elsewhere) => self.seeks_default |= elsewhere,
            Err((connection, fault)) => return self.blame(connection, &fault),
        }
        if let Some(connection) = self.requests.routes.default_connection() {
            self.watching.open(now, connection);
        }
        while let Some((connection, message)) = self.watching.next_out() {
            if self.connections.queue(connection, message).is_err() {
                self.watching.lost(connection);
            }
        }
    }

    /// Closes the connection of a member that sent what no correct member sends.
    fn blame(&mut self, connection: ConnectionId, fault: &Fault) {
        tracing::warn!(%fault, "connection closed: no member says that");
        self.lost(connection);
    }

    fn ask_about_names(&mut self, now: Instant) {
        let Some(connection) = self.requests.routes.default_connection() else { return };
        for resolve in self.resolving.ask(now, connection) {
            if self.connections.queue(connection, resolve).is_err() {
                self.resolving.lost(connection);
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        for (connection, groups) in self.requests.routes.seek(now) {
            for groups in groups.chunks(GROUPS_MAX) {
                // A question that is lost is asked again.
                let _ = self.connections.queue(connection, FindLeaders(groups.to_vec()));
            }
        }
    }
}
