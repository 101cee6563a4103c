//! Splits batches that are longer than a message should be.

use crate::transport::limits::MESSAGE_SOFT;

/// Splits a batch into runs. A run of several items is no longer than a message should be, and holds no two
/// items that do not go together.
pub(super) fn runs<T>(
    items: &[T],
    length: impl Fn(&T) -> usize,
    together: impl Fn(&T, &T) -> bool,
) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let (mut total, mut count) = (0, 0);
        for item in rest {
            total += length(item);
            if count > 0 && (total > MESSAGE_SOFT || !together(first, item)) {
                break;
            }
            count += 1;
        }
        let run;
        (run, rest) = rest.split_at(count);
        Some(run)
    })
}
