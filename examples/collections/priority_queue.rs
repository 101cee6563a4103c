//! A user's own collection: a queue that holds at most three jobs and returns the most urgent first. Run it with
//! `cargo run -p copycat-examples --example priority_queue`.

mod members;

use copycat::{Copycat, Error, state_machine};
use members::{stop_leader, three_members};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Jobs ordered by urgency, and jobs of equal urgency by age, the oldest first.
#[derive(Serialize, Deserialize)]
struct PriorityQueue<T> {
    jobs: BTreeMap<(Reverse<u32>, u64), T>,
    pushed: u64,
}

#[state_machine]
impl<T: Clone> PriorityQueue<T> {
    /// Adds a job. Returns it if the queue is full.
    #[write]
    fn push(&mut self, urgency: u32, job: T) -> Option<T> {
        if self.jobs.len() == 3 {
            return Some(job);
        }
        self.pushed += 1;
        self.jobs.insert((Reverse(urgency), self.pushed), job)
    }

    /// Removes and returns the most urgent job.
    #[write]
    fn pop(&mut self) -> Option<T> {
        self.jobs.pop_first().map(|(_, job)| job)
    }

    /// Returns the number of jobs.
    #[read]
    fn len(&self) -> u64 {
        self.jobs.len() as u64
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let empty = || PriorityQueue::<String> { jobs: BTreeMap::new(), pushed: 0 };
    let open = async |member: &Copycat| member.state_machine("jobs", empty).open().await;
    let mut members: Vec<(_, AsyncPriorityQueue<String>)> = three_members(open).await?;
    for (urgency, job) in [(1, "sweep"), (9, "put out the fire"), (5, "answer the phone")] {
        assert_eq!(members[0].1.push(urgency, job.into()).await?, None);
    }
    assert_eq!(members[1].1.push(7, "paint".into()).await?, Some("paint".into()), "it is full");

    stop_leader(&mut members, "jobs").await?;
    while let Some(job) = members[0].1.pop().await? {
        println!("{job}");
    }
    Ok(())
}
