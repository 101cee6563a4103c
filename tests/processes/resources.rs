//! Resource limits and resource usage of processes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Returns the resident memory of a process in bytes.
pub(crate) fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib << 10
}

/// Returns half the number of descriptors that this process may have, at most two thousand.
pub(crate) fn crowd_size() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // The system decides whether the process may have more.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let current = getrlimit(Resource::Nofile).current.unwrap_or(4_096);
    usize::try_from(current / 2).map_or(2_000, |half| half.min(2_000))
}
