//! The operations of `Long`.

use super::operations::{Operation, Subject, operations};
use copycat::Error;
use copycat_collections::{AsyncLong, Collections};
use fastrand::Rng;
use std::mem::replace;

operations! { LongOperation on AsyncLong, like i64;
    3 value Get {}, |long| long.get(), |model| *model;
    2 value Set { value: i64 = number }, |long| long.set(*value), |model| *model = *value;
    1 value GetAndSet { value: i64 = number }, |long| long.get_and_set(*value), |model| replace(model, *value);
    1 value GetAndAdd { by: i64 = number },
        |long| long.get_and_add(*by), |model| replace(model, model.wrapping_add(*by));
    1 value AddAndGet { by: i64 = number }, |long| long.add_and_get(*by), |model| added(model, *by);
    1 value IncrementAndGet {}, |long| long.increment_and_get(), |model| added(model, 1);
    1 value DecrementAndGet {}, |long| long.decrement_and_get(), |model| added(model, -1);
    1 value GetAndIncrement {},
        |long| long.get_and_increment(), |model| replace(model, model.wrapping_add(1));
    1 value GetAndDecrement {},
        |long| long.get_and_decrement(), |model| replace(model, model.wrapping_sub(1));
    2 value CheckedAdd { by: i64 = number }, |long| long.checked_add(*by),
        |model| { let sum = model.checked_add(*by); *model = sum.unwrap_or(*model); sum };
    3 value CompareAndSet { expected: i64 = number, new: i64 = number },
        |long| long.compare_and_set(*expected, *new),
        |model| { let equal = model == expected; if equal { *model = *new; } equal };
    1 value MaxWith { value: i64 = number },
        |long| long.max_with(*value), |model| { *model = (*value).max(*model); *model };
    1 value MinWith { value: i64 = number },
        |long| long.min_with(*value), |model| { *model = (*value).min(*model); *model };
    1 value Update { by: i64 = number },
        |long| long.update(|old| old.wrapping_mul(3) ^ by),
        |model| { *model = model.wrapping_mul(3) ^ by; *model };
}

/// Draws a number: mostly one of a few, so that comparisons often succeed, and sometimes one at an end of the range.
fn number(random: &mut Rng) -> i64 {
    match random.u8(0..16) {
        0 => i64::MAX - random.i64(0..2),
        1 => i64::MIN + random.i64(0..2),
        2 => random.i64(..),
        _ => random.i64(-2..3),
    }
}

fn added(model: &mut i64, by: i64) -> i64 {
    *model = model.wrapping_add(by);
    *model
}

impl Subject for LongOperation {
    const PARTITIONS: &'static [u32] = &[1];

    async fn open<H: Collections>(host: &H, name: String, _: u32) -> Result<Self::Proxy, Error> {
        host.long(name).open().await
    }

    async fn content(long: &Self::Proxy) -> Result<i64, Error> {
        long.get().await
    }
}
