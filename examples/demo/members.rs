//! Three members in one process, which can crash and start again.

use super::bank::{AsyncBank, Ledger};
use super::ports::free_ports;
use copycat::{Cluster, Copycat, Error, Member, Role, Storage};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;

/// Ids of the members.
const IDS: [u64; 3] = [1, 2, 3];
/// Pause between two checks of a status.
const LOOK: Duration = Duration::from_millis(10);

/// One member: its id, and while it runs, the member and a proxy on it.
struct Slot {
    id: u64,
    running: Option<(Copycat, AsyncBank)>,
}

/// The members, and the proxies by which clients find those that run.
pub(crate) struct Members {
    seeds: Vec<Member>,
    data_directory: TempDir,
    slots: Vec<Slot>,
    proxies: watch::Sender<Vec<AsyncBank>>,
}

impl Members {
    /// Starts three members on free ports, each with an empty log below `data_directory`.
    pub(crate) async fn start(data_directory: TempDir) -> Result<Members, Error> {
        let seeds = IDS
            .into_iter()
            .zip(free_ports(IDS.len()))
            .map(|(id, port)| Member::new(id, format!("127.0.0.1:{port}")));
        let slots = IDS.into_iter().map(|id| Slot { id, running: None }).collect();
        let (proxies, _) = watch::channel(Vec::new());
        let mut members = Members { seeds: seeds.collect(), data_directory, slots, proxies };
        members.restart_all().await?;
        Ok(members)
    }

    pub(crate) fn addresses(&self) -> String {
        self.seeds.iter().map(Member::address).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn directory(&self) -> String {
        self.data_directory.path().display().to_string()
    }

    /// Returns the proxies on the running members, updated as members start and stop.
    pub(crate) fn proxies(&self) -> watch::Receiver<Vec<AsyncBank>> {
        self.proxies.subscribe()
    }

    /// Returns a proxy on each running member.
    pub(crate) fn all(&self) -> Vec<AsyncBank> {
        self.slots.iter().filter_map(|slot| slot.running.as_ref()).map(|(_, proxy)| proxy.clone()).collect()
    }

    /// Returns a proxy on one running member.
    pub(crate) fn any(&self) -> AsyncBank {
        self.all().swap_remove(0)
    }

    /// Waits for a leader and returns its id.
    pub(crate) async fn leader(&self) -> Result<u64, Error> {
        loop {
            for (member, _) in self.slots.iter().filter_map(|slot| slot.running.as_ref()) {
                let status = member.status().await?;
                if status.group("bank", 0).is_some_and(|group| group.role == Role::Leader) {
                    return Ok(status.member);
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Stops a member at once, as if its process had died.
    pub(crate) fn crash(&mut self, id: u64) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            drop(slot.running.take());
        }
        self.announce();
    }

    /// Stops all members at once.
    pub(crate) fn crash_all(&mut self) {
        for slot in &mut self.slots {
            drop(slot.running.take());
        }
        self.announce();
    }

    /// Starts a member from the contents of its disk.
    pub(crate) async fn restart(&mut self, id: u64) -> Result<(), Error> {
        let member = self.open(id).await?;
        let proxy = member.state_machine("bank", Ledger::default).open().await?;
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.running = Some((member, proxy));
        }
        self.announce();
        Ok(())
    }

    /// Starts all members. Waits for none of them before all have begun.
    pub(crate) async fn restart_all(&mut self) -> Result<(), Error> {
        let mut started = Vec::new();
        for id in IDS {
            started.push(self.open(id).await?);
        }
        for (slot, member) in self.slots.iter_mut().zip(started) {
            let proxy = member.state_machine("bank", Ledger::default).open().await?;
            slot.running = Some((member, proxy));
        }
        self.announce();
        Ok(())
    }

    /// Waits until every member has applied everything that is committed.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        loop {
            let mut seen = Vec::new();
            for (member, _) in self.slots.iter().filter_map(|slot| slot.running.as_ref()) {
                let status = member.status().await?;
                seen.extend(status.group("bank", 0).map(|group| (group.last, group.applied)));
            }
            let newest = seen.iter().map(|(last, _)| *last).max();
            if seen.iter().all(|(last, applied)| last == applied && Some(*last) == newest) {
                return Ok(());
            }
            sleep(LOOK).await;
        }
    }

    /// Stops all members in order.
    pub(crate) async fn close(&mut self) {
        for slot in &mut self.slots {
            if let Some((member, _)) = slot.running.take() {
                member.close().await;
            }
        }
    }

    async fn open(&self, id: u64) -> Result<Copycat, Error> {
        let directory: PathBuf = self.data_directory.path().join(format!("member-{id}"));
        let cluster = self
            .seeds
            .iter()
            .cloned()
            .fold(Cluster::builder().with_member_id(id), |all, seed| all.add_seed(seed));
        let storage = Storage::builder().with_directory(directory).build()?;
        Copycat::builder().with_cluster(cluster.build()?).with_storage(storage).open().await
    }

    fn announce(&self) {
        self.proxies.send_replace(self.all());
    }
}
