//! A member that is a process of its own; see `program.rs`.

mod program;
mod service;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::run()
}
