//! One thread that answers for every partition, without consensus and without a log. Tests of proxies and state
//! machines run against it.

use super::client::{Partition, ResourceClient};
use super::dispatch::{Dispatch, Replica};
use super::proxy::Proxy;
use super::schema::schema_of;
use super::state_machine::group_of;
use crate::codec::access::Access;
use crate::codec::command::Call;
use crate::codec::ids::GroupId;
use crate::node::machine::{Checks, Entry, Machine, Query};
use crate::request::error::RequestError;
use crate::request::sender::{Answer, Request, RequestReceiver, RequestSender};
use crate::request::status::StatusSender;
use crate::threads;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

/// The most requests in the queue.
const DEPTH: usize = 64;

/// Opens a resource of `partitions` partitions on a thread of its own, which ends when the last proxy is dropped.
/// Fails if the thread cannot be started.
pub fn open<P, S>(name: &str, partitions: u32, init: impl Fn() -> S) -> std::io::Result<(P, JoinHandle<()>)>
where
    P: Proxy<Commands: Dispatch<S>>,
    S: Send + 'static,
{
    let (sender, requests) = RequestSender::new(DEPTH);
    let groups: Vec<_> = (0..partitions).map(|number| group_of(name, number)).collect();
    let schema = Arc::new(schema_of::<P::Commands>().schema);
    let replica = || Replica::new::<P::Commands>(init(), schema.clone());
    let machines = groups.iter().map(|group| (*group, replica())).collect();
    let checks = Checks::new(schema.clone());
    let thread = threads::spawn(format!("local-{name}"), move || serve(requests, machines, &checks))?;
    let partitions = groups.into_iter().map(|group| Partition { group, sender: sender.clone() });
    let client = ResourceClient::new(name, partitions.collect(), schema, StatusSender::new(1).0);
    Ok((P::from_client(client), thread))
}

fn serve<S: Send + 'static>(
    mut requests: RequestReceiver,
    mut machines: BTreeMap<GroupId, Replica<S>>,
    checks: &Checks,
) {
    while let Some(request) = requests.blocking_recv() {
        let answer = run(&request, &mut machines, checks);
        // A caller that stopped waiting needs no answer.
        let _ = request.reply.send(answer);
    }
}

fn run<S: Send + 'static>(
    request: &Request,
    machines: &mut BTreeMap<GroupId, Replica<S>>,
    checks: &Checks,
) -> Answer {
    let machine = machines.get_mut(&request.group).ok_or(RequestError::UnknownResource)?;
    checks.check(&request.call)?;
    let Call { access, stamp, command, .. } = &request.call;
    let (stamp, command, mut out) = (*stamp, command.borrow(), Vec::new());
    // There is no log, hence no index and no time.
    let outcome = match access {
        Access::Write => machine.apply(&Entry { index: 0, time: 0, stamp, command }, &mut out),
        Access::Read(..) => machine.read(&Query { index: 0, time: 0, stamp, command }, &mut out),
    };
    outcome.map_err(|error| error.answer())?;
    Ok(Bytes::from(out))
}
