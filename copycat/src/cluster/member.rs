//! One member: an id and an address.

/// A member of a cluster: its permanent id, and the address at which the other members reach it.
///
/// An id must never be given to another machine, because it stands for one voter and its disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    id: u64,
    address: String,
}

impl Member {
    /// Describes the member `id` (1 or more), reached at `address` (`host:port`; a host may be a name or an IP
    /// address). [`ClusterBuilder::build`](super::ClusterBuilder::build) checks both.
    pub fn new(id: u64, address: impl Into<String>) -> Member {
        Member { id, address: address.into() }
    }

    /// Returns the member's id.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the member's address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns whether the address has the form `host:port` with a port other than 0.
    pub(crate) fn has_address(&self) -> bool {
        let Some((host, port)) = self.address.rsplit_once(':') else { return false };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain =
            !host.is_empty() && !host.contains([':', '[', ']']) && !host.contains(char::is_whitespace);
        (bracketed && host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok() || plain)
            && port.parse::<u16>().is_ok_and(|port| port != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["10.0.0.1:7400", "host.example:1", "[::1]:7400", "a:65535"] {
            assert!(Member::new(1, good).has_address(), "{good}");
        }
        for bad in
            ["", "host", "host:", ":7400", "host:0", "host:65536", "::1:7400", "[x]:1", "a b:1", "host:-1"]
        {
            assert!(!Member::new(1, bad).has_address(), "{bad}");
        }
    }
}
