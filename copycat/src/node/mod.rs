//! Where the cores meet I/O.

pub(crate) mod failure;
pub(crate) mod machine;
pub(crate) mod request;
pub(crate) mod threads;
