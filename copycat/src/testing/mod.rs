//! What the tests of this workspace drive: the scenario runner. It is compiled with the feature `testing`
//! only, is no part of the framework's public promise, and never appears in a running member.
//!
//! Begin with [`scenario`].

pub mod scenario;
