//! Tests of a remote handle: routing on its own, and whole handles among fake members.

mod names;
mod routes;
mod strangers;
mod world;
