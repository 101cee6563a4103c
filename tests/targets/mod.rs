//! The targets of hostile bytes: every decoder with its name and the memory that it may take. The fuzz targets of
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
    /// The name of the fuzz target and of the folder of its corpus.
    pub name: &'static str,
    run: fn(&[u8]) -> Verdict,
    /// Memory in bytes that it may hold at once for any input.
    base: usize,
    /// Further bytes of memory for each byte of the input.
    factor: usize,
}

/// All targets.
///
/// A base covers the largest single claim that is honoured before its bytes have arrived. A factor is the size in
/// memory of the smallest thing on the wire, including the copies that the checks make.
pub const TARGETS: &[Target] = &[
    Target { name: "frame", run: decoders::frame, base: 4 << 10, factor: 8 },
    Target { name: "batch", run: decoders::batch, base: 4 << 10, factor: 16 },
    Target { name: "handshake", run: decoders::handshake, base: 32 << 10, factor: 8 },
    Target { name: "message", run: decoders::message, base: 4 << 10, factor: 16 },
    Target { name: "identity", run: decoders::identity, base: 4 << 10, factor: 8 },
    // One read offers at most 256 KiB of buffer space.
    Target { name: "stream", run: decoders::stream, base: 1 << 20, factor: 16 },
    // Both ends may hold twice the items of a queue, and each step may publish seven of them.
    Target { name: "streams", run: decoders::streams, base: 1 << 20, factor: 512 },
    // Segments of 64 KiB: a few old ones, the next one, the window of the scan, and the data that the checks read.
    Target { name: "recovery", run: decoders::recovery, base: 4 << 20, factor: 32 },
    // 4,096 elements that take no byte; and a tag of one byte becomes a piece of 48 bytes in a node of a tree.
    Target { name: "commands", run: commands, base: 512 << 10, factor: 128 },
    // The shapes, and a value of at most 5,000 parts with its JSON: a text of 255 bytes may be repeated.
    Target { name: "shapes", run: decoders::shapes, base: 64 << 20, factor: 4_096 },
    // In an inline command, each zero byte is an empty word: a handle of 32 bytes, in lists that grow by doubling,
    // twice.
    Target { name: "resp", run: resp::resp, base: 8 << 10, factor: 256 },
];

fn commands(bytes: &[u8]) -> Verdict {
    decoders::commands::<ArchiveCommands, _>(Shelves::default(), bytes)
}

impl Target {
    /// Returns the target with this name.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn named(name: &str) -> &'static Target {
        let found = TARGETS.iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("no target {name}"))
    }

    /// Creates what every input uses, so that it is not counted for any input.
    pub fn warm_up(&self) {
        let _verdict = (self.run)(&[]);
    }

    /// Feeds it one input. Nothing else may allocate meanwhile.
    ///
    /// # Panics
    ///
    /// If an invariant breaks, or the input takes too much memory.
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

/// Bytes that may stay allocated: what threads and libraries keep for later use.
const LEFT_MAX: usize = 16 << 10;
