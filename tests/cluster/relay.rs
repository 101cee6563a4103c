//! A relay between two ends of TCP connections. It shows a test which ends they are, and what they have received.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Relays connections to an address until it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    target: String,
    /// Most reads of a caller's bytes that are relayed. Later bytes are discarded.
    chunks_max: usize,
    over: AtomicBool,
    /// Both ends of every connection.
    streams: Mutex<Vec<(TcpStream, TcpStream)>>,
    /// Number of connections on which an answer was relayed.
    answered: AtomicUsize,
}

impl Shared {
    fn streams(&self) -> MutexGuard<'_, Vec<(TcpStream, TcpStream)>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay {
    /// Starts a relay that passes on everything.
    pub(crate) fn start(target: &str) -> Relay {
        Relay::deaf_after(usize::MAX, target)
    }

    /// Starts a relay that passes on the first `chunks_max` reads of a caller's bytes, and discards the rest.
    pub(crate) fn deaf_after(chunks_max: usize, target: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            target: target.to_owned(),
            chunks_max,
            over: AtomicBool::new(false),
            streams: Mutex::default(),
            answered: AtomicUsize::new(0),
        });
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || shared.run(&listener)
        });
        Relay { address, shared, thread: Some(thread) }
    }

    /// Returns the address that callers connect to.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns the ports of the relay's connections to the target, which the target sees as its callers'.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let streams = self.shared.streams();
        streams.iter().filter_map(|(_, to)| to.local_addr().ok()).map(|address| address.port()).collect()
    }

    /// Returns the number of callers answered so far.
    pub(crate) fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Acquire)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        for (from, to) in self.shared.streams().iter() {
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the relay ends");
        }
    }
}

impl Shared {
    fn run(&self, listener: &TcpListener) {
        std::thread::scope(|scope| {
            while let Ok((from, _)) = listener.accept() {
                if self.over.load(Ordering::Acquire) {
                    return;
                }
                let Ok(to) = TcpStream::connect(&self.target) else { continue };
                for stream in [&from, &to] {
                    let _ = stream.set_nodelay(true);
                }
                let ends = (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
                scope.spawn(move || pass_on(ends.0, ends.1, self.chunks_max, || {}));
                let ends = (to.try_clone().expect("a handle"), from.try_clone().expect("a handle"));
                scope.spawn(move || {
                    let mut first = true;
                    pass_on(ends.0, ends.1, usize::MAX, || {
                        if std::mem::take(&mut first) {
                            self.answered.fetch_add(1, Ordering::AcqRel);
                        }
                    });
                });
                self.streams().push((from, to));
            }
        });
    }
}

fn pass_on(mut source: TcpStream, mut sink: TcpStream, chunks_max: usize, mut passed: impl FnMut()) {
    let (mut bytes, mut chunks) = ([0; 64 << 10], 0);
    while let Ok(length) = source.read(&mut bytes) {
        chunks += 1;
        if length == 0 || chunks <= chunks_max && sink.write_all(&bytes[..length]).is_err() {
            break;
        }
        passed();
    }
    let _ = sink.shutdown(Shutdown::Write);
}
