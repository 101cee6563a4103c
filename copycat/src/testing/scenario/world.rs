//! The members, the messages between them, and the time. A script moves all of them by hand.

use super::arguments::ScriptError;
use super::member::{Member, Write};
use super::show;
use crate::codec::configuration::Configuration;
use crate::codec::ids::{Index, MemberId};
use crate::codec::terms::{Span, Spans};
use crate::raft::effect::{Effect, InternalEntry};
use crate::raft::message::Message;
use crate::raft::options::RaftOptions;
use crate::raft::state::Raft;
use crate::raft::token::Token;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// A message in flight.
struct Envelope {
    from: MemberId,
    to: MemberId,
    message: Message,
}

/// The state that a script acts on.
#[derive(Default)]
pub(super) struct World {
    members: BTreeMap<MemberId, Member>,
    network: VecDeque<Envelope>,
    isolated: BTreeSet<MemberId>,
    pub(super) now: Duration,
    /// Output of the current command.
    pub(super) events: Vec<String>,
    /// Whether to print only changes, not each message and write.
    pub(super) brief: bool,
}

impl World {
    /// Replaces all members by new ones with empty disks, all of them up.
    pub(super) fn form(&mut self, configuration: &Configuration, options: &RaftOptions) {
        *self = World { now: self.now, ..World::default() };
        for id in configuration.members() {
            let mut member = Member::new(id, configuration.clone(), options);
            member.start(self.now);
            self.members.insert(id, member);
        }
    }

    /// Returns all members, up or down.
    pub(super) fn ids(&self) -> Vec<MemberId> {
        self.members.keys().copied().collect()
    }

    /// Returns a member, up or down.
    pub(super) fn member(&mut self, id: MemberId) -> Result<&mut Member, ScriptError> {
        self.members.get_mut(&id).ok_or(ScriptError::NoMember(id))
    }

    /// Returns the core of a member that is up.
    pub(super) fn raft(&self, id: MemberId) -> Result<&Raft, ScriptError> {
        let member = self.members.get(&id).ok_or(ScriptError::NoMember(id))?;
        member.raft.as_ref().ok_or(ScriptError::Down(id))
    }

    /// Returns whether a member is up.
    pub(super) fn is_up(&self, id: MemberId) -> bool {
        self.raft(id).is_ok()
    }

    /// Adds a line that is left out if `brief` is set.
    fn detail(&mut self, line: impl FnOnce() -> String) {
        if !self.brief {
            self.events.push(line());
        }
    }

    /// Adds a line that is always shown.
    pub(super) fn tell(&mut self, line: String) {
        self.events.push(line);
    }

    /// Wakes the core of `id` if it is quiet. It last heard its counterparts at the time `heard`.
    pub(super) fn wake(&mut self, id: MemberId, heard: Duration) -> Result<(), ScriptError> {
        let now = self.now;
        let raft = self.member(id)?.raft.as_mut().ok_or(ScriptError::Down(id))?;
        raft.wake(now, |_| heard);
        Ok(())
    }

    /// Calls the core of `id` and carries out its effects.
    pub(super) fn call<T>(
        &mut self,
        id: MemberId,
        call: impl FnOnce(&mut Raft, Duration, &mut crate::raft::effect::Effects) -> T,
    ) -> Result<T, ScriptError> {
        let now = self.now;
        let member = self.member(id)?;
        let raft = member.raft.as_mut().ok_or(ScriptError::Down(id))?;
        let result = call(raft, now, &mut member.fx);
        self.carry_out(id, None)?;
        Ok(result)
    }

    /// Appends commands at a leader.
    pub(super) fn propose(&mut self, id: MemberId, count: u64) -> Result<(), ScriptError> {
        self.wake(id, self.now)?;
        let member = self.member(id)?;
        let raft = member.raft.as_mut().ok_or(ScriptError::Down(id))?;
        match raft.propose(count, &mut member.fx) {
            Ok(span) => {
                member.disk.write(Write::Entries(one(span), Vec::new()));
                self.detail(|| format!("{id} stores {}..{} of term {}", span.first, span.last, span.term));
            }
            Err(error) => self.tell(format!("{id} refuses: {error}")),
        }
        self.carry_out(id, None)
    }

    /// Delivers a message to a member that is up.
    pub(super) fn receive(
        &mut self,
        from: MemberId,
        to: MemberId,
        message: Message,
    ) -> Result<(), ScriptError> {
        let now = self.now;
        let member = self.member(to)?;
        let Some(raft) = member.raft.as_mut() else { return Ok(()) };
        if raft.is_quiet() && !raft.is_woken_by(&message) {
            return Ok(());
        }
        raft.wake(now, |_| now);
        let entries = match &message {
            Message::Append { spans, configurations, .. } => Some((spans.clone(), configurations.clone())),
            _ => None,
        };
        if let Err(refused) = raft.receive(now, from, message, &mut member.fx) {
            self.tell(format!("{to} refuses: {refused}"));
        }
        self.carry_out(to, entries)
    }

    /// Ends a flush of `id` with success, and informs its core.
    pub(super) fn flushed(&mut self, id: MemberId) -> Result<(), ScriptError> {
        self.released(id)?;
        self.told(id)
    }

    /// Ends a flush of `id` with success, and sends the messages that waited for it. Does not inform the core yet.
    pub(super) fn released(&mut self, id: MemberId) -> Result<(), ScriptError> {
        let member = self.member(id)?;
        if member.raft.is_none() {
            return Ok(());
        }
        let Some(token) = member.disk.end_flush() else { return Ok(()) };
        member.untold = Some(token);
        let waiting = std::mem::take(&mut member.held);
        let (free, held): (Vec<_>, _) = waiting.into_iter().partition(|(after, ..)| *after <= token);
        member.held = held;
        for (_, to, message) in free {
            self.dispatch(id, to, message);
        }
        Ok(())
    }

    /// Informs the core of `id` of the flushes that have ended.
    pub(super) fn told(&mut self, id: MemberId) -> Result<(), ScriptError> {
        match self.member(id)?.untold.take() {
            Some(token) => self.call(id, |raft, _, fx| raft.durable(token, fx)),
            None => Ok(()),
        }
    }

    fn carry_out(
        &mut self,
        id: MemberId,
        mut entries: Option<(Spans, Vec<(Index, Configuration)>)>,
    ) -> Result<(), ScriptError> {
        let mut fx = std::mem::take(&mut self.member(id)?.fx);
        for effect in fx.drain() {
            self.one_effect(id, effect, &mut entries)?;
        }
        let member = self.member(id)?;
        member.fx = fx;
        if let Some(raft) = &member.raft {
            let token = raft.token();
            member.disk.note(token);
        }
        Ok(())
    }

    fn one_effect(
        &mut self,
        id: MemberId,
        effect: Effect,
        entries: &mut Option<(Spans, Vec<(Index, Configuration)>)>,
    ) -> Result<(), ScriptError> {
        match effect {
            Effect::SaveVote { term, vote } => {
                self.member(id)?.disk.write(Write::Vote(term, vote));
                let vote = vote.map_or("no vote".to_owned(), |vote| format!("vote for {vote}"));
                self.detail(|| format!("{id} saves term {term}, {vote}"));
            }
            Effect::Append { first } => {
                let (spans, configurations) = entries.take().ok_or(ScriptError::Missing("entries"))?;
                let spans = from_index(&spans, first);
                let kept = configurations.into_iter().filter(|(index, _)| *index >= first).collect();
                let shown = show::entries(&spans);
                self.member(id)?.disk.write(Write::Entries(spans, kept));
                self.detail(|| format!("{id} stores {shown} from {first} on"));
            }
            Effect::AppendInternal { id: at, entry } => {
                self.append_own(id, Span { term: at.term, first: at.index, last: at.index }, entry)?
            }
            Effect::Send { to, message, after } => self.send(id, to, message, after)?,
            Effect::Commit { index } => self.tell(format!("{id} commits {index}")),
            Effect::ReadReady { through, index } => {
                self.tell(format!("{id} answers reads through {} at {index}", through.0));
            }
            Effect::ReadsLost => self.tell(format!("{id} gives up its waiting reads")),
            Effect::FollowerLostEntries { peer, first, last } => {
                self.tell(format!("{id} finds that {peer} lost {first}..{last}, which it had acknowledged"));
            }
            Effect::Role { role, term, leader } => {
                let leader = match leader {
                    Some(leader) if leader != id => format!(", led by {leader}"),
                    _ => String::new(),
                };
                self.tell(format!("{id} is {} of term {term}{leader}", show::role(role)));
            }
        }
        Ok(())
    }

    fn append_own(&mut self, id: MemberId, at: Span, entry: InternalEntry) -> Result<(), ScriptError> {
        let (configurations, shown) = match entry {
            InternalEntry::Noop => (Vec::new(), "no-op".to_owned()),
            InternalEntry::Configuration(c) => {
                let shown = format!("configuration {}", show::configuration(&c));
                (vec![(at.first, c)], shown)
            }
        };
        self.member(id)?.disk.write(Write::Entries(one(at), configurations));
        self.detail(|| format!("{id} stores {shown} at ({},{})", at.term, at.first));
        Ok(())
    }

    fn send(
        &mut self,
        from: MemberId,
        to: MemberId,
        message: Message,
        after: Token,
    ) -> Result<(), ScriptError> {
        if after == Token::ZERO {
            self.dispatch(from, to, message);
            return Ok(());
        }
        self.detail(|| format!("{from} holds until flushed, for {to}: {}", show::message(&message)));
        self.member(from)?.held.push((after, to, message));
        Ok(())
    }

    /// Sends a message to the network.
    fn dispatch(&mut self, from: MemberId, to: MemberId, message: Message) {
        self.detail(|| format!("{from} → {to} {}", show::message(&message)));
        self.network.push_back(Envelope { from, to, message });
    }

    /// Takes the oldest message that `wanted` allows out of the network.
    pub(super) fn take(
        &mut self,
        wanted: impl Fn(MemberId, MemberId, &Message) -> bool,
    ) -> Option<(MemberId, MemberId, Message)> {
        let at = self.network.iter().position(|e| wanted(e.from, e.to, &e.message))?;
        self.network.remove(at).map(|e| (e.from, e.to, e.message))
    }

    /// Puts a message into the network, as a copy or out of order.
    #[cfg(test)]
    pub(super) fn put(&mut self, from: MemberId, to: MemberId, message: Message) {
        self.network.push_back(Envelope { from, to, message });
    }

    /// Isolates a member, or reconnects it.
    pub(super) fn isolate(&mut self, id: MemberId, isolated: bool) {
        if isolated {
            self.isolated.insert(id);
        } else {
            self.isolated.remove(&id);
        }
    }

    /// Returns whether a message can be delivered.
    pub(super) fn connected(&self, from: MemberId, to: MemberId) -> bool {
        !self.isolated.contains(&from) && !self.isolated.contains(&to)
    }

    /// Returns the member that has to be ticked next, and the time.
    pub(super) fn next_deadline(&self) -> Option<(Duration, MemberId)> {
        self.members.values().filter_map(|m| m.raft.as_ref().map(|raft| (raft.deadline(), m.id))).min()
    }
}

fn one(span: Span) -> Spans {
    let mut spans = Spans::default();
    spans.push(span);
    spans
}

/// Returns the entries from `first` on.
fn from_index(spans: &Spans, first: Index) -> Spans {
    let mut rest = Spans::default();
    for span in spans.iter().filter(|span| span.last >= first) {
        rest.push(Span { first: span.first.max(first), ..span });
    }
    rest
}
