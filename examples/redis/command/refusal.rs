//! Errors of words that are no command.

use crate::limits::Oversized;
use bytes::Bytes;
use std::fmt;

/// Longest part of a client's own words in an error, in bytes; the same as in Redis.
const QUOTED_LEN_MAX: usize = 128;

/// The reason why words are no command. Its text is that of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No command has the name. Holds the quoted part of the words.
    Unknown {
        /// The name.
        name: String,
        /// The arguments.
        arguments: String,
    },
    /// No subcommand has the name. Holds the command and the name.
    UnknownPart(&'static str, String),
    /// The command takes another number of words.
    Arity(&'static str),
    /// The words do not fit together, or one of them is unknown.
    Syntax,
    /// A word is not a 64-bit number.
    NotAnInteger,
    /// The smallest 64-bit number cannot be negated.
    Decrement,
    /// Redis database numbers other than 0 do not exist here.
    Database,
    /// The protocol version does not exist.
    Version,
    /// The protocol version is not a number.
    VersionNumber,
    /// An option of HELLO is unknown, or lacks its words.
    Greeting(String),
    /// This server has no passwords.
    Password,
    /// This server has no users but `default`.
    User,
    /// A part of the command is too long.
    Oversized(Oversized),
    /// A name or a library contains characters that would break a line of `CLIENT LIST`.
    Name(&'static str),
    /// The consistency does not exist.
    Consistency,
}

impl Refusal {
    /// Returns the refusal of a command that does not exist.
    pub(super) fn unknown(name: &[u8], arguments: &[Bytes]) -> Refusal {
        let mut shown = String::new();
        for argument in arguments {
            if shown.len() >= QUOTED_LEN_MAX {
                break;
            }
            let left = QUOTED_LEN_MAX - shown.len();
            shown.push_str(&format!("'{}' ", quoted(argument, left)));
        }
        Refusal::Unknown { name: quoted(name, QUOTED_LEN_MAX), arguments: shown }
    }

    /// Returns the refusal of an option of HELLO.
    pub(super) fn greeting(option: &[u8]) -> Refusal {
        Refusal::Greeting(quoted(option, QUOTED_LEN_MAX))
    }

    /// Returns the refusal of a subcommand that does not exist.
    pub(super) fn unknown_part(command: &'static str, name: &[u8]) -> Refusal {
        Refusal::UnknownPart(command, quoted(name, QUOTED_LEN_MAX))
    }
}

/// Returns the beginning of a client's word.
fn quoted(word: &[u8], len_max: usize) -> String {
    String::from_utf8_lossy(&word[..word.len().min(len_max)]).into_owned()
}

impl std::error::Error for Refusal {}

impl From<Oversized> for Refusal {
    fn from(oversized: Oversized) -> Refusal {
        Refusal::Oversized(oversized)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unknown { name, arguments } => {
                write!(f, "ERR unknown command '{name}', with args beginning with: {arguments}")
            }
            Refusal::UnknownPart(command, name) => {
                write!(f, "ERR unknown subcommand '{name}' of '{command}'")
            }
            Refusal::Arity(name) => write!(f, "ERR wrong number of arguments for '{name}' command"),
            Refusal::Syntax => f.write_str("ERR syntax error"),
            Refusal::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Refusal::Decrement => f.write_str("ERR decrement would overflow"),
            Refusal::Database => f.write_str("ERR DB index is out of range"),
            Refusal::Version => f.write_str("NOPROTO unsupported protocol version"),
            Refusal::VersionNumber => f.write_str("ERR Protocol version is not an integer or out of range"),
            Refusal::Greeting(option) => write!(f, "ERR Syntax error in HELLO option '{option}'"),
            Refusal::User => f.write_str("WRONGPASS invalid username-password pair or user is disabled."),
            Refusal::Oversized(oversized) => write!(f, "{oversized}"),
            Refusal::Password => f.write_str(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure \
                 your configuration is correct?",
            ),
            Refusal::Name(what) => {
                write!(f, "ERR {what} cannot contain spaces, newlines or special characters.")
            }
            Refusal::Consistency => {
                f.write_str("ERR syntax error, COPYCAT.CONSISTENCY takes strict, lease or eventual")
            }
        }
    }
}
