//! Types that bring their own codec.

use super::super::contradiction::contradiction;
use super::super::encoded::Encoded;
use super::super::encoder::encode;
use super::super::json::{read, write};
use super::super::parse::parse;
use super::super::schema::{MethodShape, Schema};
use super::super::{Shape, Types};
use super::{described, shapes, traced};
use crate::codec::payload;
use crate::codec::writable::{MalformedValue, Writable};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sixteen answers: two bytes, where serde writes sixteen.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Answers([bool; 16]);

impl Writable for Answers {
    const NAME: &'static str = "Answers";
    const CODEC: u8 = 128;

    fn write(&self, buffer: &mut Vec<u8>) {
        let bits = self.0.iter().enumerate().map(|(at, yes)| u16::from(*yes) << at);
        buffer.extend(bits.sum::<u16>().to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Answers, MalformedValue> {
        let bits = bytes.try_into().map_err(|_| MalformedValue("two bytes"))?;
        let bits = u16::from_le_bytes(bits);
        Ok(Answers(std::array::from_fn(|at| bits >> at & 1 == 1)))
    }

    fn sample() -> Answers {
        Answers::default()
    }
}

writable!(Answers);

/// The next version of its format.
#[derive(Clone, Debug)]
struct NextAnswers(Answers);

impl Writable for NextAnswers {
    const NAME: &'static str = "Answers";
    const CODEC: u8 = 129;

    fn write(&self, buffer: &mut Vec<u8>) {
        self.0.write(buffer);
        buffer.push(0);
    }

    fn read(bytes: &[u8]) -> Result<NextAnswers, MalformedValue> {
        let (_, answers) = bytes.split_last().ok_or(MalformedValue("three bytes"))?;
        Answers::read(answers).map(NextAnswers)
    }

    fn sample() -> NextAnswers {
        NextAnswers(Answers::sample())
    }
}

writable!(NextAnswers);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sheet {
    pupil: String,
    answers: Answers,
    others: BTreeMap<Answers, Option<Answers>>,
    mark: u8,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Entry {
    Blank,
    Given(Answers),
    Both(Answers, Answers),
}

#[derive(Serialize, Deserialize)]
struct Wrapped(Answers);

fn all() -> Answers {
    Answers(std::array::from_fn(|at| at % 3 == 0))
}

fn sheet() -> Sheet {
    let others = [(all(), None), (Answers::default(), Some(all()))];
    Sheet { pupil: "ada".into(), answers: all(), others: others.into(), mark: 7 }
}

fn library<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload::append(value, &mut bytes).unwrap();
    bytes
}

fn by_shape_of<S: for<'de> Deserialize<'de>>(value: &impl Serialize) -> Result<Vec<u8>, String> {
    let (shape, types) = traced::<S>().unwrap();
    let mut out = Encoded::default();
    encode(value, &shape, &types, &mut out).map(|()| out.bytes).map_err(|error| error.to_string())
}

#[test]
fn their_shape_is_their_name_and_the_number_of_their_codec() {
    shapes! {
        Answers => "Answers (codec 128)",
        NextAnswers => "Answers (codec 129)",
        Vec<Option<Answers>> => "Vec<Option<Answers (codec 128)>>",
        (Answers, u32, NextAnswers) => "(Answers (codec 128), u32, Answers (codec 129))",
        Sheet => "Sheet; struct Sheet { pupil: String, answers: Answers (codec 128), others: \
            Map<Answers (codec 128), Option<Answers (codec 128)>>, mark: u8 }",
        Entry => "Entry; enum Entry { Blank, Given(Answers (codec 128)), Both(Answers (codec 128), Answers (codec 128)) }",
    }
}

#[test]
fn their_values_are_encoded_as_they_wrote_them() {
    let bytes = by_shape_of::<Answers>(&all()).unwrap();
    assert_eq!((bytes[0], bytes[1], bytes.len()), (128, 2, 4), "its codec, its length, its bytes");
    assert!(bytes.len() < library(&all().0).len(), "serde takes a byte for each answer");
    assert_eq!(by_shape_of::<Sheet>(&sheet()).unwrap(), library(&sheet()));
    assert_eq!(payload::decode::<Sheet>(&library(&sheet())).unwrap(), sheet());
    for entry in [Entry::Blank, Entry::Given(all()), Entry::Both(all(), Answers::default())] {
        let bytes = by_shape_of::<Entry>(&entry).unwrap();
        assert_eq!(payload::decode::<Entry>(&bytes).unwrap(), entry);
    }
    assert_eq!(by_shape_of::<Wrapped>(&Wrapped(all())).unwrap(), bytes);
    assert_eq!(by_shape_of::<Wrapped>(&all()).unwrap(), bytes);
}

#[test]
fn a_value_of_another_codec_is_refused_before_it_is_sent() {
    let refused = |result: Result<Vec<u8>, String>| result.unwrap_err();
    let next = NextAnswers(all());
    let text = "Answers (codec 129) where Answers (codec 128) is expected";
    assert_eq!(refused(by_shape_of::<Answers>(&next)), text);
    assert!(refused(by_shape_of::<Vec<Answers>>(&vec![next])).contains(text));
    assert_eq!(refused(by_shape_of::<Answers>(&5)), "5 (i32) where Answers (codec 128) is expected");
    assert_eq!(refused(by_shape_of::<Answers>(&"x")), "a text where Answers (codec 128) is expected");
    assert_eq!(refused(by_shape_of::<String>(&all())), "Answers where String is expected");
    assert_eq!(refused(by_shape_of::<Entry>(&all())), "Answers where Entry is expected");
    let bytes: &[u8] = &[1, 2];
    assert!(refused(by_shape_of::<Answers>(&bytes)).contains("where Answers (codec 128) is expected"));
}

#[test]
fn another_codec_is_another_type() {
    let differ = |one: Option<(Shape, Types)>, other: Option<(Shape, Types)>| {
        let ((one, types), (other, others)) = (one.unwrap(), other.unwrap());
        contradiction((&one, &types), (&other, &others)).map(|found| (found.recorded, found.found))
    };
    assert_eq!(differ(traced::<Answers>(), traced::<Wrapped>()), None, "a wrapper is not in the encoding");
    let (was, is) = differ(traced::<Answers>(), traced::<NextAnswers>()).unwrap();
    assert_eq!((&*was, &*is), ("Answers (codec 128)", "Answers (codec 129)"));
    assert!(differ(traced::<Answers>(), traced::<Vec<u8>>()).is_some());
}

#[test]
fn as_json_a_value_is_its_name_and_its_bytes() {
    let (shape, types) = traced::<Sheet>().unwrap();
    let json = write::value(&library(&sheet()), &shape, &types).unwrap();
    assert_eq!(
        json,
        r#"{"pupil":"ada","answers":{"Answers":[73,146]},"others":[[{"Answers":[0,0]},{"Answers":[73,146]}],[{"Answers":[73,146]},null]],"mark":7}"#
    );
    let encoded = |json: &str| {
        let mut out = Encoded::default();
        let value = serde_json::from_str(json).unwrap();
        read::encode(&value, &shape, &types, &mut out).map(|()| out.bytes).map_err(|error| error.to_string())
    };
    assert_eq!(encoded(&json).unwrap(), library(&sheet()));
    for wrong in
        ["[73,146]", r#"{"Answer":[1,2]}"#, r#"{"Answers":[256]}"#, r#"{"Answers":[1],"b":[]}"#, "{}"]
    {
        let error = encoded(&json.replace(r#"{"Answers":[73,146]}"#, wrong)).unwrap_err();
        assert!(error.contains("where Answers (codec 128) is expected"), "{wrong}: {error}");
    }
    let (shape, types) = traced::<Answers>().unwrap();
    let other = write::value(&library(&NextAnswers(all())), &shape, &types).unwrap_err().to_string();
    assert!(other.contains("codec 129 where codec 128 is expected"), "{other}");
}

#[test]
fn a_file_of_commands_names_it() {
    let (shape, types) = traced::<Sheet>().unwrap();
    let method = MethodShape {
        name: "hand_in".into(),
        id: 7,
        read: false,
        key: None,
        arguments: vec![("sheet".into(), shape), ("extra".into(), traced::<NextAnswers>().unwrap().0)],
        result: traced::<Answers>().unwrap().0,
    };
    let schema = Schema { name: "Exam".into(), methods: vec![method], types };
    let text = schema.to_string();
    assert!(text.contains("extra: Answers (codec 129)) -> Answers (codec 128), id"), "{text}");
    assert_eq!(parse(&text).unwrap(), schema, "{}", described(&schema.methods[0].result, &schema.types));
    for wrong in ["(codec)", "(codec 256)", "(128)", "(codec 128", "(codec x)"] {
        assert!(parse(&text.replace("(codec 129)", wrong)).is_err(), "{wrong}");
    }
    let encoded = schema.encode().unwrap();
    assert_eq!(Schema::decode(&encoded).unwrap(), schema);
}
