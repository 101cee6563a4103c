//! Answers about the member and its state.

use super::connection::Connection;
use super::execute::Answer;
use super::{RESOURCE, Server};
use crate::command::Report;
use crate::protocol::answer::{self, Frame, Version};
use bytes::Bytes;
use copycat::{Consistency, Error, GroupStatus, Proxy, Role, Status};
use std::fmt::Write;
use std::sync::Arc;

/// The version of Redis that has these commands, for clients that ask.
const REDIS_VERSION: &str = "7.0.0";

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
            Report::Info(sections) => Box::pin(async move { info(&server, &sections).await }),
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
        ("role", answer::bulk(redis_role(group(&status)))),
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
fn group(status: &Status) -> Option<&GroupStatus> {
    status.group(RESOURCE, 0)
}

fn role(group: &GroupStatus) -> &'static str {
    match group.role {
        Role::Leader => "leader",
        Role::Candidate => "candidate",
        _ => "follower",
    }
}

/// Returns Redis' word for the role. A member that does not lead takes writes as well, and forwards them.
fn redis_role(group: Option<&GroupStatus>) -> &'static str {
    if group.is_some_and(|group| group.role == Role::Leader) { "master" } else { "slave" }
}

async fn info(server: &Arc<Server>, wanted: &[Bytes]) -> Result<Frame, Error> {
    let status = server.copycat.status().await?;
    // Reads this member's own copy, because the command must not need a majority.
    let keys = server.store.with_consistency(Consistency::Eventual).size().await?;
    let sections = [
        ("server", server_section(server)),
        ("clients", clients_section(server)),
        ("memory", format!("client_buffers:{}\r\n", server.memory.held())),
        ("stats", stats_section(server)),
        ("replication", replication_section(server, &status)),
        (
            "keyspace",
            if keys > 0 { format!("db0:keys={keys},expires=0,avg_ttl=0\r\n") } else { String::new() },
        ),
    ];
    let all = wanted.is_empty() || wanted.iter().any(|name| is_any(name, &["all", "default", "everything"]));
    let mut text = String::new();
    for (name, section) in
        sections.into_iter().filter(|(name, _)| all || wanted.iter().any(|w| is_any(w, &[name])))
    {
        let separator = if text.is_empty() { "" } else { "\r\n" };
        let title = name[..1].to_ascii_uppercase() + &name[1..];
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}# {title}\r\n{section}");
    }
    Ok(answer::bulk(text))
}

fn is_any(word: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()))
}

fn server_section(server: &Server) -> String {
    format!(
        "redis_version:{REDIS_VERSION}\r\ncopycat_version:{}\r\nredis_mode:standalone\r\nos:{}\r\nprocess_id:{}\r\n\
         tcp_port:{}\r\nuptime_in_seconds:{}\r\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::process::id(),
        server.listen.port(),
        server.since.elapsed().as_secs(),
    )
}

fn clients_section(server: &Server) -> String {
    let (present, _) = server.clients.count();
    format!("connected_clients:{present}\r\nmaxclients:{}\r\n", server.connections_max)
}

fn stats_section(server: &Server) -> String {
    let (_, ever) = server.clients.count();
    format!("total_connections_received:{ever}\r\ntotal_commands_processed:{}\r\n", server.commands())
}

fn replication_section(server: &Server, status: &Status) -> String {
    let Some(group) = group(status) else { return String::new() };
    let mut text = format!("role:{}\r\n", redis_role(Some(group)));
    let members = server.copycat.cluster().seeds();
    if group.role == Role::Leader {
        let _ = write!(text, "connected_slaves:{}\r\n", members.len() - 1);
    } else if let Some(leader) = members.iter().find(|member| Some(member.id()) == group.leader) {
        let (host, port) = leader.address().rsplit_once(':').unwrap_or((leader.address(), "0"));
        let _ = write!(text, "master_host:{host}\r\nmaster_port:{port}\r\n");
    }
    let leader = group.leader.map_or("none".to_owned(), |leader| leader.to_string());
    let _ = write!(
        text,
        "copycat_member:{}\r\ncopycat_role:{}\r\ncopycat_leader:{leader}\r\ncopycat_term:{}\r\n\
         copycat_commit:{}\r\ncopycat_applied:{}\r\n",
        status.member,
        role(group),
        group.term,
        group.commit,
        group.applied,
    );
    text
}
