//! `Serialize` and `Deserialize` written by hand: types whose encoding has a shape.

use super::{OPAQUE, cases};
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Reads the next part.
pub(super) fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(parts: &mut A) -> Result<T, A::Error> {
    parts.next_element()?.ok_or_else(|| de::Error::custom("a part is missing"))
}

/// Reads types from parts in order. What asks for the parts comes first.
macro_rules! from_parts {
    ($($type:ident: $ask:ident($($argument:expr),*), $parts:ident => $read:block)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Reads;
                impl<'de> Visitor<'de> for Reads {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("parts")
                    }
                    fn visit_seq<A: SeqAccess<'de>>(self, mut $parts: A) -> Result<$type, A::Error> $read
                }
                deserializer.$ask($($argument,)* Reads)
            }
        }
    )*};
}

/// Reads types from the value of another type, which they check.
macro_rules! from_value {
    ($($type:ident: $of:ty, $value:ident => $read:expr)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let $value = <$of>::deserialize(deserializer)?;
                $read.ok_or_else(|| de::Error::custom("refused"))
            }
        }
    )*};
}

pub(super) use {from_parts, from_value};

#[derive(Serialize)]
struct AtLeastTwo(Vec<u16>);
#[derive(Serialize)]
struct ThreeInList(Vec<u16>, u8);
#[derive(Serialize)]
struct EvenCount(Vec<String>, u8);
#[derive(Serialize)]
struct Sorted(Vec<u8>, String);
#[derive(Serialize)]
struct NotEmptyMap(BTreeMap<u8, String>, u8);
#[derive(Serialize)]
struct Percent(u8);
#[derive(Serialize)]
struct Big(u64, u8);
#[derive(Serialize)]
struct Color(String, u8);
#[derive(Serialize)]
struct Identifier(String, u8);
#[derive(Serialize)]
struct Secret(String);
#[derive(Serialize)]
struct BehindSecret(Secret, u8);
#[derive(Serialize)]
struct Header([u8; 4], u32);
#[derive(Serialize)]
struct StartsLater(u8);

from_value! {
    AtLeastTwo: Vec<u16>, list => (list.len() >= 2).then_some(AtLeastTwo(list))
    Percent: u8, number => (number <= 100).then_some(Percent(number))
    Secret: String, text => (text == "sesame").then_some(Secret(text))
    ThreeInList: (Vec<u16>, u8), it => (it.0.len() == 3).then_some(ThreeInList(it.0, it.1))
    EvenCount: (Vec<String>, u8), it => it.0.len().is_multiple_of(2).then_some(EvenCount(it.0, it.1))
    Sorted: (Vec<u8>, String), it => it.0.is_sorted().then_some(Sorted(it.0, it.1))
    NotEmptyMap: (BTreeMap<u8, String>, u8), it => (!it.0.is_empty()).then_some(NotEmptyMap(it.0, it.1))
    Big: (u64, u8), it => (it.0 > 1_000).then_some(Big(it.0, it.1))
    Header: ([u8; 4], u32), it => (it.0 == *b"copy").then_some(Header(it.0, it.1))
    StartsLater: u8, number => (number == 77).then_some(StartsLater(number))
}

/// A text of a form, and something behind it: whoever does not know the form does not know the rest.
macro_rules! forms {
    ($($type:ident: $text:ident => $fits:expr)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Text(String);
                from_value! { Text: String, $text => $fits.then_some(Text($text)) }
                <(Text, u8)>::deserialize(deserializer).map(|(text, behind)| $type(text.0, behind))
            }
        }
    )*};
}

forms! {
    Color: text => (text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|next| next.is_ascii_hexdigit()))
    Identifier: text => (text.len() == 26 && text.bytes().all(|next| next.is_ascii_digit() || next.is_ascii_uppercase()))
}
from_parts! {
    BehindSecret: deserialize_tuple(2), parts => { Ok(BehindSecret(next(&mut parts)?, next(&mut parts)?)) }
}

/// A text for people, a number for programs.
struct ForBoth(u32);

impl Serialize for ForBoth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&self.0),
            false => serializer.serialize_u32(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for ForBoth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ForBoth, D::Error> {
        if !deserializer.is_human_readable() {
            return u32::deserialize(deserializer).map(ForBoth);
        }
        String::deserialize(deserializer)?.parse().map(ForBoth).map_err(de::Error::custom)
    }
}

/// Whatever comes for people, a number for programs.
struct AnyForPeople(u32);

impl Serialize for AnyForPeople {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

struct NumberOrText;

impl Visitor<'_> for NumberOrText {
    type Value = AnyForPeople;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_u32<E>(self, number: u32) -> Result<AnyForPeople, E> {
        Ok(AnyForPeople(number))
    }
}

impl<'de> Deserialize<'de> for AnyForPeople {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AnyForPeople, D::Error> {
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_any(NumberOrText),
            false => deserializer.deserialize_u32(NumberOrText),
        }
    }
}

/// A text of two parts.
struct Ratio(u8, u8);

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:{}", self.0, self.1))
    }
}

from_value! { Ratio: String, text => text.split_once(':').and_then(|(a, b)| Some(Ratio(a.parse().ok()?, b.parse().ok()?))) }

/// A list whose length is not announced.
struct Unannounced(Vec<u16>);

impl Serialize for Unannounced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|element| list.serialize_element(element))?;
        list.end()
    }
}

from_parts! {
    Unannounced: deserialize_seq(), parts => {
        let mut list = Vec::new();
        while let Some(element) = parts.next_element()? {
            list.push(element);
        }
        Ok(Unannounced(list))
    }
}

/// A struct, read by a visitor of its own.
struct OwnStruct(u8, String);

impl Serialize for OwnStruct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("OwnStruct", 2)?;
        fields.serialize_field("a", &self.0)?;
        fields.serialize_field("b", &self.1)?;
        fields.end()
    }
}

from_parts! {
    OwnStruct: deserialize_struct("OwnStruct", &["a", "b"]), parts => {
        Ok(OwnStruct(next(&mut parts)?, next(&mut parts)?))
    }
}

/// A map, read by a visitor of its own.
struct OwnMap(Vec<(u8, bool)>);

impl Serialize for OwnMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl<'de> Deserialize<'de> for OwnMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OwnMap, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = OwnMap;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("entries")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<OwnMap, A::Error> {
                let mut list = Vec::new();
                while let Some(key) = entries.next_key()? {
                    list.push((key, entries.next_value()?));
                }
                Ok(OwnMap(list))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// An enum whose variants are numbers only.
#[derive(Serialize)]
enum OwnEnum {
    A,
    B(u8),
}

impl<'de> Deserialize<'de> for OwnEnum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OwnEnum, D::Error> {
        struct Variants;
        impl<'de> Visitor<'de> for Variants {
            type Value = OwnEnum;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a variant")
            }
            fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<OwnEnum, A::Error> {
                match data.variant::<u32>()? {
                    (0, content) => content.unit_variant().map(|()| OwnEnum::A),
                    (1, content) => content.newtype_variant().map(OwnEnum::B),
                    _ => Err(de::Error::custom("no variant")),
                }
            }
        }
        deserializer.deserialize_enum("OwnEnum", &["A", "B"], Variants)
    }
}

/// A seed that reads as many numbers as it says.
struct BySeed([u8; 2]);

struct Count(usize);

impl<'de> DeserializeSeed<'de> for Count {
    type Value = BySeed;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<BySeed, D::Error> {
        assert_eq!(self.0, 2);
        Deserialize::deserialize(deserializer).map(BySeed)
    }
}

impl<'de> Deserialize<'de> for BySeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BySeed, D::Error> {
        Count(2).deserialize(deserializer)
    }
}

impl Serialize for BySeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

cases! { sound:
    AtLeastTwo => "Vec<u16>", [AtLeastTwo(vec![7, 8])];
    ThreeInList => "(Vec<u16>, u8)", [];
    EvenCount => "(Vec<String>, u8)", [];
    Sorted => "(Vec<u8>, String)", [];
    NotEmptyMap => "(Map<u8, String>, u8)", [];
    Percent => "u8", [Percent(7)];
    Big => "(u64, u8)", [];
    Secret => "String", [Secret("sesame".into())];
    // What comes behind a part that nobody guesses is not known.
    BehindSecret => OPAQUE, [];
    Header => "((u8, u8, u8, u8), u32)", [];
    StartsLater => "u8", [StartsLater(77)];
    Color => "(String, u8)", [];
    Identifier => "(String, u8)", [];
    ForBoth => "u32", [ForBoth(7)];
    AnyForPeople => "u32", [AnyForPeople(7)];
    Ratio => "String", [Ratio(16, 9)];
    Unannounced => "Vec<u16>", [Unannounced(vec![7, 8])];
    OwnStruct => "OwnStruct; struct OwnStruct { a: u8, b: String }", [OwnStruct(7, "b".into())];
    OwnMap => "Map<u8, bool>", [OwnMap(vec![(7, true)])];
    OwnEnum => "OwnEnum; enum OwnEnum { A, B(u8) }", [OwnEnum::A, OwnEnum::B(7)];
    BySeed => "(u8, u8)", [BySeed([7, 8])];
}
