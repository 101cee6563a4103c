//! Words and their meanings, as a table.

use super::*;
use crate::limits::{COMMAND_LEN_MAX, KEY_LEN_MAX, NAME_LEN_MAX, Oversized, VALUE_LEN_MAX};

fn told(line: &str) -> Result<Command, String> {
    let words = line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    parse(&words).map_err(|refusal| refusal.to_string())
}

#[test]
fn words_are_commands() {
    let set =
        |condition, get| Command::Data(Request::Set { key: "k".into(), value: "v".into(), condition, get });
    let cases = [
        ("GET k", Command::Data(Request::Get("k".into()))),
        ("set k v", set(None, false)),
        ("SET k v nx", set(Some(false), false)),
        ("SET k v GET XX xx", set(Some(true), true)),
        (
            "MSET a 1 b 2",
            Command::Data(Request::MSet(vec![("a".into(), "1".into()), ("b".into(), "2".into())])),
        ),
        (
            "INCRBY k -9223372036854775808",
            Command::Data(Request::Increment { key: "k".into(), by: i64::MIN }),
        ),
        ("DECR k", Command::Data(Request::Increment { key: "k".into(), by: -1 })),
        ("flushall ASYNC", Command::Data(Request::FlushAll)),
        ("select 0", Command::Session(Session::Select)),
        ("copycat.consistency LEASE", Command::Session(Session::Consistency(Consistency::Lease))),
        (
            "HELLO 3 SETNAME me",
            Command::Report(Report::Hello { version: Some(Version::Three), name: Some("me".into()) }),
        ),
        (
            "HELLO 3 AUTH default x SETNAME me",
            Command::Report(Report::Hello { version: Some(Version::Three), name: Some("me".into()) }),
        ),
        ("AUTH default x", Command::Session(Session::Authenticate)),
        ("POST /", Command::CrossProtocol),
        ("post", Command::CrossProtocol),
        ("hOSt: 127.0.0.1:6379", Command::CrossProtocol),
        ("CLIENT SETINFO lib-name x", Command::Session(Session::SetInfo)),
        ("COMMAND", Command::Session(Session::CommandInfo(None))),
    ];
    for (line, command) in cases {
        assert_eq!(told(line), Ok(command), "{line}");
    }
}

#[test]
fn what_is_no_command_is_refused_in_redis_own_words() {
    let arity = |name: &str| format!("ERR wrong number of arguments for '{name}' command");
    let (syntax, integer) =
        ("ERR syntax error".to_owned(), "ERR value is not an integer or out of range".into());
    let cases = [
        ("GET", arity("get")),
        ("GET a b", arity("get")),
        ("set k", arity("set")),
        ("MSET a", arity("mset")),
        ("MSET a 1 b", arity("mset")),
        ("PING a b", arity("ping")),
        ("CLIENT", arity("client")),
        ("CLIENT SETNAME", arity("client|setname")),
        ("CONFIG GET", arity("config|get")),
        (&*["CONFIG GET", &" x".repeat(1_025)].concat(), arity("config|get")),
        (&*["COMMAND INFO", &" x".repeat(1_025)].concat(), arity("command|info")),
        ("SET k v EX 10", syntax.clone()),
        ("SET k v NX XX", syntax.clone()),
        ("SET k v KEEPTTL", syntax.clone()),
        ("FLUSHALL NOW", syntax.clone()),
        ("AUTH a b c", syntax),
        ("AUTH", arity("auth")),
        ("AUTH b", Refusal::Password.to_string()),
        ("AUTH a b", "WRONGPASS invalid username-password pair or user is disabled.".into()),
        ("HELLO 3 AUTH a b", "WRONGPASS invalid username-password pair or user is disabled.".into()),
        ("HELLO 3 AUTH a", "ERR Syntax error in HELLO option 'AUTH'".into()),
        ("HELLO 3 SETNAME", "ERR Syntax error in HELLO option 'SETNAME'".into()),
        ("HELLO 3 now", "ERR Syntax error in HELLO option 'now'".into()),
        ("INCRBY k 1.0", integer),
        ("INCRBY k 9223372036854775808", "ERR value is not an integer or out of range".into()),
        ("SELECT 1", "ERR DB index is out of range".into()),
        ("HELLO 4", "NOPROTO unsupported protocol version".into()),
        ("HELLO x", "ERR Protocol version is not an integer or out of range".into()),
        ("CLIENT KILL x", "ERR unknown subcommand 'KILL' of 'client'".into()),
        ("CONFIG SET save x", "ERR unknown subcommand 'SET' of 'config'".into()),
        ("Host 127.0.0.1", "ERR unknown command 'Host', with args beginning with: '127.0.0.1' ".into()),
        ("POSTS", "ERR unknown command 'POSTS', with args beginning with: ".into()),
        ("GETX a b", "ERR unknown command 'GETX', with args beginning with: 'a' 'b' ".into()),
        (
            "COPYCAT.CONSISTENCY no",
            "ERR syntax error, COPYCAT.CONSISTENCY takes strict, lease or eventual".into(),
        ),
        (
            "CLIENT SETNAME a\nb",
            "ERR Client names cannot contain spaces, newlines or special characters.".into(),
        ),
    ];
    for (line, refusal) in cases {
        assert_eq!(told(line), Err(refusal), "{line}");
    }
}

#[test]
fn the_catalogue_is_in_order() {
    for (at, entry) in entries().iter().enumerate() {
        assert_eq!(entry.name, entry.name.to_ascii_lowercase());
        assert!(
            entries()[..at].iter().all(|other| other.name != entry.name),
            "{} is there twice",
            entry.name
        );
        assert!(
            find(entry.name.to_ascii_uppercase().as_bytes()).is_some_and(|found| found.name == entry.name)
        );
    }
}

#[test]
fn an_error_quotes_little_of_what_it_was_told() {
    let long = "x".repeat(4096);
    let refusal = told(&format!("{long} {long} {long}")).unwrap_err();
    assert!(refusal.len() < 400, "{}", refusal.len());
}

/// Parses words of these lengths behind a name.
fn sized(name: &'static str, lengths: &[usize]) -> Result<Command, Refusal> {
    let words = lengths.iter().map(|len| Bytes::from(vec![b'x'; *len]));
    parse(&std::iter::once(Bytes::from_static(name.as_bytes())).chain(words).collect())
}

#[test]
fn every_command_has_the_same_limits() {
    let (key, value) = (KEY_LEN_MAX, VALUE_LEN_MAX);
    let good: [(&str, &[usize]); 8] = [
        ("GET", &[key]),
        ("SET", &[key, value]),
        ("APPEND", &[key, value]),
        ("GETSET", &[key, value]),
        ("MSET", &[key, value]),
        ("MGET", &[key, key]),
        ("COPYCAT.CAS", &[key, 0, value]),
        ("ECHO", &[value]),
    ];
    for (name, lengths) in good {
        assert!(sized(name, lengths).is_ok(), "{name} {lengths:?}");
    }
    let long: [(&str, &[usize], Oversized); 19] = [
        ("GET", &[key + 1], Oversized::Key),
        ("STRLEN", &[key + 1], Oversized::Key),
        ("INCR", &[key + 1], Oversized::Key),
        ("DECR", &[key + 1], Oversized::Key),
        ("SET", &[key + 1, 1], Oversized::Key),
        ("GETSET", &[key + 1, 1], Oversized::Key),
        ("APPEND", &[key + 1, 1], Oversized::Key),
        ("COPYCAT.CAS", &[key + 1, 1, 1], Oversized::Key),
        ("MSET", &[1, 1, key + 1, 1], Oversized::Key),
        ("MGET", &[1, key + 1], Oversized::Key),
        ("DEL", &[key + 1], Oversized::Key),
        ("DEL", &[1, key + 1], Oversized::Key),
        ("EXISTS", &[key + 1], Oversized::Key),
        ("SET", &[1, value + 1], Oversized::Value),
        ("GETSET", &[1, value + 1], Oversized::Value),
        ("APPEND", &[1, value + 1], Oversized::Value),
        ("COPYCAT.CAS", &[1, value, value], Oversized::Command),
        ("MSET", &[1, value, 1, COMMAND_LEN_MAX - value], Oversized::Command),
        ("MGET", &[key; 65], Oversized::Command),
    ];
    for (name, lengths, oversized) in long {
        assert_eq!(sized(name, lengths), Err(Refusal::Oversized(oversized)), "{name} {lengths:?}");
    }
}

#[test]
fn a_name_is_short() {
    let name = |len: usize| format!("CLIENT SETNAME {}", "x".repeat(len));
    assert!(told(&name(NAME_LEN_MAX)).is_ok());
    assert_eq!(told(&name(NAME_LEN_MAX + 1)), Err(Oversized::Name.to_string()));
    let greeting = format!("HELLO 3 SETNAME {}", "x".repeat(NAME_LEN_MAX + 1));
    assert_eq!(told(&greeting), Err(Oversized::Name.to_string()));
}
