//! The journal: one ordered, segmented log on disk, shared by all groups of a shard.
