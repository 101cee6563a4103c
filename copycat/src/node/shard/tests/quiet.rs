//! Groups in which nothing happens send nothing of their own, and are there again when something does.

use super::members::{INTERVAL, LED, Members};
use super::*;

/// Idle rounds until a group is quiet in these tests.
const QUIET_AFTER: u64 = 3;

impl Members {
    /// Returns three members whose first one leads a group; if `both`, the second one leads another. All are quiet.
    fn quiet(both: bool) -> Members {
        let mut three = Members::up(3, QUIET_AFTER);
        three.elect(0);
        if both {
            three.elect(1);
        }
        three.pass(10 * INTERVAL);
        three.all_quiet(LED[0]);
        three.messages = [0; 3];
        three
    }

    /// Lets a member get the request for a pre-vote of another one.
    fn is_asked_for_a_vote(&mut self, at: usize, from: u64, group: GroupId) {
        let last = self.members[at].shard.group_status(group).unwrap().raft.last;
        let message = Message::RequestVote { term: 2, last, pre: true, campaign: 9 };
        let input = Input::Raft { from: MemberId(from), group, message, entries: Entries::default() };
        self.members[at].turn(vec![input]);
    }

    fn all_quiet(&self, group: GroupId) {
        for (at, member) in self.members.iter().enumerate() {
            assert!(member.is_quiet(group), "group {} on member {}", group.0, at + 1);
        }
    }

    fn none_quiet(&self, group: GroupId) {
        for (at, member) in self.members.iter().enumerate() {
            assert!(!member.is_quiet(group), "group {} on member {}", group.0, at + 1);
        }
    }
}

#[test]
fn member_heartbeats_are_as_many_as_the_heartbeats_of_one_group() {
    let [mut one, mut both] = [Members::quiet(false), Members::quiet(true)];
    one.pass(100 * INTERVAL);
    both.pass(100 * INTERVAL);
    assert_eq!(one.messages, [200, 100, 100], "member heartbeats to two members, and their answers");
    assert_eq!(both.messages, [200, 200, 200], "the same between each two members");
    one.all_quiet(LED[0]);
    LED.into_iter().for_each(|group| both.all_quiet(group));
    assert!(both.members[0].leads(LED[0]) && both.members[1].leads(LED[1]));
}

#[test]
fn a_write_wakes_a_group_at_once_and_it_becomes_quiet_again() {
    let mut three = Members::quiet(true);
    for _ in 0..3 {
        let (messages, done) = three.call(Access::Write);
        assert!(done, "committed and applied without waiting for anything");
        assert_eq!(messages, [0; 3], "appends are enough");
        three.none_quiet(LED[0]);
        three.all_quiet(LED[1]);
        three.pass(10 * INTERVAL);
        three.all_quiet(LED[0]);
    }
}

#[test]
fn a_strict_read_is_confirmed_by_a_round_and_never_by_member_heartbeats() {
    let mut three = Members::quiet(true);
    three.pass(20 * INTERVAL);
    for consistency in [Consistency::Strict, Consistency::Lease] {
        let (messages, done) = three.call(Access::Read(consistency, ReadOrder::Unordered));
        assert!(done);
        assert_eq!(messages, [2, 1, 1], "a round and its answers: the lease of a quiet leader has ended");
        three.pass(20 * INTERVAL);
        three.all_quiet(LED[0]);
    }
}

#[test]
fn whoever_asks_for_leases_keeps_the_group_awake() {
    let mut three = Members::quiet(false);
    three.read(Consistency::Lease);
    for _ in 0..20 {
        three.pass(QUIET_AFTER as u32 * INTERVAL);
        assert_eq!(three.read(Consistency::Lease), [0, 0, 0], "the lease holds");
    }
}

#[test]
fn the_death_of_a_quiet_leader_is_noticed_within_the_usual_time() {
    let mut three = Members::quiet(false);
    three.attach(1, LED[0]);
    three.pass(10 * INTERVAL);
    three.all_quiet(LED[0]);
    three.cut = vec![(1, 2), (1, 3)];
    three.pass(5 * INTERVAL - Duration::from_millis(1));
    assert!(!three.members[1].leads(LED[0]), "not before an election timeout");
    three.pass(6 * INTERVAL);
    assert!(three.members[1].leads(LED[0]), "not later than after two");
}

#[test]
fn a_quiet_leader_that_loses_its_followers_steps_down() {
    let mut three = Members::quiet(false);
    three.cut = vec![(2, 1), (3, 1)];
    three.pass(12 * INTERVAL);
    assert!(!three.members[0].leads(LED[0]));
}

#[test]
fn followers_wake_if_their_leader_gives_the_group_up_although_its_member_lives() {
    let mut three = Members::quiet(true);
    three.attach(2, LED[0]);
    three.pass(10 * INTERVAL);
    three.all_quiet(LED[0]);
    // The first member falls silent in this group only: without a state machine it does not want to lead.
    three.members[0].turn(vec![Input::Detach(vec![LED[0]])]);
    three.pass(2 * INTERVAL);
    three.none_quiet(LED[0]);
    three.pass(10 * INTERVAL);
    assert!(three.members[2].leads(LED[0]), "a new leader");
    three.pass(10 * INTERVAL);
    LED.into_iter().for_each(|group| three.all_quiet(group));
}

#[test]
fn a_leader_wakes_if_a_follower_has_restarted() {
    let mut three = Members::quiet(true);
    let before = three.members[0].shard.status().groups[0].lost_entries_found;
    three.replace(2);
    three.attach(2, LED[0]);
    three.pass(4 * INTERVAL);
    let status = three.members[2].shard.group_status(LED[0]).unwrap();
    assert_eq!(status.raft.leader, Some(MemberId(1)), "it hears of the leader before it campaigns");
    assert_eq!(status.raft.commit, RECORD, "and gets what it lacks");
    let found = three.members[0].shard.status().groups[0].lost_entries_found - before;
    assert_eq!(found, 1, "the leader finds that its log is gone");
    three.pass(10 * INTERVAL);
    three.all_quiet(LED[0]);
}

#[test]
fn a_follower_that_others_have_woken_has_its_leader_wake_too() {
    let mut three = Members::quiet(false);
    // Somebody campaigns who does not hear the leader.
    three.is_asked_for_a_vote(2, 2, LED[0]);
    assert!(!three.members[2].is_quiet(LED[0]));
    three.pass(2 * INTERVAL);
    three.none_quiet(LED[0]);
    three.pass(10 * INTERVAL);
    three.all_quiet(LED[0]);
    assert!(three.members[0].leads(LED[0]), "nobody was deposed");
}

#[test]
fn a_group_with_a_member_that_is_down_is_not_quiet() {
    let mut two = Members::up(2, QUIET_AFTER);
    two.elect(0);
    two.pass(50 * INTERVAL);
    assert!(!two.members[0].is_quiet(LED[0]) && two.members[0].leads(LED[0]));
}

#[test]
fn what_a_follower_said_before_an_agreement_ended_does_not_count() {
    let mut three = Members::quiet(true);
    three.call(Access::Write);
    three.cut = vec![(3, 1)];
    three.pass((QUIET_AFTER as u32 + 2) * INTERVAL);
    assert!(three.members[1].is_quiet(LED[0]), "the second member has agreed");
    assert!(three.members[2].is_quiet(LED[0]), "and so has the third, but the leader does not know it");
    assert!(!three.members[0].is_quiet(LED[0]));
    // Another group wakes, so all that the first two members have agreed is over.
    three.is_asked_for_a_vote(0, 3, LED[1]);
    three.deliver_newest();
    assert!(!three.members[0].is_quiet(LED[0]), "the second member has to agree again");
    three.pass(10 * INTERVAL);
    LED.into_iter().for_each(|group| three.all_quiet(group));
}
