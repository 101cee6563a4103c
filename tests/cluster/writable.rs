//! Arguments and results of types that bring their own codec.

use super::world::{Network, World, patiently};
use copycat::{AsyncProxy, ErrorKind, MalformedValue, Outcome, Writable, state_machine, writable};
use serde::{Deserialize, Serialize};

/// A point of a board of 16 by 16: one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    x: u8,
    y: u8,
}

impl Writable for Point {
    const NAME: &'static str = "Point";
    const CODEC: u8 = 200;

    fn write(&self, buffer: &mut Vec<u8>) {
        buffer.push(self.x << 4 | self.y);
    }

    fn read(bytes: &[u8]) -> Result<Point, MalformedValue> {
        match bytes {
            [both] => Ok(Point { x: both >> 4, y: both & 15 }),
            _ => Err(MalformedValue("one byte")),
        }
    }

    fn sample() -> Point {
        Point { x: 0, y: 0 }
    }
}

writable!(Point);

/// The same point in two bytes: another format, so another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WidePoint(Point);

impl Writable for WidePoint {
    const NAME: &'static str = "Point";
    const CODEC: u8 = 201;

    fn write(&self, buffer: &mut Vec<u8>) {
        buffer.extend([self.0.x, self.0.y]);
    }

    fn read(bytes: &[u8]) -> Result<WidePoint, MalformedValue> {
        match bytes {
            [x, y] => Ok(WidePoint(Point { x: *x, y: *y })),
            _ => Err(MalformedValue("two bytes")),
        }
    }

    fn sample() -> WidePoint {
        WidePoint(Point::sample())
    }
}

writable!(WidePoint);

mod narrow {
    use super::*;

    #[state_machine]
    pub(super) trait Board {
        #[write]
        fn place(&mut self, #[key] at: Point, stones: Vec<Point>) -> Option<Point>;
        #[read(merge = max)]
        fn count(&self) -> u64;
    }
}

mod wide {
    use super::*;

    #[state_machine]
    pub(super) trait Board {
        #[write]
        fn place(&mut self, #[key] at: WidePoint, stones: Vec<Point>) -> Option<Point>;
        #[read(merge = max)]
        fn count(&self) -> u64;
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Stones(Vec<Point>);

impl narrow::Board for Stones {
    fn place(&mut self, at: Point, stones: Vec<Point>) -> Option<Point> {
        let before = self.0.last().copied();
        self.0.extend(stones);
        self.0.push(at);
        before
    }

    fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

#[tokio::test]
async fn a_command_with_values_in_their_own_codec() {
    let mut world = World::started(Network::memory(), 1).await;
    let open = world.member(1).state_machine("board", Stones::default).with_partitions(4).open();
    let inside: narrow::AsyncBoard = open.await.expect("a resource");
    let (one, other) = (Point { x: 3, y: 14 }, Point { x: 15, y: 0 });
    assert_eq!(patiently(async || inside.place(one, vec![other]).await).await, None);

    let remote = world.network.remote(&world.seeds).await.expect("a remote handle");
    let board: narrow::AsyncBoard =
        remote.resource("board").with_partitions(4).open().await.expect("the resource");
    assert_eq!(board.place(one, vec![]).await.expect("placed"), Some(one), "the same partition");
    assert_eq!(board.submit::<Option<Point>>("place", &(one, [other])).await.expect("placed"), Some(one));
    let error =
        board.submit::<Option<Point>>("place", &(WidePoint(one), [other])).await.expect_err("another");
    assert_eq!(error.kind(), ErrorKind::BadArguments);
    assert!(error.to_string().contains("Point (codec 201) where Point (codec 200) is expected"), "{error}");

    // Without any of the types.
    let untyped = || remote.resource("board");
    let placed =
        untyped().submit_json("place", r#"[{"Point":[62]},[{"Point":[240]}]]"#).await.expect("placed");
    assert_eq!(placed, r#"{"Point":[62]}"#);
    let malformed = untyped().submit_json("place", r#"[{"Point":[62]},[{"Point":[1,2]}]]"#).await;
    let error = malformed.expect_err("a point has one byte");
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::BadArguments, Outcome::NotApplied), "{error}");
    assert_eq!(board.count().await.expect("a count"), 7, "what was refused changed nothing");

    let opened = remote.resource("board").with_partitions(4).open::<wide::AsyncBoard>().await;
    let error = opened.expect_err("the key has another codec");
    assert_eq!(error.kind(), ErrorKind::OtherCommands);
    assert!(
        error
            .to_string()
            .contains("`place`: its argument `at` was Point (codec 200), and is Point (codec 201)"),
        "{error}"
    );
    drop((inside, board));
    world.close_all().await;
}
