//! A network within one process: names instead of hosts, buffers instead of wires.

use super::network::{Attempt, Listener, Stream, Transport};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

/// Most bytes in flight in one direction of a connection; allocated only as they are needed.
const WIRE_LEN: usize = 1 << 20;
/// Most arrivals that may wait to be accepted.
const BACKLOG: usize = 128;

/// An independent network; clones are the same network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    names: Arc<Mutex<Names>>,
}

#[derive(Debug, Default)]
struct Names {
    bound: BTreeMap<String, mpsc::Sender<DuplexStream>>,
    /// Number of names made up so far.
    invented: u64,
}

impl Memory {
    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn occupy(&self, address: &str) -> io::Result<Name> {
        let mut names = self.names();
        let address = if address.is_empty() {
            names.invented += 1;
            format!("memory-{}", names.invented)
        } else {
            address.to_owned()
        };
        if names.bound.contains_key(&address) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (arrive, arrivals) = mpsc::channel(BACKLOG);
        names.bound.insert(address.clone(), arrive);
        Ok(Name { network: self.clone(), address, arrivals })
    }

    fn reach(&self, address: &str) -> io::Result<DuplexStream> {
        let names = self.names();
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let (near, far) = duplex(WIRE_LEN);
        names.bound.get(address).ok_or_else(refused)?.try_send(far).map_err(|_| refused())?;
        Ok(near)
    }
}

/// The reader is in this process as well: a direct write would gain nothing.
impl Stream for DuplexStream {}

impl Transport for Memory {
    fn bind<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Listener>> {
        Box::pin(async move { self.occupy(address).map(|name| Box::new(name) as Box<dyn Listener>) })
    }

    fn connect<'a>(&'a self, address: &'a str) -> Attempt<'a, Box<dyn Stream>> {
        Box::pin(async move { self.reach(address).map(|stream| Box::new(stream) as Box<dyn Stream>) })
    }
}

struct Name {
    network: Memory,
    address: String,
    arrivals: mpsc::Receiver<DuplexStream>,
}

impl Listener for Name {
    fn accept(&mut self) -> Attempt<'_, (Box<dyn Stream>, String)> {
        Box::pin(async move {
            // The sending half stays in the network's table as long as this name exists.
            let stream = self.arrivals.recv().await.ok_or(io::ErrorKind::NotConnected)?;
            Ok((Box::new(stream) as Box<dyn Stream>, "memory".to_owned()))
        })
    }

    fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.network.names().bound.remove(&self.address);
    }
}
