//! Two members that lead groups of each other exchange as many messages as if only one of them led.

use super::members::{INTERVAL, LED, Members};
use super::*;

#[test]
fn members_that_lead_groups_of_each_other_send_no_more_messages_than_one_that_leads_all() {
    let [mut one, mut both] = [Members::two(false), Members::two(true)];
    one.pass(100 * INTERVAL);
    both.pass(100 * INTERVAL);
    assert_eq!(one.messages, [100, 100, 0], "heartbeats one way, answers the other way");
    assert_eq!(both.messages, one.messages, "each message is both");
    assert!(both.members[0].leads(LED[0]) && both.members[1].leads(LED[1]));
}

#[test]
fn an_answer_that_somebody_waits_for_is_not_held_back() {
    let mut both = Members::two(true);
    for _ in 0..2 * INTERVAL.as_millis() {
        both.pass(Duration::from_millis(1));
        assert_eq!(both.read(Consistency::Strict), [1, 1, 0], "a round, and its answer");
    }
}

#[test]
fn a_lease_lasts_although_answers_are_held_back() {
    let mut both = Members::two(true);
    for _ in 0..10 * INTERVAL.as_millis() {
        both.pass(Duration::from_millis(1));
        assert_eq!(both.read(Consistency::Lease), [0, 0, 0], "nobody has to be asked");
    }
}

#[test]
fn answers_leave_although_no_heartbeats_do_any_more() {
    let mut both = Members::two(true);
    // The first member stays connected, but loses its group: the second one's heartbeats are answered as before.
    both.members[0].turn(vec![Input::Detach(vec![LED[0]])]);
    let before = both.messages[0];
    both.pass(20 * INTERVAL);
    let sent = both.messages[0] - before;
    assert!((18..=22).contains(&sent), "{sent} messages in 20 intervals");
    assert!(both.members[1].leads(LED[1]), "it hears from a majority");
}
