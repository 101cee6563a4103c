//! Derived structs and enums without attributes, and generic ones.

use super::cases;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] $item )*};
}

derived! {
    struct Marker;
    struct Cents(u64);
    struct OneNameless((u8,));
    struct Pair(u8, String);
    struct NoneNameless();
    struct Empty {}
    struct Line { sku: String, price: Cents }
    struct Order { id: u64, lines: Vec<Line>, paid: Option<Cents>, marker: Marker, empty: Empty }
    struct Wrapper(Pair);
    struct Deeper(Wrapper);
    struct Lists { a: Vec<Marker>, b: Vec<Empty>, c: Vec<NoneNameless>, d: [Marker; 2] }
    struct Same { a: u32, b: u32, c: i32 }
    struct Fifteen { a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: i32, h: i64, i: u128, j: i128, k: f32, l: f64, m: bool, n: char, o: () }
    enum Level { Low, Middle, High }
    enum OneUnit { Only }
    enum OneNewtype { Only(u64) }
    enum Event { Nothing, Deposit(u64), Transfer(String, u64), Close { account: String, reason: Option<Level> } }
    enum AllEmpty { Unit, Tuple(), Struct {}, Newtype(()) }
    enum Never {}
    enum Nested { Event(Event), Level { level: Level }, Both(Event, Level), List(Vec<Nested1>) }
    enum Nested1 { Mapping(BTreeMap<String, Level>), Tuple((Level, Event)), Array([Level; 2]) }
    enum Negative { Below = -7, Zero = 0, Above = 7 }
    enum Repeats { A(Level), B(Level), C { a: Level, b: Level } }
    struct Many { a: Level, b: Level, c: Event, d: Option<Event>, e: Vec<Event>, f: (Level, Level) }
    struct Unusual { never: Option<Never>, either: Result<u8, Never>, none: Vec<Never> }
    struct r#Raw { r#type: u8, r#fn: u8 }
    enum r#RawEnum { r#Type, r#Fn { r#match: u8 } }
    struct Generic<T> { value: T, more: Vec<T> }
    struct Two<A, B> { a: A, b: B }
    struct Const<const N: usize> { bytes: [u8; 1], len: u8 }
    enum Choice<A, B = ()> { A(A), B(B), Both { a: A, b: B } }
    struct Phantom<T> { id: u64, of: std::marker::PhantomData<T> }
    struct Results { number: Result<u64, String>, unit: Result<(), String>, nested: Result<Result<u8, ()>, Level> }
}

/// Types of the same names as above, in another module.
mod other {
    use super::{Deserialize, Serialize};
    derived! {
        pub(super) struct Line { pub(super) number: i32 }
        pub(super) enum Level { Cold(u8), Hot }
        pub(super) struct Marker { pub(super) no: bool }
    }
}

derived! {
    struct SameNames { line: Line, other: other::Line, level: Level, warm: other::Level, marker: Marker, no: other::Marker }
}

fn line() -> Line {
    Line { sku: "a".into(), price: Cents(7) }
}

cases! { structs:
    Marker => "Marker; struct Marker", [Marker];
    Cents => "Cents; struct Cents(u64)", [Cents(7)];
    OneNameless => "OneNameless; struct OneNameless((u8,))", [OneNameless((7,))];
    Pair => "Pair; struct Pair(u8, String)", [Pair(7, "a".into())];
    NoneNameless => "NoneNameless; struct NoneNameless()", [NoneNameless()];
    Empty => "Empty; struct Empty { }", [Empty {}];
    Line => "Line; struct Line { sku: String, price: Cents }; struct Cents(u64)", [line()];
    Order => "Order; struct Order { id: u64, lines: Vec<Line>, paid: Option<Cents>, marker: Marker, empty: Empty }; \
        struct Line { sku: String, price: Cents }; struct Cents(u64); struct Marker; struct Empty { }",
        [Order { id: 7, lines: vec![line(), line()], paid: Some(Cents(0)), marker: Marker, empty: Empty {} }];
    Wrapper => "Wrapper; struct Wrapper(Pair); struct Pair(u8, String)", [Wrapper(Pair(7, "a".into()))];
    Deeper => "Deeper; struct Deeper(Wrapper); struct Wrapper(Pair); struct Pair(u8, String)",
        [Deeper(Wrapper(Pair(7, "a".into())))];
    Lists => "Lists; struct Lists { a: Vec<Marker>, b: Vec<Empty>, c: Vec<NoneNameless>, d: (Marker, Marker) }; \
        struct Marker; struct Empty { }; struct NoneNameless()",
        [Lists { a: vec![Marker], b: vec![Empty {}], c: vec![NoneNameless(), NoneNameless()], d: [Marker, Marker] }];
    Same => "Same; struct Same { a: u32, b: u32, c: i32 }", [Same { a: 1, b: 2, c: -3 }];
    Fifteen => "Fifteen; struct Fifteen { a: u8, b: u16, c: u32, d: u64, e: i8, f: i16, g: i32, h: i64, i: u128, \
        j: i128, k: f32, l: f64, m: bool, n: char, o: () }",
        [Fifteen { a: 1, b: 2, c: 3, d: 4, e: -5, f: -6, g: -7, h: -8, i: 9, j: -10, k: 0.1, l: 0.2, m: true, n: 'a', o: () }];
    Raw => "Raw; struct Raw { type: u8, fn: u8 }", [Raw { r#type: 7, r#fn: 8 }];
    SameNames => "SameNames; struct SameNames { line: Line, other: Line#2, level: Level, warm: Level#2, \
        marker: Marker, no: Marker#2 }; struct Line { sku: String, price: Cents }; struct Cents(u64); \
        struct Line#2 { number: i32 }; enum Level { Low, Middle, High }; enum Level#2 { Cold(u8), Hot }; \
        struct Marker; struct Marker#2 { no: bool }",
        [SameNames { line: line(), other: other::Line { number: -1 }, level: Level::High,
            warm: other::Level::Cold(7), marker: Marker, no: other::Marker { no: true } }];
    Many => "Many; struct Many { a: Level, b: Level, c: Event, d: Option<Event>, e: Vec<Event>, f: (Level, Level) }; \
        enum Level { Low, Middle, High }; enum Event { Nothing, Deposit(u64), Transfer(String, u64), \
        Close { account: String, reason: Option<Level> } }",
        [Many { a: Level::Low, b: Level::High, c: Event::Nothing, d: None, e: vec![Event::Deposit(7)],
            f: (Level::Low, Level::Middle) }];
}

cases! { enums:
    Level => "Level; enum Level { Low, Middle, High }", [Level::Low, Level::Middle, Level::High];
    OneUnit => "OneUnit; enum OneUnit { Only }", [OneUnit::Only];
    OneNewtype => "OneNewtype; enum OneNewtype { Only(u64) }", [OneNewtype::Only(7)];
    Event => "Event; enum Event { Nothing, Deposit(u64), Transfer(String, u64), \
        Close { account: String, reason: Option<Level> } }; enum Level { Low, Middle, High }",
        [Event::Nothing, Event::Deposit(7), Event::Transfer("a".into(), 7),
            Event::Close { account: "a".into(), reason: Some(Level::High) }];
    AllEmpty => "AllEmpty; enum AllEmpty { Unit, Tuple(), Struct { }, Newtype(()) }",
        [AllEmpty::Unit, AllEmpty::Tuple(), AllEmpty::Struct {}, AllEmpty::Newtype(())];
    Never => "Never; enum Never { }", [];
    Nested => "Nested; enum Nested { Event(Event), Level { level: Level }, Both(Event, Level), List(Vec<Nested1>) }; \
        enum Event { Nothing, Deposit(u64), Transfer(String, u64), Close { account: String, reason: Option<Level> } }; \
        enum Level { Low, Middle, High }; \
        enum Nested1 { Mapping(Map<String, Level>), Tuple((Level, Event)), Array((Level, Level)) }",
        [Nested::Event(Event::Nothing), Nested::Level { level: Level::Low }, Nested::Both(Event::Deposit(1), Level::High),
            Nested::List(vec![Nested1::Mapping(BTreeMap::from([("a".into(), Level::Low)])),
                Nested1::Tuple((Level::Low, Event::Nothing)), Nested1::Array([Level::Low, Level::High])])];
    Negative => "Negative; enum Negative { Below, Zero, Above }", [Negative::Below, Negative::Zero, Negative::Above];
    Repeats => "Repeats; enum Repeats { A(Level), B(Level), C { a: Level, b: Level } }; enum Level { Low, Middle, High }",
        [Repeats::A(Level::Low), Repeats::B(Level::High), Repeats::C { a: Level::High, b: Level::Low }];
    Unusual => "Unusual; struct Unusual { never: Option<Never>, either: Result, none: Vec<Never> }; enum Never { }; \
        enum Result { Ok(u8), Err(Never) }", [Unusual { never: None, either: Ok(7), none: vec![] }];
    RawEnum => "RawEnum; enum RawEnum { Type, Fn { match: u8 } }", [RawEnum::Type, RawEnum::Fn { r#match: 7 }];
}

cases! { generics:
    Generic<u8> => "Generic; struct Generic { value: u8, more: Vec<u8> }", [Generic { value: 7, more: vec![8] }];
    (Generic<u8>, Generic<Line>) => "(Generic, Generic#2); struct Generic { value: u8, more: Vec<u8> }; \
        struct Generic#2 { value: Line, more: Vec<Line> }; struct Line { sku: String, price: Cents }; struct Cents(u64)",
        [(Generic { value: 7, more: vec![] }, Generic { value: line(), more: vec![line()] })];
    Generic<Generic<()>> => "Generic; struct Generic { value: Generic#2, more: Vec<Generic#2> }; \
        struct Generic#2 { value: (), more: Vec<()> }",
        [Generic { value: Generic { value: (), more: vec![()] }, more: vec![] }];
    Two<Two<u8, i8>, Two<i8, u8>> => "Two; struct Two { a: Two#2, b: Two#3 }; struct Two#2 { a: u8, b: i8 }; \
        struct Two#3 { a: i8, b: u8 }", [Two { a: Two { a: 1, b: -1 }, b: Two { a: -2, b: 2 } }];
    (Const<1>, Const<2>) => "(Const, Const#2); struct Const { bytes: (u8,), len: u8 }; \
        struct Const#2 { bytes: (u8,), len: u8 }", [(Const { bytes: [1], len: 1 }, Const { bytes: [2], len: 2 })];
    Choice<u8> => "Choice; enum Choice { A(u8), B(()), Both { a: u8, b: () } }",
        [Choice::A(7), Choice::B(()), Choice::Both { a: 7, b: () }];
    (Choice<u8, String>, Choice<String, u8>) => "(Choice, Choice#2); \
        enum Choice { A(u8), B(String), Both { a: u8, b: String } }; \
        enum Choice#2 { A(String), B(u8), Both { a: String, b: u8 } }",
        [(Choice::A(7), Choice::B(7)), (Choice::Both { a: 7, b: "a".into() }, Choice::A("a".into()))];
    (Phantom<u8>, Phantom<String>) => "(Phantom, Phantom#2); struct Phantom { id: u64, of: PhantomData }; \
        struct PhantomData; struct Phantom#2 { id: u64, of: PhantomData#2 }; struct PhantomData#2",
        [(Phantom { id: 7, of: std::marker::PhantomData }, Phantom { id: 8, of: std::marker::PhantomData })];
    (Result<u64, String>, Result<(), String>) =>
        "(Result, Result#2); enum Result { Ok(u64), Err(String) }; enum Result#2 { Ok(()), Err(String) }",
        [(Ok(7), Err("a".into())), (Err("a".into()), Ok(()))];
    Results => "Results; struct Results { number: Result, unit: Result#2, nested: Result#3 }; \
        enum Result { Ok(u64), Err(String) }; enum Result#2 { Ok(()), Err(String) }; \
        enum Result#3 { Ok(Result#4), Err(Level) }; enum Result#4 { Ok(u8), Err(()) }; \
        enum Level { Low, Middle, High }",
        [Results { number: Ok(7), unit: Ok(()), nested: Ok(Err(())) },
            Results { number: Err("a".into()), unit: Err("b".into()), nested: Err(Level::High) }];
    Vec<(std::ops::Range<u8>, std::ops::Range<u16>)> =>
        "Vec<(Range, Range#2)>; struct Range { start: u8, end: u8 }; struct Range#2 { start: u16, end: u16 }",
        [vec![(1..2, 3..400)]];
}
