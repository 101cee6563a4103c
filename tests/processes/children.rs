//! Members as child processes: starts, kills, stops, wakes and queries them.

pub(crate) use super::process::PATIENCE;
use super::process::Process;
use copycat::{Member, Remote};
use rustix::process::Signal;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A cluster of three processes.
pub(crate) struct Children {
    data_directory: TempDir,
    seeds: Vec<Member>,
    running: [Option<Process>; 3],
}

impl Children {
    /// Creates places for three members on free ports.
    pub(crate) fn new() -> Children {
        let ports = crate::processes::ports::free_ports(3);
        let seeds = (1..).zip(ports).map(|(id, port)| Member::new(id, format!("127.0.0.1:{port}"))).collect();
        Children {
            data_directory: TempDir::new().expect("a temporary directory"),
            seeds,
            running: [None, None, None],
        }
    }

    pub(crate) fn seeds(&self) -> &[Member] {
        &self.seeds
    }

    pub(crate) fn data_directory(&self) -> PathBuf {
        self.data_directory.path().to_owned()
    }

    /// Returns the arguments that describe a member.
    pub(crate) fn arguments(&self, at: usize) -> Vec<OsString> {
        let seed = |seed: &Member| format!("{}={}", seed.id(), seed.address()).into();
        let own =
            [(at + 1).to_string().into(), self.data_directory.path().join(format!("member-{at}")).into()];
        own.into_iter().chain(self.seeds.iter().map(seed)).collect()
    }

    /// Starts the members that do not run, and waits until all serve.
    pub(crate) fn start_all(&mut self) {
        self.start_all_as(|_| Command::new(MEMBER));
    }

    /// Starts the members like `start_all`, by programs that run a member with the arguments appended to theirs.
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

    /// Returns the member that says it leads; `None` if no member does at the moment.
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

    /// Kills all members at once: signals all of them before it waits for any.
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

    /// Ends a member in order, and starts it again as another program.
    pub(crate) fn replace(&mut self, at: usize, program: &str) {
        assert!(self.running[at].take().expect("a running member").close().success());
        self.start_all_as(|_| Command::new(program));
    }

    pub(crate) fn close_all(&mut self) {
        for process in self.running.iter_mut().filter_map(Option::take) {
            assert!(process.close().success());
        }
    }

    /// Connects a remote handle that knows these members.
    pub(crate) async fn remote(&self, members: &[Member], request_timeout: Duration) -> Remote {
        let builder = members.iter().cloned().fold(Remote::builder(), |all, member| all.add_member(member));
        builder.with_request_timeout(request_timeout).connect().await.expect("a connection")
    }
}

/// The program of one member.
pub(crate) const MEMBER: &str = env!("CARGO_BIN_EXE_member");
/// The next version of that program.
pub(crate) const UPGRADED: &str = env!("CARGO_BIN_EXE_upgraded-member");
