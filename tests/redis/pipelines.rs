//! Many commands at once on one connection: each sees exactly the effects of those before it.

use super::servers::{Servers, ask, shown};
use ::redis::{Connection, ConnectionLike};

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
