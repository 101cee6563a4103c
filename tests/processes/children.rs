//! Members as child processes: started, killed, stopped, woken, asked.

use copycat::{Member, Remote};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One running member. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Process {
    /// Starts a program that is, or runs, the member.
    pub(crate) fn start(mut command: Command) -> Process {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (sender, answers) = channel();
        // Ends with the process.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let orders = child.stdin.take();
        Process { child, orders, answers }
    }

    /// The next line it says.
    pub(crate) fn hear(&self) -> String {
        self.answers.recv_timeout(PATIENCE).expect("the member says something")
    }

    /// Sends it a line.
    pub(crate) fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it was not told to end");
        writeln!(orders, "{order}").expect("the member reads its orders");
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Tells it to end in order, and waits.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.order("close");
        self.child.wait().expect("the process ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster of three processes.
pub(crate) struct Children {
    home: TempDir,
    seeds: Vec<Member>,
    running: [Option<Process>; 3],
}

impl Children {
    /// Places for three members on free ports.
    pub(crate) fn new() -> Children {
        let ports = crate::processes::ports::free_ports(3);
        let seeds = (1..).zip(ports).map(|(id, port)| Member::new(id, format!("127.0.0.1:{port}"))).collect();
        Children { home: TempDir::new().expect("a temporary directory"), seeds, running: [None, None, None] }
    }

    pub(crate) fn seeds(&self) -> &[Member] {
        &self.seeds
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// The arguments that describe a member.
    pub(crate) fn arguments(&self, at: usize) -> Vec<OsString> {
        let seed = |seed: &Member| format!("{}={}", seed.id(), seed.address()).into();
        let own = [(at + 1).to_string().into(), self.home.path().join(format!("member-{at}")).into()];
        own.into_iter().chain(self.seeds.iter().map(seed)).collect()
    }

    /// Starts those that do not run, and waits until all serve.
    pub(crate) fn start_all(&mut self) {
        self.start_all_as(|_| Command::new(MEMBER));
    }

    /// The same, by programs that run the member with the arguments that are added to theirs.
    pub(crate) fn start_all_as(&mut self, program: impl Fn(usize) -> Command) {
        let missing: Vec<usize> = (0..3).filter(|at| self.running[*at].is_none()).collect();
        for at in missing.iter().copied() {
            let mut command = program(at);
            command.args(self.arguments(at));
            self.running[at] = Some(Process::start(command));
        }
        for at in missing {
            assert_eq!(self.process(at).hear(), "ready");
        }
    }

    pub(crate) fn process(&mut self, at: usize) -> &mut Process {
        self.running[at].as_mut().expect("a running member")
    }

    /// The one that says it leads; `None` if none does right now.
    pub(crate) fn leader(&mut self) -> Option<usize> {
        (0..3).find(|at| {
            self.running[*at].as_mut().is_some_and(|process| {
                process.order("status");
                process.hear() == "Leader"
            })
        })
    }

    pub(crate) fn kill(&mut self, at: usize) {
        self.process(at).kill();
        self.running[at] = None;
    }

    /// All at once: none is waited for before all are hit.
    pub(crate) fn kill_all(&mut self) {
        for process in self.running.iter().flatten() {
            process.signal(Signal::KILL);
        }
        self.running = [None, None, None];
    }

    pub(crate) fn stop(&mut self, at: usize) {
        self.process(at).signal(Signal::STOP);
    }

    pub(crate) fn wake(&mut self, at: usize) {
        self.process(at).signal(Signal::CONT);
    }

    pub(crate) fn close_all(&mut self) {
        for process in self.running.iter_mut().filter_map(Option::take) {
            assert!(process.close().success());
        }
    }

    /// A handle that knows these members.
    pub(crate) async fn remote(&self, members: &[Member], request_timeout: Duration) -> Remote {
        let builder = members.iter().cloned().fold(Remote::builder(), |all, member| all.add_member(member));
        builder.with_request_timeout(request_timeout).connect().await.expect("a connection")
    }
}

/// The program that is one member.
pub(crate) const MEMBER: &str = env!("CARGO_BIN_EXE_member");
