#![no_main]

copycat_fuzz::fuzz!("resp");
