//! The connected clients.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// All admitted connections, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// Number of connections so far, which is the id of the newest one.
    count: u64,
    present: BTreeMap<u64, Client>,
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    since: Instant,
    name: Bytes,
}

/// The registration of one connection, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    clients: Arc<Clients>,
    /// The id of the connection, never reused.
    pub(crate) id: u64,
    /// The client's address.
    pub(crate) address: SocketAddr,
}

impl Clients {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection; returns `None` if `max` are registered already.
    pub(crate) fn enter(self: &Arc<Self>, address: SocketAddr, max: usize) -> Option<Place> {
        let mut book = self.book();
        book.count += 1;
        if book.present.len() >= max {
            return None;
        }
        let id = book.count;
        book.present.insert(id, Client { address, since: Instant::now(), name: Bytes::new() });
        Some(Place { clients: self.clone(), id, address })
    }

    /// Returns the number of current connections, and of all connections so far, including refused ones.
    pub(crate) fn count(&self) -> (usize, u64) {
        let book = self.book();
        (book.present.len(), book.count)
    }
}

impl Place {
    /// Returns the name that the client gave itself; empty if it has none.
    pub(crate) fn name(&self) -> Bytes {
        self.clients.book().present.get(&self.id).map(|client| client.name.clone()).unwrap_or_default()
    }

    /// Sets the client's name. An empty name removes it.
    pub(crate) fn set_name(&self, name: &[u8]) {
        if let Some(client) = self.clients.book().present.get_mut(&self.id) {
            // The name is copied, because it would keep a whole buffer of the connection alive.
            client.name = Bytes::copy_from_slice(name);
        }
    }

    /// Returns a line for this connection, or one for each connection.
    pub(crate) fn list(&self, own: bool) -> String {
        let (book, mut lines) = (self.clients.book(), String::new());
        for (id, client) in book.present.iter().filter(|(id, _)| !own || **id == self.id) {
            let (name, age) = (String::from_utf8_lossy(&client.name), client.since.elapsed().as_secs());
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "id={id} addr={} name={name} age={age} db=0", client.address);
        }
        lines
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.book().present.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let clients = Arc::<Clients>::default();
        let address = SocketAddr::from(([127, 0, 0, 1], 7));
        let (one, other) = (clients.enter(address, 2).unwrap(), clients.enter(address, 2).unwrap());
        assert!(clients.enter(address, 2).is_none());
        one.set_name(b"ada");
        assert!(one.list(true).starts_with("id=1 addr=127.0.0.1:7 name=ada age="));
        assert_eq!(other.list(false).lines().count(), 2);
        drop(one);
        assert_eq!(clients.count(), (1, 3));
        assert_eq!(clients.enter(address, 2).map(|place| place.id), Some(4));
    }
}
