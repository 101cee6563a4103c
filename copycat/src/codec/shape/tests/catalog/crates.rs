//! Types of well-known crates.

use super::cases;
use arrayvec::{ArrayString, ArrayVec};
use chrono::{DateTime, FixedOffset, Month, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use either::Either;
use indexmap::{IndexMap, IndexSet};
use ordered_float::{NotNan, OrderedFloat};
use semver::{Version, VersionReq};
use smallvec::SmallVec;
use url::{Host, Url};
use uuid::Uuid;

fn version() -> Version {
    Version::new(1, 2, 3)
}

fn moment() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 5).unwrap()
}

fn uuid() -> Uuid {
    Uuid::from_u128(1 << 100)
}

cases! { types:
    Uuid => "Bytes", [uuid()];
    (Uuid, u8) => "(Bytes, u8)", [(uuid(), 7)];
    Option<uuid::NonNilUuid> => "Option<Bytes>", [None, uuid::NonNilUuid::new(uuid())];
    Url => "String", [Url::parse("http://localhost/a?b#c").unwrap()];
    (Url, u8) => "(String, u8)", [(Url::parse("mailto:a@b").unwrap(), 7)];
    Vec<Host> => "Vec<Host>; enum Host { Domain(String), Ipv4((u8, u8, u8, u8)), \
        Ipv6((u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8)) }",
        [vec![Host::Domain("a".into()), Host::Ipv4([127, 0, 0, 1].into())]];
    (Version, VersionReq) => "(String, String)", [(version(), VersionReq::parse(">=1, <2").unwrap())];
    (semver::Comparator, Version, u8) => "(String, String, u8)",
        [(semver::Comparator::parse("~1.2").unwrap(), version(), 7)];
    (DateTime<Utc>, u8) => "(String, u8)", [(moment(), 7)];
    (DateTime<FixedOffset>, u8) => "(String, u8)", [(moment().fixed_offset(), 7)];
    (NaiveDate, NaiveTime, NaiveDateTime, u8) => "(String, String, String, u8)",
        [(moment().date_naive(), moment().time(), moment().naive_utc(), 7)];
    (Weekday, Month, u8) => "(String, String, u8)", [(Weekday::Sun, Month::May, 7)];
    (TimeDelta, u8) => "((i64, i32), u8)", [(TimeDelta::milliseconds(-1_500), 7)];
    // An object of JSON has no order.
    IndexMap<String, u8> => "Map<String, u8>", [IndexMap::from([("a".into(), 8), ("b".into(), 7)])];
    IndexSet<String> => "Vec<String>", [IndexSet::from(["b".into(), "a".into()])];
    SmallVec<[u8; 4]> => "Vec<u8>", [SmallVec::from_slice(&[7; 9])];
    ArrayVec<u16, 4> => "Vec<u16>", [ArrayVec::from([7; 4])];
    (ArrayString<4>, u8) => "(String, u8)", [(ArrayString::from("abcd").unwrap(), 7)];
    Either<u8, String> => "Either; enum Either { Left(u8), Right(String) }", [Either::Left(7), Either::Right("a".into())];
    OrderedFloat<f64> => "f64", [OrderedFloat(0.1)];
    (NotNan<f32>, u8) => "(f32, u8)", [(NotNan::new(0.1).unwrap(), 7)];
    time::Duration => "(i64, i32)", [time::Duration::milliseconds(-1_500)];
    (time::Date, time::Time, u8) => "((i32, u16), (u8, u8, u8, u32), u8)", [(time::Date::MIN, time::Time::MIDNIGHT, 7)];
    (time::PrimitiveDateTime, u8) => "((i32, u16, u8, u8, u8, u32), u8)", [(time::PrimitiveDateTime::MIN, 7)];
    (time::OffsetDateTime, u8) => "((i32, u16, u8, u8, u8, u32, i8, i8, i8), u8)", [(time::OffsetDateTime::UNIX_EPOCH, 7)];
    (time::UtcOffset, u8) => "((i8, i8, i8), u8)", [(time::UtcOffset::UTC, 7)];
    (time::Month, time::Weekday, u8) => "(u8, u8, u8)", [(time::Month::May, time::Weekday::Sunday, 7)];
    serde_json::Value => super::UNDECODABLE, [serde_json::json!({"a": 7})];
    serde_json::Map<String, serde_json::Value> => super::UNDECODABLE, [];
    serde_json::Number => super::UNDECODABLE, [7.into()];
}
