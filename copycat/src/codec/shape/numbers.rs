//! Numbers, as the type that the reader expects.

use super::Primitive;

/// Appends a number, a boolean or a character.
pub(super) fn put<T: bincode::Encode>(value: T, out: &mut Vec<u8>) {
    let written = bincode::encode_into_std_write(value, out, bincode::config::standard());
    written.expect("a vector takes every value");
}

/// Appends the length of a sequence.
pub(super) fn put_len(len: usize, out: &mut Vec<u8>) {
    put(len as u64, out);
}

/// Appends bytes, with their length.
pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_len(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// A whole number of any type.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Whole(i128),
    /// Larger than any `i128`.
    Large(u128),
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for Number {
            fn from(number: $type) -> Number {
                Number::Whole(number.into())
            }
        }
    )*};
}
numbers!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl From<u128> for Number {
    fn from(number: u128) -> Number {
        i128::try_from(number).map_or(Number::Large(number), Number::Whole)
    }
}

/// Appends a number as the type of a primitive. Returns `false` if it is none of its values.
pub(super) fn put_number(number: Number, primitive: Primitive, out: &mut Vec<u8>) -> bool {
    fn fit<T: bincode::Encode + TryFrom<i128> + TryFrom<u128>>(number: Number, out: &mut Vec<u8>) -> bool {
        let number: Option<T> = match number {
            Number::Whole(number) => number.try_into().ok(),
            Number::Large(number) => number.try_into().ok(),
        };
        number.map(|number| put(number, out)).is_some()
    }
    /// Most bits of a whole number that a float holds exactly.
    fn is_exact(number: Number, bits: u32) -> bool {
        matches!(number, Number::Whole(number) if number.unsigned_abs() <= 1 << bits)
    }
    match (primitive, number) {
        (Primitive::I8, _) => fit::<i8>(number, out),
        (Primitive::I16, _) => fit::<i16>(number, out),
        (Primitive::I32, _) => fit::<i32>(number, out),
        (Primitive::I64, _) => fit::<i64>(number, out),
        (Primitive::I128, _) => fit::<i128>(number, out),
        (Primitive::U8, _) => fit::<u8>(number, out),
        (Primitive::U16, _) => fit::<u16>(number, out),
        (Primitive::U32, _) => fit::<u32>(number, out),
        (Primitive::U64, _) => fit::<u64>(number, out),
        (Primitive::U128, _) => fit::<u128>(number, out),
        (Primitive::F32, Number::Whole(whole)) if is_exact(number, f32::MANTISSA_DIGITS) => {
            put(whole as f32, out);
            true
        }
        (Primitive::F64, Number::Whole(whole)) if is_exact(number, f64::MANTISSA_DIGITS) => {
            put(whole as f64, out);
            true
        }
        _ => false,
    }
}
