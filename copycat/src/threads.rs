//! The framework's own threads know that they are: blocking one of them would stop a member or a remote handle.

use std::cell::Cell;
use std::thread;

thread_local! {
    static OWNED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is one of them. Blocking calls refuse to run there.
pub(crate) fn is_node_thread() -> bool {
    OWNED.get()
}

/// Starts such a thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: String,
    body: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().name(name).spawn(move || {
        OWNED.set(true);
        body()
    })
}
