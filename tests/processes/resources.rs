//! What processes may take, and what they have taken.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Resident memory of a process in bytes.
pub(crate) fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib << 10
}

/// As many connections as this process may hold, two thousand at most.
pub(crate) fn crowd_size() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Whether it may have more is for the system to say.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let current = getrlimit(Resource::Nofile).current.unwrap_or(4_096);
    usize::try_from(current / 2).map_or(2_000, |half| half.min(2_000))
}
