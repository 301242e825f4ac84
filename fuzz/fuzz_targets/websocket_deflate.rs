//! See `trunkline_fuzz::websocket_deflate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::websocket_deflate(data));
