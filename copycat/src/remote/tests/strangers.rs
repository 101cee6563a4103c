//! Tests of whole handles among fake members, which say anything of each other.

use super::world::*;
use crate::codec::ids::GroupId;
use crate::request::error::RequestError;
use crate::request::wire::leaders::{LeaderHint, Leaders};
use crate::request::wire::results::{Answered, Results};
use crate::request::wire::submit::Submit;
use crate::transport::memory::Memory;
use tokio::sync::mpsc;

#[tokio::test]
async fn requests_come_to_the_leader_that_was_named_in_their_order() {
    let network = Memory::default();
    let default_connection = Stranger::start(&network, "default_connection", 1, 9).await;
    let second = Stranger::start(&network, "second", 2, 9).await;
    let (heard, mut told) = mpsc::unbounded_channel();
    let tasks = [
        tokio::spawn(default_connection.serve(vec![leader(4, 2, "second")], heard.clone())),
        tokio::spawn(second.serve(vec![leader(4, 2, "second")], heard)),
    ];
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    let (mut number, mut last, mut by_leader) = (0, 0, 0);
    while by_leader < 50 {
        // Some at once, so that some are in flight while others come.
        let writes = [1, 2, 3, 4].map(|step| write(&sender, number + step));
        let [one, two, three, four] = writes;
        let (one, two, three, four) = tokio::join!(one, two, three, four);
        for (answer, step) in [one, two, three, four].into_iter().zip(1..) {
            assert_eq!(answer, answer_of(number + step));
        }
        number += 4;
        while let Ok((member, message)) = told.try_recv() {
            let Incoming::Submit(submit) = message else { continue };
            for request in submit.requests {
                assert_eq!(request.call.command.method.0, last + 1, "each once, none before another");
                last += 1;
                by_leader += u32::from(member == 2);
            }
        }
    }
    drop(node);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn what_was_under_way_to_a_leader_that_breaks_is_never_sent_again() {
    let network = Memory::default();
    let default_connection = Stranger::start(&network, "default_connection", 1, 9).await;
    let mut second = Stranger::start(&network, "second", 2, 9).await;
    let (heard, mut told) = mpsc::unbounded_channel();
    let task = tokio::spawn(default_connection.serve(vec![leader(4, 2, "second")], heard));
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    let mut number = 0;
    let lost = loop {
        number += 1;
        let call = write(&sender, number);
        tokio::pin!(call);
        tokio::select! {
            answer = &mut call => assert_eq!(answer, answer_of(number)),
            said = second.next() => {
                let submits = said.iter().filter(|(message, _)| matches!(message, Incoming::Submit(_)));
                if submits.count() > 0 {
                    // The leader has the request, and ends.
                    second.acceptor.close().await;
                    break call.await;
                }
                assert_eq!(call.await, answer_of(number));
            }
        }
    };
    assert_eq!(lost, Err(RequestError::Disconnected));
    assert_eq!(write(&sender, number + 1).await, answer_of(number + 1), "the default connection goes on");
    drop(node);
    while let Some((_, message)) = told.recv().await {
        let Incoming::Submit(submit) = message else { continue };
        assert!(
            submit.requests.iter().all(|request| request.call.command.method.0 != number),
            "{number} came twice"
        );
        if submit.requests.iter().any(|request| request.call.command.method.0 > number) {
            break;
        }
    }
    task.abort();
}

#[tokio::test]
async fn whoever_was_met_may_be_the_next_default_member() {
    let network = Memory::default();
    let default_connection = Stranger::start(&network, "default_connection", 1, 9).await;
    let second = Stranger::start(&network, "second", 2, 9).await;
    let (heard, mut told) = mpsc::unbounded_channel();
    let named = || vec![leader(4, 2, "second")];
    let first = tokio::spawn(default_connection.serve(named(), heard.clone()));
    let other = tokio::spawn(second.serve(named(), heard.clone()));
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    let mut number = 0;
    while !std::iter::from_fn(|| told.try_recv().ok()).any(|(member, _)| member == 2) {
        number += 1;
        assert_eq!(write(&sender, number).await, answer_of(number));
    }
    for task in [first, other] {
        task.abort();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
    }
    // The only configured member stays away.
    let second = Stranger::start(&network, "second", 2, 9).await;
    let other = tokio::spawn(second.serve(named(), heard));
    while write(&sender, 1_000).await != answer_of(1_000) {}
    drop(node);
    other.abort();
}

#[tokio::test]
async fn answers_full_of_lies_do_no_harm() {
    let network = Memory::default();
    let mut default_connection = Stranger::start(&network, "default_connection", 1, 9).await;
    let mut another_cluster = Stranger::start(&network, "another cluster", 2, 8).await;
    let mut another_member = Stranger::start(&network, "another member", 3, 9).await;
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    let lies = |round: u64| {
        let address = ["another cluster", "another member", "nowhere"][round as usize % 3];
        // One hint that may be believed, and many about groups that were not asked about, all different each
        // time.
        let mut lies = vec![leader(u64::MAX - 1_000 + round, 2 + round % 2 * 1_000, address)];
        lies.extend((1..1_000).map(|number| LeaderHint {
            group: GroupId(number << 32),
            ..leader(u64::MAX, number + round * 1_000, "nowhere")
        }));
        lies.extend((1..24).map(|number| leader(u64::MAX, number + round * 1_000, "another member")));
        if round.is_multiple_of(4) { Vec::new() } else { lies }
    };
    let (mut questions, mut number) = (0, 0);
    while questions < 12 {
        number += 1;
        let call = write(&sender, number);
        tokio::pin!(call);
        let answer = loop {
            tokio::select! {
                answer = &mut call => break answer,
                said = default_connection.next() => for (message, replies) in said {
                    // A handle that finds the same default member again closes the second connection.
                    let _ = match message {
                        // Failures make the handle ask again at once, and look for another default member.
                        Incoming::Submit(submit) if number % 2 == 0 => replies.send(Results(failures(&submit))),
                        Incoming::Submit(submit) => replies.send(Results(answers(&submit))),
                        _ => {
                            questions += 1;
                            replies.send(Leaders(lies(questions)))
                        }
                    };
                },
            }
        };
        let refused = Err(RequestError::NoLeader);
        assert_eq!(answer, if number % 2 == 0 { refused } else { answer_of(number) });
    }
    assert!(!another_cluster.was_called(), "no other cluster is ever talked to");
    assert!(!another_member.was_called(), "nor a member that is not who it should be");
    drop(node);
}

fn failures(submit: &Submit) -> Vec<Answered> {
    let failed = Err(RequestError::NoLeader.into());
    submit.requests.iter().map(|request| Answered { id: request.id, result: failed.clone() }).collect()
}

#[tokio::test]
async fn a_member_without_a_cluster_cannot_lead_to_another_one() {
    let network = Memory::default();
    let default_connection = Stranger::start(&network, "default_connection", 1, 0).await;
    let mut second = Stranger::start(&network, "second", 2, 8).await;
    let (heard, mut told) = mpsc::unbounded_channel();
    let task = tokio::spawn(default_connection.serve(vec![leader(4, 2, "second")], heard));
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    let (mut number, mut questions) = (0, 0);
    while questions < 2 {
        number += 1;
        assert_eq!(write(&sender, number).await, answer_of(number));
        while let Ok((_, message)) = told.try_recv() {
            questions += u32::from(matches!(message, Incoming::FindLeaders));
        }
    }
    assert!(!second.was_called());
    drop(node);
    task.abort();
}

#[tokio::test]
async fn leaders_are_believed_only_once_it_is_known_which_cluster_is_talked_to() {
    let network = Memory::default();
    let default_connection = Stranger::start(&network, "default_connection", 1, 0).await;
    let second = Stranger::start(&network, "second", 2, 9).await;
    let (policy, (heard, mut told)) = (default_connection.policy.clone(), mpsc::unbounded_channel());
    let tasks = [
        tokio::spawn(default_connection.serve(vec![leader(4, 2, "second")], heard.clone())),
        tokio::spawn(second.serve(Vec::new(), heard)),
    ];
    let node = handle(&network, "default_connection").await;
    let sender = node.request_sender();
    assert_eq!(write(&sender, 1).await, answer_of(1));
    // The cluster is bootstrapped meanwhile. The handle has to dial again to learn its id.
    policy.form(9);
    let mut number = 1;
    while !std::iter::from_fn(|| told.try_recv().ok()).any(|(member, _)| member == 2) {
        number += 1;
        assert_eq!(write(&sender, number).await, answer_of(number));
    }
    drop(node);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}
