//! A cluster of three servers as child processes: starts, kills, stops, wakes and queries them.

use crate::ports::free_ports;
use ::redis::{Client, Connection, ConnectionLike, RedisError, Value};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for any event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The servers' `patience` in seconds: how long a client may leave its answers unread.
const PATIENCE_S: &str = "1";

/// Three servers. They are killed when this is dropped.
pub(crate) struct Servers {
    program: PathBuf,
    data_directory: TempDir,
    members: Vec<u16>,
    listens: Vec<u16>,
    running: [Option<Child>; 3],
    /// Arguments that all servers have in common.
    settings: Vec<(String, String)>,
}

/// Checks again until `look` returns a value.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{what} did not come about");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

impl Servers {
    /// Creates places for three servers on free ports. The program serves if its first argument is `serve`.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Servers {
        let mut ports = free_ports(6);
        let (listens, data_directory) = (ports.split_off(3), TempDir::new().expect("a temporary directory"));
        Servers {
            program: program.into(),
            data_directory,
            members: ports,
            listens,
            running: [None, None, None],
            settings: [("--patience".into(), PATIENCE_S.into())].into(),
        }
    }

    /// Sets an option of all servers that are started from now on. `--client` may have several values.
    pub(crate) fn set(&mut self, option: &str, value: &str) {
        self.settings.retain(|(name, _)| name != option || name == "--client");
        self.settings.push((option.into(), value.into()));
    }

    /// Creates three servers, and starts them.
    pub(crate) fn started(program: impl Into<PathBuf>) -> Servers {
        let mut servers = Servers::new(program);
        servers.start_all();
        servers
    }

    pub(crate) fn data_directory(&self) -> &Path {
        self.data_directory.path()
    }

    /// Returns the address to which a server's clients connect.
    pub(crate) fn address(&self, at: usize) -> String {
        format!("127.0.0.1:{}", self.listens[at])
    }

    /// Returns the arguments of a server.
    pub(crate) fn arguments(&self, at: usize) -> Vec<OsString> {
        let mut words: Vec<OsString> = ["serve".into(), "--id".into(), (at + 1).to_string().into()].into();
        for (id, port) in (1..).zip(&self.members) {
            words.extend(["--member".into(), format!("{id}=127.0.0.1:{port}").into()]);
        }
        words.extend(["--data".into(), self.data_directory().join(format!("data-{at}")).into()]);
        words.extend(["--listen".into(), self.address(at).into()]);
        words.extend(self.settings.iter().flat_map(|(option, value)| [option.into(), value.into()]));
        words
    }

    /// Starts a server that does not run. Its output goes to a file beside its data.
    pub(crate) fn start(&mut self, at: usize) {
        let mut command = Command::new(&self.program);
        command.args(self.arguments(at));
        self.start_as(at, command);
    }

    /// Starts a server like `start`, by a command that runs the program.
    pub(crate) fn start_as(&mut self, at: usize, mut command: Command) {
        assert!(self.running[at].is_none(), "it runs already");
        let said =
            File::options().create(true).append(true).open(self.data_directory().join(format!("said-{at}")));
        let said = Stdio::from(said.expect("a file"));
        self.running[at] =
            Some(command.stdin(Stdio::null()).stderr(said).spawn().expect("the program starts"));
    }

    /// Starts the servers that do not run, and waits until all serve and know a leader.
    pub(crate) fn start_all(&mut self) {
        for at in 0..3 {
            if self.running[at].is_none() {
                self.start(at);
            }
        }
        self.settle();
    }

    /// Waits until all servers know a leader.
    pub(crate) fn settle(&self) {
        for at in 0..3 {
            until("a leader", || self.status(at).filter(|status| !status.contains("\"leader\":null")));
        }
    }

    /// Returns a server's status; `None` if it cannot answer.
    fn status(&self, at: usize) -> Option<String> {
        let mut connection = self.try_connect(at, "").ok()?;
        ::redis::cmd("COPYCAT.STATUS").query(&mut connection).ok()
    }

    /// Returns the server that leads, once there is one.
    pub(crate) fn leader(&self) -> usize {
        let leads =
            |at: &usize| self.status(*at).is_some_and(|status| status.contains("\"role\":\"leader\""));
        until("a leader", || (0..3).filter(|at| self.running[*at].is_some()).find(leads))
    }

    pub(crate) fn id(&self, at: usize) -> u32 {
        self.running[at].as_ref().expect("a running server").id()
    }

    pub(crate) fn signal(&self, at: usize, signal: Signal) {
        let child = self.running[at].as_ref().expect("a running server");
        kill_process(Pid::from_child(child), signal).expect("the process is there");
    }

    /// Kills a server, and waits until it is gone.
    pub(crate) fn kill(&mut self, at: usize) {
        self.signal(at, Signal::KILL);
        self.end(at);
    }

    /// Kills all servers at once: signals all of them before it waits for any.
    pub(crate) fn kill_all(&mut self) {
        let running: Vec<usize> = (0..3).filter(|at| self.running[*at].is_some()).collect();
        running.iter().for_each(|at| self.signal(*at, Signal::KILL));
        for at in running {
            self.end(at);
        }
    }

    /// Waits until a server that was told to end is gone.
    pub(crate) fn end(&mut self, at: usize) -> ExitStatus {
        self.running[at].take().expect("a running server").wait().expect("the process ends")
    }

    /// Ends all servers in order.
    pub(crate) fn close_all(&mut self) {
        for at in 0..3 {
            self.signal(at, Signal::TERM);
        }
        for at in 0..3 {
            assert!(self.end(at).success(), "server {at}");
        }
    }

    /// Returns what a server has printed.
    pub(crate) fn said(&self, at: usize) -> String {
        std::fs::read_to_string(self.data_directory().join(format!("said-{at}"))).expect("a file")
    }

    /// Connects to one server. `settings` has the form of the end of a client's URL.
    pub(crate) fn try_connect(&self, at: usize, settings: &str) -> Result<Connection, RedisError> {
        let client = Client::open(format!("redis://{}/{settings}", self.address(at)))?;
        let connection = client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }

    pub(crate) fn connect(&self, at: usize) -> Connection {
        self.try_connect(at, "").expect("a connection")
    }

    /// Opens a plain TCP connection to a server.
    pub(crate) fn raw(&self, at: usize) -> TcpStream {
        let stream = TcpStream::connect(self.address(at)).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        stream
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in self.running.iter_mut().flatten() {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a command given as words separated by spaces (`_` for an empty one). Returns the answer in one line.
pub(crate) fn ask(connection: &mut Connection, line: &str) -> String {
    let mut words = line.split(' ');
    let mut command = ::redis::cmd(words.next().expect("a name"));
    command.arg(words.map(|word| if word == "_" { "" } else { word }).collect::<Vec<_>>());
    match connection.req_packed_command(&command.get_packed_command()) {
        Ok(value) => shown(&value),
        Err(error) => format!("no answer: {error}"),
    }
}

/// Formats a value in one line: `+simple`, `-ERROR text`, `:1`, text, `nil`, `[a, b]`, `{a: b}`.
pub(crate) fn shown(value: &Value) -> String {
    let list = |values: &[Value]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    match value {
        Value::Nil => "nil".into(),
        Value::Okay => "+OK".into(),
        Value::SimpleString(text) => format!("+{text}"),
        Value::Int(number) => format!(":{number}"),
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Array(values) => format!("[{}]", list(values)),
        Value::Map(pairs) => {
            let pair = |(name, value): &(Value, Value)| format!("{}: {}", shown(name), shown(value));
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::ServerError(error) => format!("-{} {}", error.code(), error.details().unwrap_or_default()),
        other => format!("{other:?}"),
    }
}
