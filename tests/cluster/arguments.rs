//! Arguments that are large, or that no member would read.

use super::world::{Network, World, patiently, run};
use copycat::{Outcome, state_machine};
use serde::{Deserialize, Serialize};

#[state_machine]
pub(crate) trait Notes {
    #[write]
    fn mark(&mut self, #[key] place: Vec<()>, more: Vec<()>) -> u64;
    #[write]
    fn keep(&mut self, lines: Vec<String>) -> u64;
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Count(u64);

impl Notes for Count {
    fn mark(&mut self, _: Vec<()>, _: Vec<()>) -> u64 {
        self.0 += 1;
        self.0
    }

    fn keep(&mut self, lines: Vec<String>) -> u64 {
        self.0 += lines.len() as u64;
        self.0
    }
}

#[test]
fn what_no_member_would_read_is_refused_before_it_is_sent_and_harms_nobody() {
    run(async {
        let mut world = World::started(Network::memory(), 3).await;
        let mut all = Vec::new();
        for id in world.ids() {
            let opened = world.member(id).state_machine("notes", Count::default).open().await;
            let notes: AsyncNotes = opened.expect("a resource");
            all.push(notes);
        }
        assert_eq!(patiently(async || all[0].mark(vec![(); 2_000], vec![(); 2_000]).await).await, 1);
        // Each alone would be read.
        let error =
            all[1].mark(vec![(); 2_052], vec![(); 2_051]).await.expect_err("both together are too many");
        assert_eq!((error.code(), error.outcome()), (12, Outcome::NotApplied), "{error}");
        assert!(error.to_string().contains("more than 4096 elements take no byte"), "{error}");
        for notes in &all {
            patiently(async || notes.keep(vec!["a".into()]).await).await;
        }
        assert_eq!(patiently(async || all[2].keep(Vec::new()).await).await, 4);
        drop(all);
        world.close_all().await;
    });
}
