//! A child process that receives and prints lines.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longest wait for any event.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One running member. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Process {
    /// Starts a program that is a member, or runs one.
    pub(crate) fn start(mut command: Command) -> Process {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (sender, answers) = channel();
        // The thread ends with the process.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let orders = child.stdin.take();
        Process { child, orders, answers }
    }

    /// Returns the next line that the process prints.
    pub(crate) fn hear(&self) -> String {
        self.answers.recv_timeout(PATIENCE).expect("the member says something")
    }

    /// Sends a line to the process.
    pub(crate) fn order(&mut self, order: &str) {
        let orders = self.orders.as_mut().expect("it was not told to end");
        writeln!(orders, "{order}").expect("the member reads its orders");
    }

    /// Returns the answer to a line; `None` if the process has ended.
    pub(crate) fn ask(&mut self, order: &str) -> Option<String> {
        writeln!(self.orders.as_mut()?, "{order}").ok()?;
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it neither answers nor ends"),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Kills the process, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process is there");
        self.child.wait().expect("the process ends");
    }

    /// Tells the process to close in order, and waits.
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
