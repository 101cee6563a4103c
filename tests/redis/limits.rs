//! One set of limits: every command has the same, and says the same of them.

use super::servers::{Servers, ask};
use ::redis::{Connection, ConnectionLike, Value, cmd};
use copycat_redis::limits::{
    COMMAND_LEN_MAX, KEY_LEN_MAX, NAME_LEN_MAX, Oversized, VALUE_LEN_MAX, VALUES_LEN_MAX,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_redis-torture");
/// Bytes that the length of a long word takes in the log.
const LENGTH_LEN: usize = 5;

fn refused(oversized: Oversized) -> String {
    format!("-{oversized}")
}

/// Checks a command whose last word may have `most` bytes.
fn check(connection: &mut Connection, line: &str, most: usize, oversized: Oversized) {
    let told = ask(connection, &format!("{line} {}", "x".repeat(most)));
    assert!(!told.starts_with('-') && !told.starts_with("no answer"), "{line:.40}: {told:.100}");
    let told = ask(connection, &format!("{line} {}", "x".repeat(most + 1)));
    assert_eq!(told, refused(oversized), "{line:.40}");
}

#[test]
fn limits_agree_and_have_one_text() {
    let mut servers = Servers::started(PROGRAM);
    let leader = servers.leader();
    for at in [leader, (leader + 1) % 3] {
        let connection = &mut servers.connect(at);
        let told = ask(connection, "CONFIG GET proto-max-bulk-len");
        assert_eq!(told, format!("[proto-max-bulk-len, {VALUE_LEN_MAX}]"));
        let longest_key = "k".repeat(KEY_LEN_MAX);
        for key in ["k", longest_key.as_str()] {
            for (command, old) in
                [("SET", ""), ("APPEND", ""), ("GETSET", ""), ("MSET", ""), ("COPYCAT.CAS", " _")]
            {
                ask(connection, &format!("DEL {key}"));
                check(connection, &format!("{command} {key}{old}"), VALUE_LEN_MAX, Oversized::Value);
            }
            assert_eq!(ask(connection, &format!("GET {key}")).len(), VALUE_LEN_MAX);
            assert_eq!(ask(connection, &format!("APPEND {key} x")), refused(Oversized::Value));
            assert_eq!(ask(connection, &format!("STRLEN {key}")), format!(":{VALUE_LEN_MAX}"));
            assert_eq!(ask(connection, &format!("SET {key} v XX GET")).len(), VALUE_LEN_MAX);
        }
        check(connection, "ECHO", VALUE_LEN_MAX, Oversized::Value);
        for command in ["GET", "STRLEN", "INCR", "DEL", "EXISTS", "DEL k", "EXISTS k", "MGET", "MGET k"] {
            ask(connection, &format!("SET {} 1", "x".repeat(KEY_LEN_MAX)));
            check(connection, command, KEY_LEN_MAX, Oversized::Key);
        }
        check(connection, "CLIENT SETNAME", NAME_LEN_MAX, Oversized::Name);
        assert_eq!(ask(connection, "FLUSHALL"), "+OK");
    }
    servers.close_all();
}

#[test]
fn a_command_is_as_long_as_its_contents() {
    let mut servers = Servers::started(PROGRAM);
    let mut connection = servers.connect(0);
    // With their framing, these are far more bytes than a command has.
    let mut many = cmd("MSET");
    for number in 0..300_000 {
        many.arg(format!("key-{:04}", number % 1_000)).arg(number % 10);
    }
    assert_eq!(many.query::<Value>(&mut connection), Ok(Value::Okay));
    assert_eq!(ask(&mut connection, "DBSIZE"), ":1000");
    assert_eq!(ask(&mut connection, "MGET key-0007 key-0999"), "[7, 9]");
    // Two pairs that fill a command of the log to its last byte, and one byte more. Besides the lengths of the values,
    // the number of pairs takes a byte, and each key two.
    let rest = COMMAND_LEN_MAX - (1 + 2 + 2 + LENGTH_LEN + VALUE_LEN_MAX + LENGTH_LEN);
    let longest = "x".repeat(VALUE_LEN_MAX);
    check(&mut connection, &format!("MSET a {longest} b"), rest, Oversized::Command);
    assert_eq!(ask(&mut connection, "STRLEN b"), format!(":{rest}"));
    // The same with one key and two values. They have no number, which counts nevertheless.
    let rest = COMMAND_LEN_MAX - (1 + 2 + LENGTH_LEN + VALUE_LEN_MAX + LENGTH_LEN);
    check(&mut connection, &format!("COPYCAT.CAS a {longest}"), rest, Oversized::Command);
    assert_eq!(ask(&mut connection, "STRLEN a"), format!(":{rest}"));
    // What is too long for any limit is dropped while it arrives, and the connection continues.
    let long = "x".repeat(9 << 20);
    assert_eq!(ask(&mut connection, &format!("SET a {long}")), refused(Oversized::Value));
    let values = format!("MSET a {longest} b {longest} c {longest}");
    assert_eq!(ask(&mut connection, &values), refused(Oversized::Command));
    assert_eq!(ask(&mut connection, "DBSIZE"), ":1002");
    servers.close_all();
}

#[test]
fn many_values_are_answered_though_no_result_holds_them() {
    let mut servers = Servers::started(PROGRAM);
    let leader = servers.leader();
    for at in [leader, (leader + 1) % 3] {
        let mut connection = servers.connect(at);
        let (a, b) = ("a".repeat(2 << 20), "b".repeat(2 << 20));
        assert_eq!(ask(&mut connection, &format!("SET a {a}")), "+OK");
        assert_eq!(ask(&mut connection, &format!("SET b {b}")), "+OK");
        assert!(ask(&mut connection, "MGET a b none a") == format!("[{a}, {b}, nil, {a}]"));
        let most = vec!["a"; VALUES_LEN_MAX >> 21].join(" ");
        assert_eq!(ask(&mut connection, &format!("MGET {most}")).len(), VALUES_LEN_MAX + 2 * 15 + 2);
        let told = ask(&mut connection, &format!("MGET {most} a a"));
        assert_eq!(told, refused(Oversized::Values));
        assert_eq!(ask(&mut connection, "STRLEN a"), ":2097152");
    }
    servers.close_all();
}

/// Reads four long values, and checks that they are equal. Returns whether they were answered.
fn read(connection: &mut Connection) -> bool {
    let mut command = cmd("MGET");
    command.arg(&["a", "b", "c", "a"]);
    match connection.req_packed_command(&command.get_packed_command()) {
        Ok(Value::Array(values)) => {
            assert!(values.len() == 4 && values.iter().all(|value| *value == values[0]), "of one moment");
            true
        }
        Ok(Value::ServerError(error)) => {
            let told = error.details().unwrap_or_default();
            assert!(told.ends_with("nothing was changed by this command"), "{told}");
            false
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn many_values_are_those_of_one_moment() {
    let mut servers = Servers::started(PROGRAM);
    let leader = servers.leader();
    let (mut reader, mut writer) = (servers.connect((leader + 1) % 3), servers.connect(leader));
    let write = |connection: &mut Connection, letter: char| {
        let value = letter.to_string().repeat(1_390_000);
        let written = ask(connection, &format!("MSET a {value} b {value} c {value}"));
        assert_eq!(written, "+OK");
    };
    write(&mut writer, 'z');
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| ('a'..='p').for_each(|letter| write(&mut writer, letter)));
        while !writing.is_finished() {
            read(&mut reader);
        }
    });
    assert!(read(&mut reader), "nobody writes any more");
    servers.close_all();
}

#[test]
fn a_command_behind_many_values_waits_for_them() {
    let mut servers = Servers::started(PROGRAM);
    let mut connection = servers.connect(0);
    let (old, new) = ("a".repeat(2 << 20), "b".repeat(2 << 20));
    let (mut get, mut set) = (cmd("MGET"), cmd("SET"));
    get.arg(&["k", "k", "k"]);
    set.arg("k").arg(&new);
    let both = [get.get_packed_command(), set.get_packed_command()].concat();
    for round in 0..3 {
        assert_eq!(ask(&mut connection, &format!("SET k {old}")), "+OK");
        let answers = connection.req_packed_commands(&both, 0, 2).expect("answers");
        assert_eq!(answers[1], Value::Okay);
        match &answers[0] {
            Value::Array(values) => {
                let old = Value::BulkString(old.clone().into_bytes());
                assert!(values.len() == 3 && values.iter().all(|value| *value == old), "before the write");
            }
            Value::ServerError(error) if round == 0 => {
                let told = error.details().unwrap_or_default();
                assert!(told.contains("send the command again, nothing was changed"), "{told}");
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    servers.close_all();
}
