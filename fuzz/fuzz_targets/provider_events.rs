//! See `trunkline_fuzz::provider_events`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::provider_events(data));
