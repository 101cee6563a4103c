//! Names of fields and variants: aliases, and names that are written otherwise than they are read.

use super::Variant;

/// What separates the names of a variant with aliases.
pub(super) const ALIAS: &str = "|";

impl Variant {
    /// Returns its names: one, and its aliases.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.name.split(ALIAS)
    }

    /// Returns whether it has this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }
}

/// Returns whether the name that is written is the one that is read. They may differ in case and separators, as
/// `rename_all(serialize = …)` makes them. Any other name is of another field or variant, which is never read.
pub(super) fn is_same_name(read: &str, written: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars().filter(|next| next.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    read == written || letters(read) == letters(written)
}
