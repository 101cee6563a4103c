//! The bootstrap of a cluster, carried out: what [`bootstrap_state`](super::bootstrap_state) decides is recorded, sent
//! to the seeds, and told to the callers that wait for it.

use super::admission::{MemberAdmission, bootstrap_record_of};
use super::bootstrap_state::JoinError;
use super::data_directory::DataDirectory;
use super::wire::{BootstrapRecord, Message};
use crate::codec::ids::MemberId;
use crate::transport::peer::PeerSender;
use crate::transport::wire::{Refusal, Welcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Pause before the next attempt to record the end of old vote blocks on a disk that refused it.
const RETRY_INTERVAL: Duration = Duration::from_secs(60);

/// Told when the cluster is bootstrapped, or why this member cannot join it.
pub(super) type BootstrapReply = oneshot::Sender<Result<(), JoinError>>;

/// This member's part in the bootstrap of its cluster, and its record of it.
#[derive(Debug)]
pub(super) struct Bootstrap {
    admission: Arc<MemberAdmission>,
    senders: BTreeMap<MemberId, PeerSender>,
    directory: DataDirectory,
    /// The time when the vote blocks of earlier processes are over.
    vote_blocks_end: Duration,
    /// A bootstrap record that another member has sent and that could not be stored yet. It stays valid, so it is
    /// kept. A proposal of this member that could not be stored is made anew, because a seed may come back with another
    /// disk.
    unrecorded: Option<BootstrapRecord>,
    /// The error that was logged last.
    logged_error: Option<JoinError>,
    waiting: Vec<BootstrapReply>,
}

impl Bootstrap {
    pub(super) fn new(
        now: Duration,
        admission: Arc<MemberAdmission>,
        senders: BTreeMap<MemberId, PeerSender>,
        directory: DataDirectory,
    ) -> Bootstrap {
        let vote_blocks_end = now + directory.identity().longest_election_timeout;
        Bootstrap {
            admission,
            senders,
            directory,
            vote_blocks_end,
            unrecorded: None,
            logged_error: None,
            waiting: Vec::new(),
        }
    }

    /// Starts the bootstrap. Returns the record that is in force: one that was stored earlier, or, for a single member,
    /// a new one.
    pub(super) fn begin(&mut self) -> Option<BootstrapRecord> {
        let recorded = self.admission.bootstrap_state().bootstrap_record().cloned();
        recorded.or_else(|| self.propose())
    }

    /// Retries what could not be stored, and drops callers that no longer wait.
    pub(super) fn tick(&mut self, now: Duration) -> Option<BootstrapRecord> {
        if now >= self.vote_blocks_end
            && let Err(error) = self.directory.forget_longer_timeouts()
        {
            tracing::warn!(%error, "cannot record that old vote blocks are over; trying again");
            self.vote_blocks_end = now + RETRY_INTERVAL;
        }
        self.waiting.retain(|waiting| !waiting.is_closed());
        match self.unrecorded.clone() {
            Some(bootstrap_record) => self.record(bootstrap_record),
            None => self.propose(),
        }
    }

    /// Handles a connection to a member. Returns the bootstrap record if it is in force from now on.
    pub(super) fn connected(&mut self, peer: MemberId, identity: &Welcome) -> Option<BootstrapRecord> {
        self.admission.bootstrap_state().mark_compatible(peer);
        match bootstrap_record_of(identity) {
            Ok(Some(bootstrap_record)) => self.shown(peer, &bootstrap_record),
            Ok(None) => self.seed_connected(peer, identity.disk_id),
            // The admission refuses such members.
            Err(_) => None,
        }
    }

    /// Handles a closed connection to a member.
    pub(super) fn disconnected(&mut self, peer: MemberId) {
        self.admission.bootstrap_state().seed_disconnected(peer);
    }

    /// Handles a refused connection: the member refused this one, or the reverse.
    pub(super) fn refused(&mut self, peer: MemberId, refusal: Refusal) {
        self.admission.bootstrap_state().refused(peer, refusal);
        self.tell();
    }

    /// Handles a bootstrap record that a member has sent. Returns it if it is in force from now on.
    pub(super) fn shown(
        &mut self,
        peer: MemberId,
        bootstrap_record: &BootstrapRecord,
    ) -> Option<BootstrapRecord> {
        let examined = self.admission.bootstrap_state().examine(bootstrap_record);
        match examined {
            Ok(true) => {
                self.unrecorded = Some(bootstrap_record.clone());
                self.record(bootstrap_record.clone())
            }
            Ok(false) => None,
            Err(join_error) => {
                self.admission.bootstrap_state().mark_incompatible(peer, join_error);
                self.tell();
                None
            }
        }
    }

    /// Adds a caller that waits for the bootstrap.
    pub(super) fn wait(&mut self, formed: BootstrapReply) {
        self.waiting.push(formed);
        self.tell();
    }

    /// Handles a seed that belongs to no cluster. It may complete the seeds, or may have missed the bootstrap.
    fn seed_connected(&mut self, peer: MemberId, disk_id: u128) -> Option<BootstrapRecord> {
        let formed = self.admission.bootstrap_state().bootstrap_record().cloned();
        if let Some(bootstrap_record) = formed {
            self.announce(peer, bootstrap_record);
            return None;
        }
        self.admission.bootstrap_state().seed_connected(peer, disk_id);
        self.propose()
    }

    fn propose(&mut self) -> Option<BootstrapRecord> {
        if self.unrecorded.is_some() {
            return None;
        }
        let proposal = self.admission.bootstrap_state().propose(fastrand::u128(1..))?;
        self.record(proposal)
    }

    fn announce(&self, peer: MemberId, bootstrap_record: BootstrapRecord) {
        // A member without a connection gets the record when it connects again: the handshake contains it, too.
        if let Some(sender) = self.senders.get(&peer) {
            let _ = sender.send(Message::Bootstrap(bootstrap_record));
        }
    }

    /// Stores the bootstrap record, then activates it and sends it to all seeds. The seed that wrote it may have
    /// crashed after reaching only this member, and members that are already connected send it no second handshake.
    fn record(&mut self, bootstrap_record: BootstrapRecord) -> Option<BootstrapRecord> {
        if let Err(error) = self.directory.record(bootstrap_record.clone()) {
            tracing::error!(%error, "cannot record who formed the cluster; trying again");
            return None;
        }
        self.unrecorded = None;
        tracing::info!(cluster = %format_args!("{:032x}", bootstrap_record.cluster), "the cluster is formed");
        self.admission.bootstrap_state().adopt(bootstrap_record.clone());
        self.tell();
        for peer in self.senders.keys() {
            self.announce(*peer, bootstrap_record.clone());
        }
        Some(bootstrap_record)
    }

    /// Tells waiting callers the result, if there is one.
    fn tell(&mut self) {
        let bootstrap_state = self.admission.bootstrap_state();
        let told = match (bootstrap_state.join_error(), bootstrap_state.bootstrap_record()) {
            (Some(join_error), _) => Err(join_error),
            (None, Some(_)) => Ok(()),
            (None, None) => return,
        };
        drop(bootstrap_state);
        if let Err(join_error) = told
            && self.logged_error.replace(join_error) != Some(join_error)
        {
            tracing::error!(reason = %join_error, "this member takes no part in the cluster");
        }
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bootstrap_state::BootstrapState;
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    const ELECTION: Duration = Duration::from_millis(250);

    /// Returns a member of two seeds. Its directory can be removed and restored, to simulate a disk that refuses
    /// writes.
    fn member(me: u64, path: &Path) -> (Bootstrap, u128) {
        let directory =
            DataDirectory::open(path, MemberId(me), ELECTION, &mut fastrand::Rng::with_seed(1)).unwrap();
        let disk_id = directory.identity().disk_id;
        let bootstrap_state =
            BootstrapState::new(MemberId(me), disk_id, vec![MemberId(1), MemberId(2)], None);
        let admission = Arc::new(MemberAdmission::new(MemberId(me), disk_id, ELECTION, bootstrap_state));
        (Bootstrap::new(Duration::ZERO, admission, BTreeMap::new(), directory), disk_id)
    }

    fn directory(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("copycat-bootstrap-{name}-{}", std::process::id()))
    }

    fn unformed(member: u64, disk_id: u128) -> Welcome {
        Welcome {
            member: MemberId(member),
            disk_id,
            election_ms: 250,
            cluster: 0,
            bootstrap: Default::default(),
        }
    }

    #[test]
    fn what_is_recorded_at_last_is_not_recorded_again() {
        let path = directory("shown");
        let (mut bootstrap, disk_id) = member(2, &path);
        let bootstrap_record =
            BootstrapRecord { cluster: 9, members: vec![(MemberId(1), 10), (MemberId(2), disk_id)] };
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(bootstrap.shown(MemberId(1), &bootstrap_record), None);
        fs::create_dir_all(&path).unwrap();
        assert_eq!(bootstrap.shown(MemberId(1), &bootstrap_record), Some(bootstrap_record));
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
        let (mut bootstrap, disk_id) = member(1, &path);
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(bootstrap.connected(MemberId(2), &unformed(2, 20)), None);
        bootstrap.disconnected(MemberId(2));
        fs::create_dir_all(&path).unwrap();
        assert_eq!(bootstrap.tick(Duration::ZERO), None, "not all are present");
        let bootstrap_record = bootstrap.connected(MemberId(2), &unformed(2, 21)).unwrap();
        assert_eq!(bootstrap_record.members, [(MemberId(1), disk_id), (MemberId(2), 21)]);
        fs::remove_dir_all(&path).unwrap();
    }
}
