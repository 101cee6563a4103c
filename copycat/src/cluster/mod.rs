//! Members and seeds.
