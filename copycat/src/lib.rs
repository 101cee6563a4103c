//! Replicated, fault-tolerant services from an annotated trait.

mod codec;
