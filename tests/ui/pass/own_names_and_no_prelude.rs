//! Generated code means its own `Result`, `Option`, `Vec` and `String`, whatever these names mean here.
#![deny(warnings)]
#![no_implicit_prelude]

#[derive(::std::fmt::Debug)]
pub struct Result;
pub struct Option;
pub struct Vec;
pub struct String;
pub struct ResourceClient;
pub struct Error;

#[::copycat::state_machine]
pub trait Odd<T, const N: usize = 3>
where
    T: ::core::cmp::Ord,
{
    #[write]
    fn client(&mut self, state: &[T], body: &[u8], out: &str, arguments: u64, #[key] results: (T, T)) -> u8;
    #[read(merge = max)]
    fn clone(&self) -> ::core::option::Option<T>;
    #[write(single)]
    fn r#type(&mut self, r#in: bool, key_len: &T);
    #[read(all, merge = self::pick)]
    fn fmt(&self, results: [u8; 3]) -> u64 {
        results[0] as u64
    }
}

fn pick(left: u64, _right: u64) -> u64 {
    left
}

fn main() {}
