//! A remote handle from within: what goes where, and whole handles among members that are none.

mod names;
mod routes;
mod strangers;
mod world;
