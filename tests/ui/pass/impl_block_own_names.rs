//! Generated code for an `impl` block means its own names as well, whatever they mean here.
#![deny(warnings)]
#![no_implicit_prelude]

#[derive(::std::fmt::Debug)]
pub struct Result;
pub struct Option;
pub struct Vec;
pub struct String;
pub struct ResourceClient;
pub struct Error;

pub struct Odd<T, const N: usize = 3>(T);

#[::copycat::state_machine]
impl<T, const N: usize> Odd<T, N>
where
    T: ::core::cmp::Ord,
{
    #[write]
    pub fn client(
        &mut self,
        state: &[T],
        body: &[u8],
        out: &str,
        arguments: u64,
        #[key] results: (T, T),
    ) -> u8 {
        let _ = (state, body, out, arguments, results);
        7
    }
    #[read(merge = max)]
    pub fn clone(&self) -> ::core::option::Option<u8> {
        ::core::option::Option::None
    }
    #[write(single)]
    pub fn r#type(&mut self, r#in: bool, key_len: &T) {
        let _ = (r#in, key_len <= &self.0);
    }
    #[read(all, merge = self::pick)]
    pub fn fmt(&self, results: [u8; 3]) -> u64 {
        results[0] as u64
    }
}

fn pick(left: u64, _right: u64) -> u64 {
    left
}

fn main() {}
