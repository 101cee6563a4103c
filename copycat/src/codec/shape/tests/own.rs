//! Types as users write them: derived in all ways that serde offers, recursive, and by hand.

use super::{Traced, Tracer, shapes, traced};
use serde::de::{self, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Debug, Serialize, Deserialize)] #[allow(dead_code)] $item )*};
}

derived! {
    struct Marker;
    struct Cents(u64);
    struct Pair(u8, String);
    struct Empty {}
    struct Order { id: u64, lines: Vec<Line>, paid: Option<Cents> }
    struct Line { sku: String, price: Cents }
    enum Level { Low, Middle, High }
    enum Event { Nothing, Deposit(u64), Transfer(String, u64), Close { account: String, reason: Option<Level> } }
    enum Never {}
    struct Generic<T> { value: T, more: Vec<T> }
    struct Chain(Option<Box<Chain>>);
    struct Tree { value: u8, children: Vec<Tree> }
    struct Graph { edges: BTreeMap<String, Graph>, label: String }
    enum Expression { Sum(Box<Expression>, Box<Expression>), Product(Box<Expression>, Box<Expression>), Number(i64) }
    enum Json { Array(Vec<Json>), Object(BTreeMap<String, Json>), Text(String), Null }
    struct Left { right: Option<Box<Right>> }
    struct Right { left: Vec<Left>, end: u8 }
    struct Endless(Box<Endless>);
    enum AllEndless { One(Box<AllEndless>), Two(Box<AllEndless>) }
    #[serde(transparent)] struct Transparent { inner: Vec<u16> }
    #[serde(rename = "Renamed", rename_all = "camelCase")] struct WithRenames { first_name: String, #[serde(rename = "b")] a: u8 }
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")] enum Loud { VeryLoud, #[serde(rename = "x")] Quiet }
    struct Skipping { kept: u8, #[serde(skip)] cached: u64, last: bool }
    enum SkippingVariant { Deposit(u64), #[serde(skip)] Cached, Withdraw(u64) }
    #[serde(from = "u64", into = "u64")] #[derive(Clone)] struct From64(u64);
    #[serde(default)] #[derive(Default)] struct WithDefaults { a: u8, b: String }
    #[serde(untagged)] enum Untagged { A(u8), B(String) }
    #[serde(tag = "t")] enum Tagged { A { x: u8 }, B { y: u8 } }
    #[serde(tag = "t", content = "c")] enum Adjacent { A(u8), B(String) }
    struct Flat { a: u8, #[serde(flatten)] rest: Cents2 }
    struct Cents2 { cents: u64 }
    struct Deep { outer: Vec<Option<Untagged>> }
    #[serde(try_from = "u8", into = "u8")] #[derive(Clone)] struct Even(u8);
    #[serde(try_from = "(u8, u8)", into = "(u8, u8)")] #[derive(Clone)] struct Interval(u8, u8);
    struct AfterEven { even: Even, interval: Interval, name: String }
    struct Unusual { never: Option<Never>, either: Result<u8, Never> }
    struct Private { key: Picky, after: u8 }
    struct LastPrivate { before: u8, key: Picky }
    struct Aliases { #[serde(alias = "b")] a: u8, c: String }
    struct AroundAliases { aliases: Aliases, more: Vec<Aliases>, last: u8 }
    enum WithAlias { #[serde(alias = "X")] A, B(u8) }
    enum WithOther { #[serde(alias = "X")] A, B(u8), #[serde(other)] Other }
    enum Wrapped { Named { #[serde(alias = "y")] x: u8, z: bool } }
    enum Two { A, B }
    struct Many { a: Level, b: Level, c: Event, d: Option<Event>, e: Vec<Event>, f: (Level, Level) }
}

impl From<u64> for From64 {
    fn from(number: u64) -> From64 {
        From64(number)
    }
}

impl From<From64> for u64 {
    fn from(value: From64) -> u64 {
        value.0
    }
}

impl TryFrom<u8> for Even {
    type Error = &'static str;
    fn try_from(number: u8) -> Result<Even, &'static str> {
        if number.is_multiple_of(2) && number > 0 { Ok(Even(number)) } else { Err("odd") }
    }
}

impl From<Even> for u8 {
    fn from(even: Even) -> u8 {
        even.0
    }
}

impl TryFrom<(u8, u8)> for Interval {
    type Error = &'static str;
    fn try_from((from, to): (u8, u8)) -> Result<Interval, &'static str> {
        if from < to { Ok(Interval(from, to)) } else { Err("empty") }
    }
}

impl From<Interval> for (u8, u8) {
    fn from(interval: Interval) -> (u8, u8) {
        (interval.0, interval.1)
    }
}

/// A text that nobody guesses.
#[derive(Debug, Serialize)]
struct Picky(String);

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Picky, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "sesame" { Ok(Picky(text)) } else { Err(de::Error::custom("not the word")) }
    }
}

#[test]
fn structs() {
    shapes! {
        Marker => "Marker; struct Marker",
        Cents => "Cents; struct Cents(u64)",
        Pair => "Pair; struct Pair(u8, String)",
        Empty => "Empty; struct Empty { }",
        Order => "Order; struct Order { id: u64, lines: Vec<Line>, paid: Option<Cents> }; \
            struct Line { sku: String, price: Cents }; struct Cents(u64)",
        Generic<u8> => "Generic; struct Generic { value: u8, more: Vec<u8> }",
        (Generic<u8>, Generic<Line>) => "(Generic, Generic#2); struct Generic { value: u8, more: Vec<u8> }; \
            struct Generic#2 { value: Line, more: Vec<Line> }; struct Line { sku: String, price: Cents }; \
            struct Cents(u64)",
        Transparent => "Vec<u16>",
        WithRenames => "Renamed; struct Renamed { firstName: String, b: u8 }",
        Skipping => "Skipping; struct Skipping { kept: u8, last: bool }",
        WithDefaults => "WithDefaults; struct WithDefaults { a: u8, b: String }",
        From64 => "u64",
    }
}

#[test]
fn enums() {
    shapes! {
        Level => "Level; enum Level { Low, Middle, High }",
        Vec<Level> => "Vec<Level>; enum Level { Low, Middle, High }",
        Event => "Event; enum Event { Nothing, Deposit(u64), Transfer(String, u64), \
            Close { account: String, reason: Option<Level> } }; enum Level { Low, Middle, High }",
        Never => "Never; enum Never { }",
        Unusual => "Unusual; struct Unusual { never: Option<Never>, either: Result }; enum Never { }; \
            enum Result { Ok(u8), Err(Never) }",
        Loud => "Loud; enum Loud { VERY_LOUD, x }",
        SkippingVariant => "SkippingVariant; enum SkippingVariant { Deposit(u64), Withdraw(u64) }",
        // The tag is a struct's first field, the content its second: bincode can read that.
        Many => "Many; struct Many { a: Level, b: Level, c: Event, d: Option<Event>, e: Vec<Event>, \
            f: (Level, Level) }; enum Level { Low, Middle, High }; enum Event { Nothing, Deposit(u64), \
            Transfer(String, u64), Close { account: String, reason: Option<Level> } }",
    }
}

#[test]
fn aliases_are_no_fields() {
    shapes! {
        Aliases => "Aliases; struct Aliases { a: u8, c: String }",
        AroundAliases => "AroundAliases; struct AroundAliases { aliases: Aliases, more: Vec<Aliases>, last: u8 }; \
            struct Aliases { a: u8, c: String }",
        Wrapped => "Wrapped; enum Wrapped { Named { x: u8, z: bool } }",
        // Which of its names is the alias is not known.
        WithAlias => "WithAlias; enum WithAlias { \"A|X\", B(u8) }",
        // Which numbers it reads is not known.
        WithOther => "opaque",
    }
}

/// Reads a variant, and then what it says.
#[derive(Debug)]
struct ByKind;

impl<'de> Deserialize<'de> for ByKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByKind, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = ByKind;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a kind and a value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<ByKind, A::Error> {
                match parts.next_element::<Two>()? {
                    Some(Two::A) => parts.next_element::<u64>().map(drop)?,
                    _ => parts.next_element::<String>().map(drop)?,
                }
                Ok(ByKind)
            }
        }
        deserializer.deserialize_tuple(2, Parts)
    }
}

/// A map as one flat list: text, number, text, number.
#[derive(Debug)]
struct FlatMap;

impl<'de> Deserialize<'de> for FlatMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FlatMap, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = FlatMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys and values")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<FlatMap, A::Error> {
                while parts.next_element::<String>()?.is_some() {
                    parts.next_element::<u64>()?.ok_or_else(|| de::Error::custom("a value"))?;
                }
                Ok(FlatMap)
            }
        }
        deserializer.deserialize_seq(Parts)
    }
}

#[test]
fn what_depends_on_a_variant_or_a_position_is_opaque_also_if_its_parts_are_known() {
    shapes! { ByKind => "opaque", FlatMap => "opaque", (Two, ByKind) => "opaque" }
    let mut tracer = Tracer::default();
    assert!(matches!(tracer.trace::<Two>(), Traced::Found(_)));
    assert!(matches!(tracer.trace::<ByKind>(), Traced::Opaque(_)));
}

#[test]
fn recursion_ends() {
    shapes! {
        Chain => "Chain; struct Chain(Option<Chain>)",
        Tree => "Tree; struct Tree { value: u8, children: Vec<Tree> }",
        Graph => "Graph; struct Graph { edges: Map<String, Graph>, label: String }",
        Expression => "Expression; enum Expression { Sum(Expression, Expression), \
            Product(Expression, Expression), Number(i64) }",
        Json => "Json; enum Json { Array(Vec<Json>), Object(Map<String, Json>), Text(String), Null }",
        Left => "Left; struct Left { right: Option<Right> }; struct Right { left: Vec<Left>, end: u8 }",
        Right => "Right; struct Right { left: Vec<Left>, end: u8 }; struct Left { right: Option<Right> }",
        // Values of these do not exist; that they contain themselves is all there is to know.
        Endless => "Endless; struct Endless(Endless)",
        AllEndless => "AllEndless; enum AllEndless { One(AllEndless), Two(AllEndless) }",
    }
}

#[test]
fn types_that_refuse_values_are_asked_with_others() {
    shapes! {
        Even => "u8",
        AfterEven => "AfterEven; struct AfterEven { even: u8, interval: (u8, u8), name: String }",
        // All that is asked for is known, although every answer is refused.
        Picky => "String",
        LastPrivate => "LastPrivate; struct LastPrivate { before: u8, key: String }",
        // What comes behind is not.
        Private => "opaque",
        Option<Private> => "opaque",
    }
}

#[test]
fn types_that_need_a_self_describing_format_are_named() {
    fn inside<T: Deserialize<'static>>() -> Vec<&'static str> {
        match Tracer::default().trace::<T>() {
            Traced::SelfDescribing(inside) => inside,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(inside::<Untagged>(), [""; 0]);
    assert_eq!(inside::<Tagged>(), [""; 0]);
    assert_eq!(inside::<Flat>(), [""; 0]);
    assert_eq!(inside::<Deep>(), ["Deep"]);
    assert_eq!(inside::<IgnoredAny>(), [""; 0]);
}

/// Reads a tag, and then what the tag says.
#[derive(Debug)]
struct ByHand;

impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByHand, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = ByHand;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a tag and a value")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<ByHand, A::Error> {
                match parts.next_element::<u8>()? {
                    Some(1) => parts.next_element::<u64>().map(drop)?,
                    _ => parts.next_element::<String>().map(drop)?,
                }
                Ok(ByHand)
            }
        }
        deserializer.deserialize_tuple(2, Parts)
    }
}

/// Panics.
#[derive(Debug)]
struct Panics;

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Panics, D::Error> {
        panic!("a type that panics")
    }
}

/// Contains itself without a name that serde knows.
#[derive(Debug)]
struct Nameless;

impl<'de> Deserialize<'de> for Nameless {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Nameless, D::Error> {
        <(Vec<Nameless>, Vec<Nameless>)>::deserialize(deserializer).map(|_| Nameless)
    }
}

/// Reads nothing.
#[derive(Debug)]
struct Silent;

impl<'de> Deserialize<'de> for Silent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Silent, D::Error> {
        Ok(Silent)
    }
}

/// Asks for more parts than fit into memory.
#[derive(Debug)]
struct Vast;

impl<'de> Deserialize<'de> for Vast {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vast, D::Error> {
        deserializer.deserialize_tuple(usize::MAX, IgnoredAny).map(|_| Vast)
    }
}

#[test]
fn what_cannot_be_found_out_is_opaque() {
    shapes! { Vast => "opaque", Option<Vast> => "opaque", ByHand => "opaque", Panics => "opaque", Nameless => "opaque", Silent => "opaque" }
}

#[test]
fn a_type_that_fails_does_not_spoil_the_next_one() {
    let mut tracer = Tracer::default();
    assert!(matches!(tracer.trace::<(Level, Private)>(), Traced::Opaque(_)));
    assert!(matches!(tracer.trace::<Panics>(), Traced::Opaque(_)));
    let Traced::Found(shape) = tracer.trace::<Vec<Level>>() else { panic!("a shape") };
    let types = tracer.into_types();
    assert_eq!(shape.shown(&types).to_string(), "Vec<Level>");
    assert_eq!(types.0.len(), 1);
}

#[test]
fn an_enum_of_two_hundred_variants_is_traced() {
    #[derive(Debug)]
    struct Wide;
    const NAMES: [&str; 200] = ["v"; 200];
    impl<'de> Deserialize<'de> for Wide {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wide, D::Error> {
            struct Any;
            impl<'de> Visitor<'de> for Any {
                type Value = Wide;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a variant")
                }
                fn visit_enum<A: de::EnumAccess<'de>>(self, data: A) -> Result<Wide, A::Error> {
                    let (index, variant): (u32, _) = data.variant()?;
                    assert!(index < 200);
                    de::VariantAccess::unit_variant(variant).map(|()| Wide)
                }
            }
            deserializer.deserialize_enum("Wide", &NAMES, Any)
        }
    }
    let (_, types) = traced::<BTreeMap<u8, Wide>>().unwrap();
    let super::super::Body::Enum(variants) = &types.0[0].body else { panic!("an enum") };
    assert_eq!(variants.len(), 200);
}
