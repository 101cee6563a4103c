//! Names for generated code only. They are not part of the public API: any of them may change.

pub use crate::codec::access::Consistency;
pub use crate::codec::ids::MethodId;
pub use crate::codec::writable::{read_value, write_value};
pub use crate::error::Error;
pub use crate::request::error::RequestError;
pub use crate::resource::arguments::{Arguments, EncodingError, Raw, check_keyed, check_keyless};
pub use crate::resource::client::ResourceClient;
pub use crate::resource::commands::{Commands, Data, Kind, Method, Partitioned, Route, assert_distinct};
pub use crate::resource::dispatch::{Dispatch, Handler, answer, decode};
#[cfg(feature = "testing")]
pub use crate::resource::local;
pub use crate::resource::merge::{and, concat, max, max_of_some, merge_encoded, min, min_of_some, or, sum};
pub use crate::resource::proxy::{AsyncProxy, Proxy, SyncProxy};
pub use crate::resource::shapes::Shapes;
pub use crate::resource::split::split;
pub use serde;
pub use std::vec::Vec;
