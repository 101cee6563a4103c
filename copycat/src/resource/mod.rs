//! Named, replicated things and the base of their proxies.
