//! The operations of `Boolean`.

use super::operations::{Operation, Subject, operations};
use copycat::Error;
use copycat_collections::{AsyncBoolean, Collections};
use fastrand::Rng;
use std::mem::replace;

operations! { BooleanOperation on AsyncBoolean, like bool;
    3 value Get {}, |boolean| boolean.get(), |model| *model;
    1 value Set { value: bool = either }, |boolean| boolean.set(*value), |model| *model = *value;
    1 value GetAndSet { value: bool = either },
        |boolean| boolean.get_and_set(*value), |model| replace(model, *value);
    2 value CompareAndSet { expected: bool = either, new: bool = either },
        |boolean| boolean.compare_and_set(*expected, *new),
        |model| { let equal = model == expected; if equal { *model = *new; } equal };
    1 value Toggle {}, |boolean| boolean.toggle(), |model| { *model = !*model; *model };
    1 value Update { with: bool = either },
        |boolean| boolean.update(|old| old ^ with), |model| { *model ^= with; *model };
}

fn either(random: &mut Rng) -> bool {
    random.bool()
}

impl Subject for BooleanOperation {
    const PARTITIONS: &'static [u32] = &[1];

    async fn open<H: Collections>(host: &H, name: String, _: u32) -> Result<Self::Proxy, Error> {
        host.boolean(name).open().await
    }

    async fn content(boolean: &Self::Proxy) -> Result<bool, Error> {
        boolean.get().await
    }
}
