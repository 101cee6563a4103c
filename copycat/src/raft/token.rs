//! Tokens: positions in the order of all writes. A message may have to wait until its token is durable.

use crate::codec::ids::Index;

/// A position in the order of all writes that the core asked for. Tokens are ordered by epoch, then by index.
///
/// The epoch grows with every change of term or vote and with every truncation, and each of those is itself a write. So
/// a token is reached only by a completion that covers the write with which its epoch began. A late completion of an
/// older epoch can neither acknowledge entries that were cut nor confirm a term that is over. And no message waits for
/// a completion that was discarded.
///
/// Tokens are valid for the lifetime of one core and are not stored. A restarted core begins with epoch 0, in which all
/// restored state is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Token {
    /// The number of writes that changed term or vote, and of truncations, since the core was created.
    pub epoch: u64,
    /// The last index that the token covers. It covers everything of earlier epochs, too.
    pub index: Index,
}

impl Token {
    /// The token that is durable before anything is written. A message with this token leaves now.
    pub(crate) const ZERO: Token = Token { epoch: 0, index: 0 };

    /// Returns the token of the write with which `epoch` began (a term, a vote, or a truncation).
    pub(super) const fn opening(epoch: u64) -> Token {
        Token { epoch, index: 0 }
    }

    /// Returns the token of the entry at `index`, in the same epoch.
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
