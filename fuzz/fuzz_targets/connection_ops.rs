//! See `trunkline_fuzz::connection_ops`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::connection_ops(data));
