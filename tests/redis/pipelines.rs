//! Many commands at once on one connection: each sees exactly the effects of those before it.

use super::servers::{Servers, ask, shown, until};
use ::redis::{Connection, ConnectionLike};
use copycat_redis::limits::{AHEAD_LEN_MAX, AHEAD_MAX};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Number of commands that are sent before any answer is read.
const COUNT: usize = 500;

/// Sends a mixture of writes and reads in one piece, and checks each answer against the expected one.
fn mixture(connection: &mut Connection, name: &str) {
    let (mut packed, mut expected) = (Vec::new(), Vec::new());
    let mut push = |words: &[&str], answer: String| {
        let mut command = ::redis::cmd(words[0]);
        command.arg(&words[1..]);
        packed.extend(command.get_packed_command());
        expected.push(answer);
    };
    let (register, counter, text) =
        (format!("{name}-register"), format!("{name}-counter"), format!("{name}-text"));
    for number in 1..=COUNT {
        let shown = number.to_string();
        push(&["SET", &register, &shown], "+OK".into());
        push(&["GET", &register], shown.clone());
        push(&["INCR", &counter], format!(":{number}"));
        push(&["MGET", &counter, &register], format!("[{number}, {number}]"));
        push(&["APPEND", &text, "x"], format!(":{number}"));
        push(&["STRLEN", &text], format!(":{number}"));
        push(&["GET", &register, "one", "more"], "-ERR wrong number of arguments for 'get' command".into());
        push(&["PING", &shown], shown.clone());
    }
    let count = expected.len();
    let answers = connection.req_packed_commands(&packed, 0, count).expect("answers");
    for (at, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
        assert_eq!(shown(answer), *expected, "answer {at} of {count}");
    }
    assert_eq!(answers.len(), count);
}

#[test]
fn commands_of_one_connection_take_effect_in_their_order() {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let leader = servers.leader();
    for (at, name) in [(leader, "leader"), ((leader + 1) % 3, "follower")] {
        let mut connection = servers.connect(at);
        mixture(&mut connection, &format!("{name}-strict"));
        assert_eq!(ask(&mut connection, "COPYCAT.CONSISTENCY lease"), "+OK");
        mixture(&mut connection, &format!("{name}-lease"));
    }
    // Concurrent pipelines do not disturb each other.
    std::thread::scope(|scope| {
        for number in 0..4 {
            let mut connection = servers.connect(number % 3);
            scope.spawn(move || mixture(&mut connection, &format!("client-{number}")));
        }
    });
    servers.close_all();
}

/// Writes a whole pipeline, and only then reads its answers, which must be `count` times the same.
fn write_then_read(servers: &Servers, at: usize, command: &[u8], count: usize, answer: &[u8]) {
    let mut stream = servers.raw(at);
    stream.write_all(&command.repeat(count)).expect("the server reads on");
    let mut stream = BufReader::new(stream);
    let mut found = vec![0; answer.len()];
    for number in 0..count {
        stream.read_exact(&mut found).unwrap_or_else(|error| panic!("answer {number} of {count}: {error}"));
        assert!(found == answer, "answer {number} of {count}");
    }
    stream.get_mut().write_all(b"PING\r\n").expect("room in the socket");
    let mut found = [0; 7];
    stream.read_exact(&mut found).expect("an answer");
    assert_eq!(&found, b"+PONG\r\n");
}

#[test]
fn a_client_may_write_its_whole_pipeline_before_it_reads() {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let leader = servers.leader();
    let (long, short) = ("x".repeat(100_000), "y".repeat(1_000));
    let set = format!("*4\r\n$3\r\nSET\r\n$3\r\nbig\r\n$100000\r\n{long}\r\n$3\r\nGET\r\n");
    let mut connection = servers.connect(leader);
    assert_eq!(ask(&mut connection, &format!("SET big {long}")), "+OK");
    assert_eq!(ask(&mut connection, &format!("SET small {short}")), "+OK");
    for at in [leader, (leader + 1) % 3] {
        write_then_read(&servers, at, set.as_bytes(), 200, format!("$100000\r\n{long}\r\n").as_bytes());
    }
    let get = b"*2\r\n$3\r\nGET\r\n$5\r\nsmall\r\n";
    write_then_read(&servers, leader, get, 300_000, format!("$1000\r\n{short}\r\n").as_bytes());
    assert_eq!(read_ahead(&mut connection), 0);
    servers.close_all();
}

/// Bytes of one of the commands that fill what is read ahead. It is cheap: the server does not know it.
const FILLER_LEN: usize = 16 << 10;
/// Its answer.
const REFUSAL: &str = "-ERR unknown command 'X', with args beginning with: ";

/// Returns a server with a long value, and a connection to it.
fn with_long_value(servers: &mut Servers) -> Connection {
    servers.start_all();
    let mut connection = servers.connect(0);
    assert_eq!(ask(&mut connection, &format!("SET k {}", "x".repeat(1 << 20))), "+OK");
    connection
}

/// Asks for answers that fill the sockets, and then sends as many commands as are taken or wanted. Returns the number.
fn fill(stream: &mut TcpStream, wanted: usize) -> usize {
    let filler = format!("X {}\r\n", "y".repeat(FILLER_LEN - 4));
    stream.write_all(&b"GET k\r\n".repeat(24)).expect("room in the socket");
    (0..wanted).take_while(|_| stream.write_all(filler.as_bytes()).is_ok()).count()
}

/// Returns the bytes that are read ahead for all.
fn read_ahead(connection: &mut Connection) -> usize {
    let memory = ask(connection, "INFO memory");
    let line = memory.lines().find_map(|line| line.strip_prefix("client_read_ahead:"));
    line.and_then(|bytes| bytes.parse().ok()).expect("a number")
}

#[test]
fn what_is_read_ahead_is_bounded() {
    let mut servers = Servers::new(env!("CARGO_BIN_EXE_redis-torture"));
    let mut connection = with_long_value(&mut servers);
    // These clients never read, and are cut off.
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| servers.raw(0))
            .map(|mut stream| scope.spawn(move || fill(&mut stream, usize::MAX)))
            .collect();
        let mut most = 0;
        while !writers.iter().all(|writer| writer.is_finished()) {
            most = most.max(read_ahead(&mut connection));
        }
        println!("{most} bytes were read ahead");
        assert!(most < AHEAD_MAX + (1 << 20), "{most} bytes were read ahead");
        for writer in writers {
            let written = writer.join().expect("a number") * FILLER_LEN;
            assert!(written < AHEAD_LEN_MAX + (16 << 20), "{written} bytes of one client were taken");
        }
    });
    until("an end of the clients", || (read_ahead(&mut connection) == 0).then_some(()));
    servers.close_all();
}

#[test]
fn who_finds_no_room_to_be_read_ahead_waits_for_it() {
    let mut servers = Servers::new(env!("CARGO_BIN_EXE_redis-torture"));
    servers.set("--patience", "60");
    let mut connection = with_long_value(&mut servers);
    let count = (48 << 20) / FILLER_LEN;
    let (written, may_read) = (AtomicUsize::new(0), RwLock::new(()));
    std::thread::scope(|scope| {
        let start = || {
            let (mut stream, written, may_read) = (servers.raw(0), &written, &may_read);
            scope.spawn(move || {
                assert_eq!(fill(&mut stream, count), count);
                written.fetch_add(1, Ordering::Relaxed);
                drop(may_read.read());
                let lines = BufReader::new(stream).lines().map(|line| line.expect("an answer"));
                let refusals = lines.filter(|line| line.starts_with(REFUSAL)).take(count).count();
                assert_eq!(refusals, count);
            });
        };
        let nobody_reads = may_read.write();
        (0..5).for_each(|_| start());
        until("five whole pipelines", || (written.load(Ordering::Relaxed) == 5).then_some(()));
        // These must wait until those have read.
        (0..3).for_each(|_| start());
        until("no more room", || (read_ahead(&mut connection) >= AHEAD_MAX).then_some(()));
        drop(nobody_reads);
    });
    assert_eq!((written.into_inner(), read_ahead(&mut connection)), (8, 0));
    servers.close_all();
}
