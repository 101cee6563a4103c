//! A server that Redis' clients talk to, on a replicated state machine: each process is one member.
//!
//! `store/` is the state, `protocol/` the bytes, `command/` what they ask for, `server/` the connections. The
//! first three do no I/O. Begin with `store/mod.rs`: that is all there is to the replication.
//!
//! A library, so that tests and other programs run the very server that `copycat-redis` is.

mod arguments;
pub mod command;
pub mod protocol;
mod server;
mod store;

use arguments::Arguments;
use std::process::ExitCode;

pub use store::VALUE_LEN_MAX;

/// What `copycat-redis` does, with these arguments (its own name left out).
///
/// Ends when the process is told to by SIGTERM or SIGINT, with success. What keeps it from starting, or from going
/// on, is one line on standard error, and the exit status 2.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{}", arguments::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(fault) => return failure(&fault.to_string()),
    };
    // One thread for all connections, as Redis has it: what they wait for is done by the member's own threads.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&format!("no runtime: {error}")),
    };
    match runtime.block_on(server::serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => failure(&fault.to_string()),
    }
}

/// One line, whatever the text is.
fn failure(text: &str) -> ExitCode {
    eprintln!("copycat-redis: {}", text.replace('\n', " "));
    ExitCode::from(2)
}

/// A number of 64 bits as Redis writes it: no plus sign, no leading zeros, nothing around it.
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
