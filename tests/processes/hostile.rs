//! Hostile clients at a member's socket. The member closes their connections and serves the others.

use copycat::{Member, Remote};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

/// Longest time that a member may keep such a client. Only a defect makes it that long.
const KEPT_MAX: Duration = Duration::from_secs(30);

fn connect(member: &Member) -> TcpStream {
    let stream = TcpStream::connect(member.address()).expect("the member listens");
    stream.set_read_timeout(Some(KEPT_MAX)).expect("a time limit");
    stream.set_write_timeout(Some(KEPT_MAX)).expect("a time limit");
    stream
}

/// Sends bytes and waits until the member has closed the connection. Returns the number of bytes that it sent.
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

/// Sends bytes and closes the connection.
pub(crate) fn hang_up(member: &Member, bytes: &[u8]) {
    let mut stream = connect(member);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Both);
}

/// Opens connections that send nothing, or only the beginning of a message.
pub(crate) fn half_open(member: &Member, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = connect(member);
        let _ = stream.write_all(bytes);
        stream
    };
    (0..count).map(open).collect()
}

/// Records the first message of a remote handle.
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

/// Returns the number of open descriptors of a process.
pub(crate) fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).map_or(0, Iterator::count)
}
