//! Compares the answers that clients received with the final state of every replica.

use super::servers::{Servers, until};
use super::writers::{Book, COUNTERS, Fate, counter, key, value};
use redis::Connection;
use std::collections::BTreeMap;
use std::fmt;

/// Number of keys that are looked up at once.
const BATCH: usize = 1_000;

/// The results of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    rounds: usize,
    /// Answers for the keys that clients set: acknowledged, refused, unknown.
    told: [usize; 3],
    /// Number of unknown writes that took effect.
    happened: usize,
    /// Number of acknowledged keys that are missing or have another value.
    lost: usize,
    /// Number of refused keys that exist all the same.
    ghosts: usize,
    /// For each counter: the least possible value, the actual value, and the largest possible value.
    counters: Vec<[u64; 3]>,
    /// Number of replicas whose own copy differs.
    different: usize,
    nonsense: BTreeMap<String, usize>,
}

impl Findings {
    pub(crate) fn is_good(&self) -> bool {
        let exact = self.counters.iter().all(|[least, found, most]| (least..=most).contains(&found));
        let proven = self.told[0] > 0 && self.counters.len() == COUNTERS;
        exact && proven && self.lost + self.ghosts + self.different == 0 && self.nonsense.is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [acknowledged, refused, unknown] = self.told;
        writeln!(f, "rounds       {}, and all at once", self.rounds)?;
        writeln!(f, "acknowledged {acknowledged}, lost {}", self.lost)?;
        writeln!(f, "refused      {refused}, there all the same {}", self.ghosts)?;
        writeln!(f, "unknown      {unknown}, there {}", self.happened)?;
        for [least, found, most] in &self.counters {
            writeln!(f, "counter      {least} <= {found} <= {most}")?;
        }
        writeln!(f, "replicas     {} of 3 differ", self.different)?;
        for (what, times) in &self.nonsense {
            writeln!(f, "nonsense     {what}, {times} times")?;
        }
        write!(f, "{}", if self.is_good() { "good" } else { "BAD" })
    }
}

/// Looks everything up: first with strict reads, then on each replica.
pub(crate) fn audit(servers: &Servers, books: &[Book], rounds: usize) -> Findings {
    let mut findings = Findings { rounds, ..Findings::default() };
    let mut strict = servers.connect(0);
    let keys: Vec<Option<String>> = look_up(&mut strict, books, &mut findings);
    let counters = count(&mut strict);
    for (number, found) in counters.iter().enumerate() {
        let of = |pick: fn(&Book, usize) -> u64| books.iter().map(|book| pick(book, number)).sum::<u64>();
        let least = of(|book, number| book.counters[number].acknowledged);
        let most = least + of(|book, number| book.counters[number].unknown);
        findings.counters.push([least, *found, most]);
    }
    for book in books {
        book.nonsense.iter().for_each(|(what, times)| {
            *findings.nonsense.entry(what.clone()).or_default() += times;
        });
    }
    for at in 0..3 {
        let mut own = servers.connect(at);
        let _: () = redis::cmd("COPYCAT.CONSISTENCY").arg("eventual").query(&mut own).expect("an answer");
        // No client writes any more, so the copy is current once its counters are.
        until("a copy that has caught up", || (count(&mut own) == counters).then_some(()));
        let copy = look_up(&mut own, books, &mut Findings::default());
        findings.different += usize::from(copy != keys);
    }
    findings
}

/// Returns the value of each key that a client set.
fn look_up(connection: &mut Connection, books: &[Book], findings: &mut Findings) -> Vec<Option<String>> {
    let mut all = Vec::new();
    for (client, book) in books.iter().enumerate() {
        for (batch, fates) in book.keys.chunks(BATCH).enumerate() {
            let numbers = (batch * BATCH)..(batch * BATCH + fates.len());
            let mut get = redis::cmd("MGET");
            get.arg(numbers.clone().map(|number| key(client, number)).collect::<Vec<_>>());
            let found: Vec<Option<String>> = get.query(connection).expect("an answer");
            for ((number, fate), found) in numbers.zip(fates).zip(&found) {
                findings.compare(*fate, found.as_deref(), &value(client, number));
            }
            all.extend(found);
        }
    }
    all
}

fn count(connection: &mut Connection) -> Vec<u64> {
    let mut get = redis::cmd("MGET");
    get.arg((0..COUNTERS).map(counter).collect::<Vec<_>>());
    let found: Vec<Option<u64>> = get.query(connection).expect("an answer");
    found.into_iter().map(Option::unwrap_or_default).collect()
}

impl Findings {
    fn compare(&mut self, fate: Fate, found: Option<&str>, wanted: &str) {
        let there = found == Some(wanted);
        match fate {
            Fate::Acknowledged => {
                self.told[0] += 1;
                self.lost += usize::from(!there);
            }
            Fate::Refused => {
                self.told[1] += 1;
                self.ghosts += usize::from(found.is_some());
            }
            Fate::Unknown => {
                self.told[2] += 1;
                self.happened += usize::from(there);
                // A write takes effect as a whole or not at all.
                self.lost += usize::from(!there && found.is_some());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Findings {
        Findings { told: [1, 1, 1], counters: vec![[1, 2, 3]; COUNTERS], ..Findings::default() }
    }

    #[test]
    fn what_is_lost_haunts_or_differs_is_bad() {
        assert!(good().is_good());
        let planted: [fn(&mut Findings); 7] = [
            |findings| findings.compare(Fate::Acknowledged, None, "v"),
            |findings| findings.compare(Fate::Acknowledged, Some("w"), "v"),
            |findings| findings.compare(Fate::Refused, Some("v"), "v"),
            |findings| findings.counters[0] = [1, 0, 3],
            |findings| findings.counters[1] = [1, 4, 3],
            |findings| findings.different = 1,
            |findings| findings.told = [0; 3],
        ];
        for plant in planted {
            let mut findings = good();
            plant(&mut findings);
            assert!(!findings.is_good(), "{findings}");
        }
        let mut findings = good();
        findings.compare(Fate::Acknowledged, Some("v"), "v");
        findings.compare(Fate::Refused, None, "v");
        findings.compare(Fate::Unknown, Some("v"), "v");
        findings.compare(Fate::Unknown, None, "v");
        assert!(findings.is_good(), "{findings}");
    }
}
