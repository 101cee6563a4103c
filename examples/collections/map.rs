//! A map of users that survives the loss of its leader: `cargo run -p copycat-examples --example map`.

mod members;

use copycat::Error;
use copycat_collections::Collections;
use members::{stop_leader, three_members};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    mail: String,
    visits: u32,
}

fn user(name: &str) -> User {
    User { mail: format!("{name}@example.org"), visits: 0 }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut members = three_members(async |member| member.map::<String, User>("users").open().await).await?;
    let (_, users) = &members[0];
    users.put_all(["ada", "grace", "mary"].map(|name| (name.into(), user(name))).into()).await?;

    stop_leader(&mut members, "users").await?;
    let (_, users) = &members[0];
    // `update` reads, changes and writes. It retries if another write came first, so no visit is lost.
    let visit = |user: Option<User>| user.map(|user| User { visits: user.visits + 1, ..user });
    let ada = String::from("ada");
    tokio::try_join!(users.update(&ada, visit), users.update(&ada, visit), users.update(&ada, visit))?;

    let mut all = users.iter();
    while let Some((name, user)) = all.next().await.transpose()? {
        println!("{name} has been here {} times, and reads {}", user.visits, user.mail);
    }
    assert_eq!(users.get(&ada).await?.map(|user| user.visits), Some(3));
    let there = users.put_if_absent(ada, user("mallory")).await?;
    assert_eq!(there.map(|user| user.mail), Some("ada@example.org".into()));
    Ok(())
}
