//! Procedural macros of `copycat`.
