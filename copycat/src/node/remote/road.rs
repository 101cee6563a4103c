//! The loop of a remote handle.

use super::super::failure::Failure;
use super::super::request::Request;
use super::calls::{Call, Calls, UNDER_WAY_MAX};
use super::dialing::{Dialed, Dialing};
use super::lane::LaneKey;
use super::lines::{LineId, Lines};
use super::routes::{Batch, Routes};
use crate::codec::configuration::MEMBERS_MAX;
use crate::transport::client::Client;
use crate::transport::endpoint::Event;
use crate::transport::wire::leaders::GROUPS_MAX;
use crate::transport::wire::{Answered, Leader, Message, Submit, Submitted};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often deadlines, questions and attempts are looked at.
const TICK: Duration = Duration::from_millis(10);

/// Everything between the entrance and the connections.
#[derive(Debug)]
pub(super) struct Road {
    requests: mpsc::Receiver<Request>,
    request_timeout: Duration,
    routes: Routes,
    calls: Calls,
    lines: Lines,
    dialing: Dialing,
    /// The home could not do what it was asked, and perhaps another member can.
    roaming: bool,
    /// Numbers of the batch that is being sent; kept for its memory.
    sending: Vec<u64>,
}

impl Road {
    pub(super) fn new(
        dialing: Dialing,
        home: Client,
        requests: mpsc::Receiver<Request>,
        request_timeout: Duration,
    ) -> Road {
        let mut road = Road {
            requests,
            request_timeout,
            routes: Routes::default(),
            calls: Calls::default(),
            lines: Lines::default(),
            dialing,
            roaming: false,
            sending: Vec::new(),
        };
        let home = road.open(home);
        road.routes.settle(home);
        road
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
                (line, event) = self.lines.next_event() => self.take_event(line, event),
                dialed = self.dialing.next() => self.take_dialed(dialed),
                request = self.requests.recv(), if room => match request {
                    Some(request) => self.take_request(Instant::now(), request),
                    None => break,
                },
                _ = ticks.tick() => self.tick(Instant::now()),
            }
            self.gather();
            self.send();
        }
        self.lines.close().await;
    }

    fn has_room(&self) -> bool {
        self.routes.waiting() + self.calls.len() < UNDER_WAY_MAX
    }

    /// Takes all requests that are there already, so that one turn serves them.
    fn gather(&mut self) {
        let now = Instant::now();
        while self.has_room()
            && let Ok(request) = self.requests.try_recv()
        {
            self.take_request(now, request);
        }
    }

    fn take_request(&mut self, now: Instant, request: Request) {
        self.routes.take(now, now + self.request_timeout, request);
    }

    /// Sends what may be sent, one message for each lane.
    fn send(&mut self) {
        while let Some((lane, line, submit)) = self.next_submit() {
            if self.lines.send(line, Message::Submit(submit)).is_err() {
                self.unsend(lane, line);
            }
        }
    }

    fn next_submit(&mut self) -> Option<(LaneKey, LineId, Submit)> {
        let Batch { lane, line, requests } = self.routes.next()?;
        let mut submitted = Vec::with_capacity(requests.len());
        self.sending.clear();
        for (deadline, Request { access, method, key_len, body, reply, .. }) in requests {
            let id = self.calls.insert(Call { lane, line, deadline, reply });
            self.sending.push(id);
            submitted.push(Submitted { id, access, method, key_len, body: body.into() });
        }
        Some((lane, line, Submit { group: lane.group, term: 0, requests: submitted }))
    }

    /// The batch that was to be sent certainly was not.
    fn unsend(&mut self, lane: LaneKey, line: LineId) {
        for id in self.sending.drain(..) {
            let unsent = self.calls.take(line, id).expect("it was kept a moment ago");
            // Whoever does not wait any more needs no answer; so it is with all answers here.
            let _ = unsent.reply.send(Err(Failure::Busy));
            self.routes.ended(lane, 1);
        }
    }

    fn take_event(&mut self, line: LineId, event: Option<Event>) {
        match event {
            Some(Event::Received { messages, .. }) => {
                messages.into_iter().for_each(|message| self.take_message(line, message))
            }
            Some(Event::Gone { .. }) | None => self.lost(line),
            Some(_) => {}
        }
    }

    fn take_message(&mut self, line: LineId, message: Message) {
        match message {
            Message::Results(answers) => {
                answers.into_iter().for_each(|answer| self.take_answer(line, answer))
            }
            Message::Leaders(leaders) => self.take_leaders(leaders),
            // The connection lets nothing else through.
            _ => {}
        }
    }

    fn take_answer(&mut self, line: LineId, answered: Answered) {
        let Some(call) = self.calls.take(line, answered.id) else { return };
        self.routes.ended(call.lane, 1);
        let answer = answered.result.map_err(Failure::received);
        if let Err(failure) = answer {
            self.heed(failure, call.lane, line);
        }
        let _ = call.reply.send(answer);
    }

    /// The member behind `line` could not do what it was asked, or did not say so in time.
    fn heed(&mut self, failure: Failure, lane: LaneKey, line: LineId) {
        self.roaming |= self.routes.home() == Some(line) && may_be_better_elsewhere(failure);
        if may_be_led_by_another(failure) {
            self.routes.doubt(Instant::now(), lane, line);
        }
    }

    fn take_leaders(&mut self, leaders: Vec<Leader>) {
        if self.dialing.knows_cluster() {
            self.routes.hear(leaders);
        } else {
            // The cluster was formed since the home was found. Whoever is found now can say which it is.
            self.roaming |= !leaders.is_empty();
        }
    }

    /// A connection is gone: what was under way on it may or may not have happened.
    fn lost(&mut self, line: LineId) {
        self.lines.retain(|kept| kept != line);
        for call in self.calls.take_line(line) {
            self.routes.ended(call.lane, 1);
            let _ = call.reply.send(Err(Failure::Disconnected));
        }
        let now = Instant::now();
        self.routes.closed(now, line);
        if self.routes.home().is_none() {
            self.dialing.seek_home(now, None);
        }
    }

    fn take_dialed(&mut self, dialed: Dialed) {
        self.dialing.note(Instant::now(), &dialed);
        match (dialed.leader, dialed.outcome) {
            (None, Ok(client)) => {
                let home = self.open(client);
                self.routes.settle(home);
            }
            (Some(_), Ok(client)) if self.lines.len() < MEMBERS_MAX => drop(self.open(client)),
            (Some(leader), _) => self.routes.unreachable(leader),
            (None, Err(_)) => {}
        }
    }

    /// Keeps a connection, unless there is one to the same member; that serves as well.
    fn open(&mut self, client: Client) -> LineId {
        let member = client.identity.member;
        self.lines.to(member).unwrap_or_else(|| {
            let line = self.lines.add(client);
            self.routes.opened(member, line);
            line
        })
    }

    /// Everything that may be a little late.
    fn tick(&mut self, now: Instant) {
        self.routes.expire(now);
        for call in self.calls.take_expired(now) {
            self.routes.ended(call.lane, 1);
            self.heed(Failure::Timeout, call.lane, call.line);
            let _ = call.reply.send(Err(Failure::Timeout));
        }
        self.routes.forget(now);
        self.look_for_members(now);
        self.ask(now);
        for line in self.lines.retain(|line| self.routes.needs(line)) {
            self.routes.closed(now, line);
        }
    }

    fn look_for_members(&mut self, now: Instant) {
        let home = self.routes.home();
        if home.is_none() || self.roaming {
            let but = home.and_then(|home| self.lines.address(home));
            self.roaming &= !self.dialing.seek_home(now, but);
        }
        for leader in self.routes.missing() {
            self.dialing.reach(now, leader);
        }
    }

    fn ask(&mut self, now: Instant) {
        for (line, groups) in self.routes.seek(now) {
            for groups in groups.chunks(GROUPS_MAX) {
                // A question that is lost is asked again.
                let _ = self.lines.send(line, Message::Seek(groups.to_vec()));
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
