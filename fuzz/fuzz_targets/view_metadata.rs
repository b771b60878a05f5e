//! Runs `checks::view_metadata` on what libFuzzer makes up.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "each target uses its own check")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::view_metadata(bytes));
