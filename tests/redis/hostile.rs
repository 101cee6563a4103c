//! Hostile input for a server. It answers as Redis does, or closes the connection, takes little memory, and serves
//! its other clients.

use super::servers::{Servers, ask, until};
use crate::resources::{crowd_size, resident};
use ::redis::Connection;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_redis-torture");

/// Sends bytes and closes its side. Returns all that the server sends before it closes the connection.
fn told(servers: &Servers, bytes: &[u8]) -> String {
    let mut stream = servers.raw(0);
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{:?}…: {error}", &bytes[..bytes.len().min(16)]),
    }
    String::from_utf8(answer).expect("text")
}

/// Returns inputs with the answers that the server gives before it closes the connection.
fn table() -> Vec<(Vec<u8>, &'static str)> {
    let protocol = |bytes: &[u8], error| (bytes.to_vec(), error);
    let long = |begin: &str| (begin.to_owned() + &"1".repeat(70_000)).into_bytes();
    let mut random = fastrand::Rng::with_seed(7);
    // The garbage holds no end of a line and no beginning of a command.
    let garbage = (0..80_000).map(|_| random.u8(128..)).collect();
    vec![
        protocol(b"*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*9999999999999999999999\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*1048577\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        // 512 MB, one more than a number holds, and a negative number.
        protocol(
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n",
            "-ERR Protocol error: invalid bulk length\r\n",
        ),
        protocol(b"*1\r\n$18446744073709551616\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\r\n$-1\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*2\r\n:1\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"),
        protocol(&b"*1\r\n".repeat(100_000), "-ERR Protocol error: expected '$', got '*'\r\n"),
        protocol(b"set k \"v\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
        (long("get "), "-ERR Protocol error: too big inline request\r\n"),
        (long("*"), "-ERR Protocol error: too big mbulk count string\r\n"),
        (long("*1\r\n$"), "-ERR Protocol error: too big bulk count string\r\n"),
        (garbage, "-ERR Protocol error: too big inline request\r\n"),
        // A line feed alone ends no header. What follows it is not taken for commands.
        protocol(b"*1\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*1\r\n$4\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\n$4\nPING\n", ""),
        protocol(b"*1\n", ""),
        // The bytes with which a header or a word ends are not checked, except for the carriage return of a header.
        protocol(b"*1\rX$4\rYPINGZZ*1\r\n$4\r\nPING\r\n", "+PONG\r\n+PONG\r\n"),
        protocol(b"*1\r\n$4\r\nPINGG\r\nPING\r\n", "+PONG\r\n+PONG\r\n"),
        // Numbers have one form.
        protocol(b"*\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*-0\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*+1\r\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*01\r\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"* 1\r\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*1 \r\n$4\r\nPING\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*-9223372036854775809\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        protocol(b"*-9223372036854775808\r\nPING\r\n", "+PONG\r\n"),
        protocol(b"*1\r\n$04\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\r\n$+4\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\r\n$\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\r\n$-0\r\n\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        protocol(b"*1\r\n\r\n", "-ERR Protocol error: expected '$', got ' '\r\n"),
        protocol(b"*1\r\n\n\r\n", "-ERR Protocol error: expected '$', got ' '\r\n"),
        protocol(b"*1\r\n'4\r\n", "-ERR Protocol error: expected '$', got '''\r\n"),
        // The server answers the commands before a mistake, and none after it.
        protocol(b"PING\r\n*x\r\nPING\r\n", "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n"),
        // Inline commands, as a person types them.
        protocol(b"\r\n  ping  'a b' \nECHO \"\\x41\"\r\n", "$3\r\na b\r\n$1\r\nA\r\n"),
        protocol(b"GET / HTTP/1.1\r\n", "-ERR wrong number of arguments for 'get' command\r\n"),
        protocol(b"*1\r\n$0\r\n\r\n", "-ERR unknown command '', with args beginning with: \r\n"),
        protocol(b"*-1\r\n*0\r\nPING\r\n", "+PONG\r\n"),
        // Incomplete commands, and an empty input.
        protocol(b"*2\r\n$3\r\nGET\r\n$1000000\r\nabc", ""),
        protocol(b"PIN", ""),
        protocol(b"", ""),
    ]
}

#[test]
fn what_is_no_command_gets_redis_own_errors() {
    let mut servers = Servers::started(PROGRAM);
    let mut other = servers.connect(0);
    assert_eq!(ask(&mut other, "SET k v"), "+OK");
    let before = resident(servers.id(0));
    for _ in 0..3 {
        for (bytes, answer) in table() {
            let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            assert_eq!(told(&servers, &bytes), answer, "{begin:?}");
        }
        assert_eq!(ask(&mut other, "GET k"), "v");
    }
    let grown = resident(servers.id(0)).saturating_sub(before);
    println!("{grown} bytes more");
    assert!(grown < 128 << 20, "the server took {grown} bytes more");
    servers.close_all();
}

#[test]
fn http_is_cut_off_before_the_lines_of_its_body_run() {
    let mut servers = Servers::started(PROGRAM);
    let mut other = servers.connect(0);
    assert_eq!(ask(&mut other, "SET k v"), "+OK");
    let body = "Content-Length: 30\r\n\r\nSET pwned 1\r\nFLUSHALL\r\nPING\r\n";
    for head in [
        "POST / HTTP/1.1\r\n",
        "post / HTTP/1.1\r\n",
        "Host: 127.0.0.1:6379\r\n",
        "hOSt:\r\n",
        "PING\r\nPOST /\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
        "*1\r\n$4\r\nPOST\r\n",
        "*2\r\n$5\r\nHost:\r\n$1\r\nx\r\n",
    ] {
        assert_eq!(told(&servers, format!("{head}{body}").as_bytes()), "", "{head:?}");
    }
    // These are other commands, which do not exist.
    let answer = told(&servers, b"Host\r\nHost:x\r\nPOSTS\r\n");
    let unknown = answer.lines().filter(|line| line.starts_with("-ERR unknown command ")).count();
    assert_eq!(unknown, 3, "{answer}");
    assert_eq!(ask(&mut other, "MGET k pwned"), "[v, nil]");
    assert_eq!(servers.said(0).matches("SECURITY ATTACK").count(), 1, "one warning a minute");
    servers.close_all();
}

#[test]
fn a_crowd_that_says_nothing_costs_little() {
    let mut servers = Servers::started(PROGRAM);
    let mut other = servers.connect(0);
    assert_eq!(ask(&mut other, "SET k v"), "+OK");
    let before = resident(servers.id(0));
    let crowd: Vec<TcpStream> = (0..crowd_size())
        .map(|number| {
            let mut stream = servers.raw(0);
            // Every second connection has begun a command that announces a large argument.
            if number % 2 == 0 {
                stream.write_all(b"*1000000\r\n$3\r\nSET\r\n$4000000\r\nabc").expect("room in the socket");
            }
            stream
        })
        .collect();
    until("a crowd", || {
        let line = format!("connected_clients:{}", crowd.len() + 1);
        ask(&mut other, "INFO clients").lines().any(|found| found == line).then_some(())
    });
    assert_eq!(ask(&mut other, "INCR counter"), ":1");
    assert_eq!(ask(&mut servers.connect(0), "GET k"), "v", "newcomers are let in");
    let grown = resident(servers.id(0)).saturating_sub(before);
    println!("{grown} bytes for {} silent clients", crowd.len());
    assert!(grown < 128 << 20, "the server took {grown} bytes more");
    drop(crowd);
    until("an end of the crowd", || {
        ask(&mut other, "INFO clients").contains("connected_clients:1\r\n").then_some(())
    });
    servers.close_all();
}

#[test]
fn who_never_reads_is_left_alone_and_then_cut_off() {
    let mut servers = Servers::started(PROGRAM);
    let mut other = servers.connect(0);
    assert_eq!(ask(&mut other, &format!("SET k {}", "x".repeat(1 << 20))), "+OK");
    assert_eq!(ask(&mut other, "GET k").len(), 1 << 20);
    let before = resident(servers.id(0));
    let mut peak = 0;
    let silent: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = servers.raw(0);
            stream.set_nonblocking(true).expect("a socket");
            // As many commands as the sockets take, each of which asks for a mebibyte.
            let many = b"GET k\r\n".repeat(100_000);
            let mut rest = &many[..];
            while let Ok(sent @ 1..) = stream.write(rest) {
                rest = &rest[sent..];
            }
            assert_eq!(ask(&mut other, "ECHO hello"), "hello");
            peak = peak.max(resident(servers.id(0)));
            stream
        })
        .collect();
    until("an end of those who do not read", || {
        peak = peak.max(resident(servers.id(0)));
        ask(&mut other, "INFO clients").contains("connected_clients:1\r\n").then_some(())
    });
    // The first window of answers for each client, encoded and not, and the contents of the sockets are far less than
    // the clients asked for.
    let grown = peak.saturating_sub(before);
    println!("{grown} bytes for {} clients that do not read", silent.len());
    assert!(grown < 512 << 20, "the server took {grown} bytes more");
    assert_eq!(ask(&mut other, "INCR counter"), ":1");
    servers.close_all();
}

/// Returns the most memory that a server has had, in bytes.
fn peak(connection: &mut Connection) -> usize {
    let info = ask(connection, "INFO memory");
    let peak = info.lines().find_map(|line| line.strip_prefix("used_memory_peak:"));
    peak.and_then(|peak| peak.parse().ok()).expect("a number")
}

#[test]
fn who_reads_nothing_from_a_follower_costs_its_leader_little() {
    let mut servers = Servers::started(PROGRAM);
    let leader = servers.leader();
    let follower = (leader + 1) % 3;
    let (mut led, mut other) = (servers.connect(leader), servers.connect(follower));
    assert_eq!(ask(&mut led, &format!("SET k {}", "x".repeat(1 << 20))), "+OK");
    assert_eq!(ask(&mut other, "GET k").len(), 1 << 20);
    let before = peak(&mut led);
    let silent: Vec<TcpStream> = (0..30)
        .map(|_| {
            let mut stream = servers.raw(follower);
            stream.write_all(&b"GET k\r\n".repeat(200)).expect("room in the socket");
            stream
        })
        .collect();
    until("an end of those who do not read", || {
        assert_eq!(ask(&mut other, "STRLEN k"), ":1048576");
        ask(&mut other, "INFO clients").contains("connected_clients:1\r\n").then_some(())
    });
    let grown = peak(&mut led).saturating_sub(before);
    println!("{grown} bytes for {} clients that do not read from a follower", silent.len());
    assert!(grown < 192 << 20, "the leader took {grown} bytes more");
    servers.close_all();
}

#[test]
fn beyond_its_descriptors_a_server_turns_clients_away() {
    let mut servers = Servers::new(PROGRAM);
    for at in 0..3 {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 300 && exec \"$0\" \"$@\"", PROGRAM]).args(servers.arguments(at));
        servers.start_as(at, command);
    }
    servers.settle();
    let mut other = servers.connect(0);
    let mut streams: Vec<TcpStream> = (0..60).map(|_| servers.raw(0)).collect();
    let mut refused = 0;
    for stream in &mut streams {
        let mut answer = String::new();
        let _ = stream.write_all(b"PING\r\n");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        let mut bytes = [0; 64];
        if let Ok(len @ 1..) = stream.read(&mut bytes) {
            answer.push_str(&String::from_utf8_lossy(&bytes[..len]));
        }
        match answer.as_str() {
            "+PONG\r\n" => {}
            "-ERR max number of clients reached\r\n" => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    // There are 300 descriptors. 256 are the member's, and one client of this test is connected already.
    assert_eq!(refused, 60 - 43);
    drop(streams);
    until("room again", || servers.try_connect(0, "").ok());
    assert_eq!(ask(&mut other, "SET k v"), "+OK");
    servers.close_all();
}
