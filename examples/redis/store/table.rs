//! The state: a map in memory.

use super::{Digest, Refused, Slice, Store};
use crate::limits::{RESULT_LEN_MAX, VALUE_LEN_MAX};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};

/// Bytes of a value in a result, besides its own.
const VALUE_COST: usize = 6;

/// The values of the keys. No result depends on the order of the map, which differs between replicas.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    #[serde(serialize_with = "sorted")]
    values: HashMap<Bytes, Bytes>,
}

/// Serializes the map in the order of its keys, so that equal states give equal bytes.
fn sorted<S: Serializer>(values: &HashMap<Bytes, Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
    values.iter().collect::<BTreeMap<_, _>>().serialize(serializer)
}

impl Table {
    /// Sets a key, and returns its previous value.
    fn put(&mut self, key: Slice<'_>, value: Bytes) -> Option<Bytes> {
        match self.values.get_mut(key.0) {
            Some(held) => Some(std::mem::replace(held, value)),
            None => self.values.insert(Bytes::copy_from_slice(key.0), value),
        }
    }

    fn held(&self, key: Slice<'_>) -> &[u8] {
        self.values.get(key.0).map_or(&[], |value| value)
    }
}

impl Store for Table {
    fn get(&self, key: Slice<'_>) -> Option<Bytes> {
        self.values.get(key.0).cloned()
    }

    fn get_many(&self, keys: Vec<Slice<'_>>) -> Vec<Option<Bytes>> {
        let mut len = 0;
        let fits = move |value: &Option<Bytes>| {
            let is_first = len == 0;
            len += VALUE_COST + value.as_ref().map_or(0, Bytes::len);
            is_first || len <= RESULT_LEN_MAX
        };
        keys.into_iter().map(|key| self.get(key)).take_while(fits).collect()
    }

    fn digest(&self, keys: Vec<Slice<'_>>, salt: u64) -> Digest {
        Digest::of(salt, keys.into_iter().map(|key| self.values.get(key.0).map(|value| &**value)))
    }

    fn len_of(&self, key: Slice<'_>) -> u64 {
        self.held(key).len() as u64
    }

    fn count(&self, keys: Vec<Slice<'_>>) -> u64 {
        keys.into_iter().filter(|key| self.values.contains_key(key.0)).count() as u64
    }

    fn size(&self) -> u64 {
        self.values.len() as u64
    }

    fn set(&mut self, key: Slice<'_>, value: Slice<'_>) {
        self.put(key, Bytes::copy_from_slice(value.0));
    }

    fn exchange(&mut self, key: Slice<'_>, value: Slice<'_>) -> Option<Bytes> {
        self.put(key, Bytes::copy_from_slice(value.0))
    }

    fn set_if(&mut self, key: Slice<'_>, value: Slice<'_>, present: bool) -> (bool, Option<Bytes>) {
        let held = self.get(key);
        let applies = held.is_some() == present;
        if applies {
            self.set(key, value);
        }
        (applies, held)
    }

    fn set_many(&mut self, pairs: Vec<(Slice<'_>, Slice<'_>)>) {
        for (key, value) in pairs {
            self.set(key, value);
        }
    }

    fn remove(&mut self, key: Slice<'_>) -> bool {
        self.values.remove(key.0).is_some()
    }

    fn remove_many(&mut self, keys: Vec<Slice<'_>>) -> u64 {
        keys.into_iter().filter(|key| self.remove(*key)).count() as u64
    }

    fn clear(&mut self) {
        self.values = HashMap::new();
    }

    fn increment(&mut self, key: Slice<'_>, by: i64) -> Result<i64, Refused> {
        let number = match self.values.get(key.0) {
            Some(held) => crate::integer(held).ok_or(Refused::NotAnInteger)?,
            None => 0,
        };
        let sum = number.checked_add(by).ok_or(Refused::Overflow)?;
        self.put(key, sum.to_string().into());
        Ok(sum)
    }

    fn append(&mut self, key: Slice<'_>, more: Slice<'_>) -> Result<u64, Refused> {
        let len = self.held(key).len() + more.0.len();
        if len > VALUE_LEN_MAX {
            return Err(Refused::TooLong);
        }
        match self.values.get_mut(key.0) {
            Some(held) => {
                // The value grows in place, unless an answer in flight still shares its bytes.
                let mut longer =
                    std::mem::take(held).try_into_mut().unwrap_or_else(|held| BytesMut::from(&*held));
                longer.extend_from_slice(more.0);
                *held = longer.freeze();
            }
            None => self.set(key, more),
        }
        Ok(len as u64)
    }

    fn compare_and_set(&mut self, key: Slice<'_>, old: Slice<'_>, new: Slice<'_>) -> bool {
        let applies = self.held(key) == old.0;
        if applies {
            self.set(key, new);
        }
        applies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Slice<'_> = Slice(b"key");

    #[test]
    fn numbers_are_counted_or_left_alone() {
        let mut table = Table::default();
        assert_eq!(table.increment(KEY, -3), Ok(-3));
        assert_eq!(table.increment(KEY, i64::MIN), Err(Refused::Overflow));
        assert_eq!(table.get(KEY).as_deref(), Some(&b"-3"[..]));
        table.set(KEY, Slice(b"3.0"));
        assert_eq!(table.increment(KEY, 1), Err(Refused::NotAnInteger));
        assert_eq!(table.get(KEY).as_deref(), Some(&b"3.0"[..]));
    }

    #[test]
    fn an_answer_is_not_changed_by_what_is_appended_later() {
        let mut table = Table::default();
        assert_eq!(table.append(KEY, Slice(b"ab")), Ok(2));
        let answer = table.get(KEY);
        assert_eq!(table.append(KEY, Slice(b"c")), Ok(3));
        assert_eq!((answer.as_deref(), table.held(KEY)), (Some(&b"ab"[..]), &b"abc"[..]));
        let rest = vec![b'x'; VALUE_LEN_MAX - 3];
        assert_eq!(table.append(KEY, Slice(&rest)), Ok(VALUE_LEN_MAX as u64));
        assert_eq!(table.append(KEY, Slice(b"c")), Err(Refused::TooLong));
    }

    #[test]
    fn nothing_is_the_same_as_an_empty_value_to_compare_and_set() {
        let mut table = Table::default();
        assert!(!table.compare_and_set(KEY, Slice(b"1"), Slice(b"2")));
        assert!(table.compare_and_set(KEY, Slice(b""), Slice(b"1")));
        assert!(!table.compare_and_set(KEY, Slice(b""), Slice(b"2")));
        assert!(table.compare_and_set(KEY, Slice(b"1"), Slice(b"")));
        assert!(table.compare_and_set(KEY, Slice(b""), Slice(b"3")));
    }

    #[test]
    fn many_values_come_in_parts_that_fit_a_result() {
        let mut table = Table::default();
        let keys = vec![KEY; 5];
        for (len, first) in [(0, 5), (800_000, 5), (1 << 20, 3), (2 << 20, 1), (VALUE_LEN_MAX, 1)] {
            table.set(KEY, Slice(&vec![b'x'; len]));
            assert_eq!(table.get_many(keys.clone()).len(), first, "{len} bytes");
            let digest = Digest::of(1, vec![Some(&vec![b'x'; len][..]); 5].into_iter());
            assert_eq!(table.digest(keys.clone(), 1), digest);
        }
        assert_eq!(table.get_many(vec![]), []);
    }

    #[test]
    fn conditions_say_whether_they_applied() {
        let mut table = Table::default();
        assert_eq!(table.set_if(KEY, Slice(b"1"), true), (false, None));
        assert_eq!(table.set_if(KEY, Slice(b"1"), false), (true, None));
        assert_eq!(table.set_if(KEY, Slice(b"2"), false), (false, Some("1".into())));
        assert_eq!(table.set_if(KEY, Slice(b"3"), true), (true, Some("1".into())));
        assert_eq!(
            table.get_many(vec![KEY, Slice(b"other"), KEY]),
            [Some("3".into()), None, Some("3".into())]
        );
        assert_eq!(table.count(vec![KEY, Slice(b"other"), KEY]), 2);
        assert_eq!(table.remove_many(vec![KEY, Slice(b"other"), KEY]), 1);
    }
}
