//! The operations of `Reference`, a single value.

use super::operations::{Operation, Subject, changed, maybe_value, operations, value};
use copycat::Error;
use copycat_collections::{AsyncReference, Collections};

type Model = Option<String>;

operations! { ReferenceOperation on AsyncReference<String>, like Model;
    3 value Get {}, |reference| reference.get(), |model| &*model;
    1 value IsSet {}, |reference| reference.is_set(), |model| model.is_some();
    2 value Set { value: String = value },
        |reference| reference.set(value.clone()), |model| *model = Some(value.clone());
    2 value GetAndSet { value: String = value },
        |reference| reference.get_and_set(value.clone()), |model| model.replace(value.clone());
    3 value CompareAndSet { expected: Option<String> = maybe_value, new: Option<String> = maybe_value },
        |reference| reference.compare_and_set(expected.clone(), new.clone()),
        |model| { let equal = model == expected; if equal { model.clone_from(new); } equal };
    1 value Clear {}, |reference| reference.clear(), |model| *model = None;
    2 value Update { new: Option<String> = maybe_value },
        |reference| reference.update(|old| changed(old, new)),
        |model| { *model = changed(model.take(), new); &*model };
}

impl Subject for ReferenceOperation {
    const PARTITIONS: &'static [u32] = &[1];

    async fn open<H: Collections>(host: &H, name: String, _: u32) -> Result<Self::Proxy, Error> {
        host.reference(name).open().await
    }

    async fn content(reference: &Self::Proxy) -> Result<Model, Error> {
        reference.get().await
    }
}
