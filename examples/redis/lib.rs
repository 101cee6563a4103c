//! A server for Redis' clients, on a replicated state machine. Each process is one member.
//!
//! `store/` is the state, `protocol/` the wire format, `command/` the parser of commands, `server/` the connections.
//! The first three do no I/O. `limits.rs` has the limits of all four. Begin with `store/mod.rs`, which is all of the
//! replication.
//!
//! This is a library, so that tests and other programs run the same server as `copycat-redis`.

mod arguments;
pub mod command;
pub mod limits;
pub mod protocol;
mod server;
mod store;

use arguments::Arguments;
use std::process::ExitCode;

/// Runs `copycat-redis` with these arguments, without its own name.
///
/// Returns success when SIGTERM or SIGINT ends the process. If it cannot start or continue, it prints one line on
/// standard error and returns exit status 2.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", arguments::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(fault) => return failure(&fault.to_string()),
    };
    // One thread serves all connections, as in Redis. The member's own threads do the work that they wait for.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&format!("no runtime: {error}")),
    };
    match runtime.block_on(server::serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => failure(&fault.to_string()),
    }
}

/// Prints the text as one line, and returns exit status 2.
fn failure(text: &str) -> ExitCode {
    eprintln!("copycat-redis: {}", text.replace('\n', " "));
    ExitCode::from(2)
}

/// Parses a 64-bit number as Redis writes it: without plus sign, leading zeros, or anything around it.
fn integer(digits: &[u8]) -> Option<i64> {
    let canonical = matches!(digits, b"0" | [b'-', b'1'..=b'9', ..] | [b'1'..=b'9', ..]);
    if canonical { str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn numbers_have_one_form() {
        for number in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            assert_eq!(integer(number.to_string().as_bytes()), Some(number));
        }
        for other in
            ["", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "9223372036854775808", "0x1", "\u{ff11}"]
        {
            assert_eq!(integer(other.as_bytes()), None, "{other:?}");
        }
    }
}
