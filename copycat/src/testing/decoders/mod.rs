//! Everything that reads bytes nobody vouches for: one function per decoder. Each does with the bytes what its
//! caller in a member would do, first as they are, then under right lengths and checksums as an attacker writes
//! them, and panics where something does not hold that must hold whatever they say: no panic below, limits kept,
//! what was read is written again as the same bytes, and nothing is taken for whole that is not.
//!
//! Fuzzers and the test of hostile bytes call the same functions. How much memory they take is measured outside,
//! by whoever owns the allocator.
//!
//! Begin with [`frame`]; the longest way is [`recovery`].

mod batch;
mod commands;
mod frame;
mod handshake;
mod identity;
mod input;
mod message;
mod pasts;
mod pieces;
mod recovery;
mod stream;
mod streams;

pub use batch::batch;
pub use commands::commands;
pub use frame::frame;
pub use handshake::handshake;
pub use identity::identity;
pub use message::message;
pub use recovery::recovery;
pub use stream::stream;
pub use streams::streams;

/// What became of the bytes; either is right, and a test that only ever sees one of them tests nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Something was read out of them.
    Accepted,
    /// They were refused with a typed error, or are not complete.
    Refused,
}

impl Verdict {
    fn of(verified: bool) -> Verdict {
        if verified { Verdict::Accepted } else { Verdict::Refused }
    }

    /// Accepted if either is.
    fn or(self, other: Verdict) -> Verdict {
        Verdict::of(self == Verdict::Accepted || other == Verdict::Accepted)
    }
}
