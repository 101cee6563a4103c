//! Lower bound: the least work of any such system for one client. A request goes to a leader, which sends the same
//! bytes to two followers; a majority writes and flushes them, and the leader answers. It uses blocking sockets, one
//! thread per process, no framework, no checksums, and only a minimal log. A framework can be slower than this; a
//! faster one is not durable.

use super::arguments::Options;
use super::report::{latencies, milliseconds, print, quantile_us};
use rustix::event::{PollFd, PollFlags, poll};
use serde::Serialize;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Bytes of a request besides key and value: the length of a frame's header.
const HEADER: usize = 72;
const KEY: usize = 16;
const BLOCK: u64 = 4_096;
/// Length in bytes of the file, which is overwritten again and again.
const FILE: u64 = 64 << 20;
/// Length of an answer in bytes.
const ANSWER: usize = 8;
const WARM_UP: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct Figures {
    op: &'static str,
    /// The place of the client: a process of its own, or the leader's process.
    client: &'static str,
    value: usize,
    ops_per_s: u64,
    p50_us: f64,
    p99_us: f64,
    seconds: f64,
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let data_directory = match &options.data {
        Some(data) => tempfile::tempdir_in(data)?,
        None => tempfile::tempdir()?,
    };
    let place = |name: &str| data_directory.path().join(name);
    let followers = [
        Part::start("follower", &place("two"), options.value, &[])?,
        Part::start("follower", &place("three"), options.value, &[])?,
    ];
    let addresses = followers.each_ref().map(|follower| follower.address.clone());
    {
        let leader = Part::start("leader", &place("one"), options.value, &addresses)?;
        let mut leader = connect(&leader.address)?;
        let mut answer = [0; ANSWER];
        measure("own process", options, |request| {
            leader.write_all(request)?;
            leader.read_exact(&mut answer)
        })?;
    }
    // The followers serve one leader after the other.
    let mut leader = Leader::connect(&place("embedded"), &addresses)?;
    measure("in the leader", options, |request| leader.replicate(request))
}

fn measure(
    client: &'static str,
    options: &Options,
    mut once: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Box<dyn Error>> {
    let request = vec![7; HEADER + KEY + options.value];
    let (mut latencies, began) = (latencies(), Instant::now());
    while began.elapsed() < WARM_UP {
        once(&request)?;
    }
    let began = Instant::now();
    while began.elapsed() < options.time {
        let asked = Instant::now();
        once(&request)?;
        latencies.saturating_record(asked.elapsed().as_nanos() as u64);
    }
    print(&Figures {
        op: "bare",
        client,
        value: options.value,
        ops_per_s: (latencies.len() as f64 / began.elapsed().as_secs_f64()) as u64,
        p50_us: quantile_us(&latencies, 0.5),
        p99_us: quantile_us(&latencies, 0.99),
        seconds: milliseconds(began.elapsed()) / 1_000.0,
    });
    Ok(())
}

/// A leader or follower as a process. It is killed when this is dropped.
struct Part {
    child: Child,
    address: String,
}

impl Part {
    fn start(role: &str, file: &Path, value: usize, followers: &[String]) -> Result<Part, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("part").arg(role).arg(file).arg(value.to_string()).args(followers);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or("a pipe is missing")?;
        BufReader::new(output).read_line(&mut address)?;
        Ok(Part { child, address: address.trim().to_owned() })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The parameters of such a process.
pub(crate) struct PartOptions {
    pub leads: bool,
    pub file: PathBuf,
    pub value: usize,
    pub followers: Vec<String>,
}

/// Serves one connection after the other, until the process is killed.
pub(crate) fn part(options: &PartOptions) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut request = vec![0; HEADER + KEY + options.value];
    let mut leader = match options.leads {
        true => Some(Leader::connect(&options.file, &options.followers)?),
        false => None,
    };
    let mut disk = Disk::create(&options.file)?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        while stream.read_exact(&mut request).is_ok() {
            match &mut leader {
                Some(leader) => leader.replicate(&request)?,
                None => disk.write(&request)?,
            }
            if stream.write_all(&[0; ANSWER]).is_err() {
                // The client is gone.
                break;
            }
        }
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A file that was written once before, so that no flush changes its extents.
struct Disk {
    file: File,
    at: u64,
}

impl Disk {
    fn create(path: &Path) -> io::Result<Disk> {
        let file = File::create(path)?;
        let block = vec![0; 1 << 20];
        for at in (0..FILE).step_by(block.len()) {
            file.write_all_at(&block, at)?;
        }
        file.sync_all()?;
        Ok(Disk { file, at: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.at)?;
        self.at = (self.at + (bytes.len() as u64).div_ceil(BLOCK) * BLOCK) % (FILE / 2);
        self.file.sync_data()
    }
}

/// The leader's copy and two followers. Each request waits for two of the three copies.
struct Leader {
    disk: Disk,
    followers: Vec<TcpStream>,
    /// Number of answers that each follower has not sent yet.
    owed: Vec<usize>,
}

impl Leader {
    fn connect(file: &Path, followers: &[String]) -> io::Result<Leader> {
        let followers: Vec<_> = followers.iter().map(|address| connect(address)).collect::<Result<_, _>>()?;
        Ok(Leader { disk: Disk::create(file)?, owed: vec![0; followers.len()], followers })
    }

    fn replicate(&mut self, request: &[u8]) -> io::Result<()> {
        for (follower, owed) in self.followers.iter_mut().zip(&mut self.owed) {
            follower.write_all(request)?;
            *owed += ANSWER;
        }
        self.disk.write(request)?;
        // This copy is flushed. Wait for the first follower without open answers.
        while self.owed.iter().all(|owed| *owed > 0) {
            self.hear()?;
        }
        Ok(())
    }

    fn hear(&mut self) -> io::Result<()> {
        let mut ready: Vec<_> =
            self.followers.iter().map(|follower| PollFd::new(follower, PollFlags::IN)).collect();
        poll(&mut ready, None)?;
        let ready: Vec<bool> = ready.iter().map(|fd| !fd.revents().is_empty()).collect();
        let followers = self.followers.iter_mut().zip(&mut self.owed).zip(ready);
        for ((follower, owed), _) in followers.filter(|(_, ready)| *ready) {
            let mut answers = [0; 64 * ANSWER];
            match follower.read(&mut answers)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => *owed -= count,
            }
        }
        Ok(())
    }
}
