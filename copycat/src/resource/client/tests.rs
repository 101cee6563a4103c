//! Errors of a client after a command that several partitions answered differently.

use super::*;
use crate::request::error::RequestError;
use crate::request::sender::RequestReceiver;
use crate::request::status::StatusSender;

static WRITE: Method = Method::write("clear", &[], |_, _| Ok(()), |_| {}).to_all();
static READ: Method = Method::read("len", &[], |_, _| Ok(()), |_| {}).to_all();

/// Calls a method on as many partitions as there are answers. Each partition gives one of them, in order.
fn told(method: &'static Method, answers: &[Result<(), RequestError>]) -> Result<(), Error> {
    let (senders, queues): (Vec<_>, Vec<RequestReceiver>) =
        answers.iter().map(|_| RequestSender::new(1)).unzip();
    let partitions = senders.into_iter().zip(0..);
    let partitions =
        partitions.map(|(sender, at)| Partition { group: GroupId::of("map", at), sender }).collect();
    let client = ResourceClient::new("map", partitions, Schema::default().into(), StatusSender::new(1).0);
    let arguments = Arguments::keyless(&()).expect("nothing is short enough");
    block_on(async {
        let answer = queues.into_iter().zip(answers).map(|(mut queue, answer)| async move {
            let request = queue.recv().await.expect("a request");
            let _ = request.reply.send(answer.map(|()| Bytes::new()));
        });
        tokio::join!(client.call(method, arguments), join_all(answer)).0
    })
}

#[test]
fn a_write_that_failed_in_some_partitions_and_happened_in_others_is_not_said_to_be_not_applied() {
    for error in [RequestError::NotLeader, RequestError::Busy, RequestError::Timeout] {
        for answers in [[Ok(()), Err(error)], [Err(error), Ok(())]] {
            let error = told(&WRITE, &answers).unwrap_err();
            assert_eq!((error.outcome(), error.code()), (Outcome::Unknown, 100), "{error:?}");
        }
    }
    let error = told(&WRITE, &[Err(RequestError::Busy), Err(RequestError::Timeout)]).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "one of them may have done it");
}

#[test]
fn a_write_that_happened_nowhere_is_said_to_be_not_applied() {
    for answers in
        [vec![Err(RequestError::NotLeader), Err(RequestError::Busy)], vec![Err(RequestError::Busy)]]
    {
        assert_eq!(told(&WRITE, &answers).unwrap_err().outcome(), Outcome::NotApplied);
    }
    told(&WRITE, &[Ok(()), Ok(())]).unwrap();
}

#[test]
fn a_read_changes_nothing_wherever_it_fails() {
    let error = told(&READ, &[Ok(()), Err(RequestError::NotLeader)]).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotApplied);
}
