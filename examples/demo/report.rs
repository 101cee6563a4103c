//! The output for people.

use super::clients::{Audit, Summary};
use std::time::{Duration, Instant};

/// The results of the demonstration.
pub(crate) struct Report {
    pub ledger: Summary,
    pub audit: Audit,
    pub digests: Vec<u64>,
    pub failover: Duration,
    pub restart: Duration,
    pub took: Duration,
}

/// Prints the first lines.
pub(crate) fn title() {
    println!();
    println!("  copycat: a bank on three members that loses its leader, and nothing else");
    println!();
}

/// Prints one event.
pub(crate) fn step(began: Instant, what: &str) {
    println!("  {:>6.2} s  {what}", began.elapsed().as_secs_f64());
}

impl Report {
    /// Returns whether all acknowledged writes were kept.
    pub(crate) fn is_good(&self) -> bool {
        self.audit.lost == 0 && self.audit.ghosts == 0 && self.money_is_right() && self.replicas_agree()
    }

    fn money_is_right(&self) -> bool {
        (self.audit.expected.0..=self.audit.expected.1).contains(&self.audit.total)
    }

    fn replicas_agree(&self) -> bool {
        self.digests.len() == 3 && self.digests.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Prints the last lines.
    pub(crate) fn print(&self) {
        let Summary { promised, refused, unknown } = self.ledger;
        let rows = [
            ("operations", format!("{} in {:.1} s", promised + refused + unknown, self.took.as_secs_f64())),
            ("  acknowledged", promised.to_string()),
            ("  certainly not applied", refused.to_string()),
            ("  outcome unknown", format!("{unknown}, of which {} happened", self.audit.happened)),
            ("outage, leader lost", format!("{} ms", self.failover.as_millis())),
            ("outage, all lost", format!("{} ms", self.restart.as_millis())),
            ("acknowledged writes lost", self.audit.lost.to_string()),
            ("refused writes that happened", self.audit.ghosts.to_string()),
            (
                "money",
                if self.money_is_right() {
                    "adds up".into()
                } else {
                    format!("{} of {:?}", self.audit.total, self.audit.expected)
                },
            ),
            (
                "replicas",
                if self.replicas_agree() { "equal".into() } else { format!("differ: {:x?}", self.digests) },
            ),
        ];
        println!();
        for (name, value) in rows {
            println!("  {name:<30} {value}");
        }
        println!();
        println!("  {}", if self.is_good() { "Nothing was lost." } else { "SOMETHING IS WRONG." });
        println!();
    }
}
