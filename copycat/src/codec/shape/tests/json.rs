//! Values as JSON: in the form that serde's JSON has, and back to the same bytes.

use super::super::encoded::Encoded;
use super::super::encoder::encode;
use super::super::json::{read, write};
use super::super::{Shape, Types};
use super::traced;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Debug, PartialEq, PartialOrd, Eq, Ord, Clone, Serialize, Deserialize)] $item )*};
}

derived! {
    enum Event { Nothing, Deposit(u64), Transfer(String, u64), Close { account: String, reason: Option<Box<Event>> } }
    struct Order { id: u64, lines: Vec<(String, Cents)>, paid: Option<Cents>, unit: Marker }
    struct Cents(i64);
    struct Marker;
    enum Side { Left, Right }
}

fn encoded<T: Serialize + DeserializeOwned>(value: &T) -> (Vec<u8>, Shape, Types) {
    let (shape, types) = traced::<T>().expect("a shape");
    let mut out = Encoded::default();
    encode(value, &shape, &types, &mut out).unwrap();
    (out.bytes, shape, types)
}

/// Checks that a value is written as this JSON, and that this is read as the same bytes.
fn is<T: Serialize + DeserializeOwned>(value: &T, expected: &Value) {
    let (bytes, shape, types) = encoded(value);
    let written = write::value(&bytes, &shape, &types).unwrap();
    assert_eq!(&serde_json::from_str::<Value>(&written).unwrap(), expected, "{written}");
    let mut out = Encoded::default();
    read::encode(expected, &shape, &types, &mut out).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(out.bytes, bytes, "{written}");
}

/// Checks that a value is written as serde's JSON.
fn same<T: Serialize + DeserializeOwned>(value: &T) {
    is(value, &serde_json::to_value(value).unwrap());
}

fn refused<T: DeserializeOwned + 'static>(json: &Value) -> String {
    let (shape, types) = traced::<T>().expect("a shape");
    read::encode(json, &shape, &types, &mut Encoded::default()).unwrap_err().to_string()
}

#[test]
fn values_are_written_as_serdes_json_and_read_from_it() {
    same(&(true, 'ä', "a \"text\"\n".to_owned(), ()));
    same(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, u8::MAX, u16::MAX, u32::MAX, u64::MAX));
    same(&(0.1f64, -2.5f32, f64::MAX, 1e-300f64));
    same(&(Some(7u8), None::<u8>, vec![1u64, 2], Vec::<String>::new()));
    same(&[Event::Nothing, Event::Deposit(7), Event::Transfer("ada".into(), 9)]);
    same(&Event::Close { account: "ada".into(), reason: Some(Box::new(Event::Nothing)) });
    let lines = vec![("a".into(), Cents(-1)), ("b".into(), Cents(2))];
    same(&Order { id: 1, lines, paid: None, unit: Marker });
    same(&BTreeMap::from([("a".to_owned(), 1u8), ("b".to_owned(), 2)]));
    same(&BTreeMap::from([(-1i64, 'a'), (7, 'b')]));
    same(&BTreeSet::from(["x".to_owned()]));
    same(&Duration::from_millis(1_500));
    same(&Ok::<u8, String>(1));
    same(&serde_bytes::ByteBuf::from(vec![1, 2, 255]));
}

#[test]
fn what_json_cannot_say_has_a_form_of_its_own() {
    is(&(f64::INFINITY, f32::NEG_INFINITY), &json!(["inf", "-inf"]));
    is(&f64::NAN, &json!("NaN"));
    is(&(None::<Option<u8>>, Some(None::<u8>), Some(Some(7u8))), &json!([null, {"Some": null}, {"Some": 7}]));
    is(&(Some(()), None::<()>), &json!([{"Some": null}, null]));
    is(&BTreeMap::from([((1u8, 'a'), true)]), &json!([[[1, "a"], true]]));
    is(&BTreeMap::from([(Side::Left, 1u8), (Side::Right, 2)]), &json!([["Left", 1], ["Right", 2]]));
    // Whole numbers that JSON readers round may be texts.
    let (bytes, shape, types) = encoded(&(u128::MAX, i128::MIN));
    let texts = json!([u128::MAX.to_string(), i128::MIN.to_string()]);
    let mut out = Encoded::default();
    read::encode(&texts, &shape, &types, &mut out).unwrap();
    assert_eq!(out.bytes, bytes);
    assert_eq!(write::value(&bytes, &shape, &types).unwrap(), format!("[{},{}]", u128::MAX, i128::MIN));
}

#[test]
fn json_that_does_not_fit_is_refused_with_the_place_and_both_types() {
    assert_eq!(refused::<u8>(&json!(256)), "256 where u8 is expected");
    assert_eq!(refused::<u64>(&json!(-1)), "-1 where u64 is expected");
    assert_eq!(refused::<u64>(&json!(1.5)), "1.5 where u64 is expected");
    assert_eq!(refused::<String>(&json!(["a"])), "[\"a\"] where String is expected");
    assert_eq!(refused::<(u8, u8)>(&json!([1])), "[1] where (u8, u8) is expected");
    assert_eq!(refused::<Vec<u8>>(&json!([1, 300])), "[1]: 300 where u8 is expected");
    let order = json!({"id": 1, "lines": [["a", "b"]], "paid": null, "unit": null});
    assert_eq!(refused::<Order>(&order), ".lines[0][1]: \"b\" where i64 is expected");
    assert_eq!(refused::<Order>(&json!({"id": 1, "paid": null, "unit": null})), "`lines` is missing");
    let unknown = json!({"id": 1, "lines": [], "count": 2});
    assert_eq!(refused::<Order>(&unknown), "nothing is called `count` there");
    let event = "where Event is expected";
    for json in [json!({"Deposit": 1, "Nothing": null}), json!("Close"), json!("Withdraw"), json!(7)] {
        let text = refused::<Event>(&json);
        assert!(text.ends_with(event), "{text}");
    }
    assert_eq!(refused::<IpAddr>(&json!("127.0.0.1")), "\"127.0.0.1\" where IpAddr is expected");
    assert_eq!(refused::<Option<Option<u8>>>(&json!(7)), "7 where Option<Option<u8>> is expected");
    let deep = (0..200).fold(json!(null), |below, _| json!({"Close": {"account": "", "reason": below}}));
    assert!(refused::<Event>(&deep).ends_with("it is nested deeper than 128 options, lists, maps and enums"));
    let shape = Shape::Opaque("Secret".into());
    let error = read::encode(&json!(1), &shape, &Types::default(), &mut Encoded::default()).unwrap_err();
    assert_eq!(error.to_string(), "the shape of `Secret` is not known, so it cannot be written as JSON");
    assert!(
        write::value(&[1], &shape, &Types::default())
            .unwrap_err()
            .to_string()
            .contains("`Secret` is not known")
    );
}

#[test]
fn what_may_be_absent_may_be_left_out() {
    let (bytes, shape, types) = encoded(&Order { id: 1, lines: Vec::new(), paid: None, unit: Marker });
    let mut out = Encoded::default();
    read::encode(&json!({"id": 1, "lines": []}), &shape, &types, &mut out).unwrap();
    assert_eq!(out.bytes, bytes);
}

/// Bytes that no value has are refused, and none of them panics.
#[test]
fn bytes_that_are_no_value_are_not_written() {
    let (bytes, shape, types) = encoded(&vec![Event::Transfer("ada".into(), 9), Event::Nothing]);
    for end in 0..bytes.len() {
        assert!(write::value(&bytes[..end], &shape, &types).is_err(), "{end}");
    }
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..2_000 {
        let mut changed = bytes.clone();
        let at = random.usize(..changed.len());
        changed[at] = random.u8(..);
        if let Ok(written) = write::value(&changed, &shape, &types) {
            let value: Value = serde_json::from_str(&written).expect("JSON");
            let mut out = Encoded::default();
            read::encode(&value, &shape, &types, &mut out).unwrap();
            assert_eq!(out.bytes, changed, "{written}");
        }
    }
}
