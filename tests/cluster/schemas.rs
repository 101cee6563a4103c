//! Programs whose commands differ from those of the members.

use super::world::{Network, World, patiently, until};
use copycat::{
    AsyncProxy, Consistency, Copycat, Dispatch, Error, ErrorKind, Outcome, Proxy, Remote, state_machine,
};
use copycat_collections::{AsyncMap, AsyncSet, Collections};
use serde::de::DeserializeOwned;
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
    ($module:ident: $by:ty, $item:ty, $result:ty, { $($field:ident),* }, { $($more:tt)* }, { $($body:tt)* }) => {
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

            /// Never applies an entry: those in the log have other types.
            #[derive(Default, Serialize, Deserialize)]
            #[allow(dead_code, reason = "one of the programs is no member")]
            pub(super) struct Never;

            impl Shop for Never {
                fn add(&mut self, _: $by) -> u64 {
                    unreachable!()
                }

                fn sell(&mut self, _: $item, _: Renamed) -> u64 {
                    unreachable!()
                }

                fn sum(&self) -> $result {
                    unreachable!()
                }

                $($body)*
            }
        }
    };
}

other_shop!(signed: i32, String, u64, { cents, count }, {}, {});
other_shop!(reordered: u32, String, u64, { count, cents }, {}, {});
other_shop!(another_key: u32, u64, u64, { cents, count }, {}, {});
other_shop!(another_result: u32, String, i64, { cents, count }, {}, {});
other_shop!(
    grown: u32, String, u64, { cents, count },
    { #[write] fn refund(&mut self, cents: u64) -> u64; },
    { fn refund(&mut self, cents: u64) -> u64 { cents } }
);
other_shop!(
    grown_otherwise: u32, String, u64, { cents, count },
    { #[write] fn refund(&mut self, cents: i64) -> u64; },
    { fn refund(&mut self, _: i64) -> u64 { unreachable!() } }
);

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

/// Opens the resource on a member, which must refuse it.
async fn refused_inside<
    P: AsyncProxy<Commands: Dispatch<S>>,
    S: Default + Serialize + DeserializeOwned + Send + 'static,
>(
    member: &Copycat,
    what: &str,
) {
    let opened = member.state_machine("shop", S::default).open::<P, S>().await;
    let error = opened.map(drop).expect_err("the types contradict the record");
    assert_eq!(
        (error.code(), error.outcome(), error.is_retryable()),
        (218, Outcome::NotApplied, false),
        "{error}"
    );
    assert!(error.to_string().contains(what), "{error}");
}

#[tokio::test]
async fn a_member_whose_types_have_changed_is_refused_with_both_shapes_and_remedy() {
    let mut world = World::started(Network::memory(), 3).await;
    let mut shops = Vec::new();
    for id in world.ids() {
        let member = world.member(id);
        let shop: first::AsyncShop =
            member.state_machine("shop", first::Till::default).open().await.expect("a resource");
        let (map, set) = (member.map("users").with_partitions(4), member.set("seen"));
        let map: AsyncMap<String, u64> = map.open().await.expect("a map");
        let set: AsyncSet<String> = set.open().await.expect("a set");
        shops.push((shop, map, set));
    }
    patiently(async || shops[0].0.add(100).await).await;
    patiently(async || shops[0].1.put("ada".into(), 7).await).await;
    patiently(async || shops[0].2.insert("ada".into()).await).await;
    // The third member has applied it, so it knows what is on record.
    let (shop, map, set) = shops.pop().expect("the third member's");
    until("the third member has it all", async || {
        let sum = shop.with_consistency(Consistency::Eventual).sum().await.ok()?;
        let user = map.with_consistency(Consistency::Eventual).get(&"ada".into()).await.ok()?;
        let seen = set.with_consistency(Consistency::Eventual).contains(&"ada".into()).await.ok()?;
        ((sum, user, seen) == (100, Some(7), true)).then_some(())
    })
    .await;
    drop((shop, map, set));
    world.close(3).await;
    world.start(3).await;
    let member = world.member(3);
    refused_inside::<signed::AsyncShop, signed::Never>(
        member,
        "what `shop` has on record contradicts this program: `add`: its argument `by` was u32, and is i32; start it \
         with the trait and types that are on record, or open the resource under another name",
    )
    .await;
    refused_inside::<reordered::AsyncShop, reordered::Never>(
        member,
        "`sell`: its argument `price` was struct Price { cents: u64, count: u64 }, and is \
         struct Renamed { count: u64, cents: u64 };",
    )
    .await;
    refused_inside::<another_key::AsyncShop, another_key::Never>(
        member,
        "`sell`: its argument `item` was String, and is u64;",
    )
    .await;
    refused_inside::<another_result::AsyncShop, another_result::Never>(
        member,
        "`sum`: its result was u64, and is i64;",
    )
    .await;
    let error = member.map("seen").open().await.map(|_: AsyncMap<String, u64>| ()).expect_err("it is a set");
    assert!(
        error.code() == 218 && error.to_string().contains("the state machine was `Set`, and is `Map`"),
        "{error}"
    );
    let opened = member.map("users").with_partitions(8).open().await;
    let error = opened.map(|_: AsyncMap<String, u64>| ()).expect_err("it has four partitions");
    assert_eq!(error.code(), 216, "{error}");
    let text = "`users` has 4 partitions on its members, and was to be opened with 8; open it with as many";
    assert!(error.to_string().starts_with(text), "{error}");

    // Nothing was opened by these attempts, and nothing was lost.
    let shop: first::AsyncShop =
        member.state_machine("shop", first::Till::default).open().await.expect("the types on record");
    assert_eq!(patiently(async || shop.sum().await).await, 100);
    let users: AsyncMap<String, u64> = member.map("users").with_partitions(4).open().await.expect("a map");
    assert_eq!(patiently(async || users.get(&"ada".into()).await).await, Some(7));
    drop(shops);
    world.close_all().await;
}

#[tokio::test]
async fn a_handle_from_before_a_command_was_on_record_is_refused_if_its_types_are_others() {
    let mut world = World::started(Network::memory(), 1).await;
    let open = world.member(1).state_machine("shop", first::Till::default).open();
    let shop: first::AsyncShop = open.await.expect("a resource");
    assert_eq!(patiently(async || shop.sum().await).await, 0);
    // Both handles have a command that the members lack, so nothing contradicts them yet.
    let remote = world.network.remote(&world.seeds).await.expect("a remote handle");
    let same: grown::AsyncShop = remote.resource("shop").open().await.expect("the newer program");
    let other: grown_otherwise::AsyncShop = remote.resource("shop").open().await.expect("another one");
    assert_eq!(other.refund(-5).await.expect_err("nobody has it").kind(), ErrorKind::UnknownMethod);
    drop(shop);
    world.close(1).await;
    world.start(1).await;
    let member = world.member(1);
    let _shop: grown::AsyncShop =
        member.state_machine("shop", || grown::Never).open().await.expect("the newer program");
    assert_eq!(patiently(async || same.refund(5).await).await, 5);
    let error = other.refund(-5).await.expect_err("the handle has other types");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::OtherTypes, Outcome::NotApplied), "{error}");
    assert_eq!(
        error.to_string(),
        "`refund` of `shop`: the command has other types on the member than in the caller's program; build the program \
         with the types that are on record, and open the resource again"
    );
    assert_eq!(
        other
            .sell("tea".into(), grown_otherwise::Renamed { cents: 1, count: 1 })
            .await
            .map_err(|error| error.kind()),
        Err(ErrorKind::Panicked),
        "the other commands are the same"
    );
    world.close_all().await;
}

#[tokio::test]
async fn a_handle_without_the_trait_sends_commands_as_json() {
    let mut world = World::started(Network::memory(), 1).await;
    let member = world.member(1);
    let shop: first::AsyncShop =
        member.state_machine("shop", first::Till::default).open().await.expect("a resource");
    let users: AsyncMap<String, u64> = member.map("users").with_partitions(4).open().await.expect("a map");
    patiently(async || shop.add(100).await).await;
    patiently(async || users.put("ada".into(), 7).await).await;
    let remote = world.network.remote(&world.seeds).await.expect("a connection");
    let send = async |resource: &str, name: &str, json: &str| {
        remote.resource(resource).submit_json(name, json).await
    };
    assert_eq!(send("shop", "add", "[5]").await.expect("an answer"), "105");
    let sell = r#"{"item": "apple", "price": {"cents": 10, "count": 2}}"#;
    assert_eq!(send("shop", "sell", sell).await.expect("an answer"), "125");
    assert_eq!(send("shop", "sum", "[]").await.expect("an answer"), "125");
    assert_eq!(send("users", "get", r#"["ada"]"#).await.expect("the right partition"), "7");
    assert_eq!(send("users", "get", r#"["grace"]"#).await.expect("the right partition"), "null");

    let refused = async |resource: &str, name: &str, json: &str, code: u16, text: &str| {
        let error = send(resource, name, json).await.expect_err("it does not fit");
        assert_eq!((error.code(), error.outcome()), (code, Outcome::NotApplied), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    };
    refused("shop", "add", "[-1]", 12, "-1 where u32 is expected").await;
    refused("shop", "sell", r#"["apple", {"cents": 1}]"#, 12, "`count` is missing").await;
    refused("shop", "refund", "[1]", 10, "`shop` has no command `refund`").await;
    refused("users", "clear", "[]", 106, "4 partitions").await;
    refused("", "clear", "[]", 200, "").await;
    drop((remote, shop, users));
    world.close_all().await;
}

#[tokio::test]
async fn the_log_of_a_member_is_json_without_its_program() {
    let mut world = World::started(Network::memory(), 1).await;
    let directory = world.directory(1);
    {
        let member = world.member(1);
        let shop: first::AsyncShop =
            member.state_machine("shop", first::Till::default).open().await.expect("a resource");
        let users = member.map("users").with_partitions(2).open();
        let users: AsyncMap<String, Option<u64>> = users.await.expect("a map");
        patiently(async || shop.add(100).await).await;
        let price = || first::Price { cents: 10, count: 2 };
        patiently(async || shop.sell("an \"apple\"".into(), price()).await).await;
        patiently(async || users.put("ada".into(), None).await).await;
    }
    let error = copycat::log_entries(&directory).map(drop).expect_err("the member runs");
    assert_eq!(error.code(), 201, "{error}");
    world.close_all().await;

    let entries = copycat::log_entries(&directory).expect("the log of a member that was closed");
    let lines: Vec<String> = entries.collect::<Result<_, _>>().expect("an intact log");
    let of = |resource: &str| {
        let named = format!(r#""resource":"{resource}""#);
        lines.iter().filter(|line| line.contains(&named)).collect::<Vec<_>>()
    };
    let ends = |lines: Vec<&String>, end: &str| {
        assert!(lines.iter().any(|line| line.ends_with(end)), "{end} is not among {lines:#?}");
    };
    ends(of("shop"), r#""partition":0,"command":"add","arguments":{"by":100}}"#);
    let sold = r#""command":"sell","arguments":{"item":"an \"apple\"","price":{"cents":10,"count":2}}}"#;
    ends(of("shop"), sold);
    ends(of("users"), r#""command":"put","arguments":{"key":"ada","value":null}}"#);
    assert!(of("shop").iter().any(|line| line.contains(r#""entry":{"record":"#)), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(r#""entry":{"configuration":[1]}"#)), "{lines:#?}");
    assert!(
        lines.iter().all(|line| line.contains(r#""committed":true"#)),
        "it was closed in order: {lines:#?}"
    );
    assert!(copycat::log_entries(directory.join("nothing")).is_err());
    // It can be read again, and the member starts again.
    assert_eq!(copycat::log_entries(&directory).expect("a log").count(), lines.len());
    world.start(1).await;
    world.close_all().await;
}
