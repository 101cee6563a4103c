//! Tests of names and streams, among fake members that do not know them, or lie.

use super::world::*;
use crate::codec::ids::GroupId;
use crate::remote::ResolveError;
use crate::request::error::RequestError;
use crate::request::status::{Health, PartitionStatus, Role};
use crate::request::wire::leaders::Leaders;
use crate::request::wire::resolve::{Partition, Resolved};
use crate::stream::wire::{Item, Open, ToReader, ToServer};
use crate::transport::memory::Memory;
use crate::transport::sender::Sender;
use bytes::Bytes;
use std::time::Duration;

fn status(term: u64) -> PartitionStatus {
    let (leader, health, role) = (Some(2), Health::Healthy, Role::Follower);
    PartitionStatus { partition: 0, leader, term, member: 1, role, health }
}

/// Answers messages until a stream is opened.
async fn opened(stranger: &mut Stranger) -> (Open, Sender) {
    loop {
        for (message, replies) in stranger.next().await {
            match message {
                Incoming::Stream(ToServer::Open(open)) => return (open, replies),
                // Belongs to a connection that may have been closed meanwhile.
                _ => {
                    let _ = replies.send(Leaders(Vec::new()));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_name_is_asked_about_again_and_by_one_question_at_a_time() {
    let network = Memory::default();
    let mut member = Stranger::start(&network, "member", 1, 9).await;
    let node = handle(&network, "member").await;
    let serve = async {
        let mut asked = 0;
        while asked < 5 {
            for (message, replies) in member.next().await {
                let Incoming::Resolve(resolve) = message else { continue };
                assert_eq!(resolve.name, "bank");
                asked += 1;
                let known = vec![Partition { group: GroupId(7), leader: Some(leader(4, 2, "nowhere")) }];
                let partitions =
                    if asked < 5 { Err(RequestError::UnknownResource.code()) } else { Ok(known) };
                // Answers that no caller waits for have no effect.
                let stray = Resolved { id: resolve.id + 99, partitions: Err(1), schema: Bytes::new() };
                let _ = replies.send(stray);
                let _ = replies.send(Resolved { id: resolve.id, partitions, schema: Bytes::new() });
            }
        }
    };
    let (resource, ()) = tokio::join!(node.resolve("bank"), serve);
    assert_eq!(resource.unwrap().groups, [GroupId(7)]);
    drop(node);
}

#[tokio::test]
async fn whoever_asks_a_silent_member_is_told_so() {
    let network = Memory::default();
    let _silent = Stranger::start(&network, "member", 1, 9).await;
    let node = handle_with(&network, "member", Duration::from_millis(100)).await;
    assert_eq!(node.resolve("bank").await, Err(ResolveError::Silent));
}

#[tokio::test]
async fn a_member_that_breaks_the_rules_of_streams_is_left_and_the_listener_goes_on() {
    let network = Memory::default();
    let mut member = Stranger::start(&network, "member", 1, 9).await;
    let node = handle(&network, "member").await;
    let mut changes = node.status_sender().watch("bank".into()).await.expect("it is open");
    let item = |position, body: bytes::Bytes| Item { position, body };
    for lie in 0..3 {
        let (Open { stream, credit, subject, .. }, replies) = opened(&mut member).await;
        assert_eq!((&subject[..], stream), (&b"bank"[..], 1), "a connection of its own");
        let told = (1..=credit + 1).map(|position| item(position, status(position).encode())).collect();
        let items = |items| ToReader::Items { stream, items };
        let sent = match lie {
            0 => replies.send(items(told)),
            1 => replies.send(items(vec![item(1, "no status".into())])),
            _ => (0..100).try_for_each(|_| replies.send(ToReader::Missed { stream: 77, position: 1 })),
        };
        sent.expect("the connection is there until it is read");
    }
    let (Open { stream, .. }, replies) = opened(&mut member).await;
    let told = vec![item(1, status(9_999).encode())];
    replies.send(ToReader::Items { stream, items: told }).expect("a connection");
    loop {
        let heard = changes.recv().await.expect("it goes on");
        if heard == status(9_999) {
            break;
        }
    }
    drop(node);
    while changes.recv().await.is_some() {}
}
