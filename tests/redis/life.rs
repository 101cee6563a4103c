//! Servers start, serve while others are down, and end.

use super::servers::{Servers, ask, until};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_redis-torture");

#[test]
fn what_was_written_outlives_an_orderly_end() {
    let mut servers = Servers::started(PROGRAM);
    for (at, signal) in [(0, Signal::TERM), (1, Signal::INT)] {
        let mut stream = servers.raw(at);
        // The server answers the commands that it has begun, and then closes the connection.
        stream.write_all(&b"INCR counter\r\n".repeat(100)).expect("room in the socket");
        let mut first = [0; 1];
        stream.read_exact(&mut first).expect("an answer");
        servers.signal(at, signal);
        let mut rest = String::new();
        stream.read_to_string(&mut rest).expect("the end");
        let said = String::from_utf8(first.to_vec()).expect("text") + &rest;
        assert!(said.ends_with("\r\n"), "no half answer: {said}");
        let counted = said.lines().filter(|line| line.starts_with(':')).count();
        assert_eq!(counted, said.lines().count(), "{said}");
        assert!(servers.end(at).success());
        servers.start_all();
        let found = ask(&mut servers.connect(at), "GET counter");
        assert_eq!(found, (100 * at + counted).to_string(), "as many as were answered");
        // The next round begins at a multiple of 100.
        let missing = 100 - counted;
        ask(&mut servers.connect(at), &format!("INCRBY counter {missing}"));
    }
    servers.close_all();
}

#[test]
fn an_error_says_whether_it_happened_and_a_copy_is_read_without_a_majority() {
    let mut servers = Servers::started(PROGRAM);
    let survivor = servers.leader();
    let mut connection = servers.connect(survivor);
    assert_eq!(ask(&mut connection, "SET k v"), "+OK");
    for at in (0..3).filter(|at| *at != survivor) {
        servers.kill(at);
    }
    assert_eq!(ask(&mut connection, "COPYCAT.CONSISTENCY eventual"), "+OK");
    assert_eq!(ask(&mut connection, "GET k"), "v");
    assert!(ask(&mut connection, "INFO keyspace").contains("db0:keys=1,"));
    let written = ask(&mut connection, "SET k w");
    assert!(written.starts_with("-UNKNOWN ") || written.starts_with("-NOTAPPLIED "), "{written}");
    assert_eq!(ask(&mut connection, "COPYCAT.CONSISTENCY strict"), "+OK");
    let read = ask(&mut connection, "GET k");
    assert!(read.starts_with("-NOTAPPLIED "), "{read}");
    // The server has given up leadership by now. Later writes to it are never proposed.
    until("a member that does not lead any more", || {
        Some(ask(&mut connection, "COPYCAT.STATUS")).filter(|status| status.contains("\"leader\":null"))
    });
    let written = ask(&mut connection, "INCR never");
    assert!(written.starts_with("-NOTAPPLIED "), "{written}");
    servers.start_all();
    assert_eq!(ask(&mut servers.connect(0), "GET never"), "nil");
    servers.close_all();
}

#[test]
fn a_write_through_one_member_is_seen_through_another() {
    let mut servers = Servers::started(PROGRAM);
    let mut connections: Vec<_> = (0..3).map(|at| servers.connect(at)).collect();
    for round in 0..30 {
        assert_eq!(ask(&mut connections[round % 3], &format!("SET k {round}")), "+OK");
        assert_eq!(ask(&mut connections[(round + 1) % 3], "GET k"), round.to_string());
    }
    for connection in &mut connections {
        assert_eq!(ask(connection, "COPYCAT.CONSISTENCY eventual"), "+OK");
        until("the newest value in each copy", || (ask(connection, "GET k") == "29").then_some(()));
    }
    servers.close_all();
}

/// Returns whether the kernel runs a timer for keepalive probes at the server's end of a connection.
fn has_keepalive(stream: &TcpStream) -> bool {
    let port = |address: std::io::Result<SocketAddr>| format!(":{:04X}", address.expect("an address").port());
    let (theirs, ours) = (port(stream.peer_addr()), port(stream.local_addr()));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut ends = lines.filter(|fields| fields[1].ends_with(&theirs) && fields[2].ends_with(&ours));
    // The number before the colon is the kind of the running timer.
    ends.next().expect("the server's end")[5].starts_with("02:")
}

#[test]
fn silent_clients_are_probed_and_closed_after_a_while_if_so_wished() {
    let mut servers = Servers::started(PROGRAM);
    let mut connection = servers.connect(0);
    let mut stream = servers.raw(0);
    // An answer shows that the server has accepted the connection.
    let mut answer = [0; 7];
    stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer)).expect("an answer");
    assert!(has_keepalive(&stream));
    assert_eq!(ask(&mut connection, "CONFIG GET timeout"), "[timeout, 0]");
    servers.close_all();

    servers.set("--timeout", "1");
    servers.set("--tcp-keepalive", "0");
    servers.start_all();
    let mut connection = servers.connect(0);
    assert_eq!(ask(&mut connection, "CONFIG GET t*"), "[tcp-keepalive, 0, timeout, 1]");
    let mut stream = servers.raw(0);
    stream.write_all(b"PING\r\n").and_then(|()| stream.read_exact(&mut answer)).expect("an answer");
    assert!(!has_keepalive(&stream));
    // Half a command is no reason to wait for its rest.
    stream.write_all(b"*1\r\n$4\r\nPI").expect("room in the socket");
    assert_eq!(stream.read(&mut answer).expect("the end"), 0, "closed");
    servers.close_all();
}

#[test]
fn a_program_that_is_started_wrongly_says_so_in_one_line_and_ends_with_2() {
    let servers = Servers::new(PROGRAM);
    let good: Vec<String> =
        servers.arguments(0).into_iter().map(|word| word.into_string().expect("plain text")).collect();
    let file = servers.data_directory().join("file");
    std::fs::write(&file, "no directory").expect("a file");
    let with = |option: &str, value: &str| {
        let mut words = good.clone();
        let at = words.iter().position(|word| word == option).expect("the option is there");
        words[at + 1] = value.into();
        words
    };
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let occupied = held.local_addr().expect("its address").to_string();
    let file = file.to_str().expect("plain text");
    let cases: Vec<(Vec<String>, &str)> = vec![
        (good[..1].to_vec(), "--id is missing; usage: copycat-redis"),
        ([&good[..], &["--port".into()]].concat(), "invalid option '--port'"),
        (with("--id", "one"), "--id \"one\" is not a member's id"),
        (with("--id", "9"), "error 200: Cluster::builder(): with_member_id(9): no seed has this id"),
        (
            with("--member", "1=nowhere"),
            "error 200: Cluster::builder(): Member::new(…, \"nowhere\"): write an address as host:port",
        ),
        (with("--member", "1"), "--member \"1\" is not N=HOST:PORT"),
        (with("--listen", &occupied), "cannot listen on 127.0.0.1:"),
        (with("--member", &format!("1={occupied}")), "error 203: cannot listen on"),
        (with("--data", file), "error 200: "),
        (with("--data", "/proc/self/fdinfo/x"), "error 201: "),
    ];
    for (arguments, line) in cases {
        let mut command = Command::new(PROGRAM);
        let output = command.args(&arguments).stdin(Stdio::null()).output().expect("the program ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.starts_with("copycat-redis: ") && said.contains(line), "{arguments:?}: {said}");
        assert!(said.lines().count() == 1 && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
}
