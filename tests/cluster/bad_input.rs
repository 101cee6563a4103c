//! Mistakes of operators, and faults of disks. Each gives one typed error with a code and a remedy, and harms no
//! other member.

use super::relay::Relay;
use super::store::{AsyncBlobs, AsyncStore, Bag, Numbers};
use super::world::{
    Network, World, finite, free_port, once, open, open_store, patiently, refused_writes, run, until,
};
use copycat::{
    Cluster, ConfigError, Copycat, CopycatBuilder, Error, ErrorKind, Member, Outcome, Proxy, Remote, Storage,
};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Starts a member that must not start, and checks the error.
async fn refused(builder: CopycatBuilder, code: u16, words: &[&str]) -> Error {
    let error = finite("a refusal", builder.open()).await.expect_err("it must not start");
    said(&error, code, words);
    error
}

/// Checks that the error has the code, contains the words, and says that nothing was applied.
fn said(error: &Error, code: u16, words: &[&str]) {
    assert_eq!((error.code(), error.outcome()), (code, Outcome::NotApplied), "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    assert!(!text.contains('\n'), "one line: {text}");
}

/// Checks that the started member finds out that it cannot take part.
async fn turned_away(member: &Copycat, code: u16, words: &[&str]) {
    let error = finite("the news", member.formed()).await.expect_err("it takes no part");
    said(&error, code, words);
    let error = open_store(member).await.expect_err("it takes no part");
    said(&error, code, words);
}

/// Returns a builder of member `id` of a world, with other storage.
fn elsewhere(world: &World, id: u64, directory: &Path) -> CopycatBuilder {
    world.builder_on(id, &world.seeds, storage(directory))
}

fn storage(directory: &Path) -> Storage {
    Storage::builder().with_directory(directory).with_segment_len(1 << 20).build().expect("a storage")
}

#[test]
fn an_occupied_port() {
    run(async {
        let world = World::empty(Network::Tcp, 1);
        let held = TcpListener::bind(world.seed(1).address()).unwrap();
        let address = world.seed(1).address();
        refused(world.builder(1), 203, &[address, "choose a free address"]).await;
        drop(held);
        let nowhere = [Member::new(1, format!("203.0.113.1:{}", free_port()))];
        let data_directory = TempDir::new().unwrap();
        let builder = world.builder_on(1, &nowhere, storage(data_directory.path()));
        refused(builder, 203, &["203.0.113.1", "of this machine"]).await;
        finite("an orderly close", open(world.builder(1)).await.close()).await;
    });
}

#[test]
fn directories_that_are_none() {
    run(async {
        let world = World::empty(Network::memory(), 1);
        let data_directory = TempDir::new().unwrap();
        let file = data_directory.path().join("file");
        let builder = elsewhere(&world, 1, &file);
        fs::write(&file, "not a directory").unwrap();
        let error = Storage::builder().with_directory(&file).build().expect_err("it is a file");
        assert_eq!(
            (error.code(), error.config_errors()),
            (200, &[ConfigError::NotADirectory(file.clone())][..])
        );
        refused(builder, 201, &["file", "check that"]).await;
        assert_eq!(fs::read_to_string(&file).unwrap(), "not a directory");
        // Even a superuser cannot make a directory there.
        refused(elsewhere(&world, 1, Path::new("/proc/self/fdinfo/x")), 201, &["fdinfo", "check that"]).await;
        let journal = data_directory.path().join("member");
        fs::create_dir(&journal).unwrap();
        fs::create_dir(journal.join("identity")).unwrap();
        refused(elsewhere(&world, 1, &journal), 201, &["identity", "check that"]).await;
    });
}

#[test]
fn directories_of_others() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        refused(elsewhere(&world, 2, &world.directory(1)), 201, &["in use", "stop the other"]).await;
        world.close(1).await;
        world.close(2).await;
        let foreign = elsewhere(&world, 2, &world.directory(1));
        refused(foreign, 201, &["belongs to member 1, this is member 2", "own directory"]).await;
        // The refused start changed nothing.
        world.start(1).await;
        patiently(async || world.store(1).put("a".into(), 1).await).await;
        world.close_all().await;
    });
}

#[test]
fn other_seeds_than_the_cluster_was_formed_with() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        world.close(1).await;
        let two = &world.seeds[..2];
        let builder = world.builder_on(1, two, storage(&world.directory(1)));
        refused(builder, 205, &["[1, 2, 3]", "[1, 2]", "name the members that formed it"]).await;
        world.close_all().await;
    });
}

/// Returns the files of a data directory, including the folder `journal`, in a stable order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("journal")).unwrap();
    for file in files(from) {
        fs::copy(&file, to.join(file.strip_prefix(from).unwrap())).unwrap();
    }
}

/// Returns the directory of a single member that holds twenty numbers and was closed in order.
async fn lonely(world: &mut World) -> PathBuf {
    for number in 0..20 {
        once(async || world.store(1).put(format!("{number}"), number).await).await;
    }
    world.close(1).await;
    world.directory(1)
}

#[test]
fn an_identity_that_is_gone_or_garbage() {
    run(async {
        let mut world = World::started(Network::memory(), 1).await;
        let intact = lonely(&mut world).await;
        let identity = fs::read(intact.join("identity")).unwrap();
        let mut flipped = identity.clone();
        flipped[20] ^= 1;
        let damages: [&[u8]; 5] =
            [b"", b"garbage", &identity[..identity.len() - 1], &flipped, &[&identity[..], b"junk"].concat()];
        for damage in damages {
            let data_directory = TempDir::new().unwrap();
            copy(&intact, data_directory.path());
            fs::write(data_directory.path().join("identity"), damage).unwrap();
            refused(
                elsewhere(&world, 1, data_directory.path()),
                201,
                &["identity is damaged", "from a copy"],
            )
            .await;
            assert_eq!(
                fs::read(data_directory.path().join("identity")).unwrap(),
                damage,
                "nothing was changed"
            );
        }
        let data_directory = TempDir::new().unwrap();
        copy(&intact, data_directory.path());
        fs::remove_file(data_directory.path().join("identity")).unwrap();
        refused(elsewhere(&world, 1, data_directory.path()), 201, &["no identity file", "from a copy"]).await;
        assert!(!data_directory.path().join("identity").exists(), "nothing was made up");
        // A file that a crash may leave beside it is no damage.
        let data_directory = TempDir::new().unwrap();
        copy(&intact, data_directory.path());
        fs::write(data_directory.path().join("identity.next"), "half of").unwrap();
        fs::write(data_directory.path().join("notes.txt"), "not ours").unwrap();
        serves(&world, data_directory.path()).await;
    });
}

#[test]
fn a_journal_that_is_gone() {
    run(async {
        let mut world = World::started(Network::memory(), 1).await;
        let intact = lonely(&mut world).await;
        let words = ["no journal", "from a copy"];
        let data_directory = TempDir::new().unwrap();
        fs::copy(intact.join("identity"), data_directory.path().join("identity")).unwrap();
        refused(elsewhere(&world, 1, data_directory.path()), 201, &words).await;
        refused(elsewhere(&world, 1, data_directory.path()), 201, &words).await;
        fs::create_dir(data_directory.path().join("journal")).unwrap();
        refused(elsewhere(&world, 1, data_directory.path()), 201, &words).await;
    });
}

/// Checks that a member that starts on a directory holds everything that was acknowledged.
async fn serves(world: &World, directory: &Path) {
    let member = open(elsewhere(world, 1, directory)).await;
    let store = open_store(&member).await.expect("the resource opens");
    assert_eq!(patiently(async || store.len().await).await, 20);
    finite("an orderly close", member.close()).await;
}

#[test]
fn segments_that_are_garbage() {
    run(async {
        let mut world = World::started(Network::memory(), 1).await;
        let intact = lonely(&mut world).await;
        let segments: Vec<_> = files(&intact.join("journal"))
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "segment"))
            .collect();
        assert!(segments.len() > 1, "one in use and one preallocated: {segments:?}");
        // The first segment holds all entries.
        let (first, bytes) = (segments[0].strip_prefix(&intact).unwrap(), fs::read(&segments[0]).unwrap());
        let mut flipped = bytes.clone();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        flipped[used / 2] ^= 0x10;
        let damages: [Option<&[u8]>; 6] = [
            Some(b""),
            Some(b"garbage"),
            Some(&bytes[..4096]),
            Some(&vec![0; bytes.len()]),
            Some(&flipped),
            None,
        ];
        for damage in damages {
            let data_directory = TempDir::new().unwrap();
            copy(&intact, data_directory.path());
            match damage {
                Some(damage) => fs::write(data_directory.path().join(first), damage).unwrap(),
                None => fs::remove_file(data_directory.path().join(first)).unwrap(),
            }
            refused(elsewhere(&world, 1, data_directory.path()), 202, &["from a copy"]).await;
        }
        let data_directory = TempDir::new().unwrap();
        copy(&intact, data_directory.path());
        fs::write(data_directory.path().join("journal/1.segment"), "garbage").unwrap();
        refused(elsewhere(&world, 1, data_directory.path()), 202, &["1.segment", "undo the renaming"]).await;
        let data_directory = TempDir::new().unwrap();
        copy(&intact, data_directory.path());
        for extra in ["0000000000000009.prepare", "readme", "core.1234"] {
            fs::write(data_directory.path().join("journal").join(extra), "not ours").unwrap();
        }
        serves(&world, data_directory.path()).await;
    });
}

/// Wherever a byte is damaged, the member refuses to start, or no acknowledged entry is missing.
#[test]
fn a_flipped_byte_is_never_served() {
    run(async {
        let mut world = World::started(Network::memory(), 1).await;
        let intact = lonely(&mut world).await;
        let data_directory = TempDir::new().unwrap();
        copy(&intact, data_directory.path());
        let (mut refusals, mut served) = (0, 0);
        for file in files(&intact) {
            let name = file.strip_prefix(&intact).unwrap();
            let bytes = fs::read(&file).unwrap();
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let places = (0..12).map(|part| used * part / 12).chain([used.saturating_sub(1)]);
            for at in places.filter(|at| *at < used) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x40;
                fs::write(data_directory.path().join(name), &damaged).unwrap();
                match finite("a start", elsewhere(&world, 1, data_directory.path()).open()).await {
                    Err(error) => {
                        assert!([201, 202].contains(&error.code()), "{error}");
                        refusals += 1;
                    }
                    Ok(member) => {
                        finite("an orderly close", member.close()).await;
                        serves(&world, data_directory.path()).await;
                        served += 1;
                    }
                }
                fs::remove_dir_all(data_directory.path()).unwrap();
                copy(&intact, data_directory.path());
            }
        }
        assert!(refusals > 10, "{refusals} refused, {served} served");
    });
}

#[test]
fn a_wiped_directory_speaks_for_nobody() {
    run(async {
        for wiped in [1, 3] {
            let mut world = World::empty(Network::memory(), 3).with_request_timeout(Duration::from_secs(1));
            world.start_all().await;
            patiently(async || world.store(2).put("a".into(), 1).await).await;
            world.close(wiped).await;
            fs::remove_dir_all(world.directory(wiped)).unwrap();
            wiped_takes_no_part(&mut world, wiped).await;
        }
    });
}

/// Checks that `wiped` takes no part when it returns with an empty directory. The other members are bootstrapped.
async fn wiped_takes_no_part(world: &mut World, wiped: u64) {
    let ghost = open(world.builder(wiped)).await;
    turned_away(&ghost, 206, &["another disk of this member", "bring back"]).await;
    patiently(async || world.store(2).put("b".into(), 2).await).await;
    // Two real members are left. Without one of them, the wiped one must not form a majority.
    let other = 4 - wiped;
    world.crash(other);
    let store = world.store(2).clone();
    let never = refused_writes(&store).await;
    world.start(other).await;
    patiently(async || world.store(2).put("c".into(), 3).await).await;
    turned_away(&ghost, 206, &["another disk of this member"]).await;
    assert!(!world.agreed().await.iter().any(|(key, _)| never.contains(key)));
    finite("an orderly close", ghost.close()).await;
    world.close_all().await;
}

#[test]
fn a_directory_wiped_in_the_first_second() {
    run(async {
        for wiped in [1, 2, 3] {
            let world = World::empty(Network::memory(), 3);
            let mut members = Vec::new();
            for id in world.ids() {
                members.push((id, open(world.builder(id)).await));
            }
            // The first member knows of the bootstrap now; the others may or may not.
            finite("the bootstrap", members[0].1.formed()).await.expect("it is formed");
            members.retain(|(id, _)| *id != wiped);
            fs::remove_dir_all(world.directory(wiped)).unwrap();
            // The first member may be the wiped one, and the only one that knew of the bootstrap. Then no memory of it
            // is left, and the three may bootstrap a cluster. In every other case the wiped one stays outside.
            let ghost = open(world.builder(wiped)).await;
            for (id, member) in &members {
                let formed = finite("the news", member.formed()).await;
                formed.unwrap_or_else(|error| panic!("member {id}: {error}"));
            }
            // A member that has not noticed the end of the earlier process may still take the new one for its twin.
            let news = until("the news", async || match ghost.formed().await {
                Err(error) if error.code() == 212 && error.is_retryable() => None,
                news => Some(news),
            })
            .await;
            if wiped != 1 {
                said(&news.expect_err("the first member had recorded its old disk"), 206, &[]);
            }
            drop((ghost, members));
        }
    });
}

/// The author of the bootstrap record told one of the others, and is gone. The two that are left are a majority.
#[test]
fn a_formation_that_its_author_told_only_one() {
    run(async {
        let world = World::empty(Network::Tcp, 3);
        let address = |id| world.seed(id).address();
        // The author's messages to member 3 end with the greeting, and member 3 cannot ask it. The other two know
        // each other before there is a bootstrap record.
        let author_to_3 = Relay::deaf_after(1, address(3));
        let (second_to_3, third_to_2) = (Relay::start(address(3)), Relay::start(address(2)));
        let nowhere = TcpListener::bind("127.0.0.1:0").unwrap();
        let seeds = |addresses: [&str; 3]| (1..).zip(addresses).map(|(id, at)| Member::new(id, at)).collect();
        let by_author: Vec<_> = seeds([address(1), address(2), &author_to_3.address()]);
        let by_second: Vec<_> = seeds([address(1), address(2), &second_to_3.address()]);
        let deaf = nowhere.local_addr().unwrap().to_string();
        let by_third: Vec<_> = seeds([&deaf, &third_to_2.address(), address(3)]);
        let start = async |id, seeds: &[Member]| {
            open(world.builder_on(id, seeds, storage(&world.directory(id)))).await
        };
        let second = start(2, &by_second).await;
        let third = start(3, &by_third).await;
        let both_connections = || second_to_3.answered() >= 2 && third_to_2.answered() >= 2;
        until("a meeting", async || both_connections().then_some(())).await;
        let author = start(1, &by_author).await;
        finite("the bootstrap", author.formed()).await.unwrap();
        finite("the news", second.formed()).await.unwrap();
        drop(author);
        finite("the news", third.formed()).await.unwrap();
        let (store, _other) = (open_store(&second).await.unwrap(), open_store(&third).await.unwrap());
        patiently(async || store.put("a".into(), 1).await).await;
        for member in [second, third] {
            finite("an orderly close", member.close()).await;
        }
    });
}

#[test]
fn a_member_that_nobody_knows() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        let data_directory = TempDir::new().unwrap();
        let seeds = [world.seed(1).clone(), world.seed(2).clone(), Member::new(4, "memory:4")];
        let stranger = open(world.builder_on(4, &seeds, storage(data_directory.path()))).await;
        turned_away(&stranger, 211, &["not one of", "seeds"]).await;
        patiently(async || world.any().put("a".into(), 1).await).await;
        drop(stranger);
        world.close_all().await;
    });
}

#[test]
fn an_id_that_two_processes_claim() {
    run(async {
        // Before the bootstrap.
        let world = World::empty(Network::memory(), 3);
        let first = open(world.builder(1)).await;
        let second = open(world.builder(2)).await;
        until("a meeting", async || first.status().await.ok()).await;
        let data_directory = TempDir::new().unwrap();
        let seeds = [world.seed(1).clone(), Member::new(2, "memory:2"), world.seed(3).clone()];
        let twin = open(world.builder_on(2, &seeds, storage(data_directory.path()))).await;
        let error = tokio::select! {
            news = twin.formed() => news,
            news = second.formed() => news,
            () = async { finite("news", std::future::pending::<()>()).await } => Ok(()),
        };
        said(&error.expect_err("one of them is one too many"), 212, &["two processes", "one member id"]);
        drop((first, second, twin));
        // After the bootstrap.
        let mut world = World::started(Network::memory(), 3).await;
        let seeds = [world.seed(1).clone(), Member::new(2, "memory:2"), world.seed(3).clone()];
        let data_directory = TempDir::new().unwrap();
        let twin = open(world.builder_on(2, &seeds, storage(data_directory.path()))).await;
        turned_away(&twin, 206, &["another disk of this member"]).await;
        patiently(async || world.store(2).put("a".into(), 1).await).await;
        drop(twin);
        world.close_all().await;
    });
}

#[test]
fn addresses_that_belong_to_other_members() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        let address = |id| world.seed(id).address().to_owned();
        let seeds = [Member::new(5, address(1)), Member::new(6, address(2)), Member::new(7, "memory:7")];
        let data_directory = TempDir::new().unwrap();
        let lost = open(world.builder_on(7, &seeds, storage(data_directory.path()))).await;
        turned_away(&lost, 213, &["answers at", "check the addresses"]).await;
        drop(lost);
        world.close_all().await;
    });
}

#[test]
fn two_clusters_whose_addresses_get_mixed() {
    run(async {
        let mut one = World::started(Network::memory(), 3).await;
        let mut other = World::started(one.network.clone(), 3).await;
        patiently(async || one.any().put("one".into(), 1).await).await;
        patiently(async || other.any().put("other".into(), 2).await).await;
        one.close(3).await;
        let seeds = [other.seed(1).clone(), other.seed(2).clone(), one.seed(3).clone()];
        let lost = open(one.builder_on(3, &seeds, storage(&one.directory(3)))).await;
        let error = until("the news", async || lost.formed().await.err()).await;
        said(&error, 207, &["another cluster", "check the seeds"]);
        // Both clusters still work.
        patiently(async || one.any().put("still".into(), 1).await).await;
        patiently(async || other.any().put("still".into(), 2).await).await;
        drop(lost);
        one.start(3).await;
        assert_eq!(one.agreed().await, [("one".into(), 1), ("still".into(), 1)]);
        assert_eq!(other.agreed().await, [("other".into(), 2), ("still".into(), 2)]);
        one.close_all().await;
        other.close_all().await;
    });
}

#[test]
fn a_remote_handle_without_a_cluster() {
    run(async {
        let network = Network::Tcp;
        let nobody = [Member::new(1, format!("127.0.0.1:{}", free_port()))];
        let error = finite("a refusal", network.remote(&nobody)).await.expect_err("nobody is there");
        said(&error, 208, &["check the addresses"]);
        assert!(error.is_retryable());
        let error = finite("a refusal", network.remote(&[])).await.expect_err("nobody is named");
        assert_eq!(error.code(), 200, "{error}");
    });
}

#[test]
fn names_of_resources_never_reach_a_path() {
    run(async {
        let mut world = World::started(Network::memory(), 1).await;
        patiently(async || world.any().put("a".into(), 1).await).await;
        let before = files(&world.directory(1));
        let outside = fs::read_dir(world.directory(1).parent().unwrap()).unwrap().count();
        let member = world.member(1);
        for (name, length) in [(String::new(), 0), ("x".repeat(256), 256), ("ü".repeat(128), 256)] {
            let opened = member.state_machine(name.clone(), Numbers::default).open::<AsyncStore, _>().await;
            let error = opened.expect_err("no name");
            assert_eq!(
                (error.code(), error.config_errors()),
                (200, &[ConfigError::NameLength(length)][..]),
                "{error}"
            );
            let remote = world.network.remote(&world.seeds).await.unwrap();
            let error = remote.resource(name).open::<AsyncStore>().await.expect_err("no name");
            assert_eq!(error.config_errors(), [ConfigError::NameLength(length)]);
        }
        let names =
            ["x".repeat(255), "../../x".into(), "/etc/x".into(), "a\0b".into(), "a\nb".into(), "🦀".into()];
        for name in
            names.iter().map(String::as_str).chain([".", "..", " ", "journal", "identity", "\u{202e}"])
        {
            let store: AsyncStore = member.state_machine(name, Numbers::default).open().await.unwrap();
            assert_eq!(store.name(), name);
            patiently(async || store.put(name.into(), 7).await).await;
            assert_eq!(patiently(async || store.dump().await).await, [(name.to_owned(), 7)]);
        }
        assert_eq!(files(&world.directory(1)), before);
        assert_eq!(fs::read_dir(world.directory(1).parent().unwrap()).unwrap().count(), outside);
        for partitions in [0, 1025, u32::MAX] {
            let wide = member.state_machine("wide", Numbers::default).with_partitions(partitions);
            let error = wide.open::<AsyncStore, _>().await.expect_err("no number of partitions");
            assert_eq!(error.config_errors(), [ConfigError::Partitions { limit: 1024, found: partitions }]);
        }
        world.close_all().await;
    });
}

#[test]
fn descriptions_without_sense() {
    run(async {
        let error = finite("a refusal", Copycat::builder().open()).await.expect_err("nothing was said");
        assert_eq!(
            (error.code(), error.config_errors()),
            (200, &[ConfigError::NoCluster, ConfigError::NoStorage][..])
        );
        let error = Cluster::builder().build().expect_err("nothing was said");
        assert_eq!(
            (error.code(), error.config_errors()),
            (200, &[ConfigError::NoMemberId, ConfigError::NoSeeds][..])
        );
        let error = finite("a refusal", Remote::builder().connect()).await.expect_err("nothing was said");
        assert_eq!((error.code(), error.config_errors()), (200, &[ConfigError::NoMembers][..]));
        let nobody = Remote::builder().add_member(Member::new(0, "a:1"));
        let error = finite("a refusal", nobody.connect()).await.expect_err("ids begin at 1");
        assert_eq!((error.code(), error.config_errors()), (200, &[ConfigError::ZeroMemberId][..]));
    });
}

#[test]
fn an_error_of_a_builder_names_the_builder_and_its_method() {
    let ms = Duration::from_millis;
    let text = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let wide = Cluster::builder().with_member_id(4).add_seed(Member::new(1, "nowhere")).build();
    assert_eq!(
        text(wide.unwrap_err()),
        "Cluster::builder() has 2 errors:\n  - with_member_id(4): no seed has this id; add this process's own member, \
         too, with add_seed\n  - Member::new(…, \"nowhere\"): write an address as host:port, as in 10.0.0.1:7400 or \
         [::1]:7400"
    );
    let storage = Storage::builder().with_directory("data").with_segment_len(1).with_slowed_flush(ms(5_000));
    assert_eq!(
        text(storage.build().unwrap_err()),
        "Storage::builder() has 2 errors:\n  - with_segment_len(1): it must lie between 65536 and 1073741824 bytes\n  - \
         with_slowed_flush(5000 ms): it must lie between 0 and 1000 ms"
    );
    run(async {
        let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "a:1")).build().unwrap();
        let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
        let hasty = member.with_election_timeout(ms(100)).with_heartbeat_interval(ms(50)).open().await;
        assert_eq!(
            text(hasty.expect_err("two heartbeats are too few")),
            "Copycat::builder(): with_election_timeout(100 ms): it must be at least four times \
             with_heartbeat_interval(50 ms)"
        );
        let remote = Remote::builder().add_member(Member::new(1, "a:1")).with_request_timeout(Duration::MAX);
        let endless = text(remote.connect().await.expect_err("no timeout"));
        assert!(endless.starts_with("Remote::builder(): with_request_timeout("), "{endless}");
    });
}

/// A `&[u8]` is encoded as its length, in 1, 3 or 5 bytes, and then its bytes.
const KEY_MAX: usize = (64 << 10) - 3;
const VALUE_MAX: usize = (4 << 20) - 1 - 5;

#[test]
fn keys_and_values_of_every_size() {
    run(async {
        for network in [Network::Tcp, Network::memory()] {
            let mut world = World::empty(network, 3).with_segment_len(16 << 20);
            world.start_all().await;
            let mut inside = Vec::new();
            for running in world.running.values() {
                let blobs: AsyncBlobs =
                    running.member.state_machine("blobs", Bag::default).open().await.unwrap();
                inside.push(blobs);
            }
            let remote = world.network.remote(&world.seeds).await.unwrap();
            inside.push(remote.resource("blobs").open().await.unwrap());
            match &world.network {
                // A member, whether it leads or forwards.
                Network::Memory(_) => sizes(&inside[0]).await,
                // The remote handle.
                Network::Tcp => {
                    sizes(&inside[3]).await;
                    at_once(&inside[3]).await;
                }
            }
            drop(remote);
            world.close_all().await;
        }
    });
}

async fn sizes(blobs: &AsyncBlobs) {
    let (largest_key, largest_value) = (vec![7; KEY_MAX], vec![8; VALUE_MAX]);
    for (key, value) in
        [(&[][..], &[][..]), (&[1], &[]), (&[], &[1]), (&largest_key, &[9; 100]), (&[], &largest_value)]
    {
        let kept = patiently(async || blobs.keep(key, value).await).await;
        assert_eq!(kept, value.len() as u64);
        assert_eq!(patiently(async || blobs.fetch(key).await).await, value);
    }
    patiently(async || blobs.keep_nothing((), ()).await).await;
    let error = blobs.keep(&vec![0; KEY_MAX + 1], &[]).await.expect_err("one byte too much");
    said(&error, 13, &["key", "65537", "65536"]);
    let error = blobs.fetch(&vec![0; KEY_MAX + 1]).await.expect_err("one byte too much");
    said(&error, 13, &["key"]);
    let error = blobs.keep(&[], &vec![0; VALUE_MAX + 1]).await.expect_err("one byte too much");
    said(&error, 13, &["command", "4194305", "4194304"]);
    let largest = (4 << 20) + (64 << 10) - 5;
    assert_eq!(patiently(async || blobs.long(largest).await).await.len() as u64, largest);
    let error = until("an answer", async || {
        let error = blobs.long(largest + 1).await.expect_err("one byte too much");
        (error.code() != 1).then_some(error)
    })
    .await;
    said(&error, 14, &["too large"]);
}

/// Sends several of the largest commands at the same time. Together they are longer than any message may be.
async fn at_once(blobs: &AsyncBlobs) {
    let value = vec![3; VALUE_MAX - 1];
    let keep = async |key: u8| {
        let kept = patiently(async || blobs.keep(&[key][..], &value).await).await;
        assert_eq!(kept as usize, value.len());
    };
    tokio::join!(keep(1), keep(2), keep(3));
    let lengths = async |key: u8| patiently(async || blobs.fetch(&[key]).await).await.len();
    assert_eq!(tokio::join!(lengths(1), lengths(2)), (value.len(), value.len()));
}
