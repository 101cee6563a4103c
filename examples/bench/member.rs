//! One member as a process. It prints `ready` when it serves, and a line of JSON for each line that it reads. It
//! closes in order when its input ends, which also happens when its parent process is gone.

use super::arguments::MemberOptions;
use super::calls::{self, leads_of};
use super::store::{AsyncStore, NAME, Values};
use copycat::{Cluster, Copycat, Member, Role, Storage};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead, Write};

/// The status of a member.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Whether the member leads the store.
    pub leads: bool,
    /// Number of partitions that the member leads, per resource.
    pub leads_of: BTreeMap<String, u32>,
    pub applied: u64,
    pub flushes: u64,
    pub frames: u64,
}

pub(crate) fn run(options: &MemberOptions) -> Result<(), Box<dyn Error>> {
    // The member has threads of its own; this one only waits.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let seeds = options.seeds.iter().map(|(id, address)| Member::new(*id, address));
        let cluster =
            seeds.fold(Cluster::builder().with_member_id(options.id), |all, seed| all.add_seed(seed));
        let storage = Storage::builder().with_directory(&options.data).with_slowed_flush(options.slow_flush);
        let copycat =
            Copycat::builder().with_cluster(cluster.build()?).with_storage(storage.build()?).open().await?;
        let hosted = host(&copycat, options).await?;
        println!("ready");
        for line in io::stdin().lock().lines() {
            let _asked = line?;
            println!("{}", serde_json::to_string(&report(&copycat, options).await?)?);
            io::stdout().flush()?;
        }
        drop(hosted);
        copycat.close().await;
        Ok(())
    })
}

/// Opens the resources to be measured. The returned values keep them open.
async fn host(copycat: &Copycat, options: &MemberOptions) -> Result<Vec<Box<dyn Any>>, copycat::Error> {
    if !options.calls.is_empty() {
        return calls::host(copycat, &options.calls, options.partitions).await;
    }
    let store: AsyncStore = copycat.state_machine(NAME, Values::default).open().await?;
    Ok(vec![Box::new(store)])
}

async fn report(copycat: &Copycat, options: &MemberOptions) -> Result<Report, copycat::Error> {
    let status = copycat.status().await?;
    let group = status.group(NAME, 0);
    Ok(Report {
        leads_of: leads_of(&status, &options.calls, options.partitions),
        leads: group.is_some_and(|group| group.role == Role::Leader),
        applied: group.map_or(0, |group| group.applied),
        flushes: status.log.flushes,
        frames: status.log.frames,
    })
}
