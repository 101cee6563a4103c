//! When two values are the same, for methods that compare what a caller has seen with what is there.

use crate::codec::payload;
use serde::Serialize;

/// Whether two values are equal, or encoded alike.
///
/// For compare-and-set. What a caller was given and sends back is then always found to be what is there, also where it
/// is not equal to itself, like a number that is none (`NaN`): with `==` alone, nobody could ever replace it.
#[must_use]
pub fn same<T: PartialEq + Serialize>(left: &T, right: &T) -> bool {
    left == right || encoded(left).is_some_and(|left| encoded(right) == Some(left))
}

/// The bytes of a value; `None` if it has none.
fn encoded<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    payload::encode(value, &mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::same;
    use std::collections::HashSet;

    #[test]
    fn what_is_equal_or_encoded_alike_is_the_same() {
        assert!(same(&f64::NAN, &f64::NAN) && same(&0.0, &-0.0) && same(&Some("a"), &Some("a")));
        assert!(!same(&f64::NAN, &-f64::NAN) && !same(&1.0, &2.0) && !same(&Some("a"), &None));
        let names: HashSet<String> = (0..100).map(|name| name.to_string()).collect();
        let others: HashSet<String> = names.iter().cloned().collect();
        assert!(same(&names, &others), "in whatever order they are encoded");
    }
}
