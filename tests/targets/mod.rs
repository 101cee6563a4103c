//! What hostile bytes are aimed at: every decoder by name, and how much memory it may take. The fuzz targets of
//! `fuzz/` and the test `hostile` feed the same functions, with the allocator that counts.
//!
//! Begin with [`TARGETS`].

pub mod archive;
mod resp;

use archive::{ArchiveCommands, Shelves};
use copycat::testing::decoders::{self, Verdict};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A decoder that is fed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Of the fuzz target and of the folder of its corpus.
    pub name: &'static str,
    run: fn(&[u8]) -> Verdict,
    /// Bytes of memory that it may hold at once whatever the input is.
    base: usize,
    /// And for each byte of the input.
    factor: usize,
}

/// All of them.
///
/// The bases are what the largest single claim costs that is honoured before its bytes have arrived; the factors
/// are what the smallest thing on the wire becomes in memory, the copies that the checks make included.
pub const TARGETS: &[Target] = &[
    Target { name: "frame", run: decoders::frame, base: 4 << 10, factor: 8 },
    Target { name: "batch", run: decoders::batch, base: 4 << 10, factor: 16 },
    Target { name: "handshake", run: decoders::handshake, base: 32 << 10, factor: 8 },
    Target { name: "message", run: decoders::message, base: 4 << 10, factor: 16 },
    Target { name: "identity", run: decoders::identity, base: 4 << 10, factor: 8 },
    // A read finds at most 256 KiB of room.
    Target { name: "stream", run: decoders::stream, base: 1 << 20, factor: 16 },
    // Twice more items than a queue holds, at both ends; and each step may publish seven of them.
    Target { name: "streams", run: decoders::streams, base: 1 << 20, factor: 512 },
    // Segments of 64 KiB: a few that were there, the next, the scan's window, and what the checks read.
    Target { name: "recovery", run: decoders::recovery, base: 4 << 20, factor: 32 },
    // Elements that take no byte, 4,096 of them; and a tag of one byte is a piece of 48 in a node of a tree.
    Target { name: "commands", run: commands, base: 512 << 10, factor: 128 },
    // In a line, each byte of zero is a word of nothing: a handle of 32 bytes, in lists that grow by doubling, twice.
    Target { name: "resp", run: resp::resp, base: 8 << 10, factor: 256 },
];

fn commands(bytes: &[u8]) -> Verdict {
    decoders::commands::<ArchiveCommands, _>(Shelves::default(), bytes)
}

impl Target {
    /// The target of a name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Target {
        let found = TARGETS.iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("no target {name}"))
    }

    /// Makes what every input uses, so that no input is charged for it.
    pub fn warm_up(&self) {
        let _verdict = (self.run)(&[]);
    }

    /// Feeds it one input. Nothing else may allocate meanwhile.
    ///
    /// # Panics
    ///
    /// If anything does not hold that must hold, memory included.
    pub fn feed(&self, bytes: &[u8]) -> Verdict {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let verdict = (self.run)(bytes);
        let taken = MEMORY.peak_usage().saturating_sub(before);
        let (name, len, allowed) = (self.name, bytes.len(), self.base + self.factor * bytes.len());
        assert!(taken <= allowed, "{name} held {taken} bytes for {len}, which may cost {allowed}");
        let left = MEMORY.current_usage().saturating_sub(before);
        assert!(left <= LEFT_MAX, "{name} kept {left} bytes");
        verdict
    }
}

/// Bytes that may stay: what threads and libraries keep for the next time.
const LEFT_MAX: usize = 16 << 10;
