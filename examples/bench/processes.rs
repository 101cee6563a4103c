//! Three members, each a process of this program: starts, queries and kills them.

use super::arguments::Options;
use super::calls::Call;
use super::member::Report;
use super::ports::free_ports;
use super::report::{Cpu, Waits, cpu_of, waits_of};
use copycat::{Member, Remote};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const MEMBERS: usize = 3;

/// One running member. It is killed when this is dropped.
struct Process {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Whether the member has printed that it serves.
    ready: bool,
}

impl Process {
    fn start(mut command: Command) -> io::Result<Process> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let questions = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Process { child, questions, answers, ready: false })
    }

    fn hear(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err(io::Error::other("a member ended by itself")),
            _ => Ok(line),
        }
    }

    fn report(&mut self) -> Result<Report, Box<dyn Error>> {
        writeln!(self.questions, "report")?;
        Ok(serde_json::from_str(&self.hear()?)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster of processes.
pub(crate) struct Processes {
    data_directory: TempDir,
    slow_flush: Duration,
    seeds: Vec<Member>,
    /// The calls on collections that clients will make, with `partitions` partitions. If empty, the members serve the
    /// store.
    calls: Vec<Call>,
    partitions: u32,
    running: [Option<Process>; MEMBERS],
}

impl Processes {
    /// Starts three members with empty logs, and waits until they serve the store.
    pub(crate) fn start(options: &Options) -> Result<Processes, Box<dyn Error>> {
        Processes::start_with(options, &[], 1)
    }

    /// Starts members that serve only the resources of the calls, because idle resources cost heartbeats.
    pub(crate) fn start_with(
        options: &Options,
        calls: &[Call],
        partitions: u32,
    ) -> Result<Processes, Box<dyn Error>> {
        let data_directory = match &options.data {
            Some(data) => tempfile::tempdir_in(data)?,
            None => tempfile::tempdir()?,
        };
        let address = |port| format!("127.0.0.1:{port}");
        let seeds = (1..).zip(free_ports(MEMBERS)).map(|(id, port)| Member::new(id, address(port)));
        let mut processes = Processes {
            data_directory,
            slow_flush: options.slow_flush,
            seeds: seeds.collect(),
            calls: calls.to_vec(),
            partitions,
            running: [const { None }; MEMBERS],
        };
        processes.start_missing()?;
        Ok(processes)
    }

    /// Starts the members that do not run, and waits until they serve.
    pub(crate) fn start_missing(&mut self) -> Result<(), Box<dyn Error>> {
        self.launch_missing()?;
        self.await_ready()
    }

    /// Starts the members that do not run. Call [`await_ready`](Self::await_ready) later.
    pub(crate) fn launch_missing(&mut self) -> Result<(), Box<dyn Error>> {
        for at in 0..MEMBERS {
            if self.running[at].is_none() {
                self.running[at] = Some(Process::start(self.command(at)?)?);
            }
        }
        Ok(())
    }

    /// Waits until all started members serve.
    pub(crate) fn await_ready(&mut self) -> Result<(), Box<dyn Error>> {
        for process in self.running.iter_mut().flatten().filter(|process| !process.ready) {
            let _ready = process.hear()?;
            process.ready = true;
        }
        Ok(())
    }

    fn command(&self, at: usize) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("member").arg("--id").arg((at + 1).to_string());
        command.arg("--data").arg(self.directory(at));
        command.arg("--slow-flush-us").arg(self.slow_flush.as_micros().to_string());
        if !self.calls.is_empty() {
            let names: Vec<_> = self.calls.iter().map(|call| call.name()).collect();
            command.arg("--call").arg(names.join(","));
            command.arg("--partitions").arg(self.partitions.to_string());
        }
        for seed in &self.seeds {
            command.arg("--member").arg(format!("{}={}", seed.id(), seed.address()));
        }
        Ok(command)
    }

    fn directory(&self, at: usize) -> PathBuf {
        self.data_directory.path().join(format!("member-{}", at + 1))
    }

    pub(crate) fn seeds(&self) -> &[Member] {
        &self.seeds
    }

    /// Waits until a member says that it leads.
    pub(crate) fn leader(&mut self) -> Result<usize, Box<dyn Error>> {
        loop {
            for (at, process) in self.running.iter_mut().enumerate() {
                if let Some(process) = process
                    && process.report()?.leads
                {
                    return Ok(at);
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the status of each member.
    pub(crate) fn reports(&mut self) -> Result<Vec<Report>, Box<dyn Error>> {
        self.running.iter_mut().flatten().map(Process::report).collect()
    }

    /// Returns the processor time that all members have used.
    pub(crate) fn cpu(&self) -> Cpu {
        self.running.iter().flatten().map(|process| cpu_of(process.child.id())).sum()
    }

    /// Returns how often the threads of all members have waited.
    pub(crate) fn waits(&self) -> Waits {
        self.running.iter().flatten().map(|process| waits_of(process.child.id())).sum()
    }

    /// Returns the number of running members.
    pub(crate) fn len(&self) -> usize {
        self.running.iter().flatten().count()
    }

    /// Kills one member with signal 9.
    pub(crate) fn kill(&mut self, at: usize) {
        self.running[at] = None;
    }

    /// Kills all members: signals all of them before it waits for any.
    pub(crate) fn kill_all(&mut self) {
        for process in self.running.iter_mut().flatten() {
            // A member may be gone already.
            let _ = process.child.kill();
        }
        self.running = [const { None }; MEMBERS];
    }

    /// Connects a remote handle from this process that knows all members.
    pub(crate) async fn remote(&self) -> Result<Remote, copycat::Error> {
        let seeds = self.seeds.iter().cloned();
        seeds.fold(Remote::builder(), |all, member| all.add_member(member)).connect().await
    }
}
