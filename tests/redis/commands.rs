//! Every command, and its error when it is used wrongly.

use super::servers::{Servers, ask, shown, until};
use ::redis::Value;

/// Commands with their answers.
const CASES: &[(&str, &str)] = &[
    ("PING", "+PONG"),
    ("PING hello", "hello"),
    ("ECHO hello", "hello"),
    ("SELECT 0", "+OK"),
    ("SELECT 1", "-ERR DB index is out of range"),
    ("SELECT x", "-ERR value is not an integer or out of range"),
    ("FLUSHALL", "+OK"),
    ("DBSIZE", ":0"),
    ("GET k", "nil"),
    ("SET k v", "+OK"),
    ("GET k", "v"),
    ("get", "-ERR wrong number of arguments for 'get' command"),
    ("SET k", "-ERR wrong number of arguments for 'set' command"),
    ("SET k v EX 10", "-ERR syntax error"),
    ("SET k v NX XX", "-ERR syntax error"),
    ("SET k w NX", "nil"),
    ("SET k w NX GET", "v"),
    ("GET k", "v"),
    ("SET k w XX GET", "v"),
    ("SET k x XX", "+OK"),
    ("SET k y GET", "x"),
    ("SET other y GET", "nil"),
    ("SET other z XX", "+OK"),
    ("SET none z XX", "nil"),
    ("SET none z XX GET", "nil"),
    ("SET new z NX", "+OK"),
    ("GETSET k z", "y"),
    ("GETSET newer 1", "nil"),
    ("DBSIZE", ":4"),
    ("EXISTS k k none", ":2"),
    ("DEL k none other", ":2"),
    ("DEL k", ":0"),
    ("DEL newer", ":1"),
    ("DEL", "-ERR wrong number of arguments for 'del' command"),
    ("MSET a 1 b 2 a 3", "+OK"),
    ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
    ("MGET a b none a", "[3, 2, nil, 3]"),
    ("INCR a", ":4"),
    ("INCR counter", ":1"),
    ("DECR counter", ":0"),
    ("DECR counter", ":-1"),
    ("DECRBY counter 2", ":-3"),
    ("DECRBY counter -2", ":-1"),
    ("DECRBY counter -9223372036854775808", "-ERR decrement would overflow"),
    ("DECRBY counter 1.0", "-ERR value is not an integer or out of range"),
    ("INCRBY counter 9223372036854775807", ":9223372036854775806"),
    ("INCRBY counter 2", "-ERR increment or decrement would overflow"),
    ("GET counter", "9223372036854775806"),
    ("INCRBY counter x", "-ERR value is not an integer or out of range"),
    ("INCRBY counter 9223372036854775808", "-ERR value is not an integer or out of range"),
    ("INCR new", "-ERR value is not an integer or out of range"),
    ("APPEND text ab", ":2"),
    ("APPEND text _", ":2"),
    ("APPEND text cd", ":4"),
    ("GET text", "abcd"),
    ("STRLEN text", ":4"),
    ("STRLEN none", ":0"),
    ("SET empty _", "+OK"),
    ("GET empty", ""),
    ("EXISTS empty", ":1"),
    ("COPYCAT.CAS cas 1 2", ":0"),
    ("COPYCAT.CAS cas _ 1", ":1"),
    ("COPYCAT.CAS cas _ 2", ":0"),
    ("COPYCAT.CAS cas 1 2", ":1"),
    ("GET cas", "2"),
    ("COPYCAT.CAS cas 1", "-ERR wrong number of arguments for 'copycat.cas' command"),
    ("FLUSHALL LATER", "-ERR syntax error"),
    ("FLUSHALL ASYNC", "+OK"),
    ("DBSIZE", ":0"),
    ("CLIENT GETNAME", "nil"),
    ("CLIENT SETNAME ada", "+OK"),
    ("CLIENT GETNAME", "ada"),
    ("CLIENT SETINFO LIB-NAME tests", "+OK"),
    ("CLIENT SETINFO COLOUR red", "-ERR syntax error"),
    ("CLIENT REPLY OFF", "-ERR unknown subcommand 'REPLY' of 'client'"),
    ("CONFIG GET save", "[save, ]"),
    ("CONFIG GET appendonly", "[appendonly, yes]"),
    ("CONFIG GET nothing", "[]"),
    ("CONFIG SET save x", "-ERR unknown subcommand 'SET' of 'config'"),
    ("COMMAND DOCS get", "[]"),
    ("COMMAND INFO get nothing", "[[get, :2, [+readonly, +fast], :1, :1, :1, [], [], [], []], nil]"),
    ("COPYCAT.CONSISTENCY lease", "+OK"),
    ("COPYCAT.CONSISTENCY strict", "+OK"),
    ("COPYCAT.CONSISTENCY none", "-ERR syntax error, COPYCAT.CONSISTENCY takes strict, lease or eventual"),
    ("EXPIRE k 1", "-ERR unknown command 'EXPIRE', with args beginning with: 'k' '1' "),
    (
        "AUTH x",
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your \
         configuration is correct?",
    ),
    ("AUTH default x", "+OK"),
    ("AUTH ada x", "-WRONGPASS invalid username-password pair or user is disabled."),
    ("HELLO 4", "-NOPROTO unsupported protocol version"),
];

#[test]
fn every_command_answers_as_redis_does() {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let leader = servers.leader();
    for at in [leader, (leader + 1) % 3] {
        let mut connection = servers.connect(at);
        for (line, answer) in CASES {
            assert_eq!(ask(&mut connection, line), *answer, "{line}");
        }
        let commands = ask(&mut connection, "COMMAND COUNT");
        let described: Vec<Value> = ::redis::cmd("COMMAND").query(&mut connection).expect("a list");
        assert_eq!(commands, format!(":{}", described.len()));
        assert!(ask(&mut connection, "CLIENT LIST").contains(" name=ada "));
        let own = ask(&mut connection, "CLIENT INFO");
        let id = ask(&mut connection, "CLIENT ID");
        assert!(own.starts_with(&format!("id={} addr=127.0.0.1:", &id[1..])), "{own}");
        reports(&servers, at, leader);
        assert_eq!(ask(&mut connection, "QUIT"), "+OK");
        assert!(ask(&mut connection, "PING").starts_with("no answer: "), "the connection is closed");
    }
    servers.close_all();
}

fn reports(servers: &Servers, at: usize, leader: usize) {
    let mut connection = servers.connect(at);
    ask(&mut connection, "SET k v");
    let (role, redis_role) = if at == leader { ("leader", "master") } else { ("follower", "slave") };
    let status = ask(&mut connection, "COPYCAT.STATUS");
    for field in [
        format!("\"id\":{}", at + 1),
        format!("\"role\":\"{role}\""),
        format!("\"leader\":{}", leader + 1),
        "\"term\":".into(),
        "\"commit\":".into(),
        "\"applied\":".into(),
        "\"peers\":[{\"address\":\"127.0.0.1:".into(),
    ] {
        assert!(status.contains(&field), "{field} in {status}");
    }
    let info = until("the key in this member's copy", || {
        Some(ask(&mut connection, "INFO")).filter(|info| info.contains("db0:keys=1,"))
    });
    for line in [
        "# Server".to_owned(),
        format!("process_id:{}", servers.id(at)),
        "# Clients".into(),
        "# Replication".into(),
        format!("role:{redis_role}"),
        format!("copycat_role:{role}"),
        format!("copycat_leader:{}", leader + 1),
        "# Keyspace".into(),
    ] {
        assert!(info.lines().any(|found| found == line), "{line} in {info}");
    }
    let one = ask(&mut connection, "INFO replication");
    assert!(one.starts_with("# Replication\r\n") && !one.contains("# Server"), "{one}");
}

#[test]
fn the_third_version_of_the_protocol_has_maps_and_nothing() {
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let mut connection = servers.try_connect(1, "?protocol=resp3").expect("a connection");
    assert_eq!(ask(&mut connection, "GET none"), "nil");
    assert_eq!(ask(&mut connection, "CONFIG GET save"), "{save: }");
    assert_eq!(ask(&mut connection, "COMMAND DOCS"), "{}");
    assert_eq!(ask(&mut connection, "MGET none none"), "[nil, nil]");
    let Value::Map(greeting) = ::redis::cmd("HELLO").query(&mut connection).expect("a greeting") else {
        panic!("the greeting is no map");
    };
    let field =
        |name: &str| greeting.iter().find(|(found, _)| shown(found) == name).map(|(_, value)| shown(value));
    assert_eq!(field("proto").as_deref(), Some(":3"));
    assert_eq!(field("server").as_deref(), Some("redis"));
    let named = ask(&mut connection, "HELLO 2 SETNAME ada");
    assert!(named.starts_with('[') && named.contains("proto, :2"), "{named}");
    assert_eq!(ask(&mut connection, "CLIENT GETNAME"), "ada");
    assert_eq!(ask(&mut connection, "HELLO 3 AUTH a b").split(' ').next(), Some("-WRONGPASS"));
    servers.close_all();
}
