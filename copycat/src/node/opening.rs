//! Creates everything that a node's loop needs: directory, log, address, connections, threads.

use super::address_book::AddressBook;
use super::admission::MemberAdmission;
use super::alarm::Alarm;
use super::bootstrap::Bootstrap;
use super::bootstrap_state::BootstrapState;
use super::clock::now;
use super::command::Channels;
use super::completions::Completions;
use super::data_directory::DataDirectory;
use super::driver::{Driver, EVENTS_DEPTH};
use super::identity::IdentityError;
use super::links::PeerLinks;
use super::options::{Options, Storage};
use super::shard::Shard;
use super::streams::Streams;
use super::wire::{BootstrapRecord, Incoming};
use super::workers;
use crate::codec::ids::MemberId;
use crate::storage::{Disk, FileDisk, Journal, MemoryDisk, Owner, Recovered, SlowedDisk, StorageError};
use crate::transport::acceptor::Acceptor;
use crate::transport::endpoint::Endpoint;
use crate::transport::event::Inbox;
use crate::transport::limits::Limits;
use crate::transport::peer::{Peer, PeerSender};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;

/// Why a node did not start. Nothing was sent; a new data directory may have been created.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The journal cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: String,
        /// The error of the system.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The cluster was bootstrapped by other members than the configured seeds.
    #[error("the cluster was formed by members {formed:?}, not by {configured:?}")]
    SeedsDiffer {
        /// The recorded members.
        formed: Vec<u64>,
        /// The configured members.
        configured: Vec<u64>,
    },
}

impl Driver {
    /// Opens the data directory and the journal, listens on the address, and starts to dial the other members.
    pub(super) async fn open(options: &Options, channels: Channels) -> Result<Driver, StartError> {
        let mut entropy = fastrand::Rng::new();
        let directory = match &options.storage {
            Storage::Memory => DataDirectory::in_memory(options.me, options.election_timeout, &mut entropy),
            Storage::Directory { path, .. } => {
                DataDirectory::open(path, options.me, options.election_timeout, &mut entropy)?
            }
        };
        let identity = directory.identity().clone();
        check_seeds(options, identity.bootstrap_record.as_ref())?;
        let (journal, recovered) = open_journal(options, &directory, entropy.u64(..))?;
        if let Some(cut) = &recovered.cut {
            tracing::info!(?cut, "cut what follows the journal's last intact batch, as a torn write");
        }

        let seeds = options.seeds.iter().map(|(member, _)| *member).collect();
        let bootstrap_state =
            BootstrapState::new(options.me, identity.disk_id, seeds, identity.bootstrap_record.clone());
        let admission = Arc::new(MemberAdmission::new(
            options.me,
            identity.disk_id,
            options.election_timeout,
            bootstrap_state,
        ));
        let ((control_in, control), (bulk_in, bulk)) =
            (mpsc::channel(EVENTS_DEPTH), mpsc::channel(EVENTS_DEPTH));
        let endpoint: Endpoint<Incoming> = Endpoint {
            network: options.network.clone(),
            admission: admission.clone(),
            inbox: Inbox { control: control_in, bulk: bulk_in },
            limits: Limits::default(),
        };
        let acceptor = Acceptor::listen(&endpoint, &options.listen)
            .await
            .map_err(|source| StartError::Address { address: options.listen.clone(), source })?;
        let peers: BTreeMap<MemberId, Peer> =
            options.peers().map(|(id, address)| (*id, Peer::dial(&endpoint, *id, address))).collect();
        tracing::info!(member = %options.me, address = acceptor.address(), "listening");
        let senders: BTreeMap<MemberId, PeerSender> =
            peers.iter().map(|(id, peer)| (*id, peer.sender())).collect();
        let links = PeerLinks::new(senders.clone());
        let shard_options = options.shard(entropy.u64(..), identity.longest_election_timeout);
        let shard = Shard::new(shard_options, journal, recovered, Box::new(links.clone()));

        let completions = Arc::new(Completions::default());
        let mut driver = Driver {
            shard,
            peers,
            addresses: AddressBook::new(options.seeds.iter().cloned().collect()),
            acceptor,
            flusher: workers::flusher(0, links.clone(), completions.clone()).map_err(StartError::Thread)?,
            preallocator: workers::preallocator(0, completions.clone()).map_err(StartError::Thread)?,
            applier: workers::applier(0, completions.clone()).map_err(StartError::Thread)?,
            streams: Streams::new(options.me),
            links,
            channels,
            completions,
            control,
            bulk,
            inputs: Vec::new(),
            alarm: Alarm::new(),
            next_tell: Duration::ZERO,
            next_bootstrap: Duration::ZERO,
            bootstrap: Bootstrap::new(now(), admission, senders, directory),
        };
        let bootstrap_record = driver.bootstrap.begin();
        driver.activate(bootstrap_record);
        Ok(driver)
    }
}

fn check_seeds(options: &Options, bootstrap_record: Option<&BootstrapRecord>) -> Result<(), StartError> {
    let Some(bootstrap_record) = bootstrap_record else { return Ok(()) };
    let formed: Vec<u64> = bootstrap_record.members.iter().map(|(member, _)| member.0).collect();
    let mut configured: Vec<u64> = options.seeds.iter().map(|(member, _)| member.0).collect();
    configured.sort_unstable();
    if formed == configured { Ok(()) } else { Err(StartError::SeedsDiffer { formed, configured }) }
}

fn open_journal(
    options: &Options,
    directory: &DataDirectory,
    salts: u64,
) -> Result<(Journal, Recovered), StorageError> {
    let owner = Owner { disk_id: directory.identity().disk_id, member: options.me, shard: 0 };
    let mut kept = crate::storage::JournalOptions::new(owner);
    let disk: Arc<dyn Disk> = match &options.storage {
        Storage::Memory => Arc::new(MemoryDisk::default()),
        Storage::Directory { path, segment_len, slowed_to } => {
            kept.segment_len = *segment_len;
            let files = Arc::new(FileDisk::open(&path.join(super::JOURNAL_DIRECTORY))?);
            if slowed_to.is_zero() { files } else { Arc::new(SlowedDisk::new(files, *slowed_to)) }
        }
    };
    Journal::open(disk, kept, salts)
}
