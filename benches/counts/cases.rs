//! The names of what is measured, and how each is set up.

use std::hint::black_box;

use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline::Binary;
use trunkline::socketio::Outgoing;
use trunkline::wire::Frame;

use crate::samples::{self, NAME};
use crate::steps;

/// One thing that is measured.
pub(crate) struct Case {
    /// Its key in the file of counts.
    pub(crate) name: &'static str,
    /// Sets it up, then does it so many times.
    pub(crate) run: fn(u64),
}

/// Everything that is measured, in the order of the file.
pub(crate) const CASES: &[Case] = &[
    case("decode_small", |times| decode(times, &samples::small())),
    case("decode_small_serde_json", |times| {
        decode_by_serde_json(times, &samples::small());
    }),
    case("decode_text", |times| decode(times, &samples::text())),
    case("decode_text_serde_json", |times| {
        decode_by_serde_json(times, &samples::text());
    }),
    case("decode_nested", |times| decode(times, &samples::nested())),
    case("decode_nested_serde_json", |times| {
        decode_by_serde_json(times, &samples::nested());
    }),
    case("decode_binary", decode_binary),
    case("encode_small", |times| encode(times, samples::small())),
    case("encode_small_serde_json", |times| {
        encode_by_serde_json(times, &samples::small());
    }),
    case("encode_text", |times| encode(times, samples::text())),
    case("encode_text_serde_json", |times| {
        encode_by_serde_json(times, &samples::text());
    }),
    case("encode_lines", |times| encode(times, samples::lines())),
    case("encode_lines_serde_json", |times| {
        encode_by_serde_json(times, &samples::lines());
    }),
    case("encode_nested", |times| encode(times, samples::nested())),
    case("encode_nested_serde_json", |times| {
        encode_by_serde_json(times, &samples::nested());
    }),
    case("encode_binary", |times| {
        encode(times, Binary::from(vec![7; 256]));
    }),
    case("broadcast_per_recipient", broadcast),
    case("step_echo", echo),
    case("step_answer", answer),
    case("payload_split", split),
    case("payload_join", join),
];

const fn case(name: &'static str, run: fn(u64)) -> Case {
    Case { name, run }
}

/// A law: the first case takes at most 15 % more instructions than the second.
pub(crate) const LAWS: &[(&str, &str)] = &[
    ("decode_small", "decode_small_serde_json"),
    ("decode_text", "decode_text_serde_json"),
    ("decode_nested", "decode_nested_serde_json"),
    ("encode_small", "encode_small_serde_json"),
    ("encode_text", "encode_text_serde_json"),
    ("encode_lines", "encode_lines_serde_json"),
    ("encode_nested", "encode_nested_serde_json"),
];

fn decode<T: Serialize + DeserializeOwned>(times: u64, value: &T) {
    let (mut client, frame) = (samples::client(), samples::frame(value));
    for (_, frame) in (0..times).zip(samples::copies(frame)) {
        black_box(steps::decode::<T>(&mut client, frame));
    }
}

fn decode_by_serde_json<T: Serialize + DeserializeOwned>(times: u64, value: &T) {
    let json = samples::json(value);
    for _ in 0..times {
        black_box(steps::decode_by_serde_json::<T>(&json));
    }
}

fn decode_binary(times: u64) {
    let (mut client, part) = (samples::client(), Frame::Binary(vec![7; 256].into()));
    let header = Frame::from_static(r#"451-["echo",{"_placeholder":true,"num":0}]"#);
    let parts = samples::copies(part);
    for ((_, header), part) in (0..times).zip(samples::copies(header)).zip(parts) {
        black_box(steps::decode_binary(&mut client, header, part));
    }
}

fn encode<T: Serialize>(times: u64, value: T) {
    let (namespace, values) = (samples::main_namespace(), (value,));
    for _ in 0..times {
        steps::encode(&namespace, black_box(&values));
    }
}

fn encode_by_serde_json<T: Serialize>(times: u64, value: &T) {
    for _ in 0..times {
        steps::encode_by_serde_json(black_box(value));
    }
}

fn broadcast(times: u64) {
    let namespace = samples::main_namespace();
    let packet = Outgoing::event(&namespace, NAME, &(samples::small(),)).expect("it serialises");
    let mut connection = samples::connected();
    for _ in 0..times {
        black_box(steps::deliver(&mut connection, &packet));
    }
}

fn echo(times: u64) {
    let (namespace, frame) = (samples::main_namespace(), samples::frame(&samples::small()));
    let mut connection = samples::connected();
    for (_, frame) in (0..times).zip(samples::copies(frame)) {
        black_box(steps::echo(&mut connection, &namespace, frame));
    }
}

fn answer(times: u64) {
    let namespace = samples::main_namespace();
    let frame = Frame::from(format!("4217{}", samples::json(&samples::small())));
    let mut connection = samples::connected();
    for (_, frame) in (0..times).zip(samples::copies(frame)) {
        black_box(steps::answer(&mut connection, &namespace, frame));
    }
}

fn split(times: u64) {
    let body = steps::join(&samples::waiting());
    for _ in 0..times {
        black_box(steps::split(&body));
    }
}

fn join(times: u64) {
    let frames = samples::waiting();
    for _ in 0..times {
        black_box(steps::join(&frames));
    }
}
