//! The identifiers that frames contain.

use std::fmt;

/// The position of an entry in a group's log. The first entry has index 1; 0 means "before the log".
pub(crate) type Index = u64;

/// Raft's logical time. 0 means "before any election".
pub(crate) type Term = u64;

/// The largest term that a message or a file may contain. Elections stay far below it, so a larger one is an attack
/// or damage. If it were adopted, the group would have no term left to elect a leader in.
pub(crate) const TERM_MAX: Term = 1 << 62;

/// The largest index that a message or a file may contain.
pub(crate) const INDEX_MAX: Index = 1 << 62;

/// The id of one member of a cluster. The operator chooses it; it is never 0 and never reused for another machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MemberId(pub u64);

/// The id of one Raft group: one partition of one resource. 0 is the member itself (journal-only frames).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GroupId(pub u64);

/// The id of one method of a state machine: a 32-bit hash of its name, or a number that the user chose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodId(pub u32);

macro_rules! show {
    ($($name:ident $letter:literal $pattern:literal),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $pattern, self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, $pattern), self.0)
            }
        }
    )*};
}
show!(MemberId "m" "{}", GroupId "g" "{:016x}", MethodId "f" "{:08x}");

impl MethodId {
    /// Returns the stable id of a method: FNV-1a of its name. Reordering or adding methods does not change the
    /// meaning of an old log. It can be used in constants, and generated code detects collisions at compile time.
    pub const fn of(name: &str) -> MethodId {
        let bytes = name.as_bytes();
        let mut hash: u32 = 0x811c_9dc5;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
            i += 1;
        }
        MethodId(hash)
    }
}

impl GroupId {
    /// Returns the id of one partition of a named resource. The function is part of the format and never changes.
    pub(crate) fn of(resource: &str, partition: u32) -> GroupId {
        let mut input = Vec::with_capacity(resource.len() + 5);
        input.extend_from_slice(resource.as_bytes());
        input.push(0);
        input.extend_from_slice(&partition.to_le_bytes());
        GroupId(xxhash_rust::xxh3::xxh3_64(&input).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_of_names_never_change() {
        assert_eq!(GroupId::of("bank", 0), GroupId(0x662b_861f_d31f_c60c));
        assert_eq!(GroupId::of("bank", 1), GroupId(0x530b_2213_47e0_6059));
        assert_eq!(GroupId::of("", 0), GroupId(0xe864_e589_3a27_3242));
        assert_eq!(GroupId::of("ledger/ä", 4_095), GroupId(0x11a7_5a43_2251_4995));
        assert_eq!(MethodId::of("put"), MethodId(0x6972_99ee));
        assert_eq!(MethodId::of(""), MethodId(0x811c_9dc5), "the offset of FNV-1a");
    }
}
