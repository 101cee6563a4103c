//! The journal as a whole, on every kind of disk.
