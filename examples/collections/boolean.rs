//! Three members want to start a migration, and one of them does. It needs no runtime, because the proxies block. Run
//! it with `cargo run -p copycat-examples --example boolean`.

mod members;

use copycat::Error;
use copycat_collections::{Collections, SyncBoolean};
use members::three_members_sync;
use std::thread;

fn main() -> Result<(), Error> {
    let members = three_members_sync(|member| member.boolean("migration").open_sync())?;
    let mut workers = Vec::new();
    for (number, (_, started)) in members.iter().enumerate() {
        let started: SyncBoolean = started.clone();
        workers.push(thread::spawn(move || {
            let first = started.compare_and_set(false, true)?;
            println!("member {} {}", number + 1, if first { "migrates" } else { "leaves it to another" });
            Ok::<_, Error>(first)
        }));
    }
    let mut migrated = 0;
    for worker in workers {
        migrated += u32::from(worker.join().expect("the worker ends")?);
    }
    assert_eq!(migrated, 1, "exactly one");

    let (_, started) = &members[0];
    assert!(started.get()?);
    assert!(started.get_and_set(false)?, "it was, until now");
    assert!(started.toggle()?, "and is again");
    Ok(())
}
