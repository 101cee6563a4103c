//! `copycat-redis --id 1 --member 1=HOST:PORT --member 2=… --member 3=… --data DIR --listen HOST:PORT`.
//!
//! All of it is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    copycat_redis::main(std::env::args_os().skip(1))
}
