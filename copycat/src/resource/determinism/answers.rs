//! Compares the answers of two copies of a state to one command.

use super::states::shortened;
use crate::codec::shape::Types;
use crate::codec::shape::schema::MethodShape;
use crate::codec::shape::sorted::sorted;
use crate::request::error::RequestError;
use crate::resource::json;

const REORDERED: &str = ". Only the order of the elements seems to differ. If it comes from a `HashMap` or a `HashSet`, sort \
                         them, or use a `BTreeMap` or a `BTreeSet`.";

/// The encoded result of a method, or the error that the caller gets.
pub(super) type Answer = Result<Vec<u8>, RequestError>;

/// Returns both answers as a text if they differ. The order of a map does not count, but that of a list does.
pub(super) fn difference(
    one: &Answer,
    other: &Answer,
    method: &MethodShape,
    types: &Types,
) -> Option<String> {
    if one == other {
        return None;
    }
    let form = |answer: &Answer| sorted(answer.as_ref().ok()?, &method.result, types);
    if form(one).is_some_and(|one| Some(one) == form(other)) {
        return None;
    }
    let texts = [one, other].map(|answer| shown(answer, method, types));
    let hint = if are_reordered(one, other) && texts.iter().all(|text| text.starts_with('[')) {
        REORDERED
    } else {
        ""
    };
    Some(format!("{}, and {}{hint}", texts[0], texts[1]))
}

/// Returns whether two results have the same bytes in another order.
fn are_reordered(one: &Answer, other: &Answer) -> bool {
    let bytes = |answer: &Answer| {
        let mut bytes = answer.clone().ok()?;
        bytes.sort_unstable();
        Some(bytes)
    };
    bytes(one).is_some_and(|one| Some(one) == bytes(other))
}

fn shown(answer: &Answer, method: &MethodShape, types: &Types) -> String {
    match answer {
        Err(error) => format!("the error `{error}`"),
        Ok(bytes) => shortened(json::result(bytes, method, types).unwrap_or_else(|_| format!("{bytes:?}"))),
    }
}
