//! What the kernel says of this process.

/// The kernel counts processor time in ticks of a hundredth of a second, on every architecture.
const TICKS_PER_S: f64 = 100.0;

/// What this process uses; zero where the kernel does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Bytes of memory that are resident, and the most that ever were.
    pub(super) resident: u64,
    pub(super) peak: u64,
    /// Seconds of processor time in the program, and in the kernel for it.
    pub(super) user_s: f64,
    pub(super) system_s: f64,
}

/// Returns what this process uses now.
pub(super) fn usage() -> Usage {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    parse(&status, &stat)
}

fn parse(status: &str, stat: &str) -> Usage {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    // The name of the program stands in parentheses, and may contain anything. The state of the process follows it.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().collect()).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    Usage {
        resident: kib("VmRSS:").unwrap_or_default() << 10,
        peak: kib("VmHWM:").unwrap_or_default() << 10,
        user_s: ticks(11) / TICKS_PER_S,
        system_s: ticks(12) / TICKS_PER_S,
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, usage};

    #[test]
    fn the_kernel_says_what_is_used() {
        let now = usage();
        assert!(now.resident > 0 && now.peak >= now.resident);
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 123 45 0 0 20 0 1 0 9 9 9";
        let found = parse("Name:\tx\nVmHWM:\t    30 kB\nVmRSS:\t      20 kB\n", stat);
        assert_eq!((found.resident, found.peak), (20 << 10, 30 << 10));
        assert_eq!((found.user_s, found.system_s), (1.23, 0.45));
        assert_eq!(parse("", "").resident, 0);
    }
}
