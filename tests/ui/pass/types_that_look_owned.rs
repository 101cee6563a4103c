//! Types with a lifetime that is not written where they are used.
#![deny(warnings)]

use copycat::prelude::*;
use std::borrow::Cow;

#[state_machine]
pub trait Names {
    #[write]
    fn set(&mut self, #[key] name: Cow<str>, bytes: Cow<'_, [u8]>) -> Cow<'static, str>;
    #[read]
    fn get(&self, #[key] name: &str, others: Vec<Cow<str>>) -> Option<Cow<'static, str>>;
}

struct Nothing;

impl Names for Nothing {
    fn set(&mut self, _: Cow<str>, _: Cow<'_, [u8]>) -> Cow<'static, str> {
        Cow::Borrowed("nothing")
    }

    fn get(&self, _: &str, _: Vec<Cow<str>>) -> Option<Cow<'static, str>> {
        None
    }
}

async fn calls(names: AsyncNames) -> Result<(), Error> {
    let owned = String::from("ada");
    names.set(Cow::Borrowed(&owned), Cow::Owned(vec![1])).await?;
    names.get("ada", vec![Cow::Borrowed("grace")]).await.map(drop)
}

fn main() {
    assert_eq!(Nothing.set("ada".into(), Cow::Borrowed(&[])), "nothing");
    let _ = calls;
}
