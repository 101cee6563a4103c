//! `copycat-redis --id 1 --member 1=HOST:PORT --member 2=… --member 3=… --data DIR --listen HOST:PORT`.
//!
//! The library beside this file contains the whole program.

use std::process::ExitCode;

fn main() -> ExitCode {
    copycat_redis::main(std::env::args_os().skip(1))
}
