//! Replicated collections written with `copycat`. The first of them come with their own milestone.
