//! The framework under the name that the manifest gives it, and through another crate that re-exports it.
#![deny(warnings)]

use cat::state_machine;
use serde::{Deserialize, Serialize};

/// Counts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counter(u64);

#[state_machine]
impl Counter {
    /// Adds, and returns the sum.
    #[write]
    pub fn add(&mut self, by: u64) -> u64 {
        self.0 += by;
        self.0
    }
}

/// Stands for a crate that re-exports the framework, and wraps it in a macro.
pub mod other {
    pub use cat as copycat;

    /// Declares a service with one method.
    #[macro_export]
    macro_rules! service {
        ($name:ident) => {
            #[$crate::other::copycat::state_machine(crate = $crate::other::copycat)]
            pub trait $name {
                /// Adds, and returns the sum.
                #[write]
                fn add(&mut self, #[key] name: &str, by: &[u64]) -> u64;
            }
        };
    }
}

service!(Sums);

/// A service of a crate that does not depend on the framework itself.
pub mod through {
    use super::other::copycat::state_machine;

    /// Names by number.
    #[state_machine(crate = crate::other::copycat)]
    pub trait Names {
        /// Sets a name.
        #[write]
        fn set(&mut self, #[key] number: u64, name: &str) -> Option<String>;
        /// Returns the names of these numbers.
        #[read]
        fn get(&self, numbers: &[u64]) -> Vec<Option<String>>;
    }

    impl Names for std::collections::BTreeMap<u64, String> {
        fn set(&mut self, number: u64, name: &str) -> Option<String> {
            self.insert(number, name.to_owned())
        }

        fn get(&self, numbers: &[u64]) -> Vec<Option<String>> {
            numbers.iter().map(|number| BTreeMap::get(self, number).cloned()).collect()
        }
    }

    use std::collections::BTreeMap;
}

#[cfg(test)]
mod tests {
    use super::through::AsyncNames;
    use super::*;
    use cat::{Cluster, Copycat, Error, Member, MemoryNetwork, Storage};
    use std::collections::BTreeMap;

    #[tokio::test]
    async fn both_services_are_replicated() -> Result<(), Error> {
        let cluster = Cluster::builder().with_member_id(1).add_seed(Member::new(1, "member-1:1")).build()?;
        let network = MemoryNetwork::new();
        let member = Copycat::builder().with_cluster(cluster).with_storage(Storage::memory());
        let member = member.with_memory_network(&network).open().await?;
        let counter: AsyncCounter = member.state_machine("counter", Counter::default).open().await?;
        assert_eq!(counter.add(3).await?, 3);
        let names: AsyncNames = member.state_machine("names", BTreeMap::<u64, String>::new).open().await?;
        assert_eq!(names.set(1, "ada").await?, None);
        assert_eq!(names.get(&[1, 2]).await?, [Some("ada".to_owned()), None]);
        member.close().await;
        Ok(())
    }
}
