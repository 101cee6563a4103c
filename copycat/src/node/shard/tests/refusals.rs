//! What a leader must not propose: commands that do not exist, batches for an earlier term, and any command
//! after its state machine has halted; and how long a request of another member is tried.

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
fn batch(stranger: &Arc<Stranger>, term: Term, methods: &[MethodId]) -> Input {
    let call = |method| Call::new(Access::Write, Command { method, key_len: 0, body: Bytes::new() });
    let requests = (1..).zip(methods).map(|(id, method)| Submitted { id, call: call(*method) });
    let left = Duration::from_secs(10);
    let submit = Submit { group: GROUP, term, left, requests: requests.collect() };
    Input::Submitted { origin: Origin(stranger.clone()), submit }
}

#[test]
fn commands_of_a_stranger_that_do_not_exist_are_not_applied_and_the_group_goes_on() {
    for term in [0, 1] {
        let (mut leader, stranger) = (Leader::settled(), Arc::<Stranger>::default());
        leader.turn([batch(&stranger, term, &[WRITE, MethodId(77), READ, WRITE])]);
        assert_eq!(stranger.seen(2), Some(Err(RequestError::UnknownMethod)), "at once");
        assert_eq!(stranger.seen(3), Some(Err(RequestError::WrongKind)), "a read is no write");
        assert_eq!(leader.status().last.index, RECORD + 2, "they are not in the log");
        leader.acknowledges(RECORD + 2);
        assert_eq!([1, 4].map(|number| stranger.seen(number)), [Some(Ok(1)), Some(Ok(2))]);
        let [mut write] = leader.call([Access::Write]);
        leader.acknowledges(RECORD + 3);
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
    leader.turn([batch(&stranger, 1, &[WRITE, WRITE])]);
    let refused = Some(Err(RequestError::NotLeader));
    assert_eq!([1, 2].map(|number| stranger.seen(number)), [refused, refused]);
    assert_eq!(leader.status().last.index, last, "nothing was proposed");
    let stranger = Arc::<Stranger>::default();
    leader.turn([batch(&stranger, 3, &[WRITE])]);
    leader.acknowledges(last + 1);
    assert_eq!(stranger.seen(1), Some(Ok(1)), "one for this term is taken");
}

#[test]
fn a_batch_that_waited_here_from_one_term_to_another_is_refused() {
    let bounds = Bounds { backlog_bytes_max: 0, ..Bounds::DEFAULT };
    let mut leader = Leader::elected_within(bounds);
    leader.acknowledges(2);
    let (reply, _answer) = oneshot::channel();
    let request = Request { group: GROUP, call: call(Access::Write), reply };
    leader.shard.turn(leader.now, [Input::Request(request)]);
    // While that write is in flight, the batch has to wait.
    let stranger = Arc::<Stranger>::default();
    leader.shard.turn(leader.now, [batch(&stranger, 1, &[WRITE])]);
    assert_eq!((stranger.seen(1), leader.status().last.index), (None, 3));
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
    assert_eq!(leader.status().last.index, 4, "nothing but the first entry of the term was proposed");
}

#[test]
fn a_leader_whose_state_machine_halts_falls_silent() {
    let mut leader = Leader::settled();
    let (reply, mut answer) = oneshot::channel();
    let mut unknown = call(Access::Write);
    unknown.command.method = UNKNOWN;
    let request = Request { group: GROUP, call: unknown, reply };
    leader.turn([Input::Request(request)]);
    leader.acknowledges(3);
    assert_eq!(seen(&mut answer), Some(Err(RequestError::Halted)));
    let [mut write, mut read] = leader.call([Access::Write, FREE]);
    assert_eq!(
        (seen(&mut write), seen(&mut read)),
        (Some(Err(RequestError::Halted)), Some(Err(RequestError::Halted)))
    );
    assert_eq!(leader.status().last.index, 3, "nothing is proposed any more");
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

#[test]
fn nobody_tries_for_longer_than_whoever_waits_nor_than_it_would_by_itself() {
    let (mut leader, back) = (Leader::settled(), Arc::<Stranger>::default());
    let submitted = |id, left| Input::Submitted {
        origin: Origin(back.clone()),
        submit: Submit {
            group: GROUP,
            term: 0,
            left,
            requests: vec![Submitted { id, call: call(Access::Write) }],
        },
    };
    leader.turn([submitted(1, Duration::from_millis(50)), submitted(2, Duration::from_secs(3_600))]);
    let mut after = |passed| {
        leader.now += passed;
        leader.shard.turn(leader.now, []);
        back.0.lock().unwrap().iter().map(|answered| answered.id).collect::<Vec<_>>()
    };
    assert_eq!(after(Duration::from_millis(49)), [0; 0]);
    assert_eq!(after(Duration::from_millis(1)), [1]);
    assert_eq!(after(Duration::from_millis(9_949)), [1]);
    assert_eq!(after(Duration::from_millis(1)), [1, 2], "the request timeout");
    let late = Err(RequestError::Timeout.into());
    assert!(back.0.lock().unwrap().iter().all(|answered| answered.result == late));
}
