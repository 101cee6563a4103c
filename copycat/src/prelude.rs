//! The names that a program needs in scope to define or use state machines: `use copycat::prelude::*;`.

pub use crate::codec::access::Consistency;
pub use crate::error::Error;
pub use crate::request::error::Outcome;
pub use crate::resource::proxy::{AsyncProxy, Proxy, SyncProxy};
pub use copycat_macros::state_machine;
