//! Commands and their results as JSON, by the shapes that the program has or that are on record.

use super::arguments::{Arguments, check_key_len};
use crate::codec::shape::encode_error::EncodeError;
use crate::codec::shape::encoded::Encoded;
use crate::codec::shape::fingerprint::Fingerprint;
use crate::codec::shape::json::{read, write};
use crate::codec::shape::schema::MethodShape;
use crate::codec::shape::{Shape, Types};
use crate::error::{Cause, Error, JsonError};
use serde_json::Value;

/// Encodes the arguments of a command, which are an array in the order of their declaration, or an object with their
/// names. `limited`: the whole has the limits of one command. If this fails, nothing was sent.
pub(crate) fn arguments(
    json: &str,
    method: &MethodShape,
    types: &Types,
    limited: bool,
) -> Result<Arguments, Error> {
    let value: Value = serde_json::from_str(json).map_err(|error| Cause::Json(JsonError::Syntax(error)))?;
    let names = || method.arguments.iter().map(|(name, _)| name.clone()).collect();
    let wrong = || Error::from(Cause::Json(JsonError::Arguments { takes: names() }));
    let values: Vec<&Value> = match &value {
        Value::Array(values) if values.len() == method.arguments.len() => values.iter().collect(),
        Value::Object(named) if named.len() == method.arguments.len() => {
            let of = |(name, _): &(String, Shape)| named.get(name);
            method.arguments.iter().map(of).collect::<Option<_>>().ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    let mut body = Encoded::default();
    let put = |at: usize, body: &mut Encoded| {
        let (name, shape) = &method.arguments[at];
        let refused = |error: EncodeError| Cause::Arguments { argument: name.clone(), error };
        read::encode(values[at], shape, types, body).map_err(refused)
    };
    let key = method.key.map(|key| key as usize);
    if let Some(key) = key {
        put(key, &mut body)?;
    }
    let key_len = body.bytes.len();
    check_key_len(key_len)?;
    for at in (0..values.len()).filter(|at| Some(*at) != key) {
        put(at, &mut body)?;
    }
    let fingerprint = Fingerprint::of(method, types);
    match limited {
        true => Arguments::within_limits(body.bytes, key_len, fingerprint),
        false => Ok(Arguments { body: body.bytes, key_len, fingerprint }),
    }
}

/// Returns the encoded arguments of a command as a JSON object with their names, in the order of their declaration; or
/// what is wrong with them.
pub(crate) fn shown_arguments(
    body: &[u8],
    key_len: usize,
    method: &MethodShape,
    types: &Types,
) -> Result<String, String> {
    let key = method.key.map(|key| key as usize);
    let (front, behind) = body.split_at_checked(key_len).ok_or("the key is longer than the arguments")?;
    let shape = |at: usize| &method.arguments[at].1;
    let others: Vec<&Shape> = (0..method.arguments.len()).filter(|at| Some(*at) != key).map(shape).collect();
    let read =
        |bytes, shapes: &[&Shape]| write::values(bytes, shapes, types).map_err(|error| error.to_string());
    let keys = read(front, &key.map(shape).into_iter().collect::<Vec<_>>())?;
    let (mut keys, mut others) = (keys.into_iter(), read(behind, &others)?.into_iter());
    let mut out = String::from("{");
    for (at, (name, _)) in method.arguments.iter().enumerate() {
        let value = if Some(at) == key { keys.next() } else { others.next() };
        out.push_str(if at > 0 { "," } else { "" });
        write::text(name, &mut out);
        out.extend([":", &value.expect("a value for each shape")]);
    }
    out.push('}');
    Ok(out)
}

/// Returns the result of a command as JSON.
pub(crate) fn result(bytes: &[u8], method: &MethodShape, types: &Types) -> Result<String, Cause> {
    write::value(bytes, &method.result, types).map_err(Cause::Result)
}
