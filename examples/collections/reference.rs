//! A configuration that all members read, and that any of them may change: `cargo run -p copycat-examples --example
//! reference`.

mod members;

use copycat::Error;
use copycat_collections::Collections;
use members::{stop_leader, three_members};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    greeting: String,
    limit: u32,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut members =
        three_members(async |member| member.reference::<Settings>("settings").open().await).await?;
    let first = Settings { greeting: "Welcome".into(), limit: 10 };
    assert!(members[0].1.compare_and_set(None, Some(first.clone())).await?);
    assert!(!members[1].1.compare_and_set(None, Some(first)).await?, "somebody was faster");

    stop_leader(&mut members, "settings").await?;
    let (_, settings) = &members[0];
    // Two updates change different parts at the same time, and neither change is lost.
    let louder = |old: Option<Settings>| old.map(|old| Settings { greeting: old.greeting + "!", ..old });
    let wider = |old: Option<Settings>| old.map(|old| Settings { limit: old.limit * 2, ..old });
    tokio::try_join!(settings.update(louder), settings.update(wider))?;
    println!("{:?}", settings.get().await?);
    assert_eq!(settings.get().await?, Some(Settings { greeting: "Welcome!".into(), limit: 20 }));

    settings.clear().await?;
    assert!(!settings.is_set().await?);
    Ok(())
}
