//! A state without a trait: whatever a user denies, generated code is clean, and methods keep their visibility.
#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![deny(rust_2018_idioms, unused_qualifications, single_use_lifetimes, unused_results, unsafe_code)]

use copycat::prelude::*;
use serde::{Deserialize, Serialize};

/// The smallest one, private, never opened: no warning.
#[derive(Debug, Serialize, Deserialize)]
struct Total(u64);

#[state_machine]
impl Total {
    #[write]
    fn add(&mut self, amount: u64) -> u64 {
        self.0 += amount;
        self.0
    }
}

/// Seen by nobody else.
#[derive(Debug, Serialize, Deserialize)]
struct Refused;

/// A private state whose methods say `pub`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Hidden(u64);

#[state_machine]
#[allow(unreachable_pub)]
impl Hidden {
    /// The most.
    pub const LIMIT: u64 = 7;
    #[write]
    pub fn add(&mut self, why: &Refused, many: &[Refused]) -> Result<(), Refused> {
        self.0 += many.len() as u64;
        if self.0 > Self::LIMIT {
            let Refused = why;
            return Err(Refused);
        }
        Ok(())
    }
    #[read]
    #[deprecated(note = "look elsewhere")]
    fn value(&self) -> Option<Refused> {
        self.helper()
    }
    /// One of two.
    #[cfg(all())]
    #[write]
    fn either(&mut self, #[key] account: u64) {
        self.0 = account;
    }
    /// Two of two.
    #[cfg(not(all()))]
    #[write]
    fn either(&mut self, #[key] account: NoSuchType) {}
    fn helper(&self) -> Option<Refused> {
        (self.0 == 8).then_some(Refused)
    }
}

mod inner {
    use super::state_machine;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize)]
    struct Secret;

    #[derive(Debug, Default, Serialize, Deserialize)]
    pub(super) struct Deep(u64);

    #[state_machine]
    impl Deep {
        #[write]
        pub(super) fn set(&mut self, mut value: u64) {
            value += 1;
            self.0 = value;
        }
        #[read]
        pub(in crate::inner) fn get(&self) -> u64 {
            self.0
        }
        #[read]
        fn secret(&self) -> Option<Secret> {
            (self.get() == 8).then_some(Secret)
        }
    }

    pub(super) mod deeper {
        #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
        pub(crate) struct Far(pub(super) u8);
    }

    #[copycat::state_machine]
    impl deeper::Far {
        #[write]
        pub(crate) fn set(&mut self, value: u8) {
            self.0 = value;
        }
    }
}

/// Bounds of the author's own, in both places, and with `Self`.
#[derive(Clone, Debug)]
struct Ring<T: Ord, const N: usize>(Vec<T>);

#[state_machine]
impl<T: Ord + Clone, const N: usize> Ring<T, N>
where
    Self: Clone,
{
    #[write(single)]
    fn push(&mut self, value: T) -> Option<T> {
        self.0.push(value);
        (self.0.len() > N).then(|| self.0.remove(0))
    }
    #[read(merge = Self::larger)]
    fn newest(&self) -> Option<T> {
        self.0.last().cloned()
    }
    fn larger(left: Option<T>, right: Option<T>) -> Option<T> {
        left.max(right)
    }
}

/// One instance.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Pair<K, V>(K, V);

#[state_machine]
impl Pair<String, u64> {
    #[read(single)]
    fn both(&self) -> (String, u64) {
        (self.0.clone(), self.1)
    }
}

async fn opens(copycat: copycat::Copycat) -> Result<(), Error> {
    let total: AsyncTotal = copycat.state_machine("total", || Total(0)).open().await?;
    let pair: AsyncPair =
        copycat.state_machine("pair", Pair::<String, u64>::default).with_partitions(4).open().await?;
    let _: (u64, (String, u64)) = (total.add(1).await?, pair.to_sync().both()?);
    Ok(())
}

fn main() {
    fn spread<C: copycat::Partitioned>() {}
    fn runs<S: 'static, C: copycat::Dispatch<S>>() {}
    let _ = opens;
    spread::<PairCommands>();
    spread::<RingCommands<u8, 7>>();
    runs::<Ring<String, 3>, RingCommands<String, 3>>();
    assert_eq!(<HiddenCommands as copycat::Commands>::METHODS.len(), 3);
    let (mut hidden, mut deep, mut far) = (Hidden(7), inner::Deep::default(), inner::deeper::Far::default());
    assert!(hidden.add(&Refused, &[Refused]).is_err());
    deep.set(6);
    far.set(6);
    let proxy = |proxy: &inner::AsyncDeep| drop(proxy.set(7));
    let _ = (proxy, Total(1).add(2), Ring::<u8, 1>(vec![1]).push(2), Pair("".to_owned(), 7).both());
    println!("{deep:?} {far:?}");
}
