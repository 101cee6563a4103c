//! The members of a group: the payload of a configuration entry.

use super::cursor::{Cursor, Malformed};
use super::ids::MemberId;

/// Most members of a cluster, and so most members in each list of a configuration. With this limit the bootstrap
/// record fits a handshake. A configuration fits, together with a vote, the one block that the journal reserves for
/// the first entry of a new leader.
pub(crate) const MEMBERS_MAX: usize = 128;

/// Most bytes of an encoded configuration.
pub(crate) const ENCODED_LEN_MAX: usize = 3 * (4 + 8 * MEMBERS_MAX);

/// The members of one group. While `outgoing` is not empty, the group is in the joint phase of a membership change
/// (Raft §6): elections and commits need a majority of both sets of voters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Configuration {
    /// The voters, sorted, without duplicates. A majority of them elects and commits.
    pub voters: Vec<MemberId>,
    /// The old set of voters; empty outside the joint phase.
    pub outgoing: Vec<MemberId>,
    /// Members that receive the log and do not vote.
    pub learners: Vec<MemberId>,
}

impl Configuration {
    /// Returns a configuration of voters only.
    pub(crate) fn of_voters(voters: impl IntoIterator<Item = MemberId>) -> Configuration {
        let mut voters: Vec<_> = voters.into_iter().collect();
        voters.sort_unstable();
        voters.dedup();
        Configuration { voters, outgoing: Vec::new(), learners: Vec::new() }
    }

    /// Returns whether `member` votes, in either set.
    pub(crate) fn is_voter(&self, member: MemberId) -> bool {
        self.voters.contains(&member) || self.outgoing.contains(&member)
    }

    /// Returns every member that receives the log, each once, in ascending order.
    pub(crate) fn members(&self) -> Vec<MemberId> {
        let mut all: Vec<_> =
            [&self.voters, &self.outgoing, &self.learners].into_iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Appends the payload: for each list a `u32` count, then the ids as `u64`.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        for list in [&self.voters, &self.outgoing, &self.learners] {
            out.extend_from_slice(&(list.len() as u32).to_le_bytes());
            for member in list {
                out.extend_from_slice(&member.0.to_le_bytes());
            }
        }
    }

    /// Reads the payload that [`encode`](Self::encode) wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Configuration, Malformed> {
        let mut cursor = Cursor::new(bytes);
        let configuration = Configuration::read(&mut cursor)?;
        cursor.finish()?;
        Ok(configuration)
    }

    /// Reads one configuration from a longer record.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Configuration, Malformed> {
        let mut list = || {
            let count = cursor.u32()? as usize;
            if count > MEMBERS_MAX {
                return Err(Malformed::TooLong { limit: MEMBERS_MAX, found: count });
            }
            (0..count).map(|_| cursor.u64().map(MemberId)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Configuration { voters: list()?, outgoing: list()?, learners: list()? })
    }
}
