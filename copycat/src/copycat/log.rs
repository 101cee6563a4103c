//! Shows the log of a member that does not run, without the program that wrote it.

use crate::codec::configuration::Configuration;
use crate::codec::frame::{Frame, Kind};
use crate::codec::ids::{GroupId, Index};
use crate::codec::shape::json::write;
use crate::codec::shape::record::SchemaRecord;
use crate::error::{Cause, Error};
use crate::node::{StartError, StoredLog};
use crate::resource::json::shown_arguments;
use std::collections::VecDeque;
use std::path::Path;

/// Most bytes of entries that are read at a time.
const READ_MAX: usize = 1 << 20;

/// Reads the log in the data directory of a member that does not run. The entries of one group come after those of
/// another, each as a line of JSON:
///
/// ```json
/// {"group":"662b861fd31fc60c","index":4,"term":1,"time":7001,"committed":true,"resource":"bank","partition":0,
///  "command":"deposit","arguments":{"account":"ada","cents":100}}
/// ```
///
/// Needs neither the program that wrote it nor its types: the log records its commands. `time` is the cluster's time in
/// microseconds. `committed` says whether the member knew that the entry is committed: one of which it did not may have
/// been replaced on the others. An entry that is no command has an `entry` instead: `{"configuration":[1,2,3]}`,
/// `{"record":"…"}` with the commands in the form of [`assert_schema`](crate::assert_schema), or `"noop"`. Arguments that
/// cannot be shown have their bytes, and a `problem` says why.
///
/// Like a start of the member, it cuts what a crash left half written at the log's end.
///
/// # Errors
///
/// An error if the directory is not that of a member, if the member runs, or if the log is damaged.
pub fn log_entries(directory: impl AsRef<Path>) -> Result<LogEntries, Error> {
    let log = StoredLog::open(directory.as_ref())?;
    let groups = log.groups().iter().map(|(group, state)| Unread {
        group: *group,
        next: state.log.base().index + 1,
        last: state.log.last().index,
        commit: state.commit,
    });
    Ok(LogEntries { groups: groups.collect(), log, record: None, lines: VecDeque::new() })
}

/// The entries of a log as lines of JSON, made by [`log_entries`].
#[derive(Debug)]
pub struct LogEntries {
    log: StoredLog,
    /// The groups that are not read to their end. The first one is being read.
    groups: VecDeque<Unread>,
    /// The newest record of the commands of that group.
    record: Option<SchemaRecord>,
    lines: VecDeque<String>,
}

/// The entries of a group that are not read yet.
#[derive(Debug)]
struct Unread {
    group: GroupId,
    next: Index,
    last: Index,
    commit: Index,
}

impl Iterator for LogEntries {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Result<String, Error>> {
        while self.lines.is_empty() {
            let unread = self.groups.front_mut()?;
            if unread.next > unread.last {
                self.groups.pop_front();
                self.record = None;
                continue;
            }
            let Unread { group, next, last, commit } = *unread;
            let slices = match self.log.read(group, next, last, READ_MAX) {
                Ok(slices) => slices,
                Err(error) => {
                    // The rest of the group cannot be read.
                    self.groups.pop_front();
                    self.record = None;
                    return Some(Err(Cause::Start(StartError::Storage(error)).into()));
                }
            };
            unread.next = slices.last + 1;
            for frame in slices.frames.iter().flat_map(|chunk| Frame::all_trusted(chunk)) {
                let frame = frame.expect("the log verified it");
                if frame.header.kind == Kind::Schema {
                    self.record = SchemaRecord::decode(frame.body).ok();
                }
                self.lines.push_back(line(&frame, commit, self.record.as_ref()));
            }
        }
        self.lines.pop_front().map(Ok)
    }
}

fn line(frame: &Frame<'_>, commit: Index, record: Option<&SchemaRecord>) -> String {
    let header = &frame.header;
    let mut out = format!(
        "{{\"group\":\"{}\",\"index\":{},\"term\":{},\"time\":{},\"committed\":{}",
        header.group,
        header.index,
        header.term,
        header.time,
        header.index <= commit
    );
    if let Some(record) = record {
        field("resource", &json(&record.resource), &mut out);
        field("partition", &record.partition.to_string(), &mut out);
    }
    match header.kind {
        Kind::Command => command(frame, record, &mut out),
        Kind::Noop => field("entry", "\"noop\"", &mut out),
        Kind::Configuration => {
            let voters = Configuration::decode(frame.body).map(|configuration| configuration.voters);
            let voters: Vec<_> = voters.unwrap_or_default().iter().map(ToString::to_string).collect();
            field("entry", &format!("{{\"configuration\":[{}]}}", voters.join(",")), &mut out);
        }
        Kind::Schema => {
            let commands = record.map_or_else(|| "null".into(), |record| json(&record.schema.to_string()));
            field("entry", &format!("{{\"record\":{commands}}}"), &mut out);
        }
        other => field("entry", &json(&format!("{other:?}")), &mut out),
    }
    out.push('}');
    out
}

fn command(frame: &Frame<'_>, record: Option<&SchemaRecord>, out: &mut String) {
    let method =
        record.and_then(|record| Some((record.schema.method(frame.header.method)?, &record.schema.types)));
    let Some((method, types)) = method else {
        field("command", &json(&frame.header.method.to_string()), out);
        return bytes(frame.body, "the command is not on record", out);
    };
    field("command", &json(&method.name), out);
    match shown_arguments(frame.body, frame.header.key_len as usize, method, types) {
        Ok(arguments) => field("arguments", &arguments, out),
        Err(problem) => bytes(frame.body, &problem, out),
    }
}

fn bytes(bytes: &[u8], problem: &str, out: &mut String) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    field("bytes", &json(&hex), out);
    field("problem", &json(problem), out);
}

fn field(name: &str, value: &str, out: &mut String) {
    out.extend([",\"", name, "\":", value]);
}

fn json(text: &str) -> String {
    let mut out = String::new();
    write::text(text, &mut out);
    out
}
