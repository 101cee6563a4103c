//! How a cluster begins, carried out: what [`founders`](super::founders) decides is recorded, announced and told to
//! those who wait for it.

use super::data_directory::DataDirectory;
use super::founders::NotMine;
use super::gate::{MemberGate, formation_of};
use super::wire::{Formation, Message};
use crate::codec::ids::MemberId;
use crate::transport::lane::PeerSender;
use crate::transport::wire::{Identity, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Pause before what is not urgent is recorded again, on a disk that refused it.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Told when the cluster is formed, or why it is not, as far as this member is concerned.
pub(super) type FormedReply = oneshot::Sender<Result<(), NotMine>>;

/// This member's part in the beginning of its cluster, and its memory of it.
#[derive(Debug)]
pub(super) struct Bootstrap {
    gate: Arc<MemberGate>,
    lanes: BTreeMap<MemberId, PeerSender>,
    directory: DataDirectory,
    /// When nothing that earlier processes may have promised holds any more.
    promises_end: Duration,
    /// A formation that another member has shown and that could not be recorded yet. It stays true; an own
    /// proposal does not, for a founder may come back with another disk.
    unrecorded: Option<Formation>,
    /// What was last logged of the kind.
    outcast: Option<NotMine>,
    waiting: Vec<FormedReply>,
}

impl Bootstrap {
    pub(super) fn new(
        now: Duration,
        gate: Arc<MemberGate>,
        lanes: BTreeMap<MemberId, PeerSender>,
        directory: DataDirectory,
    ) -> Bootstrap {
        let promises_end = now + directory.identity().promised;
        Bootstrap {
            gate,
            lanes,
            directory,
            promises_end,
            unrecorded: None,
            outcast: None,
            waiting: Vec::new(),
        }
    }

    /// The start. Returns what is in force: recorded long ago, or, for a member that is alone, just now.
    pub(super) fn begin(&mut self) -> Option<Formation> {
        let recorded = self.gate.founders().formation().cloned();
        recorded.or_else(|| self.propose())
    }

    /// Time passes: what could not be recorded is tried again, and nobody is told who no longer waits.
    pub(super) fn tick(&mut self, now: Duration) -> Option<Formation> {
        if now >= self.promises_end
            && let Err(error) = self.directory.promises_are_over()
        {
            tracing::warn!(%error, "cannot record that old promises are over; trying again");
            self.promises_end = now + RETRY_INTERVAL;
        }
        self.waiting.retain(|waiting| !waiting.is_closed());
        match self.unrecorded.clone() {
            Some(formation) => self.record(formation),
            None => self.propose(),
        }
    }

    /// A member answered. Returns the formation if it is in force from now on.
    pub(super) fn connected(&mut self, peer: MemberId, identity: &Identity) -> Option<Formation> {
        self.gate.founders().reconciled(peer);
        match formation_of(identity) {
            Ok(Some(formation)) => self.shown(peer, &formation),
            Ok(None) => self.met(peer, identity.storage),
            // The gate refuses those.
            Err(_) => None,
        }
    }

    /// A member is out of reach.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        self.gate.founders().lost(peer);
    }

    /// A member does not let this one in, or is not let in.
    pub(super) fn refused(&mut self, peer: MemberId, refusal: Refusal) {
        self.gate.founders().refused(peer, refusal);
        self.tell();
    }

    /// A member shows a formation. Returns it if it is in force from now on.
    pub(super) fn shown(&mut self, peer: MemberId, formation: &Formation) -> Option<Formation> {
        let examined = self.gate.founders().examine(formation);
        match examined {
            Ok(true) => {
                self.unrecorded = Some(formation.clone());
                self.record(formation.clone())
            }
            Ok(false) => None,
            Err(not_mine) => {
                self.gate.founders().estranged(peer, not_mine);
                self.tell();
                None
            }
        }
    }

    /// Somebody waits for the cluster to be formed.
    pub(super) fn wait(&mut self, formed: FormedReply) {
        self.waiting.push(formed);
        self.tell();
    }

    /// A seed without a cluster: it may complete the founders, or have missed how the cluster was formed.
    fn met(&mut self, peer: MemberId, storage: u128) -> Option<Formation> {
        let formed = self.gate.founders().formation().cloned();
        if let Some(formation) = formed {
            self.announce(peer, formation);
            return None;
        }
        self.gate.founders().met(peer, storage);
        self.propose()
    }

    fn propose(&mut self) -> Option<Formation> {
        if self.unrecorded.is_some() {
            return None;
        }
        let proposal = self.gate.founders().propose(fastrand::u128(1..))?;
        self.record(proposal)
    }

    fn announce(&self, peer: MemberId, formation: Formation) {
        // One that is out of reach now hears of it when it is back: the handshake tells, too.
        if let Some(lane) = self.lanes.get(&peer) {
            let _ = lane.send(Message::Form(formation));
        }
    }

    /// Makes a formation durable; only then is it in force, and told to everybody: whoever wrote it may have told
    /// only this member before it fell, and those that are connected already say no other word about it.
    fn record(&mut self, formation: Formation) -> Option<Formation> {
        if let Err(error) = self.directory.record(formation.clone()) {
            tracing::error!(%error, "cannot record who formed the cluster; trying again");
            return None;
        }
        self.unrecorded = None;
        tracing::info!(cluster = %format_args!("{:032x}", formation.cluster), "the cluster is formed");
        self.gate.founders().adopt(formation.clone());
        self.tell();
        for peer in self.lanes.keys() {
            self.announce(*peer, formation.clone());
        }
        Some(formation)
    }

    /// Tells those who wait what there is to tell.
    fn tell(&mut self) {
        let founders = self.gate.founders();
        let told = match (founders.outcast(), founders.formation()) {
            (Some(not_mine), _) => Err(not_mine),
            (None, Some(_)) => Ok(()),
            (None, None) => return,
        };
        drop(founders);
        if let Err(not_mine) = told
            && self.outcast.replace(not_mine) != Some(not_mine)
        {
            tracing::error!(reason = %not_mine, "this member takes no part in the cluster");
        }
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::founders::Founders;
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    const ELECTION: Duration = Duration::from_millis(250);

    /// A member of two seeds whose directory may be taken away and given back: a disk that refuses.
    fn member(me: u64, path: &Path) -> (Bootstrap, u128) {
        let directory =
            DataDirectory::open(path, MemberId(me), ELECTION, &mut fastrand::Rng::with_seed(1)).unwrap();
        let storage = directory.identity().storage;
        let founders = Founders::new(MemberId(me), storage, vec![MemberId(1), MemberId(2)], None);
        let gate = Arc::new(MemberGate::new(MemberId(me), storage, ELECTION, founders));
        (Bootstrap::new(Duration::ZERO, gate, BTreeMap::new(), directory), storage)
    }

    fn directory(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("copycat-bootstrap-{name}-{}", std::process::id()))
    }

    fn unformed(member: u64, storage: u128) -> Identity {
        Identity {
            member: MemberId(member),
            storage,
            election_ms: 250,
            cluster: 0,
            bootstrap: Default::default(),
        }
    }

    #[test]
    fn what_is_recorded_at_last_is_not_recorded_again() {
        let path = directory("shown");
        let (mut bootstrap, storage) = member(2, &path);
        let formation = Formation { cluster: 9, members: vec![(MemberId(1), 10), (MemberId(2), storage)] };
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(bootstrap.shown(MemberId(1), &formation), None);
        fs::create_dir_all(&path).unwrap();
        assert_eq!(bootstrap.shown(MemberId(1), &formation), Some(formation));
        assert_eq!(bootstrap.tick(Duration::ZERO), None);
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_proposal_that_could_not_be_recorded_is_made_again() {
        let path = directory("proposed");
        let (mut bootstrap, _) = member(1, &path);
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(bootstrap.connected(MemberId(2), &unformed(2, 20)), None);
        assert_eq!(bootstrap.tick(Duration::ZERO), None);
        fs::create_dir_all(&path).unwrap();
        assert!(bootstrap.tick(Duration::ZERO).is_some());
        assert_eq!(bootstrap.connected(MemberId(2), &unformed(2, 20)), None);
        assert_eq!(bootstrap.tick(Duration::ZERO), None);
        fs::remove_dir_all(&path).unwrap();
    }

    #[test]
    fn a_proposal_is_given_up_when_a_founder_has_come_back_with_another_disk() {
        let path = directory("other-disk");
        let (mut bootstrap, storage) = member(1, &path);
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(bootstrap.connected(MemberId(2), &unformed(2, 20)), None);
        bootstrap.disconnected(MemberId(2));
        fs::create_dir_all(&path).unwrap();
        assert_eq!(bootstrap.tick(Duration::ZERO), None, "not all are present");
        let formation = bootstrap.connected(MemberId(2), &unformed(2, 21)).unwrap();
        assert_eq!(formation.members, [(MemberId(1), storage), (MemberId(2), 21)]);
        fs::remove_dir_all(&path).unwrap();
    }
}
