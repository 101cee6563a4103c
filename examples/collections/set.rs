//! Deliveries that reach every member, and are handled by one: `cargo run -p copycat-examples --example set`.

mod members;

use copycat::Error;
use copycat_collections::{AsyncSet, Collections};
use members::three_members;

/// Handles the deliveries that no other member handles. Returns their number.
async fn handle(seen: AsyncSet<u64>) -> Result<usize, Error> {
    let mut handled = 0;
    for delivery in 0..100 {
        // Of several members that insert an element, exactly one is told that it is new.
        if seen.insert(delivery).await? {
            handled += 1;
        }
    }
    Ok(handled)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let members = three_members(async |member| member.set("seen").with_partitions(4).open().await).await?;
    let handlers: Vec<_> = members.iter().map(|(_, seen)| tokio::spawn(handle(seen.clone()))).collect();
    let mut all = 0;
    for (number, handler) in handlers.into_iter().enumerate() {
        let handled = handler.await.expect("the handler ends")?;
        println!("member {} handled {handled} of 100", number + 1);
        all += handled;
    }
    assert_eq!(all, 100, "each delivery once");

    let (_, seen) = &members[0];
    let forgotten = seen.retain_all((90..200).collect()).await?;
    println!("{forgotten} forgotten; the first that is left is {:?}", seen.first().await?);
    assert_eq!((forgotten, seen.elements(Some(97), 9).await?.items), (90, vec![98, 99]));
    Ok(())
}
