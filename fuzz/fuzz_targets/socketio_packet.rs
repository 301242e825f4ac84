//! See `trunkline_fuzz::socketio_packet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| trunkline_fuzz::socketio_packet(data));
