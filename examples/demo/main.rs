//! The program of `cargo run --release`: a cluster that loses its leader, but no data.
//!
//! It runs three members in this process, with real TCP on loopback and real logs in a temporary directory. The
//! service is a bank in a plain trait ([`bank`]). Clients keep the receipts of all acknowledged writes ([`clients`]).
//! The leader's member is stopped as if it had crashed, and started again; then all three are. In the end every
//! receipt is looked up, and all replicas are compared.

mod bank;
mod clients;
mod members;
#[path = "../ports.rs"]
mod ports;
mod report;

use bank::AsyncBank;
use clients::Clients;
use copycat::{Consistency, Error};
use members::Members;
use report::Report;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::sleep;

/// Time of normal service between two failures.
const PHASE: Duration = Duration::from_millis(1_200);

fn main() -> ExitCode {
    if let Some(argument) = std::env::args_os().nth(1) {
        eprintln!("{}: the demonstration takes no arguments", argument.display());
        return ExitCode::from(2);
    }
    let data_directory = match tempfile::tempdir() {
        Ok(data_directory) => data_directory,
        Err(error) => {
            eprintln!("no temporary directory for the logs can be made: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start a runtime: {error}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(demonstrate(data_directory)) {
        Ok(report) if report.is_good() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the demonstration could not be given: {error}");
            ExitCode::from(2)
        }
    }
}

async fn demonstrate(data_directory: TempDir) -> Result<Report, Error> {
    let began = Instant::now();
    report::title();
    let mut members = Members::start(data_directory).await?;
    report::step(began, &format!("3 members on {}, logs in {}", members.addresses(), members.directory()));
    let leader = members.leader().await?;
    report::step(began, &format!("the cluster is formed; member {leader} leads"));

    let clients = Clients::start(&members.proxies());
    report::step(began, &format!("{clients} open accounts and move money"));
    sleep(PHASE).await;

    report::step(began, &format!("member {leader}, the leader, crashes"));
    let crashed = Instant::now();
    members.crash(leader);
    let failover = clients.outage(crashed).end().await;
    report::step(began, &format!("writes go on after {} ms without it", failover.as_millis()));
    sleep(PHASE).await;

    members.restart(leader).await?;
    report::step(began, &format!("member {leader} is back, with its log"));
    sleep(PHASE).await;

    report::step(began, "all members crash at the same moment");
    let crashed = Instant::now();
    members.crash_all();
    let down = clients.outage(crashed);
    members.restart_all().await?;
    let restart = down.end().await;
    report::step(began, &format!("all are back; writes go on after {} ms", restart.as_millis()));
    sleep(PHASE).await;

    let ledger = clients.finish().await;
    report::step(began, "the bank closes; every receipt is looked up");
    members.settle().await?;
    let audit = ledger.audit(&members.any()).await?;
    let digests = digests(&members.all()).await?;
    members.close().await;
    let report =
        Report { ledger: ledger.summary(), audit, digests, failover, restart, took: began.elapsed() };
    report.print();
    Ok(report)
}

/// Returns the hash of each replica's state, from the replica itself and not from the leader.
async fn digests(replicas: &[AsyncBank]) -> Result<Vec<u64>, Error> {
    use copycat::Proxy;
    let mut digests = Vec::new();
    for replica in replicas {
        digests.push(replica.with_consistency(Consistency::Eventual).digest().await?);
    }
    Ok(digests)
}
