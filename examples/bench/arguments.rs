//! The command line.

use super::bare::PartOptions;
use super::calls::Call;
use lexopt::{Arg, Error, Parser, ValueExt};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) const HELP: &str = "\
Measures Copycat on this machine; one JSON object a line.

bench [options]             operations of clients on three members, each a process on loopback
bench --in-process          the same with all three members in this process, in memory
bench collections           methods of collections, on members as above
bench pairs                 collections beside a trait with the same methods that was written by hand, in turn
bench bare                  one client, two followers, majority flush, no framework: the yardstick
bench idle                  three members with groups that have nothing to do
bench core                  three consensus cores on one thread
bench log                   the log beside a plain file
bench failover              kill -9 of the leader, time to the next accepted write
bench restart               kill -9 of all, time to the first accepted write

--clients N,N,...           concurrent clients                     1,16,64,256,1024
                            of collections: 1,64,256; of pairs: 256
--connections N             most connections of the clients        4
--value BYTES               bytes of a value (keys have 16)        256
--keys N                    how many keys                          10000
--op OP,OP,...              write, strict, lease, eventual         all of them
--call CALL,...             map.put, map.get, long.increment_and_get, list.push, all of them, of pairs: map.put;
                            hand.put, hand.get: of the trait that was written by hand;
                            again.put, again.get: that trait once more, to see what two that are alike come to;
                            numbers.put, numbers.get: of a map whose values are `Vec<u8>`
--partitions N,N,...        of collections that have keys          1,4, of pairs: 1
--seconds S                 length of each measurement             5
--times N                   repetitions of failover, restart, pairs 20, 3, 10
--filled N                  keys that are there before a restart   200000
--batch N,N,...             entries of one append or proposal      1,64,1024
--slow-flush-us N           each flush takes at least so long      0
--data DIR                  where logs are kept                    a temporary directory
--json                      accepted, and always so
";

/// The measurement to run, or the role of a child process.
pub(crate) enum Command {
    Help,
    Operations(Options),
    Collections(Options),
    Pairs(Options),
    Bare(Options),
    Core(Options),
    Idle(Options),
    Log(Options),
    Failover(Options),
    Restart(Options),
    /// A member process.
    Member(MemberOptions),
    /// The leader or a follower of `bare`.
    Part(PartOptions),
}

/// The parameters of a measurement.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub clients: Vec<usize>,
    pub connections: usize,
    pub value: usize,
    pub keys: u64,
    pub operations: Vec<Operation>,
    pub calls: Vec<Call>,
    pub partitions: Vec<u32>,
    pub time: Duration,
    pub times: Option<usize>,
    pub filled: u64,
    pub batches: Vec<u64>,
    pub slow_flush: Duration,
    pub data: Option<PathBuf>,
    pub in_process: bool,
}

/// The operation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    Strict,
    Lease,
    Eventual,
}

/// The parameters of a member process.
pub(crate) struct MemberOptions {
    pub id: u64,
    pub seeds: Vec<(u64, String)>,
    pub data: PathBuf,
    pub slow_flush: Duration,
    /// The calls on collections that clients will make. If empty, the member serves the store.
    pub calls: Vec<Call>,
    pub partitions: u32,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::Write => "write",
            Operation::Strict => "strict",
            Operation::Lease => "lease",
            Operation::Eventual => "eventual",
        }
    }
}

impl std::str::FromStr for Operation {
    type Err = String;

    fn from_str(name: &str) -> Result<Operation, String> {
        let all = [Operation::Write, Operation::Strict, Operation::Lease, Operation::Eventual];
        let found = all.into_iter().find(|operation| operation.name() == name);
        found.ok_or_else(|| format!("`{name}` is none of write, strict, lease, eventual"))
    }
}

impl Options {
    /// Sets the options that were not given. Their defaults depend on the measurement.
    fn complete(&mut self, name: Option<&str>) {
        let (clients, calls, partitions): (&[usize], &[Call], &[u32]) = match name {
            Some("collections") => (&[1, 64, 256], &Call::OF_COLLECTIONS, &[1, 4]),
            Some("pairs") => (&[256], &[Call::MapPut], &[1]),
            Some("idle") => (&[], &[], &[1, 1_000]),
            _ => (&[1, 16, 64, 256, 1_024], &[], &[]),
        };
        if self.clients.is_empty() {
            self.clients = clients.to_vec();
        }
        if self.calls.is_empty() {
            self.calls = calls.to_vec();
        }
        if self.partitions.is_empty() {
            self.partitions = partitions.to_vec();
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            clients: Vec::new(),
            connections: 4,
            value: 256,
            keys: 10_000,
            operations: vec![Operation::Write, Operation::Strict, Operation::Lease, Operation::Eventual],
            calls: Vec::new(),
            partitions: Vec::new(),
            time: Duration::from_secs(5),
            times: None,
            filled: 200_000,
            batches: vec![1, 64, 1_024],
            slow_flush: Duration::ZERO,
            data: None,
            in_process: false,
        }
    }
}

/// Parses the command line of this process.
pub(crate) fn parse() -> Result<Command, Error> {
    let mut parser = Parser::from_env();
    let mut options = Options::default();
    let mut name = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) if name.is_none() => match value.string()?.as_str() {
                "member" => return member(&mut parser).map(Command::Member),
                "part" => return part(&mut parser).map(Command::Part),
                other => name = Some(other.to_owned()),
            },
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Long(option) => {
                let option = option.to_owned();
                set(&mut options, &option, &mut parser)?;
            }
            other => return Err(other.unexpected()),
        }
    }
    options.complete(name.as_deref());
    check(&options)?;
    Ok(match name.as_deref() {
        None => Command::Operations(options),
        Some("collections") => Command::Collections(options),
        Some("pairs") => Command::Pairs(options),
        Some("bare") => Command::Bare(options),
        Some("core") => Command::Core(options),
        Some("idle") => Command::Idle(options),
        Some("log") => Command::Log(options),
        Some("failover") => Command::Failover(options),
        Some("restart") => Command::Restart(options),
        Some(other) => return Err(format!("there is no `{other}` to measure").into()),
    })
}

fn set(options: &mut Options, option: &str, parser: &mut Parser) -> Result<(), Error> {
    match option {
        "clients" => options.clients = list(parser)?,
        "connections" => options.connections = parser.value()?.parse()?,
        "value" => options.value = parser.value()?.parse()?,
        "keys" => options.keys = parser.value()?.parse()?,
        "call" => options.calls = list(parser)?,
        "partitions" => options.partitions = list(parser)?,
        "op" => options.operations = list(parser)?,
        "seconds" => options.time = seconds(parser)?,
        "times" => options.times = Some(parser.value()?.parse()?),
        "filled" => options.filled = parser.value()?.parse()?,
        "batch" => options.batches = list(parser)?,
        "slow-flush-us" => options.slow_flush = Duration::from_micros(parser.value()?.parse()?),
        "data" => options.data = Some(parser.value()?.into()),
        "in-process" => options.in_process = true,
        "json" => {}
        other => return Err(Arg::Long(other).unexpected()),
    }
    Ok(())
}

fn seconds(parser: &mut Parser) -> Result<Duration, Error> {
    let seconds: f64 = parser.value()?.parse()?;
    Duration::try_from_secs_f64(seconds).map_err(|error| Error::Custom(error.into()))
}

fn list<T>(parser: &mut Parser) -> Result<Vec<T>, Error>
where
    T: std::str::FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let text = parser.value()?.string()?;
    text.split(',').map(|part| part.parse().map_err(|error: T::Err| Error::Custom(error.into()))).collect()
}

fn check(options: &Options) -> Result<(), Error> {
    let wrong = match options {
        options if options.clients.contains(&0) => "clients: at least one",
        options if !(1..=16).contains(&options.connections) => "connections: 1 to 16",
        options if options.keys == 0 => "keys: at least one",
        options if options.partitions.iter().any(|count| !(1..=1_024).contains(count)) => {
            "partitions: 1 to 1024"
        }
        options if options.batches.contains(&0) => "batch: at least one",
        options if options.time.is_zero() => "seconds: more than none",
        _ => return Ok(()),
    };
    Err(wrong.into())
}

fn member(parser: &mut Parser) -> Result<MemberOptions, Error> {
    let mut options = MemberOptions {
        id: 0,
        seeds: Vec::new(),
        data: PathBuf::new(),
        slow_flush: Duration::ZERO,
        calls: Vec::new(),
        partitions: 1,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("id") => options.id = parser.value()?.parse()?,
            Arg::Long("data") => options.data = parser.value()?.into(),
            Arg::Long("call") => options.calls = list(parser)?,
            Arg::Long("partitions") => options.partitions = parser.value()?.parse()?,
            Arg::Long("slow-flush-us") => {
                options.slow_flush = Duration::from_micros(parser.value()?.parse()?);
            }
            Arg::Long("member") => {
                let text = parser.value()?.string()?;
                let (id, address) = text.split_once('=').ok_or("a member is ID=ADDRESS")?;
                options.seeds.push((id.parse().map_err(|_| "an id is a number")?, address.to_owned()));
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn part(parser: &mut Parser) -> Result<PartOptions, Error> {
    let leads = parser.value()?.string()? == "leader";
    let (file, value) = (parser.value()?.into(), parser.value()?.parse()?);
    let followers = parser.values().map(|all| all.map(ValueExt::string).collect::<Result<_, _>>());
    Ok(PartOptions { leads, file, value, followers: followers.unwrap_or(Ok(Vec::new()))? })
}
