//! Clients that do not wait: each line has several calls under way through one member, in a fixed order.

use super::cluster::Cluster;
use super::history::Operation;
use crate::codec::access::Access;
use crate::codec::ids::GroupId;

/// Calls of a line that may be under way at once: as many clients share it.
pub(super) const WIDTH: usize = 5;
/// Calls after which a line ends and another begins elsewhere.
const LENGTH: u64 = 60;

/// The calls of one client that must take effect in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// Names it; never given twice. 0: it has not begun.
    pub number: u64,
    at: usize,
    group: GroupId,
    calls: u64,
    under_way: usize,
    /// Those of them that a later read must not overtake.
    unanswered: usize,
}

impl Line {
    fn begun(number: u64, at: usize, group: GroupId) -> Line {
        Line { number, at, group, calls: 0, under_way: 0, unanswered: 0 }
    }

    /// One that has not begun.
    pub(super) fn idle() -> Line {
        Line::begun(0, 0, GroupId(1))
    }
}

impl Cluster<'_> {
    /// The next call of a line; `None` if there is nothing to call just now.
    pub(super) fn call_in_line(&mut self, line: usize) -> Option<(usize, GroupId, Access)> {
        let current = self.lines[line];
        let gone = current.number == 0 || self.members[current.at].process.is_none();
        if gone || current.calls >= LENGTH && current.under_way == 0 {
            self.begin_line(line);
        }
        let Line { at, group, calls, unanswered, .. } = self.lines[line];
        if calls >= LENGTH || self.members[at].process.is_none() {
            return None;
        }
        let access = self.draw_access().in_line(unanswered > 0);
        let line = &mut self.lines[line];
        line.calls += 1;
        line.under_way += 1;
        line.unanswered += usize::from(access.holds_place());
        Some((at, group, access))
    }

    /// One of the line's calls is answered.
    pub(super) fn answered_in_line(&mut self, line: usize, asked: &Operation) {
        let line = &mut self.lines[line];
        line.under_way -= 1;
        line.unanswered -= usize::from(asked.access.holds_place());
    }

    /// A line through any member begins; nothing is under way in the one before, or its member is gone.
    pub(super) fn begin_line(&mut self, line: usize) {
        self.lines_begun += 1;
        let at = self.random.usize(0..self.plan.members);
        let group = GroupId(self.random.u64(1..=self.plan.groups));
        self.lines[line] = Line::begun(self.lines_begun, at, group);
    }
}
