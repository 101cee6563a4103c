//! The kinds of errors: the table that programs match against, people look up, and the documentation shows.

use crate::request::error::Outcome;

/// Defines [`ErrorKind`]. Each text is its documentation and what [`ErrorKind::explain`] returns.
macro_rules! kinds {
    ($($name:ident = $code:literal, $outcome:ident, retry: $retry:literal, $text:literal;)*) => {
        /// What kind of error an [`Error`](crate::Error) is. Programs match against it.
        ///
        /// "A write" is what the kind says about a write ([`Error::outcome`](crate::Error::outcome)); a read changes
        /// nothing. "Retry" says whether the same call may succeed later
        /// ([`Error::is_retryable`](crate::Error::is_retryable)).
        ///
        /// ```
        /// use copycat::ErrorKind;
        ///
        /// // What a person wants to know who reads "Error 206" in a log.
        /// let kind = ErrorKind::from_code(206).expect("it is in the table");
        /// assert_eq!(kind, ErrorKind::OtherDisk);
        /// println!("{}", kind.explain());
        /// ```
        ///
        /// | code | kind | a write | retry |
        /// |---|---|---|---|
        $(#[doc = concat!(
            "| ", $code, " | [`", stringify!($name), "`](Self::", stringify!($name), ") | `", stringify!($outcome),
            "` | ", $retry, " |"
        )])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorKind {
            $(#[doc = $text] $name = $code,)*
        }

        impl ErrorKind {
            const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),*];

            /// Returns what the kind means, why it happens, and what can be done.
            #[must_use]
            pub fn explain(self) -> &'static str {
                match self {
                    $(ErrorKind::$name => $text,)*
                }
            }

            /// Returns what the kind says about a write.
            pub(super) fn outcome(self) -> Outcome {
                match self {
                    $(ErrorKind::$name => Outcome::$outcome,)*
                }
            }

            /// Returns whether the same call may succeed later.
            pub(super) fn is_retryable(self) -> bool {
                match self {
                    $(ErrorKind::$name => $retry,)*
                }
            }
        }
    };
}

kinds! {
    NoLeader = 1, NotApplied, retry: true,
        "No member that leads the group took the call in time. Fewer than a majority of the members are up or can \
         reach each other, or they are electing a leader. Try again; if it lasts, see which members are up.";
    NotLeader = 2, NotApplied, retry: true,
        "The member that the call was meant for does not lead the group any more. Try again: the next call finds the \
         new leader.";
    Timeout = 3, Unknown, retry: true,
        "The call was sent, and no answer came within the request timeout. The leader may have failed, or a majority \
         may be slow or cut off. The command may have been carried out, or may still be: read before you repeat a \
         write.";
    Disconnected = 4, Unknown, retry: true,
        "The connection broke after the call had been sent. The command may have been carried out, or may still be: \
         read before you repeat a write.";
    Superseded = 5, NotApplied, retry: true,
        "A leader had the command in its log and lost the lead before a majority had it; the entry of another leader \
         took its place. It will never be carried out: send it again.";
    Busy = 6, NotApplied, retry: true,
        "More calls wait than the member keeps in memory. Send fewer at once, or try again later.";
    StorageFull = 7, NotApplied, retry: true,
        "The disk of the leader's log has no room for another segment. The member goes on by itself when there is room \
         again.";
    Stopped = 8, Unknown, retry: true,
        "The member is being closed, or its disk failed. Its log says which. The command may have been carried out: \
         read, through another member, before you repeat a write.";
    UnknownResource = 9, NotApplied, retry: true,
        "The members that were asked have not opened the resource. Each member opens every resource under the same \
         name. Check the spelling, and whether the program that opens it runs there.";
    UnknownMethod = 10, NotApplied, retry: false,
        "The resource has no command of that name or number: it is misspelled, or the caller's program is newer than \
         the members'.";
    WrongKind = 11, NotApplied, retry: false,
        "The command is a read for one of caller and member, and a write for the other. Their programs are different \
         versions.";
    BadArguments = 12, NotApplied, retry: false,
        "The arguments do not fit what the command takes, or a result was asked for as another type than it has. Found \
         before anything is sent, the text says which argument, and both types. Found by the members, a type refuses one \
         of the values (its own Deserialize, or Writable::read), and the command had no effect anywhere.";
    TooLarge = 13, NotApplied, retry: false,
        "The key has more than 64 KiB, or the command with its key more than 4 MiB, as they are encoded. Cut the \
         command into several.";
    BadResult = 14, Unknown, retry: false,
        "The command was carried out, and its result cannot be sent: it has more than 4 MiB and 64 KiB, or does \
         not fit its type. Return less, or in pages; for a type, the member's log says which.";
    Panicked = 15, Unknown, retry: false,
        "The method panicked, on every member alike. What it had changed before stays. The member's log says where it \
         was.";
    Closed = 16, NotApplied, retry: false,
        "The member or the remote handle that the proxy came from was closed or dropped. Open it again, and use a new \
         proxy.";
    Halted = 17, Unknown, retry: true,
        "The group applies nothing more on that member. Its program does not know a command in the log, its disk cannot \
         read an entry, or, with a determinism check, a method is not deterministic; its log says which. Start the newer \
         program there, see to the disk, or mend the method. Until then use another member.";
    UnknownToMembers = 19, NotApplied, retry: true,
        "Some members run a program that does not have the command yet; the text names them. Start a program that has \
         it on every member.";
    Contradiction = 20, NotApplied, retry: true,
        "The commands of the member's program are not those on record in the log of the resource, so the group is \
         halted there. Its log says how they differ. Start it with the types on record, or give a changed command a new \
         name.";
    OtherTypes = 21, NotApplied, retry: false,
        "The caller's program has other types for the command than the members, so its arguments would be misread. The \
         command was not on record yet when the caller opened the resource. Build the program with the types that the \
         members have, and open the resource again.";
    Partial = 100, Unknown, retry: true,
        "A command to several partitions failed in at least one, and was or may have been carried out in at least one \
         other. Read what is there before you repeat it. It may succeed later if the error in the text may.";
    NodeThread = 101, NotApplied, retry: false,
        "A blocking call was made on a thread of the member itself, for example in a method of a state, where it would \
         wait for itself. A method must not call proxies.";
    BadKey = 102, NotApplied, retry: false,
        "One of several keys cannot be encoded, so it is not known to which partition it belongs. The text says why.";
    ResultType = 103, Unknown, retry: false,
        "The command was carried out, and its result is not of the type that the caller named. Check that type.";
    EmptyPage = 104, NotApplied, retry: false,
        "A page without items says that more follow, so the next page cannot be asked for. Ask for at least one item a \
         page.";
    NeverEqual = 105, NotApplied, retry: false,
        "The value is not equal to itself, as NaN is not. A comparison with it would never succeed, so nothing was sent.";
    Keyless = 106, NotApplied, retry: false,
        "A command without a key was sent by its name to a resource with several partitions. Only the program's proxy \
         knows to which of them it goes.";
    Config = 200, NotApplied, retry: false,
        "A builder was given wrong values. `Error::config_errors` lists all of them.";
    DataDirectory = 201, NotApplied, retry: false,
        "The data directory of the member cannot be used: it cannot be read or written, another process has it open, it \
         belongs to another member, or its identity file is missing or damaged. The text says which.";
    Log = 202, NotApplied, retry: false,
        "The log in the data directory cannot be used: an error of the disk, damage, or another version of its format. \
         The text names file and offset, and what can be done.";
    Address = 203, NotApplied, retry: false,
        "The member cannot listen on its own address, which is that of its seed. Another process may have the port, or \
         the address is not of this machine.";
    Thread = 204, NotApplied, retry: false,
        "The system refused to start a thread. See the limits of the process and of the machine.";
    SeedsDiffer = 205, NotApplied, retry: false,
        "The cluster was formed by other members than the seeds that are given now. The seeds of a cluster cannot be \
         changed: name those that formed it.";
    OtherDisk = 206, NotApplied, retry: false,
        "The cluster was formed with another disk of this member: the data directory is new, or not its own. A member \
         that lost its disk may have forgotten votes, so the others refuse it. Bring back the directory that it last \
         used, no older copy.";
    OtherCluster = 207, NotApplied, retry: false,
        "The other seeds belong to another cluster, or this member does. Check the addresses of the seeds and the data \
         directory.";
    Unreachable = 208, NotApplied, retry: true,
        "No address that a remote handle was given answered. Check the addresses, and whether a member is up.";
    AlreadyOpen = 209, NotApplied, retry: false,
        "The resource is open in this process already. Clone its proxy instead of opening it again.";
    PanicAborts = 210, NotApplied, retry: false,
        "The program is built with `panic = \"abort\"`, so a panic in one method would end the replicas of all members. \
         Build it with `panic = \"unwind\"`.";
    UnknownMember = 211, NotApplied, retry: false,
        "This member is not among the seeds of the others. Name the same seeds on every member.";
    DuplicateMember = 212, NotApplied, retry: true,
        "Two processes use the id of one member. Give each its own, and stop the one that is too many. If it is an \
         earlier run of this process, try again: the others have not noticed its end yet.";
    Misaddressed = 213, NotApplied, retry: false,
        "At the address of a seed a member with another id answers. Check the addresses of the seeds.";
    OtherVersion = 214, NotApplied, retry: false,
        "The other members speak another version of the protocol. Run the same version of the framework everywhere.";
    OtherTimeout = 215, NotApplied, retry: false,
        "The other members were given another election timeout. Give all of them the same: leases depend on it.";
    OtherPartitions = 216, NotApplied, retry: false,
        "The resource exists with another number of partitions, which can never change. Open it with that number.";
    Undecodable = 217, NotApplied, retry: false,
        "A command has a type whose values cannot be decoded, because it needs a self-describing format: \
         `#[serde(untagged)]`, `#[serde(tag = …)]`, `#[serde(flatten)]`, or a type like `serde_json::Value`. The text \
         names the type and the command.";
    OtherCommands = 218, NotApplied, retry: false,
        "What the resource has on record, or what its members have, contradicts the commands of this program. The text \
         names each command and both types. Use the types on record, and give a changed command a new name; or open the \
         resource under another name.";
    UnreadableCommands = 219, NotApplied, retry: false,
        "What a member says of the commands of the resource cannot be read. Run the same version of the framework \
         everywhere.";
    TooManyCommands = 220, NotApplied, retry: false,
        "The description of the commands and their types is longer than what is recorded in a log. Spread the commands \
         over several resources.";
}

impl ErrorKind {
    /// Returns the number of the kind. It never changes its meaning, and is never 0.
    ///
    /// Codes below 100 name the errors that members also report to each other. A proxy or a builder that finds the
    /// same error itself, before anything is sent, uses the same code. All other kinds have codes from 100 on.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Returns the kind with this number, or `None` if this version knows none.
    #[must_use]
    pub fn from_code(code: u16) -> Option<ErrorKind> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_lead_back() {
        assert_eq!(ErrorKind::ALL.len(), 48);
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_code(kind.code()), Some(*kind), "two kinds have the code of {kind:?}");
        }
        let unused = [0, 18, 99, 199, u16::MAX];
        assert!(unused.iter().all(|code| ErrorKind::from_code(*code).is_none()), "18 is reserved");
    }

    #[test]
    fn explanations_are_sentences_that_a_terminal_shows() {
        for kind in ErrorKind::ALL {
            let text = kind.explain();
            assert!(text.ends_with('.') && text.len() > 60, "{kind:?}: {text}");
            assert!(!text.contains('\n') && !text.contains("[`") && !text.contains("  "), "{kind:?}: {text}");
        }
    }
}
