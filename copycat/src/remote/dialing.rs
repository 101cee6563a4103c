//! Attempts to connect: one at a time to find a default member, a few to reach leaders, each with pauses in
//! between.

use super::Options;
use super::wire::Incoming;
use crate::codec::configuration::MEMBERS_MAX;
use crate::codec::ids::MemberId;
use crate::request::wire::leaders::LeaderHint;
use crate::transport::client::{Client, ClientError};
use crate::transport::limits::Limits;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Pause between two attempts to find a default member.
const DEFAULT_PAUSE: Duration = Duration::from_millis(50);
/// First pause before a leader that could not be reached is tried again; doubles with every failure.
const LEADER_PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause before a leader is tried again.
const LEADER_PAUSE_MAX: Duration = Duration::from_secs(10);
/// Most leaders that are tried at the same time. So a member that names many false leaders gets few of them
/// tried.
const LEADERS_MAX: usize = 4;

/// A finished attempt.
#[derive(Debug)]
pub(super) struct Dialed {
    /// The leader that was to be reached; `None`: any member, to be the default member.
    pub leader: Option<MemberId>,
    pub outcome: Result<Client<Incoming>, ClientError>,
}

/// The state of the attempts to reach one leader.
#[derive(Debug)]
struct Attempts {
    in_flight: bool,
    next: Instant,
    /// The pause after the next failure.
    pause: Duration,
}

/// All attempts to connect.
#[derive(Debug)]
pub(super) struct Dialing {
    options: Options,
    /// The cluster of this handle; no other is ever used. 0: not known yet.
    cluster: u128,
    attempts: JoinSet<Dialed>,
    seeking_default: bool,
    next_default: Option<Instant>,
    leaders: BTreeMap<MemberId, Attempts>,
    /// Members that were reached as leaders, by addresses that were not configured. Each may be the next
    /// default member.
    learned: BTreeMap<MemberId, String>,
}

impl Dialing {
    pub(super) fn new(options: Options) -> Dialing {
        Dialing {
            options,
            cluster: 0,
            attempts: JoinSet::new(),
            seeking_default: false,
            next_default: None,
            leaders: BTreeMap::new(),
            learned: BTreeMap::new(),
        }
    }

    /// Connects to the first default member, without which there is no handle.
    pub(super) async fn first(&mut self) -> Result<Client<Incoming>, ClientError> {
        let addresses = self.addresses(None);
        let client = dial(&self.options, &addresses, 0, None).await?;
        self.cluster = client.identity.cluster;
        Ok(client)
    }

    /// Returns whether the handle's cluster is known.
    pub(super) fn knows_cluster(&self) -> bool {
        self.cluster != 0
    }

    /// Looks for a default member; the address `except` is tried last. Returns whether a search is in progress
    /// now.
    pub(super) fn seek_default(&mut self, now: Instant, except: Option<&str>) -> bool {
        if self.seeking_default {
            return true;
        }
        if self.next_default.is_some_and(|next| next > now) {
            return false;
        }
        (self.seeking_default, self.next_default) = (true, Some(now + DEFAULT_PAUSE));
        self.start(None, self.addresses(except));
        true
    }

    fn addresses(&self, except: Option<&str>) -> Vec<String> {
        let configured = self.options.members.iter().map(|(_, address)| address);
        let mut addresses: Vec<String> = configured.chain(self.learned.values()).cloned().collect();
        fastrand::shuffle(&mut addresses);
        addresses.sort_by_key(|address| Some(address.as_str()) == except);
        addresses
    }

    /// Tries to reach a leader, unless it was tried a moment ago. A configured address wins: the members' own
    /// addresses may not be reachable from outside.
    pub(super) fn reach(&mut self, now: Instant, leader: &LeaderHint) {
        assert!(self.knows_cluster(), "others could not be checked against a cluster that is not known");
        if !self.may_reach(now, leader.member) {
            return;
        }
        let pause = self.leaders.get(&leader.member).map_or(LEADER_PAUSE_MIN, |attempts| attempts.pause);
        self.leaders.insert(leader.member, Attempts { in_flight: true, next: now, pause });
        let configured = self.options.members.iter().filter(|(member, _)| *member == leader.member);
        let mut addresses: Vec<String> = configured.map(|(_, address)| address.clone()).collect();
        if addresses.is_empty() {
            addresses.push(leader.address.clone());
        }
        self.start(Some(leader.member), addresses);
    }

    fn may_reach(&mut self, now: Instant, member: MemberId) -> bool {
        let in_flight = self.leaders.values().filter(|attempts| attempts.in_flight).count();
        if let Some(attempts) = self.leaders.get(&member) {
            return !attempts.in_flight && attempts.next <= now && in_flight < LEADERS_MAX;
        }
        if self.leaders.len() >= MEMBERS_MAX {
            // A cluster has no more members, so most of these are false. Those that are due again are
            // forgotten.
            self.leaders.retain(|_, attempts| attempts.in_flight || attempts.next > now);
        }
        in_flight < LEADERS_MAX && self.leaders.len() < MEMBERS_MAX
    }

    fn start(&mut self, leader: Option<MemberId>, addresses: Vec<String>) {
        let (options, cluster) = (self.options.clone(), self.cluster);
        self.attempts.spawn(async move {
            let outcome = dial(&options, &addresses, cluster, leader).await;
            Dialed { leader, outcome }
        });
    }

    /// Waits for the next finished attempt; does not return while there is none. Its outcome must be
    /// [noted](Self::note).
    pub(super) async fn next(&mut self) -> Dialed {
        loop {
            match self.attempts.join_next().await {
                Some(Ok(dialed)) => return dialed,
                Some(Err(error)) => tracing::error!(%error, "an attempt to connect ended by itself"),
                None => std::future::pending().await,
            }
        }
    }

    /// Records the outcome of an attempt, and logs a failure.
    pub(super) fn note(&mut self, now: Instant, dialed: &Dialed) {
        match (dialed.leader, &dialed.outcome) {
            (None, outcome) => {
                self.seeking_default = false;
                match outcome {
                    Ok(client) if self.cluster == 0 => self.cluster = client.identity.cluster,
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%error, "no member answers yet"),
                }
            }
            (Some(leader), Ok(client)) => {
                self.leaders.remove(&leader);
                let configured = self.options.members.iter().any(|(_, address)| *address == client.address);
                if !configured && self.learned.len() < MEMBERS_MAX {
                    self.learned.insert(leader, client.address.clone());
                }
            }
            (Some(leader), Err(error)) => {
                if let Some(attempts) = self.leaders.get_mut(&leader) {
                    tracing::debug!(%leader, %error, pause = ?attempts.pause, "the leader cannot be reached from here");
                    attempts.in_flight = false;
                    attempts.next = now + attempts.pause;
                    attempts.pause = (attempts.pause * 2).min(LEADER_PAUSE_MAX);
                }
            }
        }
    }
}

async fn dial(
    options: &Options,
    addresses: &[String],
    cluster: u128,
    expected: Option<MemberId>,
) -> Result<Client<Incoming>, ClientError> {
    Client::connect(&*options.network, addresses, cluster, expected, &Limits::default()).await
}
