//! Lines: clients that do not wait. Each line has several calls in flight through one member, in a fixed order.

use super::cluster::Cluster;
use super::history::Operation;
use crate::codec::access::Access;
use crate::codec::ids::GroupId;

/// Most calls of a line that are in flight at once; this number of clients shares it.
pub(super) const WIDTH: usize = 5;
/// Number of calls after which a line ends and another begins elsewhere.
const LENGTH: u64 = 60;

/// A line: the calls of one client that must take effect in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The identifier of the line, never reused. 0 means that the line has not begun.
    pub number: u64,
    at: usize,
    group: GroupId,
    calls: u64,
    in_flight: usize,
    /// Number of calls in flight that a later read must not overtake.
    unanswered: usize,
}

impl Line {
    fn begun(number: u64, at: usize, group: GroupId) -> Line {
        Line { number, at, group, calls: 0, in_flight: 0, unanswered: 0 }
    }

    /// Creates a line that has not begun.
    pub(super) fn idle() -> Line {
        Line::begun(0, 0, GroupId(1))
    }
}

impl Cluster<'_> {
    /// Returns the next call of a line; `None` if it has none at the moment.
    pub(super) fn call_in_line(&mut self, line: usize) -> Option<(usize, GroupId, Access)> {
        let current = self.lines[line];
        let gone = current.number == 0 || self.members[current.at].process.is_none();
        if gone || current.calls >= LENGTH && current.in_flight == 0 {
            self.begin_line(line);
        }
        let Line { at, group, calls, unanswered, .. } = self.lines[line];
        if calls >= LENGTH || self.members[at].process.is_none() {
            return None;
        }
        let access = self.draw_access().in_line(unanswered > 0);
        let line = &mut self.lines[line];
        line.calls += 1;
        line.in_flight += 1;
        line.unanswered += usize::from(access.must_precede_later_reads());
        Some((at, group, access))
    }

    /// Records that one of the line's calls is answered.
    pub(super) fn answered_in_line(&mut self, line: usize, asked: &Operation) {
        let line = &mut self.lines[line];
        line.in_flight -= 1;
        line.unanswered -= usize::from(asked.access.must_precede_later_reads());
    }

    /// Begins a line through any member. The line before has nothing in flight, or its member is gone.
    pub(super) fn begin_line(&mut self, line: usize) {
        self.lines_begun += 1;
        let at = self.random.usize(0..self.plan.members);
        let group = GroupId(self.random.u64(1..=self.plan.groups));
        self.lines[line] = Line::begun(self.lines_begun, at, group);
    }
}
