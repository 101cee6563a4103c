//! Measures Copycat on this machine, and prints one JSON object per line.
//!
//! By default it runs three members as processes on loopback, and clients in a fourth process, through the generated
//! proxies. `collections` and `pairs` do the same with the collections; `pairs` compares them with a hand-written
//! trait. `bare` (a lower bound), `core` and `log` measure single layers. `failover` and `restart` measure the cost
//! of failures. Compare only figures of one run: [`report`] prints the machine.

mod arguments;
mod bare;
mod calls;
mod collections;
mod failover;
mod floors;
mod hand_written;
mod idle;
mod in_process;
mod load;
mod member;
mod operations;
mod pairs;
#[path = "../ports.rs"]
mod ports;
mod processes;
mod report;
mod restart;
mod store;

use arguments::{Command, parse};
use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = match parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("bench: {error}; try --help");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Help => {
            print!("{}", arguments::HELP);
            Ok(())
        }
        Command::Member(options) => member::run(&options),
        Command::Part(options) => bare::part(&options),
        Command::Operations(options) if options.in_process => in_process::run(&options),
        Command::Operations(options) => operations::run(&options),
        Command::Collections(options) => collections::run(&options),
        Command::Pairs(options) => pairs::run(&options),
        Command::Bare(options) => bare::run(&options),
        Command::Core(options) => {
            floors::core(&options);
            Ok(())
        }
        Command::Idle(options) => idle::run(&options),
        Command::Log(options) => floors::log(&options),
        Command::Failover(options) => failover::run(&options),
        Command::Restart(options) => restart::run(&options),
    }
}
