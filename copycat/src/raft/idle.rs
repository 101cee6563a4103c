//! How long a leader has had nothing to do, and who agrees that its group becomes quiet. The rules are in `quiet.rs`.

/// The way of a leadership into the quiet.
#[derive(Debug, Default)]
pub(super) struct Idle {
    /// The number of timed rounds since the last activity.
    rounds: u64,
    /// The first of the rounds that proposed the quiet, without any activity since.
    proposed: Option<u64>,
    /// Whether this leadership has ever proposed it.
    ever_proposed: bool,
    /// The positions of the followers that have agreed.
    agreed: Vec<usize>,
}

impl Idle {
    /// Records that somebody uses the group.
    pub(super) fn note_activity(&mut self) {
        self.rounds = 0;
        self.forget_agreements();
    }

    /// Forgets the proposal and who has agreed to it.
    pub(super) fn forget_agreements(&mut self) {
        self.proposed = None;
        self.agreed.clear();
    }

    /// Counts a timed round without activity.
    pub(super) fn count(&mut self) {
        assert!(self.proposed.is_none() || self.rounds > 0, "proposed the quiet in the midst of activity");
        self.rounds = self.rounds.saturating_add(1);
    }

    /// Returns the number of timed rounds since the last activity.
    pub(super) fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Records that `round` proposes the quiet.
    pub(super) fn propose(&mut self, round: u64) {
        assert!(self.proposed.is_none_or(|first| first < round), "rounds are numbered in order");
        self.ever_proposed = true;
        self.proposed.get_or_insert(round);
    }

    /// Returns whether this leadership has ever proposed the quiet.
    pub(super) fn has_ever_proposed(&self) -> bool {
        self.ever_proposed
    }

    /// Records that the follower at this position does not agree in its answer to `round`. An answer to a round before
    /// the proposal does not count.
    pub(super) fn disagree(&mut self, at: usize, round: u64) {
        if self.proposed.is_some_and(|first| round >= first) {
            self.agreed.retain(|other| *other != at);
        }
    }

    /// Records that the follower at this position agrees in its answer to `round`. Returns the number of those that
    /// agree. An answer to a round before the proposal does not count: the follower may have woken since.
    pub(super) fn agree(&mut self, at: usize, round: u64) -> usize {
        let counts = self.proposed.is_some_and(|first| round >= first);
        if counts && !self.agreed.contains(&at) {
            self.agreed.push(at);
        }
        assert!(self.proposed.is_some() || self.agreed.is_empty(), "nobody agrees to what was not proposed");
        self.agreed.len()
    }
}
