//! What a program that defines or uses state machines needs in scope: `use copycat::prelude::*;`.

pub use crate::codec::access::Consistency;
pub use crate::error::Error;
pub use crate::request::failure::Outcome;
pub use crate::resource::proxy::{AsyncProxy, Proxy, SyncProxy};
pub use copycat_macros::state_machine;
