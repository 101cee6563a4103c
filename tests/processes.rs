//! Real processes on loopback: killed, stopped, attacked, traced.
//!
//! `processes/program.rs` is the program that each of them runs, and `processes/children.rs` starts and ends them.

/// Shared with the tests of clusters in one process.
#[path = "cluster/relay.rs"]
#[expect(dead_code, reason = "those need more of it")]
mod relay;

mod processes {
    pub(crate) mod children;
    pub(crate) mod hostile;
    pub(crate) mod ports;
    pub(crate) mod process;
    pub(crate) mod renames;
    pub(crate) mod resources;
    #[allow(dead_code, reason = "shared with the members, which hold the state")]
    pub(crate) mod service;
    pub(crate) mod trace;
    pub(crate) mod upgrade;
    #[allow(dead_code, reason = "shared with the members, which hold the state")]
    pub(crate) mod upgraded_service;
    pub(crate) mod writers;
}

use copycat::{Consistency, Member, Proxy};
use processes::children::{Children, MEMBER, PATIENCE};
use processes::resources::{crowd_size, resident};
use processes::service::{AsyncEntries, NAME};
use processes::writers::Writers;
use processes::{hostile, renames, trace, upgrade};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::{interval, timeout};

/// The timeout is short, so that clients move on from a stopped member.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Checks again until `look` returns a value.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = interval(Duration::from_millis(10));
    let seen = timeout(PATIENCE, async {
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    });
    seen.await.unwrap_or_else(|_| panic!("{what} did not come about"))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(test);
}

/// Waits until `more` further writes were acknowledged.
async fn progress(writers: &Writers, more: usize) {
    let goal = writers.acknowledged() + more;
    until("acknowledged writes", async || (writers.acknowledged() >= goal).then_some(())).await;
}

async fn leader(children: &mut Children) -> usize {
    until("a leader", async || children.leader()).await
}

#[test]
fn killed_stopped_and_woken_members_lose_nothing_that_was_acknowledged() {
    run(async {
        let mut children = Children::new();
        children.start_all();
        let mut remotes = Vec::new();
        for _ in 0..2 {
            remotes.push(children.remote(children.seeds(), REQUEST_TIMEOUT).await);
        }
        let writers = Writers::start(&remotes);
        for _ in 0..3 {
            progress(&writers, 50).await;
            let leader = leader(&mut children).await;
            children.kill(leader);
            progress(&writers, 50).await;
            children.start_all();
        }
        let stopped = leader(&mut children).await;
        children.stop(stopped);
        progress(&writers, 50).await;
        children.wake(stopped);
        progress(&writers, 50).await;
        children.kill_all();
        children.start_all();
        progress(&writers, 50).await;
        let account = writers.end().await;
        let entries: AsyncEntries = remotes[0].resource(NAME).open().await.expect("a proxy");
        let numbers = until("an answer", async || entries.numbers().await.ok()).await;
        let found: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(found.len(), numbers.len(), "nothing is there twice");
        let lost: Vec<_> = account.acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "acknowledged, and not there: {lost:?}");
        let haunting: Vec<_> = account.refused.intersection(&found).collect();
        assert!(haunting.is_empty(), "not applied, and there: {haunting:?}");
        let known = &account.acknowledged | &account.unknown;
        assert!(found.is_subset(&known), "nobody wrote {:?}", found.difference(&known));
        for seed in children.seeds().to_vec() {
            let remote = children.remote(&[seed], REQUEST_TIMEOUT).await;
            let entries: AsyncEntries = remote.resource(NAME).open().await.expect("a proxy");
            let own = entries.with_consistency(Consistency::Eventual);
            until("equal replicas", async || {
                own.numbers().await.ok().filter(|own| own.starts_with(&numbers))
            })
            .await;
        }
        children.close_all();
    });
}

#[test]
fn a_rolling_upgrade_forth_and_back_halts_no_member() {
    run(upgrade::back_and_forth());
}

#[test]
fn strangers_are_cut_off_and_others_are_served() {
    run(async {
        let mut children = Children::new();
        children.start_all();
        let victim = children.seeds()[0].clone();
        let process = children.process(0).id();
        let greeting = hostile::greeting().await;
        let remote = children.remote(std::slice::from_ref(&victim), Duration::from_secs(30)).await;
        let entries: AsyncEntries = remote.resource(NAME).open().await.expect("a proxy");
        entries.append(0, "before".into()).await.expect("an answer");
        let (memory, descriptors) = (resident(process), hostile::descriptors(process));

        let mut random = fastrand::Rng::with_seed(7);
        let mut garbage = |length: usize| -> Vec<u8> { (0..length).map(|_| random.u8(..)).collect() };
        assert_eq!(hostile::insult(&victim, &garbage(64 << 10)), 0);
        assert_eq!(hostile::insult(&victim, b"GET / HTTP/1.1\r\nHost: member\r\n\r\n"), 0);
        assert_eq!(hostile::insult(&victim, &[0xff; 4096]), 0);
        assert_eq!(hostile::insult(&victim, &[0; 4096]), 0);
        // A client that says nothing after half a greeting, and one that says nothing at all.
        assert_eq!(hostile::insult(&victim, &greeting[..greeting.len() / 2]), 0);
        assert_eq!(hostile::insult(&victim, &[]), 0);
        for at in 0..greeting.len() {
            let mut forged = greeting.clone();
            forged[at] ^= 0x80;
            hostile::hang_up(&victim, &forged);
            hostile::hang_up(&victim, &greeting[..at]);
        }
        // A client that is let in and then sends garbage, an invalid length, or a message that never ends.
        assert!(hostile::insult(&victim, &[&greeting[..], &garbage(64 << 10)].concat()) > 0);
        assert!(hostile::insult(&victim, &[&greeting[..], &[0xff; 64]].concat()) > 0);
        assert!(hostile::insult(&victim, &[&greeting[..], &greeting[..]].concat()) > 0);
        let crowd = hostile::half_open(&victim, crowd_size(), &greeting[..1]);
        entries.append(1, "meanwhile".into()).await.expect("an answer");
        // A newcomer gets in as well, because silent connections must give way.
        let newcomer = children.remote(std::slice::from_ref(&victim), Duration::from_secs(30)).await;
        let other: AsyncEntries = newcomer.resource(NAME).open().await.expect("a proxy");
        other.append(2, "in the crowd".into()).await.expect("an answer");
        let grown = resident(process).saturating_sub(memory);
        assert!(grown < 64 << 20, "the member took {grown} bytes more");
        drop((crowd, newcomer));
        until("descriptors that are closed", async || {
            (hostile::descriptors(process) <= descriptors).then_some(())
        })
        .await;
        assert_eq!(entries.numbers().await.expect("an answer"), [0, 1, 2]);
        children.close_all();
    });
}

#[test]
fn a_program_that_is_started_wrongly_says_so_in_one_line_and_ends_with_2() {
    let children = Children::new();
    let data_directory = children.data_directory();
    let text = |at: usize| -> Vec<String> {
        children.arguments(at).into_iter().map(|word| word.into_string().expect("plain text")).collect()
    };
    let good = text(0);
    let file = data_directory.join("file");
    fs::write(&file, "no directory").expect("a file");
    let garbage = data_directory.join("garbage");
    fs::create_dir_all(garbage.join("journal")).expect("a directory");
    fs::write(garbage.join("identity"), "garbage").expect("a file");
    let with = |at: usize, word: &str| -> Vec<String> {
        let mut words = good.clone();
        words[at] = word.into();
        words
    };
    let path = |path: &std::path::Path| path.to_str().expect("plain text").to_owned();
    // Bound once: a child of another test inherits each listener until it is replaced by its program, so a port that
    // was free a moment ago may be taken for another.
    let occupied = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let seed = format!("1={}", occupied.local_addr().expect("an address"));
    let cases: Vec<(Vec<String>, &str)> = vec![
        (vec![], "usage: member"),
        (vec!["1".into()], "usage: member"),
        (with(0, "one"), "\"one\" is no member id"),
        (with(0, "0"), "error 200: Cluster::builder(): a member has the id 0: ids begin at 1"),
        (with(0, "9"), "error 200: Cluster::builder(): with_member_id(9): no seed has this id"),
        (with(2, "1"), "\"1\" is no seed"),
        (
            with(2, "1=nowhere"),
            "error 200: Cluster::builder(): Member::new(…, \"nowhere\"): write an address as host:port",
        ),
        (with(2, "2=127.0.0.1:1"), "error 200: Cluster::builder() has 2 errors:"),
        (good[..2].to_vec(), "error 200: Cluster::builder() has 2 errors:"),
        (with(1, &path(&file)), "error 200: "),
        (with(1, &path(&garbage)), "error 201: "),
        (with(1, "/proc/self/fdinfo/x"), "error 201: "),
        (with(2, &seed), "error 203: cannot listen on"),
    ];
    for (arguments, line) in cases {
        let mut command = Command::new(MEMBER);
        command.args(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // Input stays open, because the member also ends when its input ends.
        let orders = child.stdin.take();
        let output = child.wait_with_output().expect("the program ends");
        drop(orders);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(line) && said.lines().count() == 1, "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    }
    drop(occupied);
}

fn can_trace(test: &str) -> bool {
    let can = Command::new("strace").arg("-V").output().is_ok();
    if !can {
        // This bypasses the capturing of output, so that it is visible.
        let _ = writeln!(std::io::stderr(), "SKIPPED, strace is not installed: {test}");
    }
    can
}

/// A failed flush is not taken for a successful one, and is not tried again.
#[test]
fn a_member_whose_flush_fails_stops_and_the_others_go_on() {
    if !can_trace("a_member_whose_flush_fails_stops") {
        return;
    }
    run(async {
        let mut children = Children::new();
        let output = children.data_directory().join("trace");
        let unlucky = 2;
        children.start_all_as(|at| match at == unlucky {
            true => trace::strace_with_failing_flushes(&output, MEMBER, 20),
            false => Command::new(MEMBER),
        });
        let remotes = [children.remote(&children.seeds()[..unlucky], REQUEST_TIMEOUT).await];
        let writers = Writers::start(&remotes);
        until("the end of the member", async || {
            children.process(unlucky).ask("status").is_none().then_some(())
        })
        .await;
        progress(&writers, 50).await;
        writers.end().await;
        children.kill(unlucky);
        children.close_all();
    });
}

/// No reply to a writer leaves before a majority has flushed what it acknowledges. No new file name is relied on
/// before its directory was flushed.
#[test]
fn no_reply_overtakes_the_disks_of_a_majority() {
    if !can_trace("no_reply_overtakes_the_disks") {
        return;
    }
    run(async {
        let mut children = Children::new();
        let traces: Vec<_> = (0..3).map(|at| children.data_directory().join(format!("trace-{at}"))).collect();
        children.start_all_as(|at| trace::strace(&traces[at], MEMBER));
        let leader = leader(&mut children).await;
        let (mut expected, mut answered) = (0, 0);
        let nowhere = format!("127.0.0.1:{}", processes::ports::free_ports(1)[0]);
        // Through the leader, and through a follower that forwards requests.
        let mut relays = Vec::new();
        for at in [leader, (leader + 1) % 3] {
            let relay = relay::Relay::start(children.seeds()[at].address());
            // The handle's addresses of the other members lead nowhere, so that it stays with this one.
            let places = children.seeds().iter().zip(0..).map(|(seed, number)| match number == at {
                true => Member::new(seed.id(), relay.address()),
                false => Member::new(seed.id(), &nowhere),
            });
            let remote = children.remote(&places.collect::<Vec<_>>(), Duration::from_secs(30)).await;
            let entries: AsyncEntries = remote.resource(NAME).open().await.expect("a proxy");
            for _ in 0..25 {
                // Repeated if a leader fails, as it may on a machine under load: every reply counts.
                let answer = until("an answer", async || {
                    expected += 1;
                    entries.append(expected, "n".repeat(trace::NOTE_LEN)).await.ok()
                });
                assert_eq!(answer.await.len(), trace::NOTE_LEN);
                answered += 1;
            }
            relays.push((at, relay));
            drop(remote);
        }
        children.close_all();
        let read = |path: &std::path::PathBuf| fs::read_to_string(path).expect("a trace");
        let texts: Vec<_> = traces.iter().map(read).collect();
        for text in &texts {
            let names = renames::check(text).unwrap_or_else(|fault| panic!("{fault}"));
            assert!(names >= 3, "two segments and the bootstrap record, at least: {names}");
        }
        let traces: Vec<_> = texts.iter().map(|text| trace::Trace::parse(text)).collect();
        let mut replies = 0;
        for (at, relay) in relays {
            for port in relay.ports() {
                replies += trace::check(&traces, at, port).unwrap_or_else(|fault| panic!("{fault}"));
            }
        }
        assert!(replies >= answered, "{replies} replies were seen of {answered}");
    });
}
