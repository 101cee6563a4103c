//! Messages between processes, and the connections that carry them.

use super::chance::{chance, millis};
use super::cluster::Cluster;
use super::event::Event;
use super::member::id;
use super::network::InFlightMessage;
use super::port::Sent;
use super::promises::Leaving;
use super::violation::Violation;
use crate::codec::ids::{GroupId, MemberId};
use crate::node::shard::Input;
use crate::node::wire::heartbeats::HeartbeatBatch;
use crate::node::wire::{Incoming, Message};
use crate::raft;
use crate::request::wire::results::Results;
use crate::transport::wire;

impl Cluster<'_> {
    /// Checks a message that is about to leave.
    pub(super) fn judge(&mut self, at: usize, sent: &Sent) -> Result<(), Violation> {
        self.report.messages += 1;
        match &sent.message {
            Message::Raft { group, message, .. } => self.judge_one(at, sent.to, *group, message),
            Message::Heartbeats(HeartbeatBatch { records, .. }) => records
                .iter()
                .try_for_each(|record| self.judge_one(at, sent.to, record.group, &record.message)),
            _ => Ok(()),
        }
    }

    fn judge_one(
        &mut self,
        at: usize,
        to: MemberId,
        group: GroupId,
        message: &raft::message::Message,
    ) -> Result<(), Violation> {
        let member = &mut self.members[at];
        let (from, disk) = (member.id, &member.disk);
        let Some(process) = &mut member.process else { return Ok(()) };
        let term = process.views.get(&group).map_or(0, |view| view.term);
        let Some(log) = process.shard.journal_mut().shape(group) else { return Ok(()) };
        disk.with_image(|image| {
            Leaving { group, from, to, message, term, log, durable: image.group(group) }.check()
        })
    }

    /// Sends a message, as bytes.
    pub(super) fn post(&mut self, at: usize, sent: Sent) -> Result<(), Violation> {
        let Sent { to, message, connection } = sent;
        let there = to.0 as usize - 1;
        let now = self.schedule.now();
        let arrivals =
            self.network.draw(now, (at, there), &message, &mut self.random, &mut self.report.faults);
        let shown = if self.trace.is_read() { show(&message) } else { String::new() };
        let outlives = matches!(message, Message::Raft { .. } | Message::Heartbeats(_));
        let bytes = wire::into_bytes(message).map_err(Violation::Unreadable)?.freeze();
        let head = bytes.first_chunk().map_or(0, |head| u64::from_le_bytes(*head));
        self.note(&[10, at as u64, to.0, head], || {
            let lost = if arrivals.first.is_none() { ", which is lost" } else { "" };
            format!("{} → {to} {shown}{lost}", id(at))
        });
        let (life, timeout) = (self.members[there].life, self.members[at].timeout);
        for arrival in [arrivals.first, arrivals.second].into_iter().flatten() {
            let bytes = bytes.clone();
            let message = InFlightMessage {
                from: at,
                to: there,
                life,
                outlives,
                connection,
                timeout,
                held: false,
                bytes,
            };
            match &mut self.members[there].held_messages {
                Some(held_messages) if now <= held_messages.shut => {
                    held_messages.messages.push((arrival, InFlightMessage { held: true, ..message }))
                }
                Some(_) => {}
                None => self.schedule.at(arrival, Event::Arrive(message)),
            }
        }
        Ok(())
    }

    /// Delivers a message to the process that runs at its destination.
    pub(super) fn arrive(&mut self, message: &InFlightMessage) -> Result<(), Violation> {
        let InFlightMessage { from, to, life, outlives, connection, held, timeout, .. } = *message;
        // Most messages that are in flight when a cut begins are lost in it.
        if !held && self.network.is_cut(from, to) && chance(&mut self.random, 900) {
            return Ok(());
        }
        let member = &mut self.members[to];
        if member.life != life && !outlives || member.timeout != timeout {
            return Ok(());
        }
        let Some(process) = &mut member.process else { return Ok(()) };
        let messages = wire::read_all::<Incoming>(message.bytes.clone()).map_err(Violation::Garbled)?;
        for message in messages {
            process.inbox.push(match message {
                Incoming::Heartbeats(records) => {
                    process.inbox.extend(Input::of_heartbeats(id(from), records));
                    continue;
                }
                Incoming::Raft { group, message, entries, .. } => {
                    Input::Raft { from: id(from), group, message, entries }
                }
                Incoming::Submit(submit) => {
                    Input::Submitted { origin: process.port.origin(id(from), connection), submit }
                }
                // The connection that carries the answer has broken, and the process was told so.
                Incoming::Results(_) if process.port.connection(id(from)) != Some(connection) => continue,
                Incoming::Results(answers) => Input::Answered { from: id(from), answers },
                Incoming::Announcement(announcement) => Input::Announced { from: id(from), announcement },
                Incoming::Bootstrap(_)
                | Incoming::FindLeaders(_)
                | Incoming::Resolve(_)
                | Incoming::Stream(_) => {
                    continue;
                }
            });
        }
        self.wake(to);
        Ok(())
    }

    /// Schedules an update of every connection.
    pub(super) fn check_links(&mut self) {
        for from in 0..self.members.len() {
            for to in (0..self.members.len()).filter(|to| *to != from) {
                let soon = millis(&mut self.random, 0..60);
                self.schedule.after(soon, Event::Link { from, to });
            }
        }
    }

    /// Breaks a connection. The break is noticed soon or late, and then the connection is tried again.
    pub(super) fn reset(&mut self, from: usize, to: usize) {
        self.close(from, to);
        let later = millis(&mut self.random, 1..120);
        self.schedule.after(later, Event::Link { from, to });
    }

    /// Updates the state of a connection: opens or closes it as needed. A cut is noticed late, or not at all before
    /// it ends.
    pub(super) fn link(&mut self, from: usize, to: usize) {
        // Members with different election timeouts refuse each other.
        let agree = self.members[from].timeout == self.members[to].timeout;
        let there = self.members[to].process.is_some() && agree;
        let through = !self.network.is_cut(from, to) && !self.network.is_cut(to, from);
        let Some(process) = &self.members[from].process else { return };
        match (process.port.connection(id(to)).is_some(), there) {
            (true, false) => self.close(from, to),
            (false, true) if through => {
                process.port.set_open(id(to), true);
                self.tell(from, Input::BulkConnected(id(to)));
            }
            (true, true) if !through && chance(&mut self.random, 300) => self.close(from, to),
            _ => {}
        }
    }

    fn close(&mut self, from: usize, to: usize) {
        let Some(process) = &self.members[from].process else { return };
        if process.port.set_open(id(to), false) {
            self.tell(from, Input::BulkDisconnected(id(to)));
        }
    }

    fn tell(&mut self, at: usize, input: Input) {
        self.note(&[11, at as u64], || format!("{} hears {input:?}", id(at)));
        if let Some(process) = &mut self.members[at].process {
            process.inbox.push(input);
        }
        self.wake(at);
    }
}

fn show(message: &Message) -> String {
    match message {
        Message::Raft { group, message, .. } => format!("group {}: {message:?}", group.0),
        Message::Submit(submit) => format!("{} requests for group {}", submit.requests.len(), submit.group.0),
        Message::Results(Results(answers)) => format!("{} answers", answers.len()),
        Message::Heartbeats(HeartbeatBatch { records, .. }) => {
            records.iter().map(|record| format!("group {}: {:?}; ", record.group.0, record.message)).collect()
        }
        Message::Bootstrap(_) => String::new(),
        Message::Announcement(announcement) => {
            format!("{} has {} bytes of commands", announcement.resource, announcement.schema.len())
        }
    }
}
