#![no_main]

copycat_fuzz::fuzz!("streams");
