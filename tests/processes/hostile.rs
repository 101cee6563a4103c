//! Strangers at a member's socket: whatever they send, they are cut off, and the member serves the others.

use copycat::{Member, Remote};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// Longest that a member may keep a stranger; only a defect makes it that long.
const KEPT_MAX: Duration = Duration::from_secs(30);

fn connect(member: &Member) -> TcpStream {
    let stream = TcpStream::connect(member.address()).expect("the member listens");
    stream.set_read_timeout(Some(KEPT_MAX)).expect("a time limit");
    stream.set_write_timeout(Some(KEPT_MAX)).expect("a time limit");
    stream
}

/// Sends bytes and waits until the member has closed the connection. Returns how many bytes it had to say.
pub(crate) fn insult(member: &Member, bytes: &[u8]) -> usize {
    let mut stream = connect(member);
    // The member may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => {
            panic!("the member keeps a stranger who said {:?}…: {error}", &bytes[..bytes.len().min(16)])
        }
    }
    answer.len()
}

/// Sends bytes and hangs up.
pub(crate) fn hang_up(member: &Member, bytes: &[u8]) {
    let mut stream = connect(member);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Both);
}

/// Connections that say nothing, or the beginning of something.
pub(crate) fn half_open(member: &Member, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = connect(member);
        let _ = stream.write_all(bytes);
        stream
    };
    (0..count).map(open).collect()
}

/// What a remote handle says first, as it was overheard.
pub(crate) async fn greeting() -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let overheard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the handle calls");
        stream.set_read_timeout(Some(KEPT_MAX)).expect("a time limit");
        let mut bytes = vec![0; 4096];
        let length = stream.read(&mut bytes).expect("the handle speaks first");
        bytes.truncate(length);
        bytes
    });
    let refused = Remote::builder().add_member(Member::new(1, address)).connect().await;
    assert!(refused.is_err(), "nobody answered");
    overheard.join().expect("a greeting")
}

/// Open descriptors of a process.
pub(crate) fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}
