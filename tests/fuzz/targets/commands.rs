#![no_main]

copycat_fuzz::fuzz!("commands");
