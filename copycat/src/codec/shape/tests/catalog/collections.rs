//! Collections, options, tuples and arrays, of all lengths that serde has.

use super::cases;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

cases! { collections:
    Vec<u64> => "Vec<u64>", [vec![], vec![7, 1 << 40]];
    Vec<u8> => "Vec<u8>", [vec![], vec![7; 300]];
    Vec<()> => "Vec<()>", [vec![(); 4_000]], refused [vec![(); 4_100] => "take no byte"];
    Vec<Vec<Vec<String>>> => "Vec<Vec<Vec<String>>>", [vec![vec![], vec![vec!["a".into()]]]];
    Box<[u16]> => "Vec<u16>", [vec![7, 8].into()];
    VecDeque<i8> => "Vec<i8>", [VecDeque::from([7, -8])];
    LinkedList<char> => "Vec<char>", [LinkedList::from(['a', 'b'])];
    BinaryHeap<u8> => "Vec<u8>", [BinaryHeap::from([7])];
    BTreeSet<String> => "Vec<String>", [BTreeSet::from(["a".into(), "b".into()])];
    HashSet<u8> => "Vec<u8>", [HashSet::from([7])];
    BTreeMap<String, Vec<u8>> => "Map<String, Vec<u8>>", [BTreeMap::from([("a".into(), vec![7])])];
    BTreeMap<u8, BTreeMap<u8, bool>> => "Map<u8, Map<u8, bool>>", [BTreeMap::from([(7, BTreeMap::from([(8, true)]))])];
    BTreeMap<(u8, char), ()> => "Map<(u8, char), ()>", [BTreeMap::from([((7, 'a'), ())])];
    BTreeMap<Option<bool>, u8> => "Map<Option<bool>, u8>", [BTreeMap::from([(None, 7), (Some(true), 8)])];
    BTreeMap<bool, char> => "Map<bool, char>", [BTreeMap::from([(false, 'a'), (true, '"')])];
    BTreeMap<u128, i128> => "Map<u128, i128>", [BTreeMap::from([(u128::MAX, i128::MIN)])];
    BTreeMap<char, u8> => "Map<char, u8>", [BTreeMap::from([('"', 7)])];
    BTreeMap<Vec<u8>, u8> => "Map<Vec<u8>, u8>", [BTreeMap::from([(vec![7], 7)])];
    HashMap<u8, String> => "Map<u8, String>", [HashMap::from([(7, "a".into())])];
    Option<u64> => "Option<u64>", [None, Some(7)];
    Option<()> => "Option<()>", [None, Some(())];
    Option<Option<Option<u8>>> => "Option<Option<Option<u8>>>", [None, Some(None), Some(Some(None)), Some(Some(Some(7)))];
    Option<Vec<Option<String>>> => "Option<Vec<Option<String>>>", [None, Some(vec![None, Some("a".into())])];
    Vec<Option<BTreeMap<u8, Vec<()>>>> => "Vec<Option<Map<u8, Vec<()>>>>",
        [vec![None, Some(BTreeMap::from([(7, vec![()])]))]];
    Vec<(u8, (String, [bool; 2]))> => "Vec<(u8, (String, (bool, bool)))>", [vec![(7, ("a".into(), [true, false]))]];
    [[u16; 2]; 3] => "((u16, u16), (u16, u16), (u16, u16))", [[[7, 8], [9, 10], [11, 12]]];
    [Option<String>; 1] => "(Option<String>,)", [[None], [Some("a".into())]];
    [(); 3] => "((), (), ())", [[(); 3]];
}

cases! { tuples:
    (u8,) => "(u8,)", [(7,)];
    (u8, bool) => "(u8, bool)", [(7, true)];
    (u8, bool, char) => "(u8, bool, char)", [(7, true, 'a')];
    (u8, u8, u8, String) => "(u8, u8, u8, String)", [(1, 2, 3, "a".into())];
    (u8, u8, u8, u8, i8) => "(u8, u8, u8, u8, i8)", [(1, 2, 3, 4, -5)];
    (u8, u8, u8, u8, u8, i8) => "(u8, u8, u8, u8, u8, i8)", [(1, 2, 3, 4, 5, -6)];
    (u8, u8, u8, u8, u8, u8, i8) => "(u8, u8, u8, u8, u8, u8, i8)", [(1, 2, 3, 4, 5, 6, -7)];
    (u8, u8, u8, u8, u8, u8, u8, i8) => "(u8, u8, u8, u8, u8, u8, u8, i8)", [(1, 2, 3, 4, 5, 6, 7, -8)];
    (u8, u8, u8, u8, u8, u8, u8, u8, i8) => "(u8, u8, u8, u8, u8, u8, u8, u8, i8)", [(1, 2, 3, 4, 5, 6, 7, 8, -9)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8) => &nines("i8"), [(1, 2, 3, 4, 5, 6, 7, 8, 9, -10)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8) => &nines("i8, i8"), [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, -11)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8, i8) => &nines("i8, i8, i8"), [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, -12)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8, i8, bool) => &nines("i8, i8, i8, bool"),
        [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, -2, true)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8, i8, bool, bool) => &nines("i8, i8, i8, bool, bool"),
        [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, -2, true, false)];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8, i8, bool, bool, char) => &nines("i8, i8, i8, bool, bool, char"),
        [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, -2, true, false, 'a')];
    (u8, u8, u8, u8, u8, u8, u8, u8, u8, i8, i8, i8, bool, bool, char, ()) =>
        &nines("i8, i8, i8, bool, bool, char, ()"), [(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, -2, true, false, 'a', ())];
}

fn nines(rest: &str) -> String {
    format!("({}{rest})", "u8, ".repeat(9))
}

fn array(len: usize) -> String {
    match len {
        0 => "()".into(),
        1 => "(u16,)".into(),
        _ => format!("({}u16)", "u16, ".repeat(len - 1)),
    }
}

macro_rules! arrays {
    ($($len:literal)*) => { cases! { arrays: $([u16; $len] => &array($len), [[300; $len]];)* } };
}
arrays!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
