//! Checks that new names become durable: after each rename, its thread flushes the directory before any other traced
//! call.

use std::collections::BTreeMap;

/// Checks the calls of one process, as `strace` recorded them. Returns the number of renames.
pub(crate) fn check(trace: &str) -> Result<usize, String> {
    let (mut begun, mut renamed, mut count) = (BTreeMap::new(), BTreeMap::<&str, String>::new(), 0);
    for line in trace.lines() {
        let Some((thread, call)) = whole(line, &mut begun) else { continue };
        let Some((name, arguments)) = call.split_once('(') else { continue };
        if let Some(directory) = renamed.remove(thread)
            && !(name == "fsync" && call.contains(&format!("<{directory}>)")) && succeeded(&call))
        {
            return Err(format!("{directory} was not flushed after a renaming, but: {call}"));
        }
        if name.starts_with("rename") && succeeded(&call) {
            let path = arguments.rsplit('"').nth(1).unwrap_or_default();
            let (directory, _) = path.rsplit_once('/').ok_or_else(|| format!("a relative path: {call}"))?;
            renamed.insert(thread, directory.to_owned());
            count += 1;
        }
    }
    match renamed.values().next() {
        Some(directory) => Err(format!("{directory} was not flushed after the last renaming")),
        None => Ok(count),
    }
}

/// Returns the thread and the whole call that a line ends. Remembers a call that the line only begins.
fn whole<'a>(line: &'a str, begun: &mut BTreeMap<&'a str, &'a str>) -> Option<(&'a str, String)> {
    let (thread, rest) = line.split_once(' ')?;
    let (_, call) = rest.trim_start().split_once(' ')?;
    if let Some((start, _)) = call.split_once(" <unfinished ...>") {
        begun.insert(thread, start);
        return None;
    }
    let Some((_, end)) = call.split_once(" resumed>") else { return Some((thread, call.to_owned())) };
    Some((thread, format!("{}{end}", begun.remove(thread)?)))
}

fn succeeded(call: &str) -> bool {
    call.rsplit_once(" = ").is_some_and(|(_, result)| result.split(' ').next() == Some("0"))
}

/// A segment, and a record whose thread is interrupted.
const AS_IT_SHOULD_BE: &str = "10 1.000001 rename(\"/d/1.prepare\", \"/d/1.segment\") = 0 <0.000001>\n\
     11 1.000002 renameat2(AT_FDCWD</>, \"/e/next\", AT_FDCWD</>, \"/e/identity\", RENAME_EXCHANGE <unfinished ...>\n\
     10 1.000003 fsync(7</d>) = 0 <0.000001>\n\
     11 1.000004 <... renameat2 resumed>) = 0 <0.000002>\n\
     10 1.000005 read(8</x>, \"\"..., 1) = 0 <0.000001>\n\
     11 1.000006 fsync(5</e> <unfinished ...>\n\
     11 1.000007 <... fsync resumed>) = 0 <0.000001>\n";

#[test]
fn renamings_that_are_made_durable_pass() {
    assert_eq!(check(AS_IT_SHOULD_BE), Ok(2));
    let refused = AS_IT_SHOULD_BE.replace("1.segment\") = 0", "1.segment\") = -1 ENOENT (No such file)");
    assert_eq!(check(&refused), Ok(1), "nothing was renamed");
}

#[test]
fn a_renaming_whose_directory_is_not_flushed_is_noticed() {
    for (from, to) in [
        ("fsync(7</d>) = 0", "fsync(7</d>) = -1 EIO (Input/output error)"),
        ("fsync(7</d>)", "fsync(7</c>)"),
        ("fsync(7</d>)", "fdatasync(7</d/1.segment>)"),
        ("11 1.000006 fsync(5</e> <unfinished ...>\n", ""),
    ] {
        assert!(AS_IT_SHOULD_BE.contains(from), "{from}");
        let trace = AS_IT_SHOULD_BE.replace(from, to);
        assert!(check(&trace).is_err(), "{from} → {to}");
    }
}
