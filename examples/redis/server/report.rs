//! Answers about the member and its state.

use super::connection::Connection;
use super::execute::Answer;
use super::info;
use super::{REDIS_VERSION, RESOURCE, Server};
use crate::command::Report;
use crate::protocol::answer::{self, Frame, Version};
use copycat::{Error, GroupStatus, Role, Status};

impl Connection {
    /// Returns the future answer. Changes that a greeting makes to the connection take effect at once.
    pub(super) fn report(&mut self, report: Report) -> Answer {
        let server = self.server.clone();
        match report {
            Report::Hello { version, name } => {
                self.version = version.unwrap_or(self.version);
                name.iter().for_each(|name| self.place.set_name(name));
                let (version, id) = (self.version, self.place.id);
                Box::pin(async move { hello(&server, version, id).await })
            }
            Report::Info(sections) => Box::pin(async move { info::info(&server, &sections).await }),
            Report::Status => Box::pin(async move { status(&server).await }),
        }
    }
}

async fn hello(server: &Server, version: Version, id: u64) -> Result<Frame, Error> {
    let status = server.copycat.status().await?;
    let proto = match version {
        Version::Two => 2,
        Version::Three => 3,
    };
    Ok(answer::map([
        ("server", answer::bulk("redis")),
        ("version", answer::bulk(REDIS_VERSION)),
        ("proto", answer::number(proto)),
        ("id", answer::count(id)),
        ("mode", answer::bulk("standalone")),
        ("role", answer::bulk(if leads(group(&status)) { "master" } else { "replica" })),
        ("modules", answer::array(Vec::new())),
    ]))
}

async fn status(server: &Server) -> Result<Frame, Error> {
    let status = server.copycat.status().await?;
    let group = group(&status);
    let peers = server.copycat.cluster().seeds().iter().filter(|peer| peer.id() != status.member);
    let peers: Vec<_> =
        peers.map(|peer| serde_json::json!({ "id": peer.id(), "address": peer.address() })).collect();
    let object = serde_json::json!({
        "id": status.member,
        "role": group.map(role),
        "leader": group.and_then(|group| group.leader),
        "term": group.map(|group| group.term),
        "commit": group.map(|group| group.commit),
        "applied": group.map(|group| group.applied),
        "peers": peers,
    });
    Ok(answer::bulk(object.to_string()))
}

/// Returns the store's group. The member knows it as long as it runs.
pub(super) fn group(status: &Status) -> Option<&GroupStatus> {
    status.group(RESOURCE, 0)
}

pub(super) fn role(group: &GroupStatus) -> &'static str {
    match group.role {
        Role::Leader => "leader",
        Role::Candidate => "candidate",
        _ => "follower",
    }
}

/// Returns whether the member leads. One that does not is a replica for Redis' clients, although it takes writes as well,
/// and forwards them.
pub(super) fn leads(group: Option<&GroupStatus>) -> bool {
    group.is_some_and(|group| group.role == Role::Leader)
}
