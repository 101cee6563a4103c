//! Permissions: several roles for each name. `cargo run -p copycat-examples --example multi_map`.

mod members;

use copycat::Error;
use copycat_collections::Collections;
use members::{stop_leader, three_members};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Role {
    Reader,
    Writer,
    Owner { of: String },
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut members =
        three_members(async |member| member.multi_map::<String, Role>("roles").open().await).await?;
    members[0].1.put("ada".into(), Role::Writer).await?;
    members[1].1.put("ada".into(), Role::Owner { of: "notes".into() }).await?;
    members[2].1.put("grace".into(), Role::Reader).await?;
    assert!(!members[2].1.put("grace".into(), Role::Reader).await?, "once is enough");

    stop_leader(&mut members, "roles").await?;
    let (_, roles) = &members[0];
    println!("ada: {:?}", roles.get(&"ada".into()).await?);
    assert!(roles.contains_entry(&"ada".into(), &Role::Writer).await?);
    assert_eq!((roles.key_len().await?, roles.len().await?), (2, 3));

    roles.remove(&"grace".into(), &Role::Reader).await?;
    let mut entries = roles.iter();
    while let Some((name, role)) = entries.next().await.transpose()? {
        println!("{name} is {role:?}");
    }
    assert_eq!(roles.remove_all(&"ada".into()).await?, 2);
    assert!(roles.is_empty().await?);
    Ok(())
}
