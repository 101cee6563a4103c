//! All three members in this process, in memory: the cost that remains without disks and sockets.

use super::arguments::Options;
use super::load::drive;
use super::operations::{Figures, Meter, fill};
use super::report::{own_cpu, print};
use super::store::{AsyncStore, NAME, Values, clients};
use copycat::{Cluster, Copycat, Member, MemoryNetwork, Role, Storage};
use std::error::Error;
use std::time::Duration;
use tokio::time::sleep;

const IDS: [u64; 3] = [1, 2, 3];

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (members, proxies) = open().await?;
        for operation in options.operations.iter().copied() {
            for count in options.clients.iter().copied() {
                let proxy = proxies[leader(&members).await?].clone();
                fill(&proxy, options).await?;
                let meter = || Meter { clients: own_cpu(), ..Meter::default() };
                let clients = clients(&[proxy], operation, count, options);
                let (served, before, after) = drive(clients, options.time, meter).await;
                let meters = (&before, &after);
                print(&Figures::new(operation.name(), None, (count, 0), options, &served, meters));
            }
        }
        for member in members {
            member.close().await;
        }
        Ok(())
    })
}

async fn open() -> Result<(Vec<Copycat>, Vec<AsyncStore>), copycat::Error> {
    let network = MemoryNetwork::new();
    let seeds = IDS.map(|id| Member::new(id, format!("member-{id}:1")));
    let mut members = Vec::new();
    for id in IDS {
        let cluster = seeds.iter().cloned().fold(Cluster::builder(), |all, seed| all.add_seed(seed));
        let member = Copycat::builder()
            .with_cluster(cluster.with_member_id(id).build()?)
            .with_storage(Storage::memory())
            .with_memory_network(&network);
        members.push(member.open().await?);
    }
    let mut proxies = Vec::new();
    for member in &members {
        proxies.push(member.state_machine(NAME, Values::default).open().await?);
    }
    Ok((members, proxies))
}

async fn leader(members: &[Copycat]) -> Result<usize, copycat::Error> {
    loop {
        for (at, member) in members.iter().enumerate() {
            if member.status().await?.group(NAME, 0).is_some_and(|group| group.role == Role::Leader) {
                return Ok(at);
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
}
