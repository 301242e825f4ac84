//! See `trunkline_fuzz::ai_contract`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::ai_contract(data));
