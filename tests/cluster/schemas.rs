//! Programs whose commands differ from those of the members.

use super::world::{Network, World, patiently};
use copycat::{AsyncProxy, Error, Outcome, Remote, state_machine};
use copycat_collections::{AsyncMap, AsyncSet, Collections};
use serde::{Deserialize, Serialize};

/// What the members run.
mod first {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Price {
        pub cents: u64,
        pub count: u64,
    }

    #[state_machine]
    pub(super) trait Shop {
        #[write]
        fn add(&mut self, by: u32) -> u64;
        #[write]
        fn sell(&mut self, #[key] item: String, price: Price) -> u64;
        #[read]
        fn sum(&self) -> u64;
    }

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Till(u64);

    impl Shop for Till {
        fn add(&mut self, by: u32) -> u64 {
            self.0 += u64::from(by);
            self.0
        }

        fn sell(&mut self, _: String, price: Price) -> u64 {
            self.0 += price.cents * price.count;
            self.0
        }

        fn sum(&self) -> u64 {
            self.0
        }
    }
}

macro_rules! other_shop {
    ($module:ident: $by:ty, $item:ty, $result:ty, { $($field:ident),* }, $($more:tt)*) => {
        mod $module {
            use super::*;

            #[derive(Debug, Serialize, Deserialize)]
            pub(super) struct Renamed {
                $(pub $field: u64,)*
            }

            #[state_machine]
            pub(super) trait Shop {
                #[write]
                fn add(&mut self, by: $by) -> u64;
                #[write]
                fn sell(&mut self, #[key] item: $item, price: Renamed) -> u64;
                #[read]
                fn sum(&self) -> $result;
                $($more)*
            }
        }
    };
}

other_shop!(signed: i32, String, u64, { cents, count },);
other_shop!(reordered: u32, String, u64, { count, cents },);
other_shop!(another_key: u32, u64, u64, { cents, count },);
other_shop!(another_result: u32, String, i64, { cents, count },);
other_shop!(grown: u32, String, u64, { cents, count }, #[write] fn refund(&mut self, cents: u64) -> u64;);

/// Types whose values cannot be decoded.
mod undecodable {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Either {
        Number(u64),
        Text(String),
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Order {
        pub lines: Vec<Either>,
    }

    #[state_machine]
    pub(super) trait Orders {
        #[write]
        fn place(&mut self, order: Order) -> Option<Either>;
    }

    #[derive(Default, Serialize, Deserialize)]
    pub(super) struct Nothing;

    impl Orders for Nothing {
        fn place(&mut self, _: Order) -> Option<Either> {
            None
        }
    }
}

async fn refused<P: AsyncProxy>(remote: &Remote, resource: &str) -> Error {
    let error = remote.resource(resource).open::<P>().await.expect_err("the types contradict each other");
    assert_eq!((error.outcome(), error.is_retryable()), (Outcome::NotApplied, false), "{error}");
    error
}

#[tokio::test]
async fn a_remote_handle_of_other_types_is_refused_with_both_shapes() {
    let mut world = World::started(Network::memory(), 1).await;
    let member = world.member(1);
    let shop: first::AsyncShop =
        member.state_machine("shop", first::Till::default).open().await.expect("a resource");
    patiently(async || shop.add(100).await).await;
    let _set: AsyncSet<String> = member.set("seen").open().await.expect("a set");
    let remote = world.network.remote(&world.seeds).await.expect("a connection");

    let said = |error: Error, what: &str| {
        assert_eq!(error.code(), 218, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    };
    let error = refused::<signed::AsyncShop>(&remote, "shop").await;
    said(
        error,
        "the commands of `shop` are other ones on its members: `add`: its argument `by` was u32, and is i32; build",
    );
    said(
        refused::<reordered::AsyncShop>(&remote, "shop").await,
        "`sell`: its argument `price` was struct Price { cents: u64, count: u64 }, and is \
         struct Renamed { count: u64, cents: u64 };",
    );
    said(
        refused::<another_key::AsyncShop>(&remote, "shop").await,
        "`sell`: its argument `item` was String, and is u64;",
    );
    said(
        refused::<another_result::AsyncShop>(&remote, "shop").await,
        "`sum`: its result was u64, and is i64;",
    );
    said(
        refused::<copycat_collections::AsyncMap<String, u64>>(&remote, "seen").await,
        "the state machine was `Set`, and is `Map`;",
    );
    let error = remote.map("seen").open().await.map(|_: AsyncMap<u8, u8>| ()).expect_err("it is a set");
    assert_eq!(error.code(), 218, "{error}");

    // A type may have another name, and a command that the members do not know is refused when it is called.
    let grown: grown::AsyncShop = remote.resource("shop").open().await.expect("what both know agrees");
    assert_eq!(patiently(async || grown.sum().await).await, 100);
    let error = grown.refund(1).await.expect_err("the members do not know it");
    assert_eq!(error.outcome(), Outcome::NotApplied, "{error}");
    drop((remote, shop));
    world.close_all().await;
}

#[tokio::test]
async fn types_that_cannot_be_decoded_are_refused_before_anything_is_opened() {
    let mut world = World::started(Network::memory(), 1).await;
    let opened = world.member(1).state_machine("orders", undecodable::Nothing::default).open().await;
    let error = opened.map(|_: undecodable::AsyncOrders| ()).expect_err("it could never apply a command");
    let text = "`Order` in `place`; `Option` in `place`: values of it cannot be decoded, because it needs a \
                self-describing format";
    assert!(error.code() == 217 && error.to_string().starts_with(text), "{error}");
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    assert_eq!(refused::<undecodable::AsyncOrders>(&remote, "orders").await.code(), 217);
    drop(remote);
    world.close_all().await;
}
