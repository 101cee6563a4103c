//! What is wrong with a command that is sent as JSON.

use thiserror::Error;

/// Why a command was not sent as JSON.
#[derive(Debug, Error)]
pub(crate) enum JsonError {
    /// The arguments are no JSON.
    #[error("the arguments are no JSON ({0}); write an array or an object")]
    Syntax(#[source] serde_json::Error),
    /// The arguments are neither an array nor an object of as many values as the command takes.
    #[error("the arguments must be a JSON array [{}], or an object with these names", takes.join(", "))]
    Arguments {
        /// The names of the command's arguments.
        takes: Vec<String>,
    },
    /// A command without a key was sent to a resource of several partitions by a handle without the program's code,
    /// which says to which of them it goes.
    #[error(
        "a command without a key cannot be sent to {partitions} partitions by its name alone; open the resource with \
         the program's proxy, which knows how to send it"
    )]
    Keyless {
        /// The number of partitions.
        partitions: usize,
    },
}
