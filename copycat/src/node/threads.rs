//! The node's own threads know that they are: blocking one of them would stop the node.

use std::cell::Cell;
use std::thread;

thread_local! {
    static OWNED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread belongs to a node. Blocking calls refuse to run there.
pub(crate) fn is_node_thread() -> bool {
    OWNED.get()
}

/// Starts a thread that belongs to a node.
pub(crate) fn spawn<T: Send + 'static>(
    name: String,
    body: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().name(name).spawn(move || {
        OWNED.set(true);
        body()
    })
}
