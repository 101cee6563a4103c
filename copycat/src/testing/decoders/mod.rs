//! Checks for all decoders of untrusted bytes, one function per decoder. Each treats the bytes as its caller in a
//! member does: first as they are, then under valid lengths and checksums, as an attacker would send them. It panics
//! where an invariant breaks: no code below may panic, limits hold, a value that was read is written again as the
//! same bytes, and incomplete input is not accepted.
//!
//! Fuzzers and the test of hostile bytes call the same functions. They measure memory outside, in the program that
//! owns the allocator.
//!
//! Begin with [`frame`]; the most complex one is [`recovery`].

mod batch;
mod commands;
mod frame;
mod handshake;
mod identity;
mod input;
mod journal_samples;
mod message;
mod pieces;
mod recovery;
mod shapes;
mod stream;
mod streams;

pub use batch::batch;
pub use commands::commands;
pub use frame::frame;
pub use handshake::handshake;
pub use identity::identity;
pub use message::message;
pub use recovery::recovery;
pub use shapes::shapes;
pub use stream::stream;
pub use streams::streams;

/// Result of decoding. Either result is right for some input, and tests must produce both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A value was decoded.
    Accepted,
    /// The bytes were refused with a typed error, or are incomplete.
    Refused,
}

impl Verdict {
    fn of(verified: bool) -> Verdict {
        if verified { Verdict::Accepted } else { Verdict::Refused }
    }

    /// Returns `Accepted` if either result is that.
    fn or(self, other: Verdict) -> Verdict {
        Verdict::of(self == Verdict::Accepted || other == Verdict::Accepted)
    }
}
