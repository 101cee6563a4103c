//! Free ports of loopback, below those that the system hands out by itself, so that they stay free while a
//! member is away.

use std::net::TcpListener;

pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let candidates = std::iter::repeat_with(|| fastrand::u16(20_000..32_000));
    // Held until all are found, so that none is found twice.
    let free = candidates.filter_map(|port| Some((port, TcpListener::bind(("127.0.0.1", port)).ok()?)));
    let held: Vec<_> = free.take(count).collect();
    held.into_iter().map(|(port, _)| port).collect()
}
