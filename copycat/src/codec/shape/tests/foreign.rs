//! Types of the standard library and of well-known crates.

use super::{Traced, Tracer, shapes};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZeroI64, NonZeroU8, NonZeroU32, NonZeroU128, NonZeroUsize, Saturating, Wrapping};
use std::ops::{Bound, ControlFlow, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, SystemTime};

#[test]
fn primitives() {
    shapes! {
        bool => "bool", char => "char", String => "String", &str => "String", &[u8] => "Bytes", () => "()",
        u8 => "u8", u16 => "u16", u32 => "u32", u64 => "u64", u128 => "u128", usize => "u64",
        i8 => "i8", i16 => "i16", i32 => "i32", i64 => "i64", i128 => "i128", isize => "i64",
        f32 => "f32", f64 => "f64",
        Box<str> => "String", Cow<'static, str> => "String", Cow<'static, [u8]> => "Vec<u8>",
        serde_bytes::ByteBuf => "Bytes",
    }
}

#[test]
fn wrappers_are_what_they_wrap() {
    shapes! {
        Box<u8> => "u8", Cell<u8> => "u8", RefCell<String> => "String", Mutex<u8> => "u8", RwLock<u8> => "u8",
        Wrapping<i16> => "i16", Saturating<i16> => "i16", Reverse<u32> => "u32",
        AtomicBool => "bool", AtomicI64 => "i64", AtomicU32 => "u32",
        NonZeroU8 => "u8", NonZeroU32 => "u32", NonZeroI64 => "i64", NonZeroU128 => "u128", NonZeroUsize => "u64",
        PhantomData<String> => "PhantomData; struct PhantomData",
    }
}

#[test]
fn collections() {
    shapes! {
        Vec<u64> => "Vec<u64>", Box<[u64]> => "Vec<u64>", VecDeque<u8> => "Vec<u8>", LinkedList<i8> => "Vec<i8>",
        BTreeSet<String> => "Vec<String>", HashSet<u8> => "Vec<u8>", BinaryHeap<u8> => "Vec<u8>",
        BTreeMap<String, Vec<u8>> => "Map<String, Vec<u8>>", HashMap<u8, ()> => "Map<u8, ()>",
        Option<u64> => "Option<u64>", Option<Option<()>> => "Option<Option<()>>",
        Vec<Option<BTreeMap<u8, Vec<()>>>> => "Vec<Option<Map<u8, Vec<()>>>>",
        (u8,) => "(u8,)", (u8, String, (bool,)) => "(u8, String, (bool,))",
        [u16; 3] => "(u16, u16, u16)", [u8; 0] => "()", [[bool; 1]; 2] => "((bool,), (bool,))",
        Vec<[NonZeroU8; 2]> => "Vec<(u8, u8)>",
    }
}

#[test]
fn structs_and_enums_of_the_standard_library() {
    shapes! {
        Duration => "Duration; struct Duration { secs: u64, nanos: u32 }",
        SystemTime => "SystemTime; struct SystemTime { secs_since_epoch: u64, nanos_since_epoch: u32 }",
        Range<u8> => "Range; struct Range { start: u8, end: u8 }",
        RangeInclusive<i64> => "RangeInclusive; struct RangeInclusive { start: i64, end: i64 }",
        RangeFrom<u8> => "RangeFrom; struct RangeFrom { start: u8 }",
        RangeTo<String> => "RangeTo; struct RangeTo { end: String }",
        Bound<u8> => "Bound; enum Bound { Unbounded, Included(u8), Excluded(u8) }",
        Result<u64, String> => "Result; enum Result { Ok(u64), Err(String) }",
        IpAddr => "IpAddr; enum IpAddr { V4((u8, u8, u8, u8)), \
            V6((u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)) }",
        Ipv4Addr => "(u8, u8, u8, u8)",
        SocketAddrV4 => "((u8, u8, u8, u8), u16)",
        PathBuf => "String",
        std::ffi::CString => "Bytes",
        // Of its variants, the one for another system cannot be read here.
        std::ffi::OsString => "opaque",
    }
    let _also_compile: Option<(Ipv6Addr, SocketAddr, SocketAddrV6, ControlFlow<()>)> = None;
}

#[test]
fn two_instances_of_one_generic_type_are_told_apart() {
    shapes! {
        (Result<u64, String>, Result<(), String>) =>
            "(Result, Result#2); enum Result { Ok(u64), Err(String) }; enum Result#2 { Ok(()), Err(String) }",
        Vec<(Range<u8>, Range<u16>)> =>
            "Vec<(Range, Range#2)>; struct Range { start: u8, end: u8 }; struct Range#2 { start: u16, end: u16 }",
    }
}

#[test]
fn types_of_well_known_crates() {
    use chrono::{DateTime, FixedOffset, Month, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
    shapes! {
        uuid::Uuid => "Bytes",
        (uuid::Uuid, u8) => "(Bytes, u8)",
        url::Url => "String",
        (url::Url, u8) => "(String, u8)",
        Vec<url::Host> => "Vec<Host>; enum Host { Domain(String), \
            Ipv4((u8, u8, u8, u8)), \
            Ipv6((u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)) }",
        (semver::Version, semver::VersionReq) => "(String, String)",
        (DateTime<Utc>, u8) => "(String, u8)",
        (DateTime<FixedOffset>, u8) => "(String, u8)",
        (NaiveDate, NaiveTime, NaiveDateTime, u8) => "(String, String, String, u8)",
        (Weekday, Month, u8) => "(String, String, u8)",
        indexmap::IndexMap<String, u8> => "Map<String, u8>",
        indexmap::IndexSet<String> => "Vec<String>",
        smallvec::SmallVec<[u8; 4]> => "Vec<u8>",
        bytes_of_serde::Both => "Both; struct Both { plain: Vec<u8>, quick: Bytes }",
    }
}

mod bytes_of_serde {
    #[derive(serde::Deserialize)]
    pub(super) struct Both {
        #[serde(rename = "plain")]
        _plain: Vec<u8>,
        #[serde(rename = "quick", with = "serde_bytes")]
        _quick: Vec<u8>,
    }
}

#[test]
fn a_value_of_json_cannot_be_decoded() {
    assert!(
        matches!(Tracer::default().trace::<serde_json::Value>(), Traced::SelfDescribing(inside) if inside.is_empty())
    );
}
