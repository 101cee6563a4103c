//! Schemas as bytes and as text.

use super::super::parse::parse;
use super::super::schema::{MethodShape, SCHEMA_MAX, Schema, SchemaError, What};
use super::super::{Body, Fields, NamedType, Primitive, Shape, Types, Variant};
use crate::codec::payload;

const U64: Shape = Shape::Primitive(Primitive::U64);
const TEXT: Shape = Shape::Primitive(Primitive::Str);

fn method(name: &str, id: u32, arguments: &[(&str, Shape)]) -> MethodShape {
    let arguments = arguments.iter().map(|(name, shape)| ((*name).into(), shape.clone())).collect();
    MethodShape { name: name.into(), id, read: false, key: None, arguments, result: Shape::Unit }
}

fn bank() -> Schema {
    let deposit = MethodShape {
        key: Some(0),
        result: U64,
        ..method("deposit", 0x1234_5678, &[("account", TEXT), ("cents", U64)])
    };
    let refused = Shape::Named(0);
    let transfer = MethodShape {
        result: refused,
        ..method("transfer", 7, &[("from", TEXT), ("to", TEXT), ("cents", U64)])
    };
    let list = MethodShape {
        read: true,
        result: Shape::Map(Box::new(TEXT), Box::new(Shape::Tuple(vec![U64, Shape::Named(1)]))),
        ..method("list", u32::MAX, &[])
    };
    let variant = |name: &str, fields| Variant { name: name.into(), fields };
    let types = vec![
        NamedType {
            name: "Result".into(),
            body: Body::Enum(vec![
                variant("Ok", Fields::Newtype(Shape::Unit)),
                variant("Err", Fields::Newtype(Shape::Named(2))),
            ]),
        },
        NamedType { name: "Result".into(), body: Body::Enum(vec![]) },
        NamedType {
            name: "Refused".into(),
            body: Body::Struct(Fields::Named(vec![("why".into(), Shape::Option(Box::new(TEXT)))])),
        },
    ];
    Schema { name: "Bank".into(), methods: vec![deposit, transfer, list], types: Types(types) }
}

#[test]
fn a_schema_is_readable() {
    assert_eq!(
        bank().to_string(),
        "state machine Bank\n\n\
         write deposit(account: String, cents: u64) -> u64, key account, id 0x12345678\n\
         write transfer(from: String, to: String, cents: u64) -> Result, id 0x00000007\n\
         read list() -> Map<String, (u64, Result#2)>, id 0xffffffff\n\n\
         enum Result { Ok(()), Err(Refused) }\n\
         enum Result#2 { }\n\
         struct Refused { why: Option<String> }\n"
    );
}

/// Every kind of shape, and names that could be taken for something else.
fn odd() -> Schema {
    let names =
        ["Option", "u64", "a b", "quote\"d", "back\\slash", "", "ünï", "new\nline", "#2", "opaque", "\u{7f}"];
    let fields = [
        Fields::Unit,
        Fields::Newtype(Shape::Opaque("Url".into())),
        Fields::Tuple(vec![]),
        Fields::Tuple(vec![Shape::Tuple(vec![TEXT])]),
        Fields::Tuple(vec![Shape::Opaque("a, b".into()), Shape::List(Box::new(Shape::Named(0)))]),
        Fields::Named(vec![]),
        Fields::Named(names.iter().map(|name| ((*name).into(), Shape::Named(3))).collect()),
    ];
    let variants = names
        .iter()
        .zip(fields.iter().cycle())
        .map(|(name, fields)| Variant { name: (*name).into(), fields: fields.clone() });
    let mut types: Vec<_> = names
        .iter()
        .zip(fields.iter().cycle())
        .map(|(name, fields)| NamedType { name: (*name).into(), body: Body::Struct(fields.clone()) })
        .collect();
    types.push(NamedType { name: "a b".into(), body: Body::Enum(variants.collect()) });
    let methods = names.iter().enumerate().map(|(at, name)| MethodShape {
        key: (at % 2 == 0).then_some(0),
        read: at % 3 == 0,
        ..method(name, at as u32 + 1, &[(name, Shape::Named(at as u32))])
    });
    Schema { name: "a \"b\"".into(), methods: methods.collect(), types: Types(types) }
}

#[test]
fn a_schema_is_read_from_its_text_and_from_its_bytes() {
    for schema in [bank(), odd(), Schema { name: "Empty".into(), ..Schema::default() }] {
        let text = schema.to_string();
        assert_eq!(parse(&text).unwrap(), schema, "{text}");
        assert_eq!(parse(&format!("# a remark\n\n{text}")).unwrap(), schema);
        assert_eq!(Schema::decode(&schema.encode().unwrap()).unwrap(), schema);
    }
}

#[test]
fn a_text_that_is_none_is_refused_with_its_line() {
    let refused = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(
        refused("hello"),
        "line 1: expected state machine, read, write, struct or enum, found `hello`"
    );
    let line = |line: &str| refused(&format!("state machine Bank\n\n{line}"));
    assert_eq!(line("write put(a: u8) -> (), id 7"), "line 3: expected a number like 0x1c4a3f02, found `7`");
    assert_eq!(
        line("write put(a: Nothing) -> (), id 0x7"),
        "line 3: expected a type of this text, found `Nothing`"
    );
    assert_eq!(
        line("write put(a: u8) -> (), key b, id 0x7"),
        "line 3: expected the name of an argument, found `b`"
    );
    assert_eq!(
        line("write put(a: u8) -> (), id 0x7 more"),
        "line 3: expected the end of the line, found `more`"
    );
    assert_eq!(line("write put(a: u8"), "line 3: expected ,, found ``");
    assert_eq!(line("struct \"open"), "line 3: expected the name of a type, found `\"open`");
    assert_eq!(
        line("struct Order\nenum \"Order\" { }"),
        "line 4: expected a type that no other line describes, found `Order`"
    );
    assert_eq!(
        line("struct Order#2(u8)\nstruct Order#2"),
        "line 4: expected a type that no other line describes, found `Order`"
    );
    let deep = format!("write put(a: {}u8) -> (), id 0x7", "Option<".repeat(100_000));
    assert!(line(&deep).contains("fewer types inside of each other"));
    // Whatever is cut off or changed, the answer is an error or another schema.
    let text = odd().to_string();
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        let _ = parse(&text[..at]);
        let _ = parse(&text[at..]);
    }
}

#[test]
fn bytes_that_refer_to_nothing_are_refused() {
    let dangling = |change: fn(&mut Schema)| {
        let mut schema = bank();
        change(&mut schema);
        let mut bytes = Vec::new();
        payload::append(&schema, &mut bytes).unwrap();
        assert!(matches!(Schema::decode(&bytes), Err(SchemaError::Dangling)), "{schema}");
    };
    dangling(|schema| schema.methods[0].result = Shape::Option(Box::new(Shape::Named(3))));
    dangling(|schema| schema.types.0[1].body = Body::Struct(Fields::Newtype(Shape::Named(u32::MAX))));
    dangling(|schema| schema.methods[0].id = 0);
    dangling(|schema| schema.methods[0].id = schema.methods[1].id);
    let mut schema = bank();
    schema.methods[0].key = Some(2);
    let mut bytes = Vec::new();
    payload::append(&schema, &mut bytes).unwrap();
    assert!(matches!(Schema::decode(&bytes), Err(SchemaError::Dangling)));
    assert!(matches!(Schema::decode(&vec![0; SCHEMA_MAX + 1]), Err(SchemaError::TooLarge(_))));
    assert!(matches!(Schema::decode(b"\xff"), Err(SchemaError::Encoding(_))));
    bytes = bank().encode().unwrap();
    for at in 0..bytes.len() {
        assert!(Schema::decode(&bytes[..at]).is_err());
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            // A flipped bit gives another schema or an error, and never a panic, also when it is shown.
            if let Ok(other) = Schema::decode(&bytes) {
                let _ = (other.to_string(), other.differences(&bank()));
            }
            bytes[at] ^= 1 << bit;
        }
    }
}

#[test]
fn a_chain_of_types_does_not_overflow_the_stack() {
    let chain = |length: u32| {
        let link = |index| NamedType {
            name: "Link".into(),
            body: Body::Struct(Fields::Tuple(vec![Shape::Named(index), Shape::Unit])),
        };
        let mut types: Vec<_> = (1..length).map(link).collect();
        types.push(link(0));
        let methods = vec![method("put", 7, &[("link", Shape::Named(0))])];
        Schema { name: "Bank".into(), methods, types: Types(types) }
    };
    assert!(chain(1).differences(&chain(2)).is_empty(), "they describe the same values");
    assert_eq!(chain(1).differences(&chain(100_000)).len(), 1, "nobody has types like these");
    let wrapped = |length: u32| {
        let wrap = |index| NamedType {
            name: "Wrap".into(),
            body: Body::Struct(Fields::Newtype(Shape::Named(index))),
        };
        let types = Types((0..length).map(|index| wrap((index + 1) % length)).collect());
        Schema { types, ..chain(1) }
    };
    assert!(wrapped(1).differences(&wrapped(100_000)).is_empty());
}

#[test]
fn a_schema_that_was_made_to_take_time_takes_none() {
    let named = |index| Box::new(Shape::Named(index));
    let wrap = |content| Body::Struct(Fields::Newtype(content));
    let of = |name: &str, body| NamedType { name: name.into(), body };
    let ours = Types(vec![of(
        "Node",
        Body::Struct(Fields::Tuple(vec![Shape::Option(named(0)), Shape::Option(named(0))])),
    )]);
    let mut theirs: Vec<_> = (0..240)
        .map(|at| Shape::Option(Box::new(Shape::Tuple(vec![Shape::Named(at + 1), Shape::Named(at + 1)]))))
        .map(|content| of("X", wrap(content)))
        .collect();
    theirs.push(of("X", wrap(Shape::Option(Box::new(Shape::Opaque("Any".into()))))));
    let schema = |shape, types| Schema {
        name: "Bank".into(),
        methods: vec![method("put", 7, &[("node", shape)])],
        types,
    };
    let theirs = schema(Shape::Tuple(vec![Shape::Named(0), Shape::Named(0)]), Types(theirs));
    assert_eq!(theirs.differences(&schema(Shape::Named(0), ours)), []);

    let mut types: Vec<_> = (0..50_000).map(|_| of("", Body::Struct(Fields::Unit))).collect();
    types.push(of("", Body::Struct(Fields::Tuple(vec![Shape::Named(49_999); 100_000]))));
    let theirs = schema(Shape::Named(50_000), Types(types));
    let differences = theirs.differences(&schema(Shape::Primitive(Primitive::U8), Types::default()));
    assert!(differences[0].to_string().len() < 2_000, "{}", differences[0]);
}

#[test]
fn differences_are_said_in_words() {
    let said = |change: fn(&mut Schema)| {
        let mut found = bank();
        change(&mut found);
        let differences = bank().differences(&found);
        assert!(
            differences
                .iter()
                .all(|it| it.is_contradiction() != matches!(it.what, What::Added | What::Missing))
        );
        differences.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(said(|_| {}), [""; 0]);
    assert_eq!(said(|it| it.name = "Ledger".into()), [""; 0]);
    assert_eq!(said(|it| it.methods.rotate_left(1)), [""; 0]);
    assert_eq!(said(|it| it.methods[1].arguments[0].0 = "payer".into()), [""; 0]);
    assert_eq!(said(|it| it.methods.push(method("audit", 9, &[]))), ["`audit`: is new"]);
    assert_eq!(said(|it| drop(it.methods.remove(0))), ["`deposit`: is gone"]);
    assert_eq!(said(|it| it.methods[0].id += 1), ["`deposit`: is gone", "`deposit`: is new"]);
    assert_eq!(
        said(|it| {
            it.name = "Map".into();
            it.methods[2].id = 9;
        }),
        ["the state machine was `Bank`, and is `Map`", "`list`: is gone", "`list`: is new"]
    );
    assert_eq!(said(|it| it.methods[2].read = false), ["`list`: was a read, and is a write"]);
    assert_eq!(said(|it| it.methods[0].key = None), ["`deposit`: its key was `account`, and is none"]);
    assert_eq!(
        said(|it| it.methods[1].arguments.swap(0, 1)),
        ["`transfer`: its arguments were (from, to, cents), and are (to, from, cents)"]
    );
    assert_eq!(
        said(|it| drop(it.methods[1].arguments.pop())),
        ["`transfer`: its arguments were (from, to, cents), and are (from, to)"]
    );
    assert_eq!(
        said(|it| it.methods[0].arguments[1].1 = Shape::Primitive(Primitive::I64)),
        ["`deposit`: its argument `cents` was u64, and is i64"]
    );
    assert_eq!(said(|it| it.methods[0].result = TEXT), ["`deposit`: its result was u64, and is String"]);
    assert_eq!(
        said(|it| it.types.0[2].body = Body::Struct(Fields::Unit)),
        [
            "`transfer`: `::Err` of its result was struct Refused { why: Option<String> }, and is struct Refused"
        ]
    );
    assert_eq!(said(|it| it.methods[0].result = Shape::Opaque("Anything".into())), [""; 0]);
}
