//! The setup of these examples: three members in this process, in memory. With addresses and directories, as the
//! README shows, they are three processes on three machines.
#![allow(dead_code, reason = "no example uses all of it")]

use copycat::{Cluster, Copycat, CopycatBuilder, Error, Member, MemoryNetwork, Storage};
use std::time::Duration;

/// Starts three members, and opens a resource on each of them, as all members of a cluster do.
pub(crate) async fn three_members<P>(
    open: impl AsyncFn(&Copycat) -> Result<P, Error>,
) -> Result<Vec<(Copycat, P)>, Error> {
    let mut started = Vec::new();
    for member in describe()? {
        started.push(member.open().await?);
    }
    let mut members = Vec::new();
    for member in started {
        let proxy = open(&member).await?;
        members.push((member, proxy));
    }
    Ok(members)
}

/// Starts three members like `three_members`, for programs without a runtime.
pub(crate) fn three_members_sync<P>(
    open: impl Fn(&Copycat) -> Result<P, Error>,
) -> Result<Vec<(Copycat, P)>, Error> {
    let started: Vec<_> = describe()?.into_iter().map(CopycatBuilder::open_sync).collect::<Result<_, _>>()?;
    started.into_iter().map(|member| open(&member).map(|proxy| (member, proxy))).collect()
}

fn describe() -> Result<Vec<CopycatBuilder>, Error> {
    let network = MemoryNetwork::new();
    let describe = |me| {
        let mut cluster = Cluster::builder().with_member_id(me);
        for id in 1..=3 {
            cluster = cluster.add_seed(Member::new(id, format!("member-{id}:1")));
        }
        let member = Copycat::builder().with_cluster(cluster.build()?).with_storage(Storage::memory());
        Ok(member.with_memory_network(&network))
    };
    (1..=3).map(describe).collect()
}

/// Stops the leader of a resource at once, as if its process had died, and waits until another member leads.
pub(crate) async fn stop_leader<P>(members: &mut Vec<(Copycat, P)>, resource: &str) -> Result<(), Error> {
    let gone = leader(&members[0].0, resource, None).await?;
    members.retain(|(member, _)| member.cluster().local_member().id() != gone);
    leader(&members[0].0, resource, Some(gone)).await?;
    println!("member {gone}, which led, is gone");
    Ok(())
}

/// Waits until a resource has a leader other than `gone`, and returns it.
async fn leader(member: &Copycat, resource: &str, gone: Option<u64>) -> Result<u64, Error> {
    loop {
        let leader = member.status().await?.group(resource, 0).and_then(|group| group.leader);
        if let Some(leader) = leader.filter(|leader| Some(*leader) != gone) {
            return Ok(leader);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
