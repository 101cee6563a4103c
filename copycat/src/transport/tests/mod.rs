//! One test suite, run over TCP on loopback and in memory. It waits for events, never for time.

/// Runs each test over both networks.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod over_tcp { $(#[tokio::test] async fn $name() {
            super::$name(crate::transport::tests::world::tcp(), "127.0.0.1:0").await;
        })* }
        mod in_memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::transport::tests::world::memory(), "").await;
        })* }
    };
}

mod bodies;
mod ends;
mod handles;
mod handshakes;
mod hostile;
mod priorities;
mod world;
