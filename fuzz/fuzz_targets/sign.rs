//! Runs `signing::sign` on what libFuzzer makes up.
#![no_main]

#[path = "../signing.rs"]
mod signing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signing::sign(bytes));
