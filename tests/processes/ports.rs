//! Ports of loopback that are free now. They are below those that the system assigns, so they stay free.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// Returns free ports that this process was not given before: its tests run at the same time, and listen later.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let candidates = std::iter::repeat_with(|| fastrand::u16(20_000..32_000));
    let free = candidates.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.filter(|port| given.insert(*port)).take(count).collect()
}
