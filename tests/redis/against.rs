//! The same bytes to these servers and to a Redis 7.0, where it is installed: both answer with the same bytes.

use super::servers::{Servers, until};
use crate::ports::free_ports;
use copycat_redis::limits::VALUE_LEN_MAX;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What clients send, each to a new connection. Every line of one is a command, or is meant to be none.
const INPUTS: &[&[u8]] = &[
    // Bytes that are no command, or nearly none.
    b"*1\n$4\r\nPING\r\n",
    b"*1\r\n$4\nPING\r\n",
    b"*1\r\n$4\r\nPING\n*1\r\n$4\r\nPING\r\n",
    b"*1\n$4\nPING\n",
    b"*1\n",
    b"*1\rX$4\rYPINGZZ*1\r\n$4\r\nPING\r\n",
    b"*1\r\n$4\r\nPINGxy*1\r\n$4\r\nPING\r\n",
    b"*1\r\n$4\r\nPINGG\r\nPING\r\n",
    b"*x\r\nPING\r\n",
    b"*\r\nPING\r\n",
    b"*-1\r\nPING\r\n",
    b"*0\r\nPING\r\n",
    b"*-0\r\nPING\r\n",
    b"*+1\r\n$4\r\nPING\r\n",
    b"*01\r\n$4\r\nPING\r\n",
    b"* 1\r\n$4\r\nPING\r\n",
    b"*1 \r\n$4\r\nPING\r\n",
    b"*1x\r\n$4\r\nPING\r\n",
    b"*2147483648\r\n",
    b"*9223372036854775808\r\n",
    b"*-9223372036854775808\r\nPING\r\n",
    b"*-9223372036854775809\r\nPING\r\n",
    b"*1\r\n$04\r\nPING\r\n",
    b"*1\r\n$+4\r\nPING\r\n",
    b"*1\r\n$-1\r\nPING\r\n",
    b"*1\r\n$\r\nPING\r\n",
    b"*1\r\n$4 \r\nPING\r\n",
    b"*1\r\n$0\r\n\r\nPING\r\n",
    b"*1\r\n$-0\r\n\r\nPING\r\n",
    b"*1\r\n$536870913\r\n",
    b"*1\r\n$9223372036854775808\r\n",
    b"*1\r\n\r\n",
    b"*1\r\n\n\r\n",
    b"*1\r\n:1\r\n",
    b"*1\r\n*1\r\n",
    b"*1\r\nPING\r\n",
    b"*1\r\n\\\r\n",
    b"$4\r\nPING\r\n",
    b"\r\nPING\r\n\nPING\n\r\r\nPING\r\n \r\nPING\r\n",
    b"PING\rPING\r\n",
    b"PING",
    b"ping  'a b' \n",
    b"PING 'a'b\r\n",
    b"PING \"a\\x41\\n\\q\"\r\n",
    b"PING 'a\\'b'\r\n",
    b"PING a'b'\r\n",
    b"PING a\"b c\"d\r\n",
    b"PING \"\"\r\n",
    b"PING \x0b\x0cx\r\n",
    b"PING \"a\"\x0b\r\n",
    b"PING \xff\r\n",
    b"+PING\r\n:1\r\n-1\r\n",
    // HTTP.
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\nSET pwned 1\r\n",
    b"PING\r\npost / \r\nPING\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n",
    b"*2\r\n$5\r\nhOSt:\r\n$1\r\nx\r\nPING\r\n",
    b"host:x\r\nHost\r\nPING\r\n",
    // The connection.
    b"QUIT now\r\nPING\r\n",
    b"PING a b\r\nECHO\r\nECHO a b\r\nECHO a\r\n",
    b"SELECT 0\r\nSELECT x\r\nSELECT 99\r\nSELECT\r\n",
    b"AUTH\r\nAUTH x\r\nAUTH default x\r\nAUTH a b\r\nAUTH a b c\r\n",
    b"HELLO x\r\nHELLO 4\r\nHELLO 3 FOO\r\nHELLO 3 SETNAME\r\nHELLO 3 AUTH a\r\nHELLO 3 AUTH a b\r\nGET none\r\n",
    b"HELLO 3 SETNAME \"a b\"\r\nCLIENT GETNAME\r\n",
    b"CLIENT\r\nCLIENT GETNAME\r\nCLIENT SETNAME ada\r\nCLIENT GETNAME\r\nCLIENT GETNAME x\r\nCLIENT LIST x\r\n",
    b"CLIENT SETNAME \"a b\"\r\nCLIENT SETNAME ''\r\nCLIENT GETNAME\r\n",
    b"CONFIG\r\nCONFIG GET\r\nCONFIG GET save\r\nCONFIG GET SAVE save s[a-b]ve\r\nCONFIG GET nothing\r\n",
    b"CONFIG GET ti[k-n]eo?t\r\nCONFIG GET TCP-KEEPALIVE\r\nCONFIG GET proto-max-bulk-len\r\n",
    b"CONFIG GET sav\\e\r\nCONFIG GET [^x]ax*rs\r\nCONFIG GET [t]imeout\r\nCONFIG GET *proto-max-bulk-len*\r\n",
    b"INFO cluster\r\nINFO nothing\r\nINFO Modules\r\nCOMMAND DOCS nothing\r\nCOMMAND INFO nothing\r\nCOMMAND COUNT x\r\n",
    b"NOTHING\r\nnothing 'a b' \"c\\nd\"\r\n",
    // Keys and values.
    b"FLUSHALL\r\nDBSIZE\r\nDBSIZE x\r\nFLUSHALL x\r\nFLUSHALL async async\r\nFLUSHALL SYNC\r\n",
    b"GET\r\nGET k\r\nSET k v\r\nGET k\r\nSTRLEN k\r\nSTRLEN none\r\nSTRLEN\r\nGET k k\r\nDBSIZE\r\n",
    b"SET k w NX\r\nSET k w NX GET\r\nSET k w XX GET\r\nSET k x XX\r\nSET k y GET\r\nSET none z XX\r\nSET k v XX NX\r\n",
    b"SET k\r\nSET k v EX\r\nSET k v foo\r\nSET new 1 GET\r\nSET other 1 NX GET\r\nMGET k new other none\r\n",
    b"GETSET k z\r\nGETSET fresh 1\r\nGETSET k\r\nEXISTS k k none\r\nEXISTS\r\nDEL k none fresh\r\nDEL k\r\nDEL\r\n",
    b"MSET a 1 b 2 a 3\r\nMSET a\r\nMSET a 1 b\r\nMGET a b none a\r\nMGET\r\n",
    b"INCR a\r\nINCRBY a 5\r\nDECR a\r\nDECRBY a -3\r\nINCRBY a 1.0\r\nINCRBY a +1\r\nINCRBY a 01\r\nINCRBY a x\r\n",
    b"DECRBY a -9223372036854775808\r\nINCRBY a 9223372036854775807\r\nINCRBY a 9223372036854775808\r\nGET a\r\n",
    b"SET n ' 1'\r\nINCR n\r\nSET n 1.5\r\nINCR n\r\nSET n ''\r\nINCR n\r\nSET n -0\r\nINCR n\r\nSET n 9223372036854775807\r\nINCR n\r\n",
    b"APPEND text ab\r\nAPPEND text ''\r\nAPPEND text cd\r\nGET text\r\nSTRLEN text\r\nAPPEND text\r\n",
];

/// The commands that both have.
const COMMANDS: [&str; 24] = [
    "get", "set", "incr", "mget", "mset", "del", "exists", "decr", "incrby", "decrby", "getset", "append",
    "strlen", "dbsize", "flushall", "ping", "echo", "auth", "hello", "client", "command", "config", "info",
    "select",
];

/// A Redis, which is killed when this is dropped.
struct Redis {
    process: Child,
    port: u16,
    _data: TempDir,
}

impl Redis {
    /// Starts a Redis with the same limit; `None` if none of the version is installed.
    fn start() -> Option<Redis> {
        let version = Command::new("redis-server").arg("--version").output().ok()?;
        if !String::from_utf8_lossy(&version.stdout).contains(" v=7.0.") {
            return None;
        }
        let (port, data) = (free_ports(1)[0], TempDir::new().expect("a temporary directory"));
        let mut command = Command::new("redis-server");
        command.args(["--port", &port.to_string(), "--save", "", "--dir"]).arg(data.path());
        command.args(["--proto-max-bulk-len", &VALUE_LEN_MAX.to_string()]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
        let redis = Redis { process, port, _data: data };
        until("a Redis", || TcpStream::connect(("127.0.0.1", port)).ok());
        Some(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends bytes and closes its side. Returns all that the server sends before it closes the connection.
fn answer(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    answer.escape_ascii().to_string()
}

/// Returns an answer without the id of the connection, which a greeting contains.
fn without_id(answer: &str) -> String {
    match answer.split_once(r"id\r\n:") {
        Some((before, after)) => {
            before.to_owned() + after.trim_start_matches(|byte: char| byte.is_ascii_digit())
        }
        None => answer.to_owned(),
    }
}

#[test]
fn the_same_bytes_have_the_same_answers() {
    let Some(redis) = Redis::start() else {
        println!("no Redis 7.0 is installed");
        return;
    };
    let mut servers = Servers::started(env!("CARGO_BIN_EXE_redis-torture"));
    let at = servers.leader();
    for input in INPUTS {
        for version in ["", "HELLO 2\r\n", "HELLO 3\r\n"] {
            let bytes = [version.as_bytes(), input].concat();
            let theirs = TcpStream::connect(("127.0.0.1", redis.port)).expect("it listens");
            let (ours, theirs) = (answer(servers.raw(at), &bytes), answer(theirs, &bytes));
            assert_eq!(without_id(&ours), without_id(&theirs), "{version:?} {}", input.escape_ascii());
        }
    }
    for name in COMMANDS {
        let bytes = format!("COMMAND INFO {name}\r\n");
        let theirs = TcpStream::connect(("127.0.0.1", redis.port)).expect("it listens");
        let (ours, theirs) = (answer(servers.raw(at), bytes.as_bytes()), answer(theirs, bytes.as_bytes()));
        // Categories, hints, key specifications and subcommands are empty here.
        let ours = ours.strip_suffix(&r"*0\r\n".repeat(4)).expect("a description");
        assert!(theirs.starts_with(ours), "{ours} but {theirs}");
    }
    servers.close_all();
}
