//! The next version of `member.rs`: its service has more commands.

mod program;
#[path = "upgraded_service.rs"]
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run()
}
