//! Feeds hostile bytes to every decoder: the inputs that fuzzing found worth keeping, and cheap mutations of them.
//!
//! An input that fails is written to a file of its own, for `cargo fuzz run` and for the corpus. The input of a fixed
//! finding goes to `fuzz/corpus/<target>/`, and this test feeds it from then on.

use copycat::testing::decoders::Verdict;
use copycat_tests::targets::{TARGETS, Target};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Number of mutations of each target's corpus. All of them take a few seconds.
const MUTATIONS: usize = if cfg!(debug_assertions) { 40_000 } else { 200_000 };
/// Number of mutations for a target that takes a thousand times as long for one: it opens a journal.
const SLOW_MUTATIONS: usize = MUTATIONS / 8;
/// Most bytes of all files of the corpus together, and most files of one target.
const CORPUS_BYTES_MAX: usize = 200_000;
const CORPUS_FILES_MAX: usize = 60;

/// Number of panics, including those that were caught.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// One test covers all targets, because nothing else may allocate while a decoder's memory is counted.
#[test]
fn whatever_the_bytes_say_nothing_breaks_and_nothing_grows() {
    check_fuzzers();
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Relaxed);
        report(panic);
    }));
    for target in TARGETS {
        target.warm_up();
        let corpus = corpus(target);
        let mut verdicts = Vec::new();
        for (name, bytes) in &corpus {
            verdicts.push(feed(target, bytes, name));
        }
        for verdict in [Verdict::Accepted, Verdict::Refused] {
            assert!(
                verdicts.contains(&verdict),
                "{}: a corpus without {verdict:?} tests nothing",
                target.name
            );
        }
        let count = if target.name == "recovery" { SLOW_MUTATIONS } else { MUTATIONS };
        let mut random = fastrand::Rng::with_seed(1);
        let seeds: Vec<_> = corpus.into_values().collect();
        for number in 0..count {
            feed(target, &mutated(&seeds, &mut random), &format!("mutation-{number}"));
        }
    }
}

/// Checks that every target has a fuzzer that feeds it, and a small corpus.
fn check_fuzzers() {
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest of the fuzzers");
    let mut total = 0;
    for target in TARGETS {
        let name = target.name;
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not built");
        let source = fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).expect("the fuzzer");
        assert!(source.contains(&format!("fuzz!(\"{name}\")")), "targets/{name}.rs feeds another target");
        let corpus = corpus(target);
        assert!((1..=CORPUS_FILES_MAX).contains(&corpus.len()), "{name} has {} files", corpus.len());
        total += corpus.values().map(Vec::len).sum::<usize>();
    }
    assert!(total <= CORPUS_BYTES_MAX, "{total} bytes: minimise the corpus");
    let folders = fs::read_dir(fuzz().join("corpus")).expect("the corpus").count();
    assert_eq!(folders, TARGETS.len(), "a corpus without a target");
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Returns the files of a target by their names.
fn corpus(target: &Target) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(fuzz().join("corpus").join(target.name)).expect("the target's corpus");
    let file = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("an input"))
    };
    files.map(|entry| file(entry.expect("an input"))).collect()
}

/// Feeds one input. An input that fails is kept in a file.
fn feed(target: &Target, bytes: &[u8], name: &str) -> Verdict {
    let before = PANICS.load(Relaxed);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| target.feed(bytes)));
    match outcome {
        // A panic in a user's `Deserialize` is caught, and would look like a refusal.
        Ok(verdict) if PANICS.load(Relaxed) == before => verdict,
        _ => {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", target.name));
            fs::write(&path, bytes).expect("the input is kept");
            panic!("{} fails on {name}, kept in {}", target.name, path.display());
        }
    }
}

/// Makes one to four changes in a file of the corpus.
fn mutated(seeds: &[Vec<u8>], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..=4) {
        if bytes.is_empty() {
            bytes.push(random.u8(..));
        }
        let at = random.usize(..bytes.len());
        let end = at + random.usize(1..=(bytes.len() - at).min(16));
        match random.u8(0..7) {
            0 => bytes[at] ^= 1 << random.u8(0..8),
            1 => bytes[at] = random.u8(..),
            2 => bytes[at..end].fill([0, 1, 0x7f, 0x80, 0xfb, 0xfd, 0xff][random.usize(..7)]),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, (0..end - at).map(|_| random.u8(..)).collect::<Vec<_>>())),
            5 => bytes.extend_from_within(at..end),
            _ => {
                let other = &seeds[random.usize(..seeds.len())];
                bytes.truncate(at);
                bytes.extend_from_slice(&other[at.min(other.len())..]);
            }
        }
    }
    bytes
}
