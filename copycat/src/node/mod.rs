//! Where the cores meet I/O.
