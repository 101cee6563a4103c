//! All attributes that serde has, on structs, on enums, and those that read another type.

use super::{OPAQUE, UNDECODABLE, cases};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] #[allow(dead_code)] $item )*};
}

derived! {
    #[serde(rename = "New")] struct Renamed { #[serde(rename = "one")] a: u8, b: u8 }
    #[serde(rename = "a name", rename_all = "kebab-case")] struct OddNames { first_name: u8, #[serde(rename = "")] empty: u8 }
    #[serde(rename(serialize = "Out", deserialize = "In"))] struct TwoNames { #[serde(rename(serialize = "in-side", deserialize = "inSide"))] a: u8, b: u8 }
    struct OtherName { #[serde(rename(serialize = "out", deserialize = "in"))] a: u8 }
    #[serde(rename_all(serialize = "camelCase", deserialize = "SCREAMING_SNAKE_CASE"))] struct TwoCases { first_name: u8, last_name: u8 }
    #[serde(deny_unknown_fields, default, expecting = "a strict one")] #[derive(Default)] struct Strict { a: u8, b: String }
    struct Defaults { #[serde(default)] a: u8, #[serde(default = "seven")] b: u8 }
    struct Skips { kept: u8, #[serde(skip)] cached: u64, last: bool }
    struct SkipsAll { #[serde(skip)] cached: u64 }
    struct SkipsInTuple(u8, #[serde(skip)] u64, bool);
    struct SkipsToOne(u8, #[serde(skip)] u64);
    struct SkipsOnlyOne(#[serde(skip)] u64);
    struct SkipsIf { id: u64, #[serde(skip_serializing_if = "Option::is_none")] note: Option<String>, last: u8 }
    struct SkipsIfInTuple(u8, #[serde(skip_serializing_if = "Option::is_none", default)] Option<u8>);
    struct NeverWritten { id: u64, #[serde(skip_serializing, default)] note: String, last: u8 }
    struct NeverRead { id: u64, #[serde(skip_deserializing)] note: String, last: u8 }
    struct OneEach { #[serde(skip_serializing, default)] a: u8, #[serde(skip_deserializing)] b: u8 }
    struct Aliases { #[serde(alias = "b")] a: u8, c: String }
    struct ManyAliases { z: u8, #[serde(alias = "b", alias = "c")] a: Option<u8>, #[serde(rename = "m", alias = "d", default)] e: Vec<u8> }
    struct AliasesInside { list: Vec<Aliases>, last: Aliases }
    struct AliasAndOneEach { #[serde(alias = "x")] a: u8, #[serde(skip_serializing, default)] b: u8, #[serde(skip_deserializing)] c: u8 }
    struct AliasedTree { value: u8, #[serde(alias = "below")] children: Vec<AliasedTree> }
    #[serde(tag = "type")] struct TaggedStruct { a: u8 }
    struct Flat { a: u8, #[serde(flatten)] rest: Skips }
    struct FlatMap { a: u8, #[serde(flatten)] rest: BTreeMap<String, u8> }
    #[serde(transparent)] struct Transparent { inner: Vec<u16> }
    #[serde(transparent)] struct TransparentOne(u8, #[serde(skip)] PhantomData<u8>);
    #[serde(bound = "T: Serialize + serde::de::DeserializeOwned")] struct Bounded<T> { t: Vec<T> }
    struct BoundedField<T> { #[serde(bound(deserialize = "T: Deserialize<'de>"))] t: Option<T> }
    struct Borrows<'a> { #[serde(borrow)] text: Cow<'a, str>, plain: &'a str, bytes: &'a [u8] }
    struct BorrowsAll<'a> { #[serde(borrow = "'a")] parts: Vec<Cow<'a, str>>, #[serde(borrow)] option: Option<&'a str> }
    struct With { #[serde(with = "hundreds")] a: u64, #[serde(serialize_with = "hundreds::serialize", deserialize_with = "hundreds::deserialize")] b: u64, c: u8 }
    struct WithBytes { plain: Vec<u8>, #[serde(with = "serde_bytes")] quick: Vec<u8>, #[serde(with = "serde_bytes")] maybe: Option<Vec<u8>> }
    struct Asymmetric { #[serde(serialize_with = "as_text")] a: u64, b: u8 }
    struct WithRemote { #[serde(with = "PointDef")] point: Point, #[serde(with = "HiddenDef")] hidden: Hidden }
}

derived! {
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")] enum Loud { VeryLoud, #[serde(rename = "x")] Quiet }
    #[serde(rename_all_fields = "camelCase")] enum LoudFields { A { first_name: u8 }, #[serde(rename_all = "UPPERCASE")] B { b: u8 } }
    enum SwapsNames { #[serde(rename = "B")] A(u8), #[serde(rename = "A")] B(u8) }
    enum SkipsLast { Deposit(u64), Withdraw(u64), #[serde(skip)] Cached }
    enum SkipsMiddle { Deposit(u64), #[serde(skip)] Cached, Withdraw(u64), Fee(u64) }
    enum SkipsField { A(u8, #[serde(skip)] u8), B { a: u8, #[serde(skip)] b: u8 }, C(#[serde(skip)] u8) }
    enum SkipsFieldIf { A { #[serde(skip_serializing_if = "Option::is_none")] a: Option<u8>, b: u8 } }
    enum NeverWrittenVariant { A, #[serde(skip_serializing)] B, C }
    enum NeverReadVariant { A, #[serde(skip_deserializing)] B, C }
    enum WithAlias { #[serde(alias = "X")] A, B(u8) }
    enum FieldAlias { A { #[serde(alias = "y")] x: u8, z: bool }, B { z: bool } }
    enum AliasAndSkip { #[serde(alias = "X")] A(u8), #[serde(skip)] Cached, #[serde(alias = "A0")] B(u8), #[serde(alias = "A1")] C(u8) }
    enum WithOther { A, B(u8), #[serde(other)] Other }
    enum AliasAndOther { #[serde(alias = "X")] A, B(u8), #[serde(other)] Other }
    #[serde(untagged)] enum Untagged { A(u8), B(String) }
    enum PartlyUntagged { A(u8), #[serde(untagged)] B(String) }
    struct Deep { outer: Vec<Option<Untagged>> }
    #[serde(tag = "t")] enum Tagged { A { x: u8 }, B { y: u8 }, C }
    #[serde(tag = "t", content = "c")] enum Adjacent { A(u8), B(String) }
    #[serde(tag = "t", content = "c")] enum AdjacentSame { A(u8), B(u8) }
    #[serde(tag = "t", content = "c")] enum AdjacentUnits { A, B }
    #[serde(tag = "t", content = "c")] enum AdjacentStructs { A { x: u8 }, B { x: u8 } }
    #[serde(tag = "t", content = "c")] enum AdjacentMixed { A, B(u8) }
    enum WithInVariant { #[serde(with = "hundreds")] A(u64), B(#[serde(with = "hundreds")] u64), C { #[serde(with = "hundreds")] c: u64 } }
    enum BorrowsInVariant<'a> { A(#[serde(borrow)] Cow<'a, str>), B { #[serde(borrow)] b: Cow<'a, str> } }
}

derived! {
    #[serde(from = "u64", into = "u64")] struct From64(u64);
    #[serde(try_from = "u8", into = "u8")] struct Even(u8);
    #[serde(try_from = "(u8, u8)", into = "(u8, u8)")] struct Interval(u8, u8);
    #[serde(try_from = "String", into = "String")] struct Upper(String);
    #[serde(from = "Form", into = "Form")] struct Normal { sum: u16 }
    struct Form { a: u8, b: u8 }
    struct AfterPicky { even: Even, interval: Interval, upper: Upper, name: String }
    struct ManyPicky { a: Vec<Even>, b: Option<Interval>, c: BTreeMap<u8, Even>, d: [Even; 2], e: Result<Even, Interval> }
    enum PickyVariants { A(Even), B { even: Even, interval: Interval }, C(Vec<Even>) }
}

fn seven() -> u8 {
    7
}

/// A number that is written as its hundredfold.
mod hundreds {
    use super::{Deserialize, Deserializer, Serializer};
    pub(super) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u128(u128::from(*number) * 100)
    }
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        u128::deserialize(deserializer).map(|number| (number / 100) as u64)
    }
}

fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&number.to_string())
}

/// A type of somebody else, who has not heard of serde.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Point")]
struct PointDef {
    x: i32,
    y: i32,
}

/// The same, with nothing public but a getter.
#[derive(Clone, Debug, PartialEq)]
struct Hidden(u8);

impl Hidden {
    fn number(&self) -> u8 {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Hidden")]
struct HiddenDef {
    #[serde(getter = "Hidden::number")]
    number: u8,
}

impl From<HiddenDef> for Hidden {
    fn from(def: HiddenDef) -> Hidden {
        Hidden(def.number)
    }
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

impl TryFrom<String> for Upper {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Upper, &'static str> {
        let upper = !text.is_empty() && text.chars().all(|next| next.is_ascii_uppercase());
        if upper { Ok(Upper(text)) } else { Err("not upper case") }
    }
}

impl From<Upper> for String {
    fn from(upper: Upper) -> String {
        upper.0
    }
}

impl From<Form> for Normal {
    fn from(form: Form) -> Normal {
        Normal { sum: u16::from(form.a) + u16::from(form.b) }
    }
}

impl From<Normal> for Form {
    fn from(normal: Normal) -> Form {
        Form { a: normal.sum as u8, b: 0 }
    }
}

fn aliases() -> Aliases {
    Aliases { a: 7, c: "c".into() }
}

cases! { on_structs:
    Renamed => "New; struct New { one: u8, b: u8 }", [Renamed { a: 7, b: 8 }];
    OddNames => "\"a name\"; struct \"a name\" { \"first-name\": u8, \"\": u8 }", [OddNames { first_name: 7, empty: 8 }];
    TwoNames => "In; struct In { inSide: u8, b: u8 }", [TwoNames { a: 7, b: 8 }];
    // Which of two names without likeness is written could also be a field that is never read.
    OtherName => "OtherName; struct OtherName { in: u8 }", [],
        refused [OtherName { a: 7 } => "the field `out` of `OtherName` is written where `in` is read"];
    TwoCases => "TwoCases; struct TwoCases { FIRST_NAME: u8, LAST_NAME: u8 }", [TwoCases { first_name: 7, last_name: 8 }];
    Strict => "Strict; struct Strict { a: u8, b: String }", [Strict { a: 7, b: "b".into() }];
    Defaults => "Defaults; struct Defaults { a: u8, b: u8 }", [Defaults { a: 0, b: 7 }];
    Skips => "Skips; struct Skips { kept: u8, last: bool }", [Skips { kept: 7, cached: 8, last: true }];
    SkipsAll => "SkipsAll; struct SkipsAll { }", [SkipsAll { cached: 8 }];
    SkipsInTuple => "SkipsInTuple; struct SkipsInTuple(u8, bool)", [SkipsInTuple(7, 8, true)];
    SkipsToOne => "SkipsToOne; struct SkipsToOne(u8,)", [SkipsToOne(7, 8)];
    SkipsOnlyOne => "SkipsOnlyOne; struct SkipsOnlyOne(u64)", [SkipsOnlyOne(8)];
    SkipsIf => "SkipsIf; struct SkipsIf { id: u64, note: Option<String>, last: u8 }",
        [SkipsIf { id: 7, note: Some("a".into()), last: 8 }],
        refused [SkipsIf { id: 7, note: None, last: 8 } => "the field `note` of `SkipsIf` is left out"];
    SkipsIfInTuple => "SkipsIfInTuple; struct SkipsIfInTuple(u8, Option<u8>)", [SkipsIfInTuple(7, Some(8))],
        refused [SkipsIfInTuple(7, None) => "is written with 1 fields, and read with 2"];
    NeverWritten => "NeverWritten; struct NeverWritten { id: u64, note: String, last: u8 }", [],
        refused [NeverWritten { id: 7, note: "n".into(), last: 8 } => "`NeverWritten`"];
    NeverRead => "NeverRead; struct NeverRead { id: u64, last: u8 }", [],
        refused [NeverRead { id: 7, note: "n".into(), last: 8 } => "the field `note` of `NeverRead` is written where `last` is read"];
    OneEach => "OneEach; struct OneEach { a: u8 }", [], refused [OneEach { a: 7, b: 8 } => "`OneEach`"];
    Aliases => "Aliases; struct Aliases { a: u8, c: String }", [aliases()];
    ManyAliases => "ManyAliases; struct ManyAliases { z: u8, a: Option<u8>, m: Vec<u8> }",
        [ManyAliases { z: 7, a: Some(8), e: vec![9] }];
    AliasesInside => "AliasesInside; struct AliasesInside { list: Vec<Aliases>, last: Aliases }; \
        struct Aliases { a: u8, c: String }", [AliasesInside { list: vec![aliases()], last: aliases() }];
    AliasAndOneEach => "AliasAndOneEach; struct AliasAndOneEach { a: u8, b: u8 }", [],
        refused [AliasAndOneEach { a: 7, b: 8, c: 9 } => "`AliasAndOneEach`"];
    AliasedTree => "AliasedTree; struct AliasedTree { value: u8, children: Vec<AliasedTree> }",
        [AliasedTree { value: 7, children: vec![AliasedTree { value: 8, children: vec![] }] }];
    TaggedStruct => "TaggedStruct; struct TaggedStruct { a: u8 }", [], refused [TaggedStruct { a: 7 } => "`TaggedStruct`"];
    Flat => UNDECODABLE, [];
    FlatMap => UNDECODABLE, [];
    Transparent => "Vec<u16>", [Transparent { inner: vec![7] }];
    TransparentOne => "u8", [TransparentOne(7, PhantomData)];
    Bounded<u8> => "Bounded; struct Bounded { t: Vec<u8> }", [Bounded { t: vec![7] }];
    BoundedField<u8> => "BoundedField; struct BoundedField { t: Option<u8> }", [BoundedField { t: Some(7) }];
    Borrows<'static> => "Borrows; struct Borrows { text: String, plain: String, bytes: Bytes }",
        [Borrows { text: "a".into(), plain: "b", bytes: b"c" }];
    BorrowsAll<'static> => "BorrowsAll; struct BorrowsAll { parts: Vec<String>, option: Option<String> }",
        [BorrowsAll { parts: vec!["a".into()], option: Some("b") }];
    With => "With; struct With { a: u128, b: u128, c: u8 }", [With { a: 7, b: 8, c: 9 }];
    WithBytes => "WithBytes; struct WithBytes { plain: Vec<u8>, quick: Bytes, maybe: Option<Bytes> }",
        [WithBytes { plain: vec![7], quick: vec![8], maybe: Some(vec![9]) }];
    Asymmetric => "Asymmetric; struct Asymmetric { a: u64, b: u8 }", [],
        refused [Asymmetric { a: 7, b: 8 } => ".a: a text where u64 is expected"];
    WithRemote => "WithRemote; struct WithRemote { point: PointDef, hidden: HiddenDef }; \
        struct PointDef { x: i32, y: i32 }; struct HiddenDef { number: u8 }",
        [WithRemote { point: Point { x: 1, y: -1 }, hidden: Hidden(7) }];
}

cases! { on_enums:
    Loud => "Loud; enum Loud { VERY_LOUD, x }", [Loud::VeryLoud, Loud::Quiet];
    LoudFields => "LoudFields; enum LoudFields { A { firstName: u8 }, B { B: u8 } }",
        [LoudFields::A { first_name: 7 }, LoudFields::B { b: 8 }];
    SwapsNames => "SwapsNames; enum SwapsNames { B(u8), A(u8) }", [SwapsNames::A(7), SwapsNames::B(8)];
    SkipsLast => "SkipsLast; enum SkipsLast { Deposit(u64), Withdraw(u64) }",
        [SkipsLast::Deposit(7), SkipsLast::Withdraw(8)], refused [SkipsLast::Cached => "cannot be serialized"];
    SkipsMiddle => "SkipsMiddle; enum SkipsMiddle { Deposit(u64), Withdraw(u64), Fee(u64) }", [SkipsMiddle::Deposit(7)],
        refused [SkipsMiddle::Withdraw(7) => "under which `Fee` is read", SkipsMiddle::Fee(7) => "under which nothing is read"];
    SkipsField => "SkipsField; enum SkipsField { A(u8,), B { a: u8 }, C }", [SkipsField::A(7, 8), SkipsField::B { a: 7, b: 8 }, SkipsField::C(7)];
    SkipsFieldIf => "SkipsFieldIf; enum SkipsFieldIf { A { a: Option<u8>, b: u8 } }",
        [SkipsFieldIf::A { a: Some(7), b: 8 }], refused [SkipsFieldIf::A { a: None, b: 8 } => "is left out"];
    NeverWrittenVariant => "NeverWrittenVariant; enum NeverWrittenVariant { A, B, C }",
        [NeverWrittenVariant::A, NeverWrittenVariant::C], refused [NeverWrittenVariant::B => "cannot be serialized"];
    NeverReadVariant => "NeverReadVariant; enum NeverReadVariant { A, C }", [NeverReadVariant::A],
        refused [NeverReadVariant::B => "under which `C` is read", NeverReadVariant::C => "under which nothing is read"];
    WithAlias => "WithAlias; enum WithAlias { \"A|X\", B(u8) }", [WithAlias::A, WithAlias::B(7)];
    FieldAlias => "FieldAlias; enum FieldAlias { A { x: u8, z: bool }, B { z: bool } }",
        [FieldAlias::A { x: 7, z: true }, FieldAlias::B { z: false }];
    AliasAndSkip => "AliasAndSkip; enum AliasAndSkip { \"A|X\"(u8), \"A0|B\"(u8), \"A1|C\"(u8) }", [AliasAndSkip::A(7)],
        refused [AliasAndSkip::B(7) => "under which `A1|C` is read", AliasAndSkip::C(7) => "under which nothing is read"];
    // It reads any number.
    WithOther => OPAQUE, [WithOther::A, WithOther::B(7), WithOther::Other];
    AliasAndOther => OPAQUE, [AliasAndOther::A, AliasAndOther::B(7), AliasAndOther::Other];
    Untagged => UNDECODABLE, [Untagged::A(7), Untagged::B("a".into())];
    PartlyUntagged => UNDECODABLE, [PartlyUntagged::A(7), PartlyUntagged::B("a".into())];
    Deep => UNDECODABLE, [Deep { outer: vec![Some(Untagged::A(7))] }];
    Tagged => UNDECODABLE, [Tagged::A { x: 7 }, Tagged::B { y: 8 }, Tagged::C];
    Adjacent => UNDECODABLE, [Adjacent::A(7), Adjacent::B("a".into())];
    AdjacentSame => UNDECODABLE, [AdjacentSame::A(7), AdjacentSame::B(8)];
    AdjacentUnits => UNDECODABLE, [];
    AdjacentStructs => UNDECODABLE, [AdjacentStructs::A { x: 7 }, AdjacentStructs::B { x: 8 }];
    AdjacentMixed => UNDECODABLE, [];
    WithInVariant => "WithInVariant; enum WithInVariant { A(u128), B(u128), C { c: u128 } }",
        [WithInVariant::A(7), WithInVariant::B(8), WithInVariant::C { c: 9 }];
    BorrowsInVariant<'static> => "BorrowsInVariant; enum BorrowsInVariant { A(String), B { b: String } }",
        [BorrowsInVariant::A("a".into()), BorrowsInVariant::B { b: "b".into() }];
}

cases! { conversions:
    From64 => "u64", [From64(7)];
    Even => "u8", [Even(8)];
    Interval => "(u8, u8)", [Interval(7, 8)];
    Upper => "String", [Upper("A".into())];
    Normal => "Form; struct Form { a: u8, b: u8 }", [Normal { sum: 7 }];
    AfterPicky => "AfterPicky; struct AfterPicky { even: u8, interval: (u8, u8), upper: String, name: String }",
        [AfterPicky { even: Even(8), interval: Interval(7, 8), upper: Upper("A".into()), name: "a".into() }];
    ManyPicky => "ManyPicky; struct ManyPicky { a: Vec<u8>, b: Option<(u8, u8)>, c: Map<u8, u8>, d: (u8, u8), e: Result }; \
        enum Result { Ok(u8), Err((u8, u8)) }",
        [ManyPicky { a: vec![Even(8)], b: Some(Interval(7, 8)), c: BTreeMap::from([(7, Even(8))]), d: [Even(2), Even(4)],
            e: Err(Interval(1, 2)) }];
    PickyVariants => "PickyVariants; enum PickyVariants { A(u8), B { even: u8, interval: (u8, u8) }, C(Vec<u8>) }",
        [PickyVariants::A(Even(8)), PickyVariants::B { even: Even(8), interval: Interval(7, 8) }];
}
