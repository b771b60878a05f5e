//! Runs `location::location` on what libFuzzer makes up.
#![no_main]

#[path = "../location.rs"]
mod location;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| location::location(bytes));
