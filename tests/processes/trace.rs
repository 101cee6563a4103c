//! Checks the calls of members, as `strace` recorded them: no reply is sent before the flushes it depends on.
//!
//! The test writes one entry at a time, each with a note that is longer than any other message. So all calls between
//! the arrival of a request and its reply belong to that request: at least two of the three members must have written
//! as much to a segment, and their `fdatasync` of it must have returned, before the reply was sent. Times are those
//! at which `strace` held the process before and after each call, on one clock for all three. A call that ends before
//! another begins in the trace did so in fact. Durations are never compared.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Length of a note in bytes: longer than any ping, shorter than a read.
pub(crate) const NOTE_LEN: usize = 600;
/// Number of members that form a majority of three.
const MAJORITY: usize = 2;

/// Returns a command that runs another program under `strace`.
pub(crate) fn strace(output: &Path, program: &str) -> Command {
    // The processor decides which of the calls with a question mark exist.
    let calls = "trace=fdatasync,fsync,?rename,?renameat,renameat2,\
                 pwritev,pwrite64,sendto,sendmsg,write,writev,recvfrom,recvmsg,read,readv";
    let mut command = Command::new("strace");
    // All threads, times in microseconds, durations of calls, targets of descriptors, and no contents.
    command.args(["-f", "-ttt", "-T", "-yy", "-s", "0", "-e", calls, "-o"]).arg(output).arg(program);
    command
}

/// Returns a command like `strace`'s, in which every flush of the log from the `first` on fails.
pub(crate) fn strace_with_failing_flushes(output: &Path, program: &str, first: u32) -> Command {
    let mut command = Command::new("strace");
    let fault = format!("inject=fdatasync:error=EIO:when={first}+");
    command.args(["-f", "-e", "trace=fdatasync", "-e", &fault, "-o"]).arg(output).arg(program);
    command
}

/// One system call; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    name: String,
    /// The target of the descriptor: a path, or the ends of a connection.
    target: String,
    begin: u64,
    end: u64,
    result: i64,
}

impl Call {
    fn is_long(&self) -> bool {
        usize::try_from(self.result).is_ok_and(|bytes| bytes >= NOTE_LEN)
    }

    fn is_arrival(&self) -> bool {
        ["recvfrom", "recvmsg", "read", "readv"].contains(&self.name.as_str()) && self.is_long()
    }

    fn is_reply(&self) -> bool {
        ["sendto", "sendmsg", "write", "writev"].contains(&self.name.as_str()) && self.is_long()
    }

    fn is_append(&self) -> bool {
        self.name.starts_with("pwrite") && self.target.ends_with(".segment") && self.is_long()
    }
}

/// The calls of one process, in the order in which they began.
#[derive(Debug)]
pub(crate) struct Trace(Vec<Call>);

impl Trace {
    /// Reads the output of [`strace`]. Ignores lines that are no calls, and calls that never ended.
    pub(crate) fn parse(text: &str) -> Trace {
        let mut begun = BTreeMap::new();
        let mut calls: Vec<Call> = text.lines().filter_map(|line| parse_line(line, &mut begun)).collect();
        calls.sort_by_key(|call| call.begin);
        Trace(calls)
    }

    /// Returns whether an entry was written to the log and flushed within a time range.
    fn flushed(&self, after: u64, before: u64) -> bool {
        let within = self.0.iter().filter(|call| call.begin >= after && call.end <= before);
        let mut appends = within.clone().filter(|call| call.is_append());
        appends.any(|append| {
            within.clone().any(|call| {
                let flush = call.name == "fdatasync" && call.result == 0 && call.target == append.target;
                flush && call.begin >= append.end
            })
        })
    }
}

/// Returns the call that a line ends. Remembers, by its thread, a call that the line only begins.
fn parse_line<'a>(line: &'a str, begun: &mut BTreeMap<&'a str, Call>) -> Option<Call> {
    let (thread, rest) = line.split_once(' ')?;
    let (time, rest) = rest.trim_start().split_once(' ')?;
    let time = microseconds(time)?;
    if rest.starts_with("<... ") {
        let call = begun.remove(thread)?;
        return Some(Call { end: time.max(call.begin), result: outcome(rest)?.0, ..call });
    }
    let (name, arguments) = rest.split_once('(')?;
    let target = target(arguments).unwrap_or_default().to_owned();
    let call = Call { name: name.to_owned(), target, begin: time, end: time, result: 0 };
    if rest.ends_with("<unfinished ...>") {
        begun.insert(thread, call);
        return None;
    }
    let (result, took) = outcome(rest)?;
    Some(Call { end: time + took, result, ..call })
}

/// Returns the text in the brackets of `7</path>` or `7<TCP:[127.0.0.1:1->127.0.0.1:2]>`.
fn target(arguments: &str) -> Option<&str> {
    let (_, inside) = arguments.split_once('<')?;
    let end = if inside.starts_with("TCP:[") { inside.find("]>")? + 1 } else { inside.find('>')? };
    Some(&inside[..end])
}

/// Returns the result and the duration of `… = 12 <0.000034>`.
fn outcome(line: &str) -> Option<(i64, u64)> {
    let (_, outcome) = line.rsplit_once(" = ")?;
    let (took, result) = (outcome.rsplit_once('<')?.1.trim_end_matches('>'), outcome.split(' ').next()?);
    Some((result.parse().ok()?, microseconds(took)?))
}

fn microseconds(seconds: &str) -> Option<u64> {
    let (whole, part) = seconds.split_once('.')?;
    let whole: u64 = whole.parse().ok()?;
    (part.len() == 6).then_some(whole * 1_000_000 + part.parse::<u64>().ok()?)
}

/// Checks every reply that the member `at` sent to the client at `port`. Returns the number of replies.
pub(crate) fn check(members: &[Trace], at: usize, port: u16) -> Result<usize, String> {
    let client = format!("->127.0.0.1:{port}]");
    let connection = members[at].0.iter().filter(|call| call.target.ends_with(&client));
    let (mut arrived, mut replies) = (None, 0);
    for call in connection {
        if call.is_arrival() {
            arrived = Some(call.end);
        } else if let (true, Some(arrived)) = (call.is_reply(), arrived) {
            replies += 1;
            let flushed = members.iter().filter(|member| member.flushed(arrived, call.begin)).count();
            if flushed < MAJORITY {
                return Err(format!("only {flushed} members had flushed before reply {replies}: {call:?}"));
            }
        }
    }
    Ok(replies)
}

/// Returns the traces of three members without a fault: the first gets the request, and two write and flush.
fn planted() -> [String; 3] {
    let leader = "10 100.000010 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:77]>, \"\"..., 65536, 0, NULL, NULL) = 700 <0.000001>\n\
                  11 100.000020 pwritev(5</d/0.segment>, [{iov_base=\"\"..., iov_len=4096}], 1, 0) = 4096 <0.000001>\n\
                  11 100.000030 fdatasync(5</d/0.segment> <unfinished ...>\n\
                  10 100.000040 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:77]>, \"\"..., 24, 0, NULL, 0) = 24 <0.000001>\n\
                  11 100.000050 <... fdatasync resumed>) = 0 <0.000020>\n\
                  10 100.000090 sendto(9<TCP:[127.0.0.1:1->127.0.0.1:77]>, \"\"..., 700, 0, NULL, 0) = 700 <0.000001>\n";
    let follower = "20 100.000060 pwrite64(5</e/0.segment>, \"\"..., 4096, 0) = 4096 <0.000001>\n\
                    20 100.000070 fdatasync(5</e/0.segment>) = 0 <0.000010>\n\
                    20 100.000099 +++ exited with 0 +++\n";
    [leader.into(), follower.into(), String::new()]
}

#[test]
fn a_trace_as_it_should_be_passes() {
    let traces = planted().map(|text| Trace::parse(&text));
    assert_eq!(check(&traces, 0, 77), Ok(1));
    assert_eq!(check(&traces, 0, 7), Ok(0), "another client's");
}

#[test]
fn a_reply_that_overtakes_a_disk_is_noticed() {
    let changes = [
        // The follower's flush fails, ends too late, began too early, or is of another file; or nothing was written.
        (1, "fdatasync(5</e/0.segment>) = 0", "fdatasync(5</e/0.segment>) = -5"),
        (1, "<0.000010>", "<0.000021>"),
        (1, "100.000060 pwrite64", "100.000071 pwrite64"),
        (1, "fdatasync(5</e/0.segment>)", "fdatasync(6</e/1.segment>)"),
        (1, ") = 4096 ", ") = 16 "),
        // The leader's flush ends too late, or belongs to the request before.
        (0, "100.000050 <... fdatasync", "100.000091 <... fdatasync"),
        (0, "100.000010 recvfrom", "100.000025 recvfrom"),
    ];
    for (at, from, to) in changes {
        let mut texts = planted();
        assert!(texts[at].contains(from), "{from}");
        texts[at] = texts[at].replace(from, to);
        let fault = check(&texts.map(|text| Trace::parse(&text)), 0, 77);
        assert!(fault.is_err(), "{from} → {to}: {fault:?}");
    }
}
