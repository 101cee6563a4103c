//! Files written by version 1 are read for ever.
