//! Many commands at once on one connection: each sees exactly the effects of those before it.

use super::servers::{Servers, ask, shown, until};
use ::redis::{Connection, ConnectionLike};
use std::io::{BufReader, Read, Write};

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
    let memory = ask(&mut connection, "INFO memory");
    assert!(memory.contains("client_read_ahead:0\r\n"), "{memory}");
    servers.close_all();
}

#[test]
fn what_is_read_ahead_is_bounded() {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let mut connection = servers.connect(0);
    assert_eq!(ask(&mut connection, &format!("SET k {}", "x".repeat(1 << 20))), "+OK");
    // Answers that fill the sockets, and then requests without end. The server reads a part of these, and closes the
    // connection when the client has read nothing for a while.
    let mut stream = servers.raw(0);
    stream.write_all(&b"GET k\r\n".repeat(64)).expect("room in the socket");
    let requests = format!("SET none {} XX\r\n", "y".repeat(1 << 14)).repeat(64);
    let mut written = 0;
    while let Ok(len) = stream.write(requests.as_bytes()) {
        written += len;
        assert!(written < 512 << 20, "the server reads without end");
    }
    println!("{written} bytes were taken");
    assert!(written > 32 << 20, "{written} bytes were taken");
    until("an end of the client", || {
        let memory = ask(&mut connection, "INFO memory");
        memory.contains("client_read_ahead:0\r\n").then_some(())
    });
    servers.close_all();
}
