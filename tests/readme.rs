//! Compiles every piece of Rust in the README as its reader would, without a warning, and runs it.
//!
//! `readme/programs.rs` makes programs of its sections, in a package outside the workspace. Claims of the README
//! about killed processes are tested on processes that are killed.

mod readme {
    pub(crate) mod programs;
}
#[path = "processes/ports.rs"]
mod ports;
#[path = "processes/process.rs"]
#[expect(dead_code, reason = "other processes are told things")]
mod process;

use process::Process;
use readme::programs::{self, Program};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// The README, built once for all tests: the folder of its programs, and the programs.
struct Built {
    folder: PathBuf,
    programs: Vec<Program>,
}

static README: LazyLock<Built> = LazyLock::new(build);

fn build() -> Built {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = scratch.parent().expect("the folder of build results");
    let text = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let ports = ports::free_ports(6);
    let addresses: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let programs = programs::of(&text, &addresses);
    let package = scratch.join("readme");
    programs::write(&package, root, &programs);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--examples", "--offline", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        // Build results of the workspace are reused where they fit.
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Built { folder: target.join("debug/examples"), programs }
}

fn command(name: &str) -> Command {
    Command::new(README.folder.join(name))
}

/// Three processes of one program, each in a folder of its own, with their ids as arguments.
struct Three {
    name: &'static str,
    data_directory: TempDir,
    running: Vec<Process>,
}

impl Three {
    fn start(name: &'static str) -> Three {
        let mut three = Three {
            name,
            data_directory: TempDir::new().expect("a temporary directory"),
            running: Vec::new(),
        };
        three.running = (0..3).map(|at| three.process(at)).collect();
        three
    }

    fn process(&self, at: usize) -> Process {
        let folder = self.data_directory.path().join(at.to_string());
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut command = command(self.name);
        command.arg((at + 1).to_string()).current_dir(folder);
        Process::start(command)
    }
}

#[test]
fn what_its_chapters_do_works() {
    let chapters: Vec<_> = README.programs.iter().filter(|program| program.runs_alone).collect();
    assert!(chapters.len() >= 4, "services, collections, atomic variables, collections of one's own");
    let scratch = TempDir::new().expect("a temporary directory");
    for program in chapters {
        let mut command = command(&program.name);
        // Schema files are written here, as on the machine of a reader.
        command.current_dir(&scratch).env_remove("CI");
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{}: {}", program.name, String::from_utf8_lossy(&output.stderr));
    }
}

/// Returns the next count that a process prints. Skips errors of calls that were in flight when another process died.
fn count(process: &Process) -> u64 {
    loop {
        let line = process.hear();
        match line.strip_suffix(" visits").and_then(|count| count.parse().ok()) {
            Some(count) => return count,
            None => assert!(line.starts_with('`'), "no count, and no error that names its call: {line}"),
        }
    }
}

#[test]
fn its_map_survives_every_member_in_turn() {
    let mut three = Three::start("a_map_that_survives_its_leader");
    let mut last = three.running.iter().map(count).max().expect("three counts");
    // One of the three leads.
    for at in 0..3 {
        three.running[at].kill();
        for other in (0..3).filter(|other| *other != at) {
            while count(&three.running[other]) <= last {}
            last = count(&three.running[other]);
        }
        three.running[at] = three.process(at);
        let caught_up = count(&three.running[at]);
        assert!(caught_up > last, "nothing was forgotten: {caught_up} behind {last}");
        last = caught_up;
    }
}

#[test]
fn its_bank_answers_on_three_members_and_from_elsewhere() {
    let three = Three::start("ten_minutes_to_your_own_on_three_machines");
    let mut said: Vec<_> = three.running.iter().map(Process::hear).collect();
    said.sort();
    for (line, cents) in said.iter().zip([100, 200, 300]) {
        assert!(line.starts_with(&format!("ada holds {cents}, says member ")), "{said:?}");
    }
    let elsewhere = command("ten_minutes_to_your_own_on_three_machines_elsewhere").output();
    let elsewhere = elsewhere.expect("the program starts");
    assert!(elsewhere.status.success(), "{}", String::from_utf8_lossy(&elsewhere.stderr));
    let heard = String::from_utf8_lossy(&elsewhere.stdout);
    assert!(heard.starts_with("some replica says that ada holds "), "{heard}");
}
