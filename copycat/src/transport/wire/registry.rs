//! The registry of the kinds that one side of a connection understands.

use super::connection;
use super::family::{FAMILIES, Family, MessageKind, SenderKinds};
use super::unreadable::Unreadable;

/// The kinds that one side of a connection understands.
#[derive(Debug)]
pub(crate) struct Registry {
    families: [&'static [MessageKind]; FAMILIES],
}

impl Registry {
    /// Creates the registry of some lists of kinds, each of one family, and of the kinds of every connection.
    pub(crate) const fn of(lists: &[&'static [MessageKind]]) -> Registry {
        let mut families: [&'static [MessageKind]; FAMILIES] = [&[]; FAMILIES];
        families[Family::Connection as usize] = connection::KINDS;
        let mut at = 0;
        while at < lists.len() {
            let family = lists[at][0].family as usize;
            assert!(families[family].is_empty(), "a family is declared once");
            check(lists[at]);
            families[family] = lists[at];
            at += 1;
        }
        Registry { families }
    }

    /// Finds the kind of a message that `sender` has sent. Fails if it is unknown, or if `sender` must not send
    /// it.
    pub(super) fn find(
        &self,
        family: u8,
        kind: u8,
        sender: SenderKinds,
    ) -> Result<&'static MessageKind, Unreadable> {
        let kinds = self.families.get(usize::from(family)).copied().unwrap_or_default();
        let known = kinds.iter().find(|known| known.number == kind);
        let known = known.ok_or(Unreadable::Unknown { family, kind })?;
        if known.senders.contain(sender) { Ok(known) } else { Err(Unreadable::Misplaced { family, kind }) }
    }
}

/// Checks that all kinds are of one family, and that no number occurs twice.
const fn check(kinds: &[MessageKind]) {
    let mut at = 0;
    while at < kinds.len() {
        assert!(kinds[at].family as u8 == kinds[0].family as u8, "a list has one family");
        let mut before = 0;
        while before < at {
            assert!(kinds[before].number != kinds[at].number, "a number has one meaning");
            before += 1;
        }
        at += 1;
    }
}
