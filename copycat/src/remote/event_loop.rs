//! The loop of a remote handle.

use super::calls::{Calls, UNDER_WAY_MAX, UnderWay};
use super::dialing::{Dialed, Dialing};
use super::links::{LinkId, Links};
use super::queue::QueueKey;
use super::resolving::{Reply, Resolving};
use super::routes::{Batch, Routes};
use super::watching::{Fault, Watching};
use super::wire::Incoming;
use crate::codec::configuration::MEMBERS_MAX;
use crate::request::failure::Failure;
use crate::request::sender::Request;
use crate::request::status::Watch;
use crate::request::wire::leaders::{GROUPS_MAX, Leader, Seek};
use crate::request::wire::results::Answered;
use crate::request::wire::submit::{Submit, Submitted};
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
    pub requests: mpsc::Receiver<Request>,
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
    routes: Routes,
    calls: Calls,
    links: Links,
    dialing: Dialing,
    /// The default member could not do what it was asked, and perhaps another member can.
    roaming: bool,
    /// Numbers of the batch that is being sent; kept for its memory.
    sending: Vec<u64>,
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
            routes: Routes::default(),
            calls: Calls::default(),
            links: Links::default(),
            dialing,
            roaming: false,
            sending: Vec::new(),
        };
        let first = event_loop.open(first);
        event_loop.routes.settle(first);
        event_loop
    }

    /// Runs until it is told to stop, or the last proxy and the handle are gone.
    pub(super) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let room = self.has_room();
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
                    Some(request) => self.take_request(Instant::now(), request),
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

    fn has_room(&self) -> bool {
        self.routes.waiting() + self.calls.len() < UNDER_WAY_MAX
    }

    /// Takes all requests that are there already, so that one turn serves them.
    fn gather(&mut self) {
        let now = Instant::now();
        while self.has_room()
            && let Ok(request) = self.inlets.requests.try_recv()
        {
            self.take_request(now, request);
        }
    }

    fn take_request(&mut self, now: Instant, request: Request) {
        self.routes.take(now, now + self.request_timeout, request);
    }

    /// Sends what may be sent, one message for each queue.
    fn send(&mut self) {
        while let Some((queue, link, submit)) = self.next_submit() {
            if self.links.queue(link, submit).is_err() {
                self.unsend(queue, link);
            }
        }
        self.links.write_queued();
    }

    fn next_submit(&mut self) -> Option<(QueueKey, LinkId, Submit)> {
        let Batch { queue, link, requests } = self.routes.next()?;
        let (now, mut left) = (Instant::now(), Duration::ZERO);
        let mut submitted = Vec::with_capacity(requests.len());
        self.sending.clear();
        for (deadline, Request { call, reply, .. }) in requests {
            let id = self.calls.insert(UnderWay { queue, link, deadline, reply });
            self.sending.push(id);
            left = left.max(deadline.saturating_duration_since(now));
            submitted.push(Submitted { id, call });
        }
        Some((queue, link, Submit { group: queue.group, term: 0, left, requests: submitted }))
    }

    /// The batch that was to be sent certainly was not.
    fn unsend(&mut self, queue: QueueKey, link: LinkId) {
        for id in self.sending.drain(..) {
            let unsent = self.calls.take(link, id).expect("it was kept a moment ago");
            // Whoever does not wait any more needs no answer; so it is with all answers here.
            let _ = unsent.reply.send(Err(Failure::Busy));
            self.routes.ended(queue, 1);
        }
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
                answers.into_iter().for_each(|answer| self.take_answer(link, answer))
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
                    self.routes
                        .learn(Instant::now(), partitions.into_iter().filter_map(|known| known.leader));
                }
            }
        }
    }

    fn take_answer(&mut self, link: LinkId, answered: Answered) {
        let Some(call) = self.calls.take(link, answered.id) else { return };
        self.routes.ended(call.queue, 1);
        let answer = answered.result.map_err(Failure::received);
        if let Err(failure) = answer {
            self.heed(failure, call.queue, link);
        }
        let _ = call.reply.send(answer);
    }

    /// The member behind `link` could not do what it was asked, or did not say so in time.
    fn heed(&mut self, failure: Failure, queue: QueueKey, link: LinkId) {
        self.roaming |= self.routes.default_link() == Some(link) && may_be_better_elsewhere(failure);
        if may_be_led_by_another(failure) {
            self.routes.doubt(Instant::now(), queue, link);
        }
    }

    fn take_leaders(&mut self, leaders: Vec<Leader>) {
        if self.dialing.knows_cluster() {
            self.routes.hear(leaders);
        } else {
            // The cluster was formed since the default member was found. Whoever is found now can say which it is.
            self.roaming |= !leaders.is_empty();
        }
    }

    /// A connection is gone: what was under way on it may or may not have happened.
    fn lost(&mut self, link: LinkId) {
        self.links.retain(|kept| kept != link);
        for call in self.calls.take_link(link) {
            self.routes.ended(call.queue, 1);
            let _ = call.reply.send(Err(Failure::Disconnected));
        }
        self.resolving.lost(link);
        self.watching.lost(link);
        let now = Instant::now();
        self.routes.closed(now, link);
        if self.routes.default_link().is_none() {
            self.dialing.seek_default(now, None);
        }
    }

    fn take_dialed(&mut self, dialed: Dialed) {
        self.dialing.note(Instant::now(), &dialed);
        match (dialed.leader, dialed.outcome) {
            (None, Ok(client)) => {
                let default_link = self.open(client);
                self.routes.settle(default_link);
            }
            (Some(_), Ok(client)) if self.links.len() < MEMBERS_MAX => drop(self.open(client)),
            (Some(leader), _) => self.routes.unreachable(leader),
            (None, Err(_)) => {}
        }
    }

    /// Keeps a connection, unless there is one to the same member; that serves as well.
    fn open(&mut self, client: Client<Incoming>) -> LinkId {
        let member = client.identity.member;
        self.links.to(member).unwrap_or_else(|| {
            let link = self.links.add(client);
            self.routes.opened(member, link);
            link
        })
    }

    /// Everything that may be a little late.
    fn tick(&mut self, now: Instant) {
        self.routes.expire(now);
        for call in self.calls.take_expired(now) {
            self.routes.ended(call.queue, 1);
            self.heed(Failure::Timeout, call.queue, call.link);
            let _ = call.reply.send(Err(Failure::Timeout));
        }
        self.routes.forget(now);
        self.resolving.expire(now);
        self.look_for_members(now);
        self.ask(now);
        self.ask_about_names(now);
        self.watch();
        for link in self.links.retain(|link| self.routes.needs(link)) {
            self.routes.closed(now, link);
            self.resolving.lost(link);
            self.watching.lost(link);
        }
    }

    fn look_for_members(&mut self, now: Instant) {
        let default_link = self.routes.default_link();
        if default_link.is_none() || self.roaming {
            let except = default_link.and_then(|link| self.links.address(link));
            self.roaming &= !self.dialing.seek_default(now, except);
        }
        for leader in self.routes.missing() {
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
        if let Some(link) = self.routes.default_link() {
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
        let Some(link) = self.routes.default_link() else { return };
        for resolve in self.resolving.ask(now, link) {
            if self.links.queue(link, resolve).is_err() {
                self.resolving.lost(link);
            }
        }
    }

    fn ask(&mut self, now: Instant) {
        for (link, groups) in self.routes.seek(now) {
            for groups in groups.chunks(GROUPS_MAX) {
                // A question that is lost is asked again.
                let _ = self.links.queue(link, Seek(groups.to_vec()));
            }
        }
    }
}

/// Whether another member may be able to do what this one could not.
fn may_be_better_elsewhere(failure: Failure) -> bool {
    matches!(
        failure,
        Failure::NoLeader | Failure::Timeout | Failure::UnknownResource | Failure::Stopped | Failure::Halted
    )
}

/// Whether the member that was asked may not be the leader any more, if it was.
fn may_be_led_by_another(failure: Failure) -> bool {
    may_be_better_elsewhere(failure) || matches!(failure, Failure::NotLeader | Failure::Disconnected)
}
