//! A shared to-do list: `cargo run -p copycat-examples --example list`.

mod members;

use copycat::Error;
use copycat_collections::Collections;
use members::{stop_leader, three_members};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut members = three_members(async |member| member.list::<String>("to do").open().await).await?;
    members[0].1.push("write it down".into()).await?;
    members[1].1.push("sleep".into()).await?;
    members[2].1.insert(1, "do it".into()).await?;

    stop_leader(&mut members, "to do").await?;
    let (_, list) = &members[0];
    let mut things = list.iter();
    while let Some(thing) = things.next().await.transpose()? {
        println!("to do: {thing}");
    }
    assert_eq!(list.range(0, 2, 100).await?.items, ["write it down", "do it"]);
    assert_eq!(list.index_of(&"sleep".into()).await?, Some(2));

    // A position that does not exist is no error: nothing happens, and the answer says so.
    assert_eq!(list.set(7, "rest".into()).await?, None);
    assert!(!list.insert(7, "rest".into()).await?);
    while let Some(thing) = list.pop().await? {
        println!("done: {thing}");
    }
    assert!(list.is_empty().await?);
    Ok(())
}
