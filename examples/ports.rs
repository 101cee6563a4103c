//! Free ports of loopback. They are below those that the system assigns, so they stay free while a member is down.

use std::net::TcpListener;

pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let candidates = std::iter::repeat_with(|| fastrand::u16(20_000..32_000));
    // All listeners are held until the end, so that no port is found twice.
    let free = candidates.filter_map(|port| Some((port, TcpListener::bind(("127.0.0.1", port)).ok()?)));
    let held: Vec<_> = free.take(count).collect();
    held.into_iter().map(|(port, _)| port).collect()
}
