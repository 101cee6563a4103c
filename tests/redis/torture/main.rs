//! Runs three servers under writers and counters, and kills or stops one server at a time, again and again:
//! `redis-torture --seconds 120 [--stop] [--clients 12] [--seed N]`. In the end all servers are killed at once and
//! started again, and everything is looked up. Prints the findings, and exits with 1 if anything was lost.
//!
//! The servers run this same program: `redis-torture serve …` is `copycat-redis …`.

mod audit;
mod plan;
#[path = "../../processes/ports.rs"]
mod ports;
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../servers.rs"]
mod servers;
mod writers;

use lexopt::{Arg, Parser, ValueExt};
use plan::{Harm, Plan};
use servers::Servers;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str =
    "usage: redis-torture [--seconds N] [--stop] [--clients N] [--seed N] | redis-torture serve ...";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "serve") {
        return copycat_redis::main(arguments.into_iter().skip(1));
    }
    let plan = match plan(arguments) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("redis-torture: {error}; {USAGE}");
            return ExitCode::from(2);
        }
    };
    let what = match plan.harm {
        Harm::Kill => "kills them",
        Harm::Stop => "stops them for 1 to 20 s",
    };
    println!("{} clients, three servers; seed {} {what}", plan.clients, plan.seed);
    let mut servers = Servers::started(std::env::current_exe().expect("the path of this program"));
    let findings = plan.carry_out(&mut servers);
    println!("{findings}");
    servers.close_all();
    if findings.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan(arguments: Vec<OsString>) -> Result<Plan, lexopt::Error> {
    let mut plan = Plan {
        harm: Harm::Kill,
        clients: 12,
        seed: fastrand::u64(..),
        rounds: usize::MAX,
        end: Instant::now() + Duration::from_secs(120),
        stop_s: 1.0..20.0,
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("seconds") => plan.end = Instant::now() + Duration::from_secs(parser.value()?.parse()?),
            Arg::Long("stop") => plan.harm = Harm::Stop,
            Arg::Long("clients") => plan.clients = parser.value()?.parse()?,
            Arg::Long("seed") => plan.seed = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(plan)
}
