//! The command line of the program.

use copycat::Member;
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// The text for `--help` and for wrong arguments.
pub(crate) const USAGE: &str = "usage: copycat-redis --id N --member N=HOST:PORT... --data DIR --listen IP:PORT \
                                [--client N=HOST:PORT]... [--patience SECONDS] [--timeout SECONDS] \
                                [--tcp-keepalive SECONDS]";

/// Bounds of `--patience` in seconds.
const PATIENCE_S: RangeInclusive<u64> = 1..=3_600;
/// Bounds of `--timeout` and `--tcp-keepalive` in seconds. The kernel takes no more for the latter.
const SILENCE_S: RangeInclusive<u64> = 0..=32_767;
/// Descriptions of both.
const PATIENCE: &str = "1 to 3600 seconds";
const SILENCE: &str = "0 to 32767 seconds";
/// Default of `--tcp-keepalive`, as in Redis.
const KEEPALIVE: Duration = Duration::from_secs(300);

/// The description of one member and its server.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// The id of this member.
    pub id: u64,
    /// All members, including this one.
    pub members: Vec<Member>,
    /// The directory of this member's log.
    pub data: PathBuf,
    /// What concerns the server's clients.
    pub settings: Settings,
}

/// The settings of the server that faces Redis' clients.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address to which they connect.
    pub listen: SocketAddr,
    /// The addresses to which they connect at other members, as far as they are known.
    pub elsewhere: Vec<Member>,
    /// How long a client may leave its answers unread, and send nothing, before its connection is closed.
    pub patience: Duration,
    /// How long a client may do nothing before its connection is closed; `None` for ever, as in Redis.
    pub idle_max: Option<Duration>,
    /// After how long a silence the kernel asks whether the client is still there; `None` for never.
    pub keepalive: Option<Duration>,
}

/// The reason why the arguments describe no member.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The argument is unknown.
    Unknown(lexopt::Error),
    /// The option was given twice.
    Twice(&'static str),
    /// The option is missing.
    Missing(&'static str),
    /// The value of the option is invalid. Holds the option, the value, and a description of valid values.
    Value(&'static str, String, &'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown(error) => write!(f, "{error}")?,
            Fault::Twice(option) => write!(f, "{option} is given twice")?,
            Fault::Missing(option) => write!(f, "{option} is missing")?,
            Fault::Value(option, found, wanted) => write!(f, "{option} {found:?} is not {wanted}")?,
        }
        write!(f, "; {USAGE}")
    }
}

impl From<lexopt::Error> for Fault {
    fn from(error: lexopt::Error) -> Fault {
        Fault::Unknown(error)
    }
}

/// The arguments parsed so far.
#[derive(Default)]
struct Draft {
    id: Option<u64>,
    members: Vec<Member>,
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    elsewhere: Vec<Member>,
    patience: Option<Duration>,
    idle_max: Option<Duration>,
    keepalive: Option<Duration>,
}

impl Arguments {
    /// Parses the arguments. Returns `None` if they ask for the usage.
    ///
    /// # Errors
    ///
    /// The first mistake. The cluster checks later whether ids and addresses fit together.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Arguments>, Fault> {
        let (mut parser, mut draft) = (Parser::from_args(arguments), Draft::default());
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Long("id") => {
                    set(&mut draft.id, "--id", &mut parser, "a member's id", |text| text.parse().ok())?;
                }
                Arg::Long("member") => {
                    let value = parser.value()?;
                    draft.members.push(value_of("--member", value, "N=HOST:PORT", member)?);
                }
                Arg::Long("data") if draft.data.is_some() => return Err(Fault::Twice("--data")),
                Arg::Long("data") => draft.data = Some(parser.value()?.into()),
                Arg::Long("listen") => {
                    set(&mut draft.listen, "--listen", &mut parser, "IP:PORT", |text| text.parse().ok())?;
                }
                Arg::Long("client") => {
                    let value = parser.value()?;
                    draft.elsewhere.push(value_of("--client", value, "N=HOST:PORT", member)?);
                }
                Arg::Long("patience") => {
                    set(&mut draft.patience, "--patience", &mut parser, PATIENCE, |text| {
                        seconds(text, PATIENCE_S)
                    })?;
                }
                Arg::Long("timeout") => {
                    set(&mut draft.idle_max, "--timeout", &mut parser, SILENCE, |text| {
                        seconds(text, SILENCE_S)
                    })?;
                }
                Arg::Long("tcp-keepalive") => {
                    let read = |text: &str| seconds(text, SILENCE_S);
                    set(&mut draft.keepalive, "--tcp-keepalive", &mut parser, SILENCE, read)?;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        draft.finish().map(Some)
    }
}

impl Draft {
    fn finish(self) -> Result<Arguments, Fault> {
        Ok(Arguments {
            id: self.id.ok_or(Fault::Missing("--id"))?,
            members: match self.members.is_empty() {
                true => return Err(Fault::Missing("--member")),
                false => self.members,
            },
            data: self.data.ok_or(Fault::Missing("--data"))?,
            settings: Settings {
                listen: self.listen.ok_or(Fault::Missing("--listen"))?,
                elsewhere: self.elsewhere,
                patience: self.patience.unwrap_or(Duration::from_secs(60)),
                idle_max: self.idle_max.filter(|time| !time.is_zero()),
                keepalive: Some(self.keepalive.unwrap_or(KEEPALIVE)).filter(|time| !time.is_zero()),
            },
        })
    }
}

/// Stores the value of an option that may be given once.
fn set<T>(
    place: &mut Option<T>,
    option: &'static str,
    parser: &mut Parser,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<(), Fault> {
    let value = value_of(option, parser.value()?, wanted, read)?;
    match place.replace(value) {
        Some(_) => Err(Fault::Twice(option)),
        None => Ok(()),
    }
}

fn value_of<T>(
    option: &'static str,
    value: OsString,
    wanted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Fault> {
    let text = value.string()?;
    read(&text).ok_or(Fault::Value(option, text, wanted))
}

fn member(text: &str) -> Option<Member> {
    let (id, address) = text.split_once('=')?;
    Some(Member::new(id.parse().ok()?, address))
}

fn seconds(text: &str, range: RangeInclusive<u64>) -> Option<Duration> {
    let seconds: u64 = text.parse().ok()?;
    range.contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "--id 2 --member 1=127.0.0.1:1 --member=2=[::1]:2 --data d --listen 127.0.0.1:6401";

    fn parse(line: &str) -> Result<Option<Arguments>, String> {
        Arguments::parse(line.split_whitespace().map(OsString::from)).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_member_is_described() {
        let found = parse(GOOD).unwrap().unwrap();
        assert_eq!((found.id, found.members.len(), found.settings.patience.as_secs()), (2, 2, 60));
        assert_eq!((found.settings.idle_max, found.settings.keepalive), (None, Some(KEEPALIVE)));
        let found =
            parse(&format!("{GOOD} --timeout 7 --tcp-keepalive 0 --client 1=h:6401")).unwrap().unwrap();
        assert_eq!((found.settings.idle_max, found.settings.keepalive), (Some(Duration::from_secs(7)), None));
        assert_eq!(found.settings.elsewhere, [Member::new(1, "h:6401")]);
        let found = parse(GOOD).unwrap().unwrap();
        assert_eq!(found.members[1], Member::new(2, "[::1]:2"));
        assert!(parse("--help").unwrap().is_none());
    }

    #[test]
    fn the_first_mistake_is_told_in_one_line() {
        let cases = [
            ("", "--id is missing"),
            ("--id", "missing argument for option '--id'"),
            ("--id x", "--id \"x\" is not a member's id"),
            ("--id 1 --id 2", "--id is given twice"),
            ("--id 1", "--member is missing"),
            ("--member 1", "--member \"1\" is not N=HOST:PORT"),
            ("--id 1 --member 1=a:1 --data d", "--listen is missing"),
            ("--listen localhost:1", "--listen \"localhost:1\" is not IP:PORT"),
            ("--patience 0", "--patience \"0\" is not 1 to 3600 seconds"),
            ("--timeout -1", "--timeout \"-1\" is not 0 to 32767 seconds"),
            ("--tcp-keepalive 32768", "--tcp-keepalive \"32768\" is not 0 to 32767 seconds"),
            ("--client 1", "--client \"1\" is not N=HOST:PORT"),
            ("--port 1", "invalid option '--port'"),
            ("serve", "unexpected argument \"serve\""),
        ];
        for (line, told) in cases {
            let found = parse(line).unwrap_err();
            assert!(
                found.starts_with(told) && found.ends_with(USAGE) && !found.contains('\n'),
                "{line}: {found}"
            );
        }
    }
}
