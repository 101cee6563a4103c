//! Merges the results of several partitions into one.

use super::arguments::EncodingError;
use crate::codec::payload;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::Add;

/// Adds the results: `merge = sum`.
pub fn sum<T: Add<Output = T>>(left: T, right: T) -> T {
    left + right
}

/// Returns whether both results are true: `merge = and`.
#[must_use]
pub fn and(left: bool, right: bool) -> bool {
    left && right
}

/// Returns whether at least one result is true: `merge = or`.
#[must_use]
pub fn or(left: bool, right: bool) -> bool {
    left || right
}

/// Returns the smaller result: `merge = min`.
pub fn min<T: Ord>(left: T, right: T) -> T {
    left.min(right)
}

/// Returns the larger result: `merge = max`.
pub fn max<T: Ord>(left: T, right: T) -> T {
    left.max(right)
}

/// Returns the smaller of two results that are an `Option`: `merge = min`. A `None` does not count.
pub fn min_of_some<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    either(left, right, T::min)
}

/// Returns the larger of two results that are an `Option`: `merge = max`. A `None` does not count.
pub fn max_of_some<T: Ord>(left: Option<T>, right: Option<T>) -> Option<T> {
    either(left, right, T::max)
}

fn either<T>(left: Option<T>, right: Option<T>, both: fn(T, T) -> T) -> Option<T> {
    match (left, right) {
        (Some(left), Some(right)) => Some(both(left, right)),
        (one, other) => one.or(other),
    }
}

/// Concatenates the results, partition 0 first: `merge = concat`.
pub fn concat<T: IntoIterator + Extend<T::Item>>(mut left: T, right: T) -> T {
    left.extend(right);
    left
}

/// Merges encoded results, for callers that do not know their type. Appends the encoded result to `out`.
pub fn merge_encoded<T: Serialize + DeserializeOwned>(
    results: &[Bytes],
    out: &mut Vec<u8>,
    merge: fn(T, T) -> T,
) -> Result<(), EncodingError> {
    let merged = merge_decoded(results, merge)?;
    payload::append(&merged, out).map_err(EncodingError)
}

/// Decodes the results of all partitions (at least one) and merges them, beginning with partition 0.
pub(crate) fn merge_decoded<T: DeserializeOwned>(
    results: &[Bytes],
    merge: fn(T, T) -> T,
) -> Result<T, EncodingError> {
    assert!(!results.is_empty(), "a resource has at least one partition");
    let mut merged = payload::decode(&results[0]).map_err(EncodingError)?;
    for result in &results[1..] {
        merged = merge(merged, payload::decode(result).map_err(EncodingError)?);
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_partition_is_neither_smallest_nor_largest() {
        assert_eq!(min_of_some(None, Some(3)), Some(3));
        assert_eq!(min_of_some(Some(2), Some(3)), Some(2));
        assert_eq!(max_of_some(Some(2), None), Some(2));
        assert_eq!(max_of_some::<u8>(None, None), None);
    }

    #[test]
    fn encoded_results_merge_in_the_partitions_order() {
        let encoded = |list: &[u8]| {
            let mut out = Vec::new();
            payload::append(&list.to_vec(), &mut out).unwrap();
            Bytes::from(out)
        };
        let mut out = Vec::new();
        merge_encoded::<Vec<u8>>(&[encoded(&[3]), encoded(&[1, 2]), encoded(&[])], &mut out, concat).unwrap();
        assert_eq!(out, encoded(&[3, 1, 2]));
    }
}
