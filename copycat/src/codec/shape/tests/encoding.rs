//! Values that are encoded by a shape: as the library does, or not at all.

use super::super::encoded::Encoded;
use super::super::encoder::encode;
use super::super::{Primitive, Shape, Types};
use super::traced;
use crate::codec::payload;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Debug, PartialEq, Serialize, Deserialize)] #[allow(dead_code)] $item )*};
}

derived! {
    enum Event { Nothing, Deposit(u64), Transfer(String, u64), Close { account: String, reason: Option<Box<Event>> } }
    struct Order { id: u64, lines: Vec<(String, Cents)>, paid: Option<Cents>, unit: Marker, empty: Empty }
    struct Cents(i64);
    struct Marker;
    struct Empty {}
    struct Pair(u8, f32);
    struct Tree { value: char, children: Vec<Tree> }
    struct LeavesOut { id: u64, #[serde(skip_serializing_if = "Option::is_none")] note: Option<String>, last: u8 }
    struct NeverWrites { id: u64, #[serde(skip_serializing, default)] note: String, last: u8 }
    enum Skips { Deposit(u64), #[serde(skip)] Cached, Withdraw(u64), Fee(u64) }
    #[serde(rename_all(serialize = "camelCase", deserialize = "snake_case"))] struct OtherNames { first_name: String, last_name: u8 }
    struct Aliases { #[serde(alias = "b")] a: u8, c: String }
    enum SkipsLast { Deposit(u64), Withdraw(u64), #[serde(skip)] Cached }
}

fn by_shape<S: DeserializeOwned, T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    let (shape, types) = traced::<S>().expect("a shape");
    let mut out = Encoded::after(b"before".to_vec());
    let encoded = encode(value, &shape, &types, &mut out);
    encoded.map(|()| out.bytes[6..].to_vec()).map_err(|error| error.to_string())
}

/// Checks that a value is encoded as the library does, and decodes to itself.
fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = by_shape::<T, T>(value).unwrap();
    let mut theirs = Vec::new();
    payload::append(value, &mut theirs).unwrap();
    assert_eq!(bytes, theirs, "{value:?}");
    assert_eq!(payload::decode::<T>(&bytes).unwrap(), *value);
}

#[test]
fn what_fits_is_encoded_as_the_library_does() {
    for number in [0, 1, 250, 251, 65_535, 65_536, u64::from(u32::MAX), u64::MAX] {
        let signed = number as i64;
        same(&(
            number as u8,
            number as u16,
            number as u32,
            number,
            number as usize,
            u128::from(number) << 64,
        ));
        same(&(
            signed as i8,
            signed as i16,
            signed as i32,
            signed,
            i128::from(signed) << 60,
            signed as isize,
        ));
    }
    same(&(u128::MAX, i128::MIN, f64::MIN, 1.5f32, 'ß', true, (), "text".to_owned(), [7u16; 3], [0u8; 0]));
    same(&vec![
        Event::Nothing,
        Event::Deposit(u64::MAX),
        Event::Transfer("ada".into(), 1),
        Event::Close { account: "ada".into(), reason: Some(Box::new(Event::Nothing)) },
    ]);
    let lines = vec![("a".into(), Cents(-1)), ("b".into(), Cents(1 << 40))];
    same(&Order { id: 7, lines, paid: Some(Cents(0)), unit: Marker, empty: Empty {} });
    same(&(Pair(1, -0.0), Tree { value: 'a', children: vec![Tree { value: 'b', children: vec![] }] }));
    same(&BTreeMap::from([("a".to_owned(), vec![Some(1u8), None]), ("b".to_owned(), vec![])]));
    same(&HashMap::from([(1u8, Duration::from_millis(1_500))]));
    same(&(IpAddr::from([127, 0, 0, 1]), serde_bytes::ByteBuf::from(vec![1, 2, 3]), vec![1u8, 2]));
    same(&(Ok::<u64, String>(1), Err::<(), u8>(2), None::<Option<u8>>, Some(None::<u8>)));
    same(&OtherNames { first_name: "ada".into(), last_name: 7 });
    same(&vec![Aliases { a: 1, c: "c".into() }]);
    same(&vec![SkipsLast::Deposit(1), SkipsLast::Withdraw(2)]);
    assert_eq!(by_shape::<Vec<u8>, _>(serde_bytes::Bytes::new(b"ab")).unwrap(), b"\x02ab");
    assert_eq!(by_shape::<serde_bytes::ByteBuf, _>(&vec![97u8, 98]).unwrap(), b"\x02ab");
}

#[test]
fn numbers_become_the_type_that_is_read() {
    assert_eq!(by_shape::<u64, _>(&100i32).unwrap(), [100]);
    assert_eq!(by_shape::<i64, _>(&100u8).unwrap(), [200]);
    assert_eq!(by_shape::<f64, _>(&100).unwrap(), 100f64.to_le_bytes());
    assert_eq!(by_shape::<f64, _>(&1.5f32).unwrap(), 1.5f64.to_le_bytes());
    assert_eq!(by_shape::<f32, _>(&1.5f64).unwrap(), 1.5f32.to_le_bytes());
    assert_eq!(by_shape::<u128, _>(&u128::MAX).unwrap(), by_shape::<u128, _>(&u128::MAX).unwrap());
    assert_eq!(by_shape::<Cents, _>(&5u64).unwrap(), [10]);
    assert_eq!(by_shape::<u64, _>(&-1).unwrap_err(), "-1 (i32) where u64 is expected");
    assert_eq!(by_shape::<u8, _>(&256u64).unwrap_err(), "256 (u64) where u8 is expected");
    assert_eq!(
        by_shape::<i128, _>(&u128::MAX).unwrap_err(),
        "340282366920938463463374607431768211455 (u128) where i128 is expected"
    );
    assert!(by_shape::<f32, _>(&0.1f64).is_err() && by_shape::<f64, _>(&((1i64 << 60) + 1)).is_err());
    assert!(by_shape::<u64, _>(&1.0).is_err() && by_shape::<bool, _>(&1).is_err());
}

#[test]
fn what_would_be_read_as_something_else_is_refused() {
    let left_out = "the field `note` of `LeavesOut` is left out, but is read back; remove the attribute that skips it \
                    (`skip_serializing_if`, `skip_serializing`)";
    let value = |note: Option<&str>| LeavesOut { id: 1, note: note.map(Into::into), last: 2 };
    assert_eq!(by_shape::<LeavesOut, _>(&value(None)).unwrap_err(), left_out);
    same(&value(Some("there")));
    let never = NeverWrites { id: 1, note: "n".into(), last: 2 };
    assert!(by_shape::<NeverWrites, _>(&never).unwrap_err().contains("`NeverWrites`"));
    assert_eq!(
        by_shape::<Skips, _>(&Skips::Withdraw(5)).unwrap_err(),
        "the variant `Withdraw` of `Skips` is written with the number 2, under which `Fee` is read; a variant before it \
         is skipped: move skipped variants to the end, or do not skip them"
    );
    assert!(by_shape::<Skips, _>(&Skips::Fee(5)).unwrap_err().contains("under which nothing is read"));
    assert!(by_shape::<Skips, _>(&Skips::Cached).is_err());
    same(&Skips::Deposit(5));

    let refused = |result: Result<Vec<u8>, String>| result.unwrap_err();
    assert_eq!(refused(by_shape::<String, _>(&7u8)), "7 (u8) where String is expected");
    assert_eq!(refused(by_shape::<u8, _>("7")), "a text where u8 is expected");
    assert_eq!(refused(by_shape::<Option<u8>, _>(&7u8)), "7 (u8) where Option<u8> is expected");
    assert_eq!(
        refused(by_shape::<(u8, u8), _>(&(1u8,))),
        "`a tuple` is written with 1 fields, and read with 2; see the attributes that skip some"
    );
    assert!(by_shape::<(u8, u8), _>(&(1u8, 2u8, 3u8)).is_err());
    assert!(by_shape::<Order, _>(&Empty {}).is_err() && by_shape::<Event, _>(&Cents(1)).is_err());
    assert!(by_shape::<BTreeMap<u8, u8>, _>(&vec![(1, 2)]).is_err());
}

/// A sequence that says another length than it has, or none.
struct Says(Option<usize>, Vec<u8>);

impl Serialize for Says {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut elements = serializer.serialize_seq(self.0)?;
        self.1.iter().try_for_each(|element| elements.serialize_element(element))?;
        elements.end()
    }
}

#[test]
fn a_sequence_has_the_length_that_is_written() {
    assert_eq!(by_shape::<Vec<u8>, _>(&Says(None, vec![7; 300])).unwrap()[..5], [251, 44, 1, 7, 7]);
    assert_eq!(by_shape::<Vec<u8>, _>(&Says(Some(2), vec![7, 8])).unwrap(), [2, 7, 8]);
    let refused = by_shape::<Vec<u8>, _>(&Says(Some(2), vec![7])).unwrap_err();
    assert_eq!(refused, "a sequence of 2 elements has 1");
    assert!(by_shape::<Vec<u8>, _>(&Says(Some(1), vec![7, 8])).is_err());
}

#[test]
fn what_the_reader_would_take_for_forged_is_refused_before_it_is_sent() {
    same(&vec![(); 4_096]);
    let refused = by_shape::<Vec<()>, _>(&vec![(); 4_100]);
    assert_eq!(refused.unwrap_err(), "more than 4096 elements take no byte, as `()` does");
    same(&(vec![(); 2_000], vec![7u8; 2_000], vec![(); 2_000]));
    assert!(by_shape::<(Vec<()>, Vec<()>), _>(&(vec![(); 2_052], vec![(); 2_051])).is_err(), "both together");
    same(&(0..2_000).map(|key: u16| (key, ())).collect::<BTreeMap<_, _>>());

    // A tree takes one level for each list.
    let deep = |levels: usize| {
        let leaf = Tree { value: 'a', children: Vec::new() };
        (1..levels).fold(leaf, |below, _| Tree { value: 'b', children: vec![below] })
    };
    same(&deep(128));
    let refused = by_shape::<Tree, _>(&deep(129));
    assert!(refused.unwrap_err().ends_with("it is nested deeper than 128 options, lists, maps and enums"));
    let nested = |levels: usize| {
        let close = |reason| Event::Close { account: String::new(), reason };
        (1..levels).fold(close(None), |reason, _| close(Some(Box::new(reason))))
    };
    // Each level is an enum and an option.
    same(&nested(64));
    assert!(by_shape::<Event, _>(&nested(65)).is_err());
}

/// Encodes a value of which nothing is known, beside a list of elements without bytes.
fn unknown<T: Serialize>(value: &T, beside: usize) -> Result<Vec<u8>, String> {
    let shape = Shape::Tuple(vec![Shape::Opaque("Unknown".into()), Shape::List(Box::new(Shape::Unit))]);
    let mut out = Encoded::default();
    let encoded = encode(&(value, vec![(); beside]), &shape, &Types::default(), &mut out);
    encoded.map(|()| out.bytes).map_err(|error| error.to_string())
}

#[test]
fn values_of_unknown_shape_have_the_same_bounds() {
    let elements = |count: usize| (vec![(); count], BTreeMap::from([((), 7u8)]));
    let mut theirs = Vec::new();
    payload::append(&(elements(2_000), vec![(); 2_000]), &mut theirs).unwrap();
    assert_eq!(unknown(&elements(2_000), 2_000).unwrap(), theirs);
    assert!(unknown(&elements(2_100), 2_100).unwrap_err().contains("take no byte"));

    let deep = |levels: usize| {
        (1..levels).fold(Tree { value: 'a', children: vec![] }, |below, _| Tree {
            value: 'b',
            children: vec![below],
        })
    };
    let bytes = unknown(&deep(128), 0).unwrap();
    assert_eq!(payload::decode::<(Tree, Vec<()>)>(&bytes).unwrap().0, deep(128));
    assert!(unknown(&deep(129), 0).unwrap_err().contains("nested deeper than 128"));

    let whole = LeavesOut { id: 1, note: Some("x".into()), last: 2 };
    assert_eq!(unknown(&whole, 0).unwrap(), [1, 1, 1, b'x', 2, 0]);
    let error = unknown(&LeavesOut { note: None, ..whole }, 0).unwrap_err();
    assert!(error.contains("the field `note` of `LeavesOut` is left out, but is read back"), "{error}");

    assert_eq!(unknown(&Says(None, vec![7; 300]), 0).unwrap()[..4], [251, 44, 1, 7]);
    assert_eq!(unknown(&Says(Some(2), vec![7]), 0).unwrap_err(), "[0]: a sequence of 2 elements has 1");
}

/// Bytes inside of as many options.
struct Wrapped(usize);

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.checked_sub(1) {
            Some(left) => serializer.serialize_some(&Wrapped(left)),
            None => serializer.serialize_bytes(b"a"),
        }
    }
}

#[test]
fn bytes_that_are_read_as_a_list_are_a_level_as_it_is() {
    let encoded = |levels: usize| {
        let list = Shape::List(Box::new(Shape::Primitive(Primitive::U8)));
        let shape = (0..levels).fold(list, |content, _| Shape::Option(Box::new(content)));
        let mut out = Encoded::default();
        encode(&Wrapped(levels), &shape, &Types::default(), &mut out).map_err(|error| error.to_string())
    };
    encoded(127).unwrap();
    assert!(encoded(128).unwrap_err().contains("nested deeper than 128"));
}
