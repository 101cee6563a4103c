//! Types whose encoding has no shape, because one part decides how another one is read.

use super::by_hand::{from_parts, from_value, next};
use super::{OPAQUE, UNDECODABLE, cases};
use serde::de::{self, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess};
use serde::de::{VariantAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! written {
    ($($type:ident)*) => {$( #[derive(Clone, Debug, PartialEq, Serialize)] struct $type; )*};
}

written! {
    ByVariant ByNumber ByHighNumber ByTwoFlags ByOrder ByTwoVariants ByTwoOptions ByOption ByLength ByText ByChar ByFloat
    BehindForm ShortStruct ShortVariant Alternating HeadOfList ByKey ReadsLess Silent Vast Nameless Ignores
    BehindPicky ByLastOfList
}

#[derive(Deserialize)]
enum Two {
    A,
    B,
}

/// A text of one form.
struct Form;

from_value! { Form: String, text => (text == "127.0.0.1").then_some(Form) }

/// A number of few.
struct Few;

from_value! { Few: u8, number => (number == 3).then_some(Few) }

/// Reads a number, or a text.
fn number_or_text<'de, A: SeqAccess<'de>>(number: bool, parts: &mut A) -> Result<(), A::Error> {
    if number { next::<u64, A>(parts).map(drop) } else { next::<String, A>(parts).map(drop) }
}

from_parts! {
    ByVariant: deserialize_tuple(2), parts => {
        let number = matches!(next(&mut parts)?, Two::A);
        number_or_text(number, &mut parts).map(|()| ByVariant)
    }
    ByNumber: deserialize_tuple(2), parts => {
        let number = next::<u8, A>(&mut parts)? == 1;
        number_or_text(number, &mut parts).map(|()| ByNumber)
    }
    ByHighNumber: deserialize_tuple(2), parts => {
        let number = next::<u8, A>(&mut parts)? != 9;
        number_or_text(number, &mut parts).map(|()| ByHighNumber)
    }
    ByTwoFlags: deserialize_tuple(3), parts => {
        let number = next::<bool, A>(&mut parts)? == next::<bool, A>(&mut parts)?;
        number_or_text(number, &mut parts).map(|()| ByTwoFlags)
    }
    ByOrder: deserialize_tuple(3), parts => {
        let number = next::<u8, A>(&mut parts)? <= next::<u8, A>(&mut parts)?;
        number_or_text(number, &mut parts).map(|()| ByOrder)
    }
    ByTwoVariants: deserialize_tuple(3), parts => {
        let number = matches!((next(&mut parts)?, next(&mut parts)?), (Two::A, Two::A) | (Two::B, Two::B));
        number_or_text(number, &mut parts).map(|()| ByTwoVariants)
    }
    ByTwoOptions: deserialize_tuple(3), parts => {
        let number = next::<Option<u8>, A>(&mut parts)?.is_some() == next::<Option<u8>, A>(&mut parts)?.is_some();
        number_or_text(number, &mut parts).map(|()| ByTwoOptions)
    }
    ByOption: deserialize_tuple(2), parts => {
        let number = next::<Option<u8>, A>(&mut parts)?.is_some();
        number_or_text(number, &mut parts).map(|()| ByOption)
    }
    ByLength: deserialize_tuple(2), parts => {
        let number = next::<Vec<u8>, A>(&mut parts)?.len() < 2;
        number_or_text(number, &mut parts).map(|()| ByLength)
    }
    ByText: deserialize_tuple(2), parts => {
        let number = next::<String, A>(&mut parts)?.is_empty();
        number_or_text(number, &mut parts).map(|()| ByText)
    }
    ByChar: deserialize_tuple(2), parts => {
        let number = next::<char, A>(&mut parts)? == 'a';
        number_or_text(number, &mut parts).map(|()| ByChar)
    }
    ByFloat: deserialize_tuple(2), parts => {
        let number = next::<f64, A>(&mut parts)? > 0.0;
        number_or_text(number, &mut parts).map(|()| ByFloat)
    }
    BehindForm: deserialize_tuple(3), parts => {
        next::<Form, A>(&mut parts)?;
        let number = next::<bool, A>(&mut parts)?;
        number_or_text(number, &mut parts).map(|()| BehindForm)
    }
    BehindPicky: deserialize_tuple(4), parts => {
        next::<Few, A>(&mut parts)?;
        next::<Few, A>(&mut parts)?;
        let number = next::<u16, A>(&mut parts)? != 5;
        number_or_text(number, &mut parts).map(|()| BehindPicky)
    }
    ByLastOfList: deserialize_tuple(2), parts => {
        let list = next::<Vec<u8>, A>(&mut parts)?;
        number_or_text(list.len() < 3, &mut parts).map(|()| ByLastOfList)
    }
    // The second version has another field.
    ShortStruct: deserialize_struct("ShortStruct", &["version", "more"]), parts => {
        if next::<u8, A>(&mut parts)? != 1 {
            next::<u64, A>(&mut parts)?;
        }
        Ok(ShortStruct)
    }
    // A map as one flat list: text, number, text, number.
    Alternating: deserialize_seq(), parts => {
        while parts.next_element::<String>()?.is_some() {
            next::<u64, A>(&mut parts)?;
        }
        Ok(Alternating)
    }
    HeadOfList: deserialize_seq(), parts => {
        let _read: (u8, u8, String) = (next(&mut parts)?, next(&mut parts)?, next(&mut parts)?);
        Ok(HeadOfList)
    }
    ReadsLess: deserialize_tuple(3), parts => { next::<u8, A>(&mut parts).map(|_| ReadsLess) }
}

/// A variant whose second version has another field.
impl<'de> Deserialize<'de> for ShortVariant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ShortVariant, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = ShortVariant;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a variant")
            }
            fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<ShortVariant, A::Error> {
                let (number, content) = data.variant::<u32>()?;
                if number > 0 {
                    Err(de::Error::custom("no variant"))
                } else {
                    content.struct_variant(&["version", "more"], self)
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<ShortVariant, A::Error> {
                if next::<u8, A>(&mut parts)? != 1 {
                    next::<u64, A>(&mut parts)?;
                }
                Ok(ShortVariant)
            }
        }
        deserializer.deserialize_enum("ShortVariant", &["Only"], Fields)
    }
}

/// A map whose keys decide the types of the values.
impl<'de> Deserialize<'de> for ByKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByKey, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = ByKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("entries")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ByKey, A::Error> {
                while let Some(key) = entries.next_key::<u8>()? {
                    if key < 5 {
                        entries.next_value::<u64>().map(drop)?
                    } else {
                        entries.next_value::<String>().map(drop)?
                    }
                }
                Ok(ByKey)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl<'de> Deserialize<'de> for Silent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Silent, D::Error> {
        Ok(Silent)
    }
}

impl<'de> Deserialize<'de> for Vast {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vast, D::Error> {
        deserializer.deserialize_tuple(usize::MAX, IgnoredAny).map(|_| Vast)
    }
}

impl<'de> Deserialize<'de> for Nameless {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Nameless, D::Error> {
        <(Vec<Nameless>, Vec<Nameless>)>::deserialize(deserializer).map(|_| Nameless)
    }
}

impl<'de> Deserialize<'de> for Ignores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Ignores, D::Error> {
        <(u8, IgnoredAny)>::deserialize(deserializer).map(|_| Ignores)
    }
}

cases! { unsound:
    ByVariant => OPAQUE, [];
    ByNumber => OPAQUE, [];
    ByHighNumber => OPAQUE, [];
    ByTwoFlags => OPAQUE, [];
    ByOrder => OPAQUE, [];
    ByTwoVariants => OPAQUE, [];
    ByTwoOptions => OPAQUE, [];
    ByOption => OPAQUE, [];
    ByLength => OPAQUE, [];
    ByLastOfList => OPAQUE, [];
    ByText => OPAQUE, [];
    ByChar => OPAQUE, [];
    ByFloat => OPAQUE, [];
    BehindForm => OPAQUE, [];
    BehindPicky => OPAQUE, [];
    ShortStruct => OPAQUE, [];
    ShortVariant => OPAQUE, [];
    Alternating => OPAQUE, [];
    HeadOfList => OPAQUE, [];
    ByKey => OPAQUE, [];
    ReadsLess => OPAQUE, [];
    Silent => OPAQUE, [];
    Vast => OPAQUE, [];
    Nameless => OPAQUE, [];
    Ignores => UNDECODABLE, [];
}
