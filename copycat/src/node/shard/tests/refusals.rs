//! What a leader must not propose: arguments that no command accepts, batches for an earlier term, and any command
//! after its state machine has halted.

use super::*;
use crate::request::reply::Answers;
use crate::request::wire::results::Answered;

/// Another member, which forwards requests and collects the answers.
#[derive(Default)]
struct Stranger(Mutex<Vec<Answered>>);

impl Answers for Stranger {
    fn send(&self, answers: Vec<Answered>) {
        self.0.lock().unwrap().extend(answers);
    }

    fn connection_key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Stranger {
    /// Returns the answer to a request; `None`: there is none yet.
    fn seen(&self, number: u64) -> Option<Result<u8, RequestError>> {
        let answers = self.0.lock().unwrap();
        let answered = answers.iter().find(|answered| answered.id == number)?;
        Some(answered.result.clone().map(|bytes| bytes[0]).map_err(RequestError::received))
    }
}

/// Returns writes that arrive in one message, numbered from 1.
fn batch(stranger: &Arc<Stranger>, term: Term, bodies: &[&'static [u8]]) -> Input {
    let requests =
        (1..).zip(bodies).map(|(id, body)| Submitted { id, call: with_body(Access::Write, *body) });
    let left = Duration::from_secs(10);
    let submit = Submit { group: GROUP, term, left, requests: requests.collect() };
    Input::Submitted { origin: Origin(stranger.clone()), submit }
}

#[test]
fn arguments_of_a_stranger_that_fit_nothing_are_not_applied_and_the_group_goes_on() {
    for term in [0, 1] {
        let (mut leader, stranger) = (Leader::settled(), Arc::<Stranger>::default());
        leader.turn([batch(&stranger, term, &[b"", WRONG, b""])]);
        assert_eq!(stranger.seen(2), Some(Err(RequestError::BadArguments)), "at once");
        assert_eq!(RequestError::BadArguments.outcome(), crate::request::error::Outcome::NotApplied);
        assert_eq!(leader.status().last.index, 3, "it is not in the log");
        leader.acknowledges(3);
        assert_eq!([1, 3].map(|number| stranger.seen(number)), [Some(Ok(1)), Some(Ok(2))]);
        let [mut write] = leader.call([Access::Write]);
        leader.acknowledges(4);
        assert_eq!(seen(&mut write), Some(Ok(3)));
    }
}

#[test]
fn a_batch_that_was_held_up_is_refused_by_the_leader_of_a_later_term() {
    let mut leader = Leader::settled();
    // The first batch names term 1 and is delayed. The second came through another leader, that of term 2.
    leader.hears(Message::Heartbeat { term: 2, commit: 0, round: 1, urgent: false, quiet: false });
    leader.is_elected(3);
    let last = leader.status().last.index;
    let stranger = Arc::<Stranger>::default();
    leader.turn([batch(&stranger, 1, &[b"", b""])]);
    let refused = Some(Err(RequestError::NotLeader));
    assert_eq!([1, 2].map(|number| stranger.seen(number)), [refused, refused]);
    assert_eq!(leader.status().last.index, last, "nothing was proposed");
    let stranger = Arc::<Stranger>::default();
    leader.turn([batch(&stranger, 3, &[b""])]);
    leader.acknowledges(last + 1);
    assert_eq!(stranger.seen(1), Some(Ok(1)), "one for this term is taken");
}

#[test]
fn a_batch_that_waited_here_from_one_term_to_another_is_refused() {
    let bounds = Bounds { backlog_bytes_max: 0, ..Bounds::DEFAULT };
    let mut leader = Leader::elected_within(bounds);
    leader.acknowledges(1);
    let (reply, _answer) = oneshot::channel();
    let request = Request { group: GROUP, call: call(Access::Write), reply };
    leader.shard.turn(leader.now, [Input::Request(request)]);
    // While that write is in flight, the batch has to wait.
    let stranger = Arc::<Stranger>::default();
    leader.shard.turn(leader.now, [batch(&stranger, 1, &[b""])]);
    assert_eq!((stranger.seen(1), leader.status().last.index), (None, 2));
    // A candidate requests votes in term 2 and is not elected: no leader is known, and queued requests keep waiting.
    leader.now += Duration::from_secs(1);
    let last = crate::codec::terms::LogId::new(1, 9);
    let message = Message::RequestVote { term: 2, last, pre: false, campaign: 1 };
    let asks = Input::Raft { from: FOLLOWER, group: GROUP, message, entries: Entries::default() };
    leader.shard.turn(leader.now, [asks]);
    assert_eq!((leader.status().term, leader.status().leader, stranger.seen(1)), (2, None, None));
    leader.turn([]);
    leader.is_elected(3);
    assert_eq!(stranger.seen(1), Some(Err(RequestError::NotLeader)));
    assert_eq!(leader.status().last.index, 3, "nothing but the first entry of the term was proposed");
}

#[test]
fn a_leader_whose_state_machine_halts_falls_silent() {
    let mut leader = Leader::settled();
    let (reply, mut answer) = oneshot::channel();
    let mut unknown = call(Access::Write);
    unknown.command.method = UNKNOWN;
    let request = Request { group: GROUP, call: unknown, reply };
    leader.turn([Input::Request(request)]);
    leader.acknowledges(2);
    assert_eq!(seen(&mut answer), Some(Err(RequestError::Halted)));
    let [mut write, mut read] = leader.call([Access::Write, FREE]);
    assert_eq!(
        (seen(&mut write), seen(&mut read)),
        (Some(Err(RequestError::Halted)), Some(Err(RequestError::Halted)))
    );
    assert_eq!(leader.status().last.index, 2, "nothing is proposed any more");
    let said = leader.sent.0.lock().unwrap().len();
    for _ in 0..3 {
        leader.now += Duration::from_secs(4_000);
        leader.turn([]);
        leader.shard.turn(leader.now, []);
    }
    assert_eq!(
        leader.sent.0.lock().unwrap().len(),
        said,
        "it neither holds an election back nor stands for one"
    );
}

#[test]
fn reads_that_wait_when_the_resource_is_closed_are_refused() {
    let mut leader = Leader::settled();
    let [mut read] = leader.call([FREE]);
    assert_eq!(seen(&mut read), None, "it waits for a round");
    leader.turn([Input::Detach(vec![GROUP])]);
    assert_eq!(seen(&mut read), Some(Err(RequestError::UnknownResource)));
}
