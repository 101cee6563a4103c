//! Reads a schema from the text that [`Schema`](super::schema::Schema) displays.
//!
//! ```text
//! state machine Bank
//! write deposit(account: String, cents: u64) -> u64, key account, id 0x1c4a3f02
//! struct Refused
//! ```
//!
//! Names that could be taken for something else are written as Rust writes strings.

use super::schema::{MethodShape, Schema};
use super::text::{is_word, primitive_named};
use super::{Body, Fields, NamedType, OwnCodec, Shape, Types, Variant};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a text is no schema.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: expected {expected}, found `{found}`")]
pub(crate) struct ParseError {
    /// The line, from 1 on.
    pub line: usize,
    /// What would have been right there.
    pub expected: &'static str,
    /// The next word.
    pub found: String,
}

/// A type's name, and which of the types with that name it is, from 1 on.
type Label = (String, u32);

/// Most nested types in one line.
const DEPTH_MAX: usize = 100;

/// Reads a schema.
pub(crate) fn parse(text: &str) -> Result<Schema, ParseError> {
    let lines: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    // A type may be used before the line that describes it.
    let mut labels: BTreeMap<Label, u32> = BTreeMap::new();
    for (at, text) in &lines {
        let (index, none) = (labels.len() as u32, BTreeMap::new());
        let mut line = Line::new(*at, text, &none);
        if let Some(label) = line.type_label()
            && labels.insert(label.clone(), index).is_some()
        {
            return Err(line.error("a type that no other line describes", &label.0));
        }
    }
    let mut schema = Schema::default();
    for (at, text) in lines {
        let mut line = Line::new(at, text, &labels);
        match line.next().as_str() {
            "state" => {
                line.expect("machine")?;
                schema.name = line.name("the name of the trait")?;
            }
            "read" => schema.methods.push(line.method(true)?),
            "write" => schema.methods.push(line.method(false)?),
            "struct" => {
                let (name, _) = line.label()?;
                let fields = line.fields()?;
                schema.types.0.push(NamedType { name, body: Body::Struct(fields) });
            }
            "enum" => {
                let (name, _) = line.label()?;
                let variants = line.variants()?;
                schema.types.0.push(NamedType { name, body: Body::Enum(variants) });
            }
            other => return Err(line.error("state machine, read, write, struct or enum", other)),
        }
        line.end()?;
    }
    if schema.is_closed() { Ok(schema) } else { Err(ParseError::whole("types and keys that exist")) }
}

impl ParseError {
    fn whole(expected: &'static str) -> ParseError {
        ParseError { line: 0, expected, found: "the text".into() }
    }
}

/// One line, and how far it has been read.
struct Line<'a> {
    number: usize,
    rest: &'a str,
    labels: &'a BTreeMap<Label, u32>,
    depth: usize,
}

impl<'a> Line<'a> {
    fn new(number: usize, rest: &'a str, labels: &'a BTreeMap<Label, u32>) -> Line<'a> {
        Line { number, rest, labels, depth: 0 }
    }

    /// Returns the length of the next token: a word, a string, `->`, or one character.
    fn token_len(&self) -> usize {
        let first = self.rest.chars().next();
        match first {
            Some('"') => {
                let mut escaped = false;
                let end = self.rest.char_indices().skip(1).find(|(_, next)| {
                    let ends = *next == '"' && !escaped;
                    escaped = *next == '\\' && !escaped;
                    ends
                });
                end.map_or(self.rest.len(), |(at, _)| at + 1)
            }
            Some('-') if self.rest.starts_with("->") => 2,
            Some(other) if is_word(other) => self.rest.find(|next| !is_word(next)).unwrap_or(self.rest.len()),
            Some(other) => other.len_utf8(),
            None => 0,
        }
    }

    fn peek(&self) -> &'a str {
        &self.rest[..self.token_len()]
    }

    fn next(&mut self) -> String {
        let (token, rest) = self.rest.split_at(self.token_len());
        self.rest = rest.trim_start();
        token.to_owned()
    }

    fn error(&self, expected: &'static str, found: &str) -> ParseError {
        ParseError { line: self.number, expected, found: found.into() }
    }

    fn take(&mut self, token: &str) -> bool {
        let there = self.peek() == token;
        if there {
            self.next();
        }
        there
    }

    fn expect(&mut self, token: &'static str) -> Result<(), ParseError> {
        if self.take(token) { Ok(()) } else { Err(self.error(token, self.peek())) }
    }

    fn end(&self) -> Result<(), ParseError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error("the end of the line", self.peek())) }
    }

    fn name(&mut self, expected: &'static str) -> Result<String, ParseError> {
        let token = self.next();
        if token.len() > 1 && token.starts_with('"') && token.ends_with('"') {
            unescape(&token[1..token.len() - 1]).ok_or_else(|| self.error(expected, &token))
        } else if token.chars().all(is_word) && !token.is_empty() {
            Ok(token)
        } else {
            Err(self.error(expected, &token))
        }
    }

    /// Returns the type that the line describes.
    fn type_label(&mut self) -> Option<Label> {
        (self.take("struct") || self.take("enum")).then(|| self.label()).and_then(Result::ok)
    }

    fn label(&mut self) -> Result<Label, ParseError> {
        let name = self.name("the name of a type")?;
        if !self.take("#") {
            return Ok((name, 1));
        }
        let token = self.next();
        let number = token.parse().map_err(|_| self.error("the number of a type", &token))?;
        Ok((name, number))
    }

    fn method(&mut self, read: bool) -> Result<MethodShape, ParseError> {
        let name = self.name("the name of a command")?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.named_shape()?);
            self.separator(")")?;
        }
        self.expect("->")?;
        let result = self.shape()?;
        self.expect(",")?;
        let mut key = None;
        if self.take("key") {
            let name = self.name("the name of the key")?;
            let at = arguments.iter().position(|(argument, _)| *argument == name);
            key = Some(at.ok_or_else(|| self.error("the name of an argument", &name))? as u32);
            self.expect(",")?;
        }
        self.expect("id")?;
        let token = self.next();
        let id = token.strip_prefix("0x").and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let id = id.ok_or_else(|| self.error("a number like 0x1c4a3f02", &token))?;
        Ok(MethodShape { name, id, read, key, arguments, result })
    }

    fn separator(&mut self, end: &'static str) -> Result<(), ParseError> {
        if self.peek() == end { Ok(()) } else { self.expect(",") }
    }

    fn named_shape(&mut self) -> Result<(String, Shape), ParseError> {
        let name = self.name("a name")?;
        self.expect(":")?;
        Ok((name, self.shape()?))
    }

    fn fields(&mut self) -> Result<Fields, ParseError> {
        match self.peek() {
            "(" => match self.tuple()? {
                // A comma behind a lone element tells a tuple from a wrapper.
                (parts, true) => Ok(Fields::Tuple(parts)),
                (mut parts, false) if parts.len() == 1 => Ok(Fields::Newtype(parts.remove(0))),
                (parts, false) => Ok(Fields::Tuple(parts)),
            },
            "{" => {
                self.next();
                let mut fields = Vec::new();
                while !self.take("}") {
                    fields.push(self.named_shape()?);
                    self.separator("}")?;
                }
                Ok(Fields::Named(fields))
            }
            _ => Ok(Fields::Unit),
        }
    }

    fn variants(&mut self) -> Result<Vec<Variant>, ParseError> {
        self.expect("{")?;
        let mut variants = Vec::new();
        while !self.take("}") {
            let name = self.name("the name of a variant")?;
            let fields = self.fields()?;
            variants.push(Variant { name, fields });
            self.separator("}")?;
        }
        Ok(variants)
    }

    /// Reads shapes in parentheses. Returns them, and whether a comma follows the last one.
    fn tuple(&mut self) -> Result<(Vec<Shape>, bool), ParseError> {
        self.expect("(")?;
        let (mut parts, mut comma) = (Vec::new(), false);
        while !self.take(")") {
            parts.push(self.shape()?);
            comma = self.take(",");
            if !comma && self.peek() != ")" {
                return Err(self.error(")", self.peek()));
            }
        }
        Ok((parts, comma))
    }

    fn shape(&mut self) -> Result<Shape, ParseError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("fewer types inside of each other", self.peek()));
        }
        let shape = self.shape_here();
        self.depth -= 1;
        shape
    }

    fn shape_here(&mut self) -> Result<Shape, ParseError> {
        let token = self.peek();
        if token == "(" {
            let (parts, _) = self.tuple()?;
            return Ok(if parts.is_empty() { Shape::Unit } else { Shape::Tuple(parts) });
        }
        if let Some(primitive) = primitive_named(token) {
            self.next();
            return Ok(Shape::Primitive(primitive));
        }
        match token {
            "Option" => self.parameters().map(Shape::Option),
            "Vec" => self.parameters().map(Shape::List),
            "Map" => {
                self.next();
                self.expect("<")?;
                let key = Box::new(self.shape()?);
                self.expect(",")?;
                let value = Box::new(self.shape()?);
                self.expect(">")?;
                Ok(Shape::Map(key, value))
            }
            "opaque" => {
                self.next();
                Ok(Shape::Opaque(self.name("the name of a type")?))
            }
            _ => {
                let label = self.label()?;
                if self.take("(") {
                    return self.own_codec(label.0);
                }
                let index = self.labels.get(&label);
                index
                    .map(|index| Shape::Named(*index))
                    .ok_or_else(|| self.error("a type of this text", &label.0))
            }
        }
    }

    /// Reads the number of a type's own codec, behind its name.
    fn own_codec(&mut self, name: String) -> Result<Shape, ParseError> {
        self.expect("codec")?;
        let token = self.next();
        let codec = token.parse().map_err(|_| self.error("the number of a codec", &token))?;
        self.expect(")")?;
        Ok(Shape::Own(OwnCodec { name, codec }))
    }

    /// Reads a word and one shape in angle brackets.
    fn parameters(&mut self) -> Result<Box<Shape>, ParseError> {
        self.next();
        self.expect("<")?;
        let shape = Box::new(self.shape()?);
        self.expect(">")?;
        Ok(shape)
    }
}

/// Reverses `escape_default`.
fn unescape(text: &str) -> Option<String> {
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(next) = chars.next() {
        plain.push(match next {
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = chars.by_ref().skip(1).take_while(|digit| *digit != '}').collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other => other,
            },
            other => other,
        });
    }
    Some(plain)
}

impl Types {
    /// Returns whether every type that the shape refers to is in the table.
    pub(super) fn contain(&self, shape: &Shape) -> bool {
        match shape {
            Shape::Primitive(_) | Shape::Unit | Shape::Opaque(_) | Shape::Own(_) => true,
            Shape::Option(content) | Shape::List(content) => self.contain(content),
            Shape::Map(key, value) => self.contain(key) && self.contain(value),
            Shape::Tuple(parts) => parts.iter().all(|part| self.contain(part)),
            Shape::Named(index) => (*index as usize) < self.0.len(),
        }
    }

    /// Returns whether every type that one of the table refers to is in the table.
    pub(super) fn are_closed(&self) -> bool {
        let closed = |fields: &Fields| match fields {
            Fields::Unit => true,
            Fields::Newtype(content) => self.contain(content),
            Fields::Tuple(parts) => parts.iter().all(|part| self.contain(part)),
            Fields::Named(fields) => fields.iter().all(|(_, shape)| self.contain(shape)),
        };
        self.0.iter().all(|named| match &named.body {
            Body::Struct(fields) => closed(fields),
            Body::Enum(variants) => variants.iter().all(|variant| closed(&variant.fields)),
        })
    }
}
