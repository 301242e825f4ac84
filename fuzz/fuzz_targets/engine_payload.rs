//! See `trunkline_fuzz::engine_payload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::engine_payload(data));
