//! Answers about the connection itself.

use super::connection::Connection;
use super::parameters;
use crate::command::{Entry, Session, entries, find};
use crate::protocol::answer::{self, Frame};
use bytes::Bytes;
use copycat::Proxy;

impl Connection {
    pub(super) fn answer(&mut self, session: Session) -> Frame {
        match session {
            Session::Ping(None) => answer::simple("PONG"),
            Session::Ping(Some(text)) | Session::Echo(text) => answer::bulk(text),
            Session::Quit | Session::Select | Session::SetInfo | Session::Authenticate => answer::okay(),
            Session::SetName(name) => {
                self.place.set_name(&name);
                answer::okay()
            }
            Session::GetName => answer::bulk_or_null(Some(self.place.name()).filter(|name| !name.is_empty())),
            Session::Id => answer::count(self.place.id),
            Session::List { own } => answer::verbatim(self.place.list(own)),
            Session::Consistency(consistency) => {
                self.store = self.base.with_consistency(consistency);
                answer::okay()
            }
            Session::ConfigGet(patterns) => parameters::get(&patterns, &self.server),
            Session::CommandCount => answer::count(entries().len() as u64),
            Session::CommandInfo(None) => answer::array(entries().iter().map(described).collect()),
            Session::CommandInfo(Some(names)) => {
                let entry = |name: &Bytes| find(name).map_or(Frame::Null, described);
                answer::array(names.iter().map(entry).collect())
            }
            Session::CommandDocs => answer::map([]),
        }
    }
}

/// Returns the description of one command, as `COMMAND INFO` has it.
fn described(entry: &Entry) -> Frame {
    let flags = entry.flags.iter().map(|flag| answer::simple(flag)).collect();
    let nothing = || answer::set(Vec::new());
    let head = [answer::bulk(entry.name), answer::number(entry.arity), answer::set(flags)];
    let keys = entry.keys.map(answer::number);
    // Categories, hints, key specifications and subcommands are empty: no client needs them.
    answer::array(head.into_iter().chain(keys).chain([nothing(), nothing(), nothing(), nothing()]).collect())
}
