//! The answer of `INFO`: the fields that stock clients read, as far as they are true here, and those of this server.

use super::process::{self, Usage};
use super::report::{group, leads, role};
use super::{REDIS_VERSION, Server};
use crate::protocol::answer::{self, Frame};
use bytes::Bytes;
use copycat::{Consistency, Error, Proxy, Role, Status};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// One section: its lines, each a name and a value.
type Lines = Vec<(&'static str, String)>;

/// Returns the sections with these names, or all.
pub(super) async fn info(server: &Server, wanted: &[Bytes]) -> Result<Frame, Error> {
    let status = server.copycat.status().await?;
    // Reads this member's own copy, because the command must not need a majority.
    let keys = server.store.with_consistency(Consistency::Eventual).size().await?;
    let usage = process::usage();
    let sections = [
        ("Server", server_section(server)),
        ("Clients", clients_section(server)),
        ("Memory", memory_section(server, &usage)),
        ("Persistence", persistence_section()),
        ("Stats", stats_section(server)),
        ("Replication", replication_section(server, &status)),
        ("CPU", cpu_section(&usage)),
        ("Modules", Lines::new()),
        ("Errorstats", Lines::new()),
        ("Cluster", vec![("cluster_enabled", "0".into())]),
        ("Keyspace", keyspace_section(keys)),
    ];
    let all = wanted.is_empty() || wanted.iter().any(|name| is_any(name, &["all", "default", "everything"]));
    let mut text = String::new();
    for (title, lines) in sections.into_iter().filter(|(title, _)| all || is_among(title, wanted)) {
        let separator = if text.is_empty() { "" } else { "\r\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}# {title}\r\n");
        for (name, value) in lines {
            let _ = write!(text, "{name}:{value}\r\n");
        }
    }
    Ok(answer::verbatim(text))
}

fn is_any(word: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

fn is_among(name: &str, words: &[Bytes]) -> bool {
    words.iter().any(|word| is_any(word, &[name]))
}

fn server_section(server: &Server) -> Lines {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let uptime_s = server.since.elapsed().as_secs();
    vec![
        ("redis_version", REDIS_VERSION.into()),
        ("copycat_version", env!("CARGO_PKG_VERSION").into()),
        ("redis_mode", "standalone".into()),
        ("os", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("arch_bits", usize::BITS.to_string()),
        ("multiplexing_api", "epoll".into()),
        ("process_id", std::process::id().to_string()),
        ("run_id", server.run_id.clone()),
        ("tcp_port", server.settings.listen.port().to_string()),
        ("server_time_usec", now.as_micros().to_string()),
        ("uptime_in_seconds", uptime_s.to_string()),
        ("uptime_in_days", (uptime_s / 86_400).to_string()),
        ("executable", std::env::current_exe().unwrap_or_default().display().to_string()),
        ("config_file", String::new()),
    ]
}

fn clients_section(server: &Server) -> Lines {
    let (present, _) = server.clients.count();
    vec![
        ("connected_clients", present.to_string()),
        ("cluster_connections", "0".into()),
        ("maxclients", server.connections_max.to_string()),
        ("blocked_clients", "0".into()),
        ("tracking_clients", "0".into()),
    ]
}

/// What is used is what is resident: nothing here counts what was allocated.
fn memory_section(server: &Server, usage: &Usage) -> Lines {
    vec![
        ("used_memory", usage.resident.to_string()),
        ("used_memory_human", human(usage.resident)),
        ("used_memory_rss", usage.resident.to_string()),
        ("used_memory_rss_human", human(usage.resident)),
        ("used_memory_peak", usage.peak.to_string()),
        ("used_memory_peak_human", human(usage.peak)),
        ("maxmemory", "0".into()),
        ("maxmemory_human", "0B".into()),
        ("maxmemory_policy", "noeviction".into()),
        ("mem_fragmentation_ratio", "1.00".into()),
        ("mem_clients_normal", server.memory.held().to_string()),
        ("mem_allocator", "libc".into()),
        ("client_buffers", server.memory.held().to_string()),
        ("client_read_ahead", server.ahead.held().to_string()),
        ("client_awaited", server.answers.held().to_string()),
    ]
}

/// Every write is in a flushed log before it is answered.
fn persistence_section() -> Lines {
    vec![
        ("loading", "0".into()),
        ("async_loading", "0".into()),
        ("rdb_bgsave_in_progress", "0".into()),
        ("aof_enabled", "1".into()),
        ("aof_rewrite_in_progress", "0".into()),
        ("aof_last_write_status", "ok".into()),
    ]
}

fn stats_section(server: &Server) -> Lines {
    let (_, ever) = server.clients.count();
    vec![
        ("total_connections_received", ever.to_string()),
        ("total_commands_processed", server.commands().to_string()),
        ("expired_keys", "0".into()),
        ("evicted_keys", "0".into()),
        ("pubsub_channels", "0".into()),
        ("pubsub_patterns", "0".into()),
    ]
}

fn cpu_section(usage: &Usage) -> Lines {
    vec![
        ("used_cpu_sys", format!("{:.6}", usage.system_s)),
        ("used_cpu_user", format!("{:.6}", usage.user_s)),
        ("used_cpu_sys_children", "0.000000".into()),
        ("used_cpu_user_children", "0.000000".into()),
    ]
}

fn keyspace_section(keys: u64) -> Lines {
    if keys > 0 { vec![("db0", format!("keys={keys},expires=0,avg_ttl=0"))] } else { Lines::new() }
}

fn replication_section(server: &Server, status: &Status) -> Lines {
    let Some(group) = group(status) else { return Lines::new() };
    let role_here = if leads(Some(group)) { "master" } else { "slave" };
    let mut lines = vec![("role", role_here.to_owned())];
    if group.role == Role::Leader {
        lines.push(("connected_slaves", (server.copycat.cluster().seeds().len() - 1).to_string()));
    } else {
        // Where Redis' clients reach the leader is known only if this member was told. Its address for the other
        // members would mislead them.
        let leader = server.settings.elsewhere.iter().find(|member| Some(member.id()) == group.leader);
        if let Some((host, port)) = leader.and_then(|leader| leader.address().rsplit_once(':')) {
            lines.extend([("master_host", host.to_owned()), ("master_port", port.to_owned())]);
        }
        let link = if group.leader.is_some() { "up" } else { "down" };
        lines.extend([("master_link_status", link.to_owned()), ("slave_read_only", "0".into())]);
        lines.push(("connected_slaves", "0".into()));
    }
    let leader = group.leader.map_or("none".to_owned(), |leader| leader.to_string());
    lines.extend([
        ("copycat_member", status.member.to_string()),
        ("copycat_role", role(group).to_owned()),
        ("copycat_leader", leader),
        ("copycat_term", group.term.to_string()),
        ("copycat_commit", group.commit.to_string()),
        ("copycat_applied", group.applied.to_string()),
    ]);
    lines
}

/// Returns a number of bytes as Redis shows it to a person.
fn human(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        // Two digits after the point; a number of bytes of memory is exact in a double.
        Some((shift, unit)) => {
            let hundredths = (u128::from(bytes) * 100) >> shift;
            format!("{}.{:02}{unit}", hundredths / 100, hundredths % 100)
        }
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn a_person_reads_three_digits() {
        let cases = [(0, "0B"), (1_023, "1023B"), (1_024, "1.00K"), (1_237_912, "1.18M"), (3 << 30, "3.00G")];
        for (bytes, shown) in cases {
            assert_eq!(human(bytes), shown);
        }
    }
}
