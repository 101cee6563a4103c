//! Unique numbers, through any member: `cargo run -p copycat-examples --example long`.

mod members;

use copycat::Error;
use copycat_collections::{AsyncLong, Collections};
use members::three_members;
use std::collections::BTreeSet;

async fn take(numbers: AsyncLong) -> Result<Vec<i64>, Error> {
    let mut taken = Vec::new();
    for _ in 0..100 {
        taken.push(numbers.increment_and_get().await?);
    }
    Ok(taken)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let members = three_members(async |member| member.long("numbers").open().await).await?;
    let takers: Vec<_> = members.iter().map(|(_, numbers)| tokio::spawn(take(numbers.clone()))).collect();
    let mut all = BTreeSet::new();
    for taker in takers {
        let taken = taker.await.expect("the taker ends")?;
        println!("one took {} numbers, up to {:?}", taken.len(), taken.last());
        all.extend(taken);
    }
    assert_eq!(all, (1..=300).collect(), "each number once, and none is missing");

    let (_, numbers) = &members[0];
    assert_eq!(numbers.checked_add(i64::MAX).await?, None, "too much, and nothing was changed");
    assert_eq!(numbers.update(|number| number * 2).await?, 600);
    assert_eq!(numbers.min_with(100).await?, 100);
    println!("the next is {}", numbers.increment_and_get().await?);
    Ok(())
}
