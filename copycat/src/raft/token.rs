//! What a message may have to wait for: a place in the order of everything written.

use crate::codec::ids::Index;

/// A place in the order of what the core asked to be written. Tokens are ordered by epoch, then by index.
///
/// The epoch grows with every change of term or vote and with every truncation, and each of those is itself a write. So
/// a token is reached only by a completion that covers the write with which its epoch began. A late completion of an
/// older epoch can neither acknowledge entries that were cut nor speak for a term that is over. And nothing ever waits
/// for a completion that was discarded.
///
/// Tokens live as long as one core and are not stored. A restarted core begins with epoch 0, in which everything that it
/// was restored from is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Token {
    /// Changes of term, vote, or tail since the core was made.
    pub epoch: u64,
    /// Everything written in this epoch up to this index, and everything of earlier epochs.
    pub index: Index,
}

impl Token {
    /// Durable before anything was written. What waits for it leaves now.
    pub(crate) const ZERO: Token = Token { epoch: 0, index: 0 };

    /// The write with which `epoch` began (a term or a vote), whatever entries followed it.
    pub(super) const fn opening(epoch: u64) -> Token {
        Token { epoch, index: 0 }
    }

    /// The write of the entry at `index`, in the same epoch.
    pub(super) fn at(self, index: Index) -> Token {
        assert!(index <= self.index, "entry {index} is not written: {self:?}");
        Token { index, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_epoch_outranks_every_index_of_an_earlier_one() {
        let before = Token { epoch: 3, index: 1_000 };
        assert!(before < Token::opening(4));
        assert!(Token::opening(3) <= before);
        assert!(Token::ZERO <= Token::opening(0));
    }
}
