//! What two shapes contradict each other in.

use super::super::contradiction::contradiction;
use super::traced;
use serde::Deserialize;
use std::collections::BTreeMap;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Debug, Deserialize)] #[allow(dead_code)] $item )*};
}

/// Returns the first difference in words, or nothing.
fn difference<L: Deserialize<'static>, R: Deserialize<'static>>() -> String {
    let (left, right) = (traced::<L>().unwrap(), traced::<R>().unwrap());
    let found = contradiction((&left.0, &left.1), (&right.0, &right.1));
    assert_eq!(found.is_some(), contradiction((&right.0, &right.1), (&left.0, &left.1)).is_some());
    found.map_or_else(String::new, |it| format!("{}: {} / {}", it.path, it.recorded, it.found))
}

mod one {
    use super::*;
    derived! {
        pub(super) struct Order { id: u64, lines: Vec<Line> }
        pub(super) struct Line { sku: String, price: u64, count: u64 }
        pub(super) enum Event { Open, Deposit(u64), Close { reason: String } }
        pub(super) struct Tree { value: u8, children: Vec<Tree> }
        pub(super) enum Level { Low, High }
        pub(super) struct Point { x: u8, y: u8 }
    }
}

mod two {
    use super::*;
    derived! {
        pub(super) struct Order { id: u64, lines: Vec<Line> }
        pub(super) struct Line { sku: String, count: u64, price: u64 }
        pub(super) enum Event { Open, Deposit(u64), Close { reason: String }, Pause }
        pub(super) struct Bush { value: u8, children: Vec<Bush> }
        pub(super) enum Moved { Deposit(u64), Open, Close { reason: String } }
        pub(super) enum Wider { Open, Deposit(i64), Close { reason: String } }
        pub(super) struct Cents(u64);
        pub(super) struct Named { cents: u64 }
        pub(super) enum Level { #[serde(alias = "Low")] Bottom, High }
        pub(super) enum Other { #[serde(alias = "Lower")] Bottom, High }
        pub(super) struct Point { #[serde(alias = "left")] x: u8, #[serde(alias = "top")] y: u8 }
        pub(super) struct Swapped { #[serde(alias = "left")] y: u8, x: u8 }
    }
}

#[test]
fn shapes_that_agree() {
    assert_eq!(difference::<u64, u64>(), "");
    assert_eq!(difference::<one::Tree, two::Bush>(), "");
    assert_eq!(difference::<u64, two::Cents>(), "");
    assert_eq!(difference::<Vec<u8>, serde_bytes::ByteBuf>(), "");
    assert_eq!(difference::<usize, u64>(), "");
    assert_eq!(difference::<[u8; 2], (u8, u8)>(), "");
    // An alias may be added, and another name with the former one as its alias.
    assert_eq!(difference::<one::Level, two::Level>(), "");
    assert_eq!(difference::<one::Point, two::Point>(), "");
}

#[test]
fn shapes_that_differ() {
    assert_eq!(difference::<u32, i32>(), ": u32 / i32");
    assert_eq!(difference::<u64, i64>(), ": u64 / i64");
    assert_eq!(difference::<u64, u32>(), ": u64 / u32");
    assert_eq!(difference::<Vec<Option<u8>>, Vec<Option<u16>>>(), "[]?: u8 / u16");
    assert_eq!(difference::<BTreeMap<u8, u8>, BTreeMap<u16, u8>>(), "[key]: u8 / u16");
    assert_eq!(difference::<BTreeMap<u8, bool>, BTreeMap<u8, char>>(), "[value]: bool / char");
    assert_eq!(difference::<BTreeMap<u8, u8>, Vec<(u8, u8)>>(), ": Map<u8, u8> / Vec<(u8, u8)>");
    assert_eq!(difference::<(u8, u8), (u8, u8, u8)>(), ": (u8, u8) / (u8, u8, u8)");
    assert_eq!(difference::<(u8, String), (u8, char)>(), ".1: String / char");
    assert_eq!(difference::<u64, two::Named>(), ": u64 / struct Named { cents: u64 }");
    assert_eq!(
        difference::<one::Order, two::Order>(),
        ".lines[]: struct Line { sku: String, price: u64, count: u64 } / \
         struct Line { sku: String, count: u64, price: u64 }"
    );
    assert_eq!(
        difference::<one::Event, two::Event>(),
        ": enum Event { Open, Deposit(u64), Close { reason: String } } / \
         enum Event { Open, Deposit(u64), Close { reason: String }, Pause }"
    );
    assert_eq!(
        difference::<one::Level, two::Other>(),
        ": enum Level { Low, High } / enum Other { \"Bottom|Lower\", High }"
    );
    assert!(!difference::<two::Point, two::Swapped>().is_empty());
    assert_eq!(difference::<one::Event, two::Wider>(), "::Deposit: u64 / i64");
    assert!(difference::<one::Event, two::Moved>().starts_with(": enum Event"));
    assert!(difference::<Option<u8>, Vec<u8>>().starts_with(": Option<u8>"));
}
