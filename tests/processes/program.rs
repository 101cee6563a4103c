//! One member as a process: `member ID DIRECTORY ID=HOST:PORT...`, the seeds last.
//!
//! It prints `ready` on its standard output when it serves. It answers each line `status` of its standard input with
//! its role, closes in order on `close`, and ends at once when the input ends, so it never survives the test that
//! started it. If it cannot start, it prints one line on standard error and exits with status 2.

use crate::service::{AsyncEntries, List, NAME};
use copycat::{Cluster, Copycat, Error, Member, Storage};
use std::io::{self, BufRead, Write};
use std::process::{ExitCode, exit};
use tokio::sync::mpsc;

const USAGE: &str = "usage: member ID DIRECTORY ID=HOST:PORT...";

/// The reason why a member did not start.
enum Fault {
    Usage(String),
    Refused(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Refused(error)
    }
}

pub(crate) fn run() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => runtime,
        Err(error) => return fault(&format!("no runtime: {error}")),
    };
    match runtime.block_on(serve(std::env::args().skip(1).collect())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault::Usage(what)) => fault(&format!("{what}; {USAGE}")),
        Err(Fault::Refused(error)) => fault(&format!("error {}: {error}", error.code())),
    }
}

/// Prints the text as one line, and returns exit status 2.
fn fault(text: &str) -> ExitCode {
    eprintln!("member: {}", text.replace('\n', " "));
    ExitCode::from(2)
}

async fn serve(arguments: Vec<String>) -> Result<(), Fault> {
    let (cluster, storage) = described(&arguments)?;
    let mut orders = orders();
    let member = Copycat::builder().with_cluster(cluster).with_storage(storage).open().await?;
    let _entries: AsyncEntries = member.state_machine(NAME, List::default).open().await?;
    say("ready");
    while let Some(order) = orders.recv().await {
        match order.as_str() {
            "status" => {
                let status = member.status().await?;
                let role = status.group(NAME, 0).map(|group| group.role);
                say(&role.map_or("absent".into(), |role| format!("{role:?}")));
            }
            "close" => break,
            _ => say("unknown order"),
        }
    }
    member.close().await;
    Ok(())
}

fn described(arguments: &[String]) -> Result<(Cluster, Storage), Fault> {
    let [id, directory, seeds @ ..] = arguments else {
        return Err(Fault::Usage(format!("{} arguments", arguments.len())));
    };
    let mut cluster = Cluster::builder().with_member_id(number(id)?);
    for seed in seeds {
        let (id, address) =
            seed.split_once('=').ok_or_else(|| Fault::Usage(format!("{seed:?} is no seed")))?;
        cluster = cluster.add_seed(Member::new(number(id)?, address));
    }
    let storage = Storage::builder().with_directory(directory).with_segment_len(1 << 20).build()?;
    Ok((cluster.build()?, storage))
}

fn number(text: &str) -> Result<u64, Fault> {
    text.parse().map_err(|_| Fault::Usage(format!("{text:?} is no member id")))
}

/// Returns the lines of standard input, read by a thread of their own.
fn orders() -> mpsc::UnboundedReceiver<String> {
    let (sender, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
        // The parent process is gone, or has closed the input.
        exit(1);
    });
    orders
}

/// Prints a line for the parent process. If the parent is gone, the input ends as well.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
