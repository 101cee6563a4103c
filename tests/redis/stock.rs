//! What stock clients read of a server: greeting, `INFO`, parameters and descriptions, in the types of Redis 7.0.15.

use super::servers::{Servers, ask, until};
use std::io::{Read, Write};

const PROGRAM: &str = env!("CARGO_BIN_EXE_redis-torture");

/// Returns the greeting in a version, with the id of the connection and the role.
fn greeting(version: u8, id: &str, role: &str) -> String {
    let map = if version == 2 { "*14" } else { "%7" };
    let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
    let fields = [
        bulk("server"),
        bulk("redis"),
        bulk("version"),
        bulk("7.0.15"),
        bulk("proto"),
        format!(":{version}\r\n"),
        bulk("id"),
        format!(":{id}\r\n"),
        bulk("mode"),
        bulk("standalone"),
        bulk("role"),
        bulk(role),
        bulk("modules"),
        "*0\r\n".into(),
    ];
    format!("{map}\r\n{}", fields.concat())
}

/// Returns the id in a greeting.
fn id_in(greeting: &str) -> &str {
    let (_, rest) = greeting.split_once("id\r\n:").expect("an id");
    rest.split_once('\r').expect("its end").0
}

/// Sends commands to a server, then `QUIT`, and returns the answers before that of the latter.
fn answers(servers: &Servers, at: usize, commands: &str) -> String {
    let mut stream = servers.raw(at);
    write!(stream, "{commands}QUIT\r\n").expect("room in the socket");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).expect("the end");
    answers.strip_suffix("+OK\r\n").expect("an end").to_owned()
}

#[test]
fn a_greeting_has_redis_own_words() {
    let mut servers = Servers::started(PROGRAM);
    let leader = servers.leader();
    for (at, role) in [(leader, "master"), ((leader + 1) % 3, "replica")] {
        for (command, version) in [
            ("HELLO", 2),
            ("HELLO 2", 2),
            ("HELLO 3", 3),
            ("HELLO 3 AUTH default x", 3),
            ("hello 3 setname me auth default _", 3),
        ] {
            let said = answers(&servers, at, &format!("{command}\r\n"));
            assert_eq!(said, greeting(version, id_in(&said), role), "{command}");
        }
    }
    let refused = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    // The version stays.
    assert_eq!(answers(&servers, 0, "HELLO 3 AUTH a b\r\nGET none\r\n"), format!("{refused}$-1\r\n"));
    let option = "-ERR Syntax error in HELLO option 'AUTH'\r\n";
    assert_eq!(answers(&servers, 0, "HELLO 3 AUTH a\r\n"), option);
    servers.close_all();
}

#[test]
fn the_third_version_has_sets_and_verbatim_texts() {
    let mut servers = Servers::started(PROGRAM);
    let get = |set: char| {
        let empty = format!("{set}0\r\n").repeat(4);
        format!("*1\r\n*10\r\n$3\r\nget\r\n:2\r\n{set}2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n{empty}")
    };
    assert_eq!(answers(&servers, 0, "COMMAND INFO get\r\n"), get('*'));
    let cluster = "# Cluster\r\ncluster_enabled:0\r\n";
    assert_eq!(answers(&servers, 0, "INFO cluster\r\n"), format!("$30\r\n{cluster}\r\n"));
    let commands = "HELLO 3\r\nCOMMAND INFO get\r\nINFO Cluster\r\nCLIENT INFO\r\nCLIENT LIST\r\n";
    let said = answers(&servers, 0, commands);
    let id = id_in(&said);
    let role = if servers.leader() == 0 { "master" } else { "replica" };
    let rest = said.strip_prefix(&greeting(3, id, role)).expect("a greeting");
    let rest = rest.strip_prefix(&get('~')).expect("sets");
    let rest = rest.strip_prefix(&format!("=34\r\ntxt:{cluster}\r\n")).expect("a verbatim text");
    assert_eq!(rest.matches(&format!("\r\ntxt:id={id} addr=")).count(), 2, "{rest}");
    servers.close_all();
}

#[test]
fn parameters_are_found_by_name_and_by_pattern() {
    let mut servers = Servers::started(PROGRAM);
    let mut connection = servers.connect(0);
    for (words, found) in [
        ("save", "[save, ]"),
        ("SAVE save s[a-b]ve", "[SAVE, ]"),
        ("APPEND?nly", "[appendonly, yes]"),
        ("[Aa]ppend[^f]*", "[appendonly, yes]"),
        ("append[f-o]*", "[appendonly, yes, appendfsync, always]"),
        ("sav\\e", "[]"),
        ("sav\\e*", "[save, ]"),
        ("TimeOut tcp-*", "[tcp-keepalive, 300, TimeOut, 0]"),
    ] {
        assert_eq!(ask(&mut connection, &format!("CONFIG GET {words}")), found, "{words}");
    }
    servers.close_all();
}

#[test]
fn info_has_the_fields_that_clients_read() {
    let mut servers = Servers::started(PROGRAM);
    let mut connection = servers.connect(0);
    let info = ask(&mut connection, "INFO");
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("{name} in {info}"))
    };
    for (name, value) in [
        ("redis_version", "7.0.15"),
        ("redis_mode", "standalone"),
        ("arch_bits", "64"),
        ("cluster_enabled", "0"),
        ("loading", "0"),
        ("maxmemory", "0"),
        ("maxmemory_policy", "noeviction"),
        ("used_cpu_user_children", "0.000000"),
        ("blocked_clients", "0"),
        ("evicted_keys", "0"),
    ] {
        assert_eq!(field(name), value, "{name}");
    }
    for name in ["used_cpu_user", "used_cpu_sys", "used_memory_rss", "used_memory_peak", "server_time_usec"] {
        assert!(field(name).parse::<f64>().is_ok(), "{name}");
    }
    assert!(field("used_memory").parse::<u64>().is_ok_and(|bytes| bytes > 1 << 20));
    assert_eq!(field("run_id").len(), 40);
    for title in
        ["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules", "Cluster"]
    {
        assert!(info.lines().any(|line| line == format!("# {title}")), "{title}");
    }
    let two = ask(&mut connection, "INFO CPU cluster");
    assert!(two.starts_with("# CPU\r\nused_cpu_sys:"), "{two}");
    assert!(two.ends_with("\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n"), "{two}");
    assert_eq!(ask(&mut connection, "INFO nothing"), "");
    servers.close_all();
}

#[test]
fn a_follower_names_the_leader_as_its_clients_reach_it_or_not_at_all() {
    let mut servers = Servers::started(PROGRAM);
    let follower = (servers.leader() + 1) % 3;
    let info = ask(&mut servers.connect(follower), "INFO replication");
    assert!(info.contains("role:slave\r\n") && !info.contains("master_port"), "{info}");
    servers.close_all();

    let addresses: Vec<String> = (0..3).map(|at| format!("{}={}", at + 1, servers.address(at))).collect();
    addresses.iter().for_each(|address| servers.set("--client", address));
    servers.start_all();
    let named = until("a follower that knows a leader", || {
        let at = (servers.leader() + 1) % 3;
        let info = ask(&mut servers.connect(at), "INFO replication");
        let field = |name: &str| Some(info.lines().find_map(|line| line.strip_prefix(name))?.to_owned());
        Some((field("copycat_leader:")?, field("master_host:")?, field("master_port:")?))
    });
    let (leader, host, port) = named;
    assert!(addresses.contains(&format!("{leader}={host}:{port}")), "{addresses:?}: {leader} {host} {port}");
    servers.close_all();
}
