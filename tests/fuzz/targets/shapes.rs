#![no_main]

copycat_fuzz::fuzz!("shapes");
