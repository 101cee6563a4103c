//! Words and their meanings, as a table.

use super::*;

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
        ("SET k v EX 10", syntax.clone()),
        ("SET k v NX XX", syntax.clone()),
        ("SET k v KEEPTTL", syntax.clone()),
        ("FLUSHALL NOW", syntax.clone()),
        ("HELLO 3 SETNAME", syntax),
        ("INCRBY k 1.0", integer),
        ("INCRBY k 9223372036854775808", "ERR value is not an integer or out of range".into()),
        ("SELECT 1", "ERR DB index is out of range".into()),
        ("HELLO 4", "NOPROTO unsupported protocol version".into()),
        ("HELLO x", "ERR Protocol version is not an integer or out of range".into()),
        ("CLIENT KILL x", "ERR unknown subcommand 'KILL' of 'client'".into()),
        ("CONFIG SET save x", "ERR unknown subcommand 'SET' of 'config'".into()),
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
