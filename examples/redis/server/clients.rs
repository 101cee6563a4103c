//! Who is connected.

use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// All connections that were let in, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Clients(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// Connections so far; the newest one's id.
    count: u64,
    present: BTreeMap<u64, Client>,
}

#[derive(Debug)]
struct Client {
    address: SocketAddr,
    since: Instant,
    name: Bytes,
}

/// One connection's place among the others, left when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    clients: Arc<Clients>,
    /// Never given twice.
    pub(crate) id: u64,
}

impl Clients {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection in; `None` if there are `max` already.
    pub(crate) fn enter(self: &Arc<Self>, address: SocketAddr, max: usize) -> Option<Place> {
        let mut book = self.book();
        book.count += 1;
        if book.present.len() >= max {
            return None;
        }
        let id = book.count;
        book.present.insert(id, Client { address, since: Instant::now(), name: Bytes::new() });
        Some(Place { clients: self.clone(), id })
    }

    /// How many are connected, and how many ever were, those that were turned away too.
    pub(crate) fn count(&self) -> (usize, u64) {
        let book = self.book();
        (book.present.len(), book.count)
    }
}

impl Place {
    /// What the client calls itself; empty if it does not.
    pub(crate) fn name(&self) -> Bytes {
        self.clients.book().present.get(&self.id).map(|client| client.name.clone()).unwrap_or_default()
    }

    /// Calls it that. An empty name is none.
    pub(crate) fn set_name(&self, name: &[u8]) {
        if let Some(client) = self.clients.book().present.get_mut(&self.id) {
            // A copy, since the name would keep a whole buffer of the connection alive.
            client.name = Bytes::copy_from_slice(name);
        }
    }

    /// A line for this connection, or one for each.
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
