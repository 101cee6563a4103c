//! Moves frames between members.
