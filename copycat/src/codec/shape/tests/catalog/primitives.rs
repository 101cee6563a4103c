//! Values without parts, and the types of the standard library that are one inside.

use super::{OPAQUE, cases};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::ffi::{CString, OsString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZero, Saturating, Wrapping};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, SystemTime};

const V6: &str = "(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)";

cases! { scalars:
    bool => "bool", [true, false];
    char => "char", ['a', 'ß', '\u{10ffff}'];
    u8 => "u8", [0, 255];
    u16 => "u16", [250, 251, u16::MAX];
    u32 => "u32", [0, 65_536, u32::MAX];
    u64 => "u64", [0, 1 << 32, u64::MAX];
    u128 => "u128", [0, 1 << 64, u128::MAX];
    usize => "u64", [0, usize::MAX];
    i8 => "i8", [i8::MIN, -1, i8::MAX];
    i16 => "i16", [i16::MIN, 126, i16::MAX];
    i32 => "i32", [i32::MIN, -1, i32::MAX];
    i64 => "i64", [i64::MIN, -1, i64::MAX];
    i128 => "i128", [i128::MIN, -1, i128::MAX];
    isize => "i64", [isize::MIN, isize::MAX];
    f32 => "f32", [-0.0, 0.1, f32::MIN_POSITIVE, f32::INFINITY];
    f64 => "f64", [-0.0, 0.1, f64::MAX, f64::NEG_INFINITY, f64::NAN];
    () => "()", [()];
    String => "String", [String::new(), "ä\"\\\u{0}".into()];
    &'static str => "String", ["", "ada"];
    Box<str> => "String", ["ada".into()];
    Cow<'static, str> => "String", [Cow::Borrowed("ada"), Cow::Owned("bob".into())];
    &'static [u8] => "Bytes", [&[1, 2][..]];
    Cow<'static, [u8]> => "Vec<u8>", [Cow::Borrowed(b"ab")];
    serde_bytes::ByteBuf => "Bytes", [serde_bytes::ByteBuf::from(vec![0, 255])];
    &'static serde_bytes::Bytes => "Bytes", [serde_bytes::Bytes::new(b"ab")];
    serde_bytes::ByteArray<4> => "Bytes", [serde_bytes::ByteArray::new([1, 2, 3, 4])];
}

cases! { wrappers:
    Box<u8> => "u8", [Box::new(7)];
    Cell<u8> => "u8", [Cell::new(7)];
    RefCell<String> => "String", [RefCell::new("a".into())];
    Mutex<u8> => "u8", [Mutex::new(7)];
    RwLock<Vec<u8>> => "Vec<u8>", [RwLock::new(vec![7])];
    Wrapping<i16> => "i16", [Wrapping(-7)];
    Saturating<u64> => "u64", [Saturating(7)];
    Reverse<u32> => "u32", [Reverse(7)];
    PhantomData<String> => "PhantomData; struct PhantomData", [PhantomData];
    AtomicBool => "bool", [AtomicBool::new(true)];
    AtomicI8 => "i8", [AtomicI8::new(-7)];
    AtomicI16 => "i16", [AtomicI16::new(-7)];
    AtomicI32 => "i32", [AtomicI32::new(-7)];
    AtomicI64 => "i64", [AtomicI64::new(-7)];
    AtomicIsize => "i64", [AtomicIsize::new(-7)];
    AtomicU8 => "u8", [AtomicU8::new(7)];
    AtomicU16 => "u16", [AtomicU16::new(7)];
    AtomicU32 => "u32", [AtomicU32::new(7)];
    AtomicU64 => "u64", [AtomicU64::new(7)];
    AtomicUsize => "u64", [AtomicUsize::new(7)];
    NonZero<i8> => "i8", [NonZero::new(-7).unwrap()];
    NonZero<i16> => "i16", [NonZero::new(-7).unwrap()];
    NonZero<i32> => "i32", [NonZero::new(-7).unwrap()];
    NonZero<i64> => "i64", [NonZero::new(-7).unwrap()];
    NonZero<i128> => "i128", [NonZero::new(-7).unwrap()];
    NonZero<isize> => "i64", [NonZero::new(-7).unwrap()];
    NonZero<u8> => "u8", [NonZero::new(7).unwrap()];
    NonZero<u16> => "u16", [NonZero::new(7).unwrap()];
    NonZero<u32> => "u32", [NonZero::new(7).unwrap()];
    NonZero<u64> => "u64", [NonZero::new(7).unwrap()];
    NonZero<u128> => "u128", [NonZero::new(u128::MAX).unwrap()];
    NonZero<usize> => "u64", [NonZero::new(7).unwrap()];
}

cases! { of_the_system:
    Duration => "Duration; struct Duration { secs: u64, nanos: u32 }", [Duration::from_nanos(1_500_000_001)];
    SystemTime => "SystemTime; struct SystemTime { secs_since_epoch: u64, nanos_since_epoch: u32 }",
        [SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)];
    Range<u8> => "Range; struct Range { start: u8, end: u8 }", [1..7];
    RangeInclusive<i64> => "RangeInclusive; struct RangeInclusive { start: i64, end: i64 }", [-1..=7];
    RangeFrom<char> => "RangeFrom; struct RangeFrom { start: char }", ['a'..];
    RangeTo<String> => "RangeTo; struct RangeTo { end: String }", [..String::from("a")];
    Bound<u8> => "Bound; enum Bound { Unbounded, Included(u8), Excluded(u8) }",
        [Bound::Unbounded, Bound::Included(7), Bound::Excluded(8)];
    Result<u64, String> => "Result; enum Result { Ok(u64), Err(String) }", [Ok(7), Err("a".into())];
    IpAddr => &format!("IpAddr; enum IpAddr {{ V4((u8, u8, u8, u8)), V6({V6}) }}"),
        [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    Ipv4Addr => "(u8, u8, u8, u8)", [Ipv4Addr::LOCALHOST];
    Ipv6Addr => V6, [Ipv6Addr::LOCALHOST];
    SocketAddr => &format!("SocketAddr; enum SocketAddr {{ V4(((u8, u8, u8, u8), u16)), V6(({V6}, u16)) }}"),
        [SocketAddr::from(([127, 0, 0, 1], 7)), SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 7))];
    SocketAddrV4 => "((u8, u8, u8, u8), u16)", [SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7)];
    SocketAddrV6 => &format!("({V6}, u16)"), [SocketAddrV6::new(Ipv6Addr::LOCALHOST, 7, 0, 0)];
    PathBuf => "String", [PathBuf::from("/a/b")];
    &'static Path => "String", [Path::new("/a/b")];
    Box<Path> => "String", [Path::new("/a/b").into()];
    CString => "Bytes", [c"ada".into()];
    // Of its variants, the one for another system cannot be read here.
    OsString => OPAQUE, ["ada".into()];
}
