//! One macro, which defines a fuzz target. The targets are in `copycat_tests::targets`.

pub use copycat_tests::targets::Target;
pub use libfuzzer_sys;

/// Feeds the target of this name with the inputs of libFuzzer.
#[macro_export]
macro_rules! fuzz {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(
            init: $crate::Target::named($name).warm_up(),
            |bytes: &[u8]| { $crate::Target::named($name).feed(bytes); }
        );
    };
}
