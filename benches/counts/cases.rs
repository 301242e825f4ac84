//! The names of what is measured, and how each is set up.

use std::hint::black_box;

use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline::Binary;
use trunkline::rooms::Selection;
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
    case("rejoin_10", |times| rejoin(times, 10)),
    case("rejoin_10000", |times| rejoin(times, 10_000)),
    case("reach_10", |times| reach(times, 10)),
    case("reach_10000", |times| reach(times, 10_000)),
    case("step_echo", echo),
    case("step_answer", answer),
    case("payload_split", split),
    case("payload_join", join),
];

const fn case(name: &'static str, run: fn(u64)) -> Case {
    Case { name, run }
}

/// A law: the first case takes at most so many times the instructions of the second.
pub(crate) const LAWS: &[(&str, &str, f64)] = &[
    ("decode_small", "decode_small_serde_json", JSON),
    ("decode_text", "decode_text_serde_json", JSON),
    ("decode_nested", "decode_nested_serde_json", JSON),
    ("encode_small", "encode_small_serde_json", JSON),
    ("encode_text", "encode_text_serde_json", JSON),
    ("encode_lines", "encode_lines_serde_json", JSON),
    ("encode_nested", "encode_nested_serde_json", JSON),
    ("rejoin_10000", "rejoin_10", ROOMS),
    ("reach_10000", "reach_10", ROOMS),
];

/// The most instructions of ours for each of `serde_json`'s.
const JSON: f64 = 1.15;
/// The most in a room of thousands for each in rooms of a few.
const ROOMS: f64 = 1.1;

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

fn rejoin(times: u64, size: usize) {
    let (mut rooms, members) = samples::crowd(size);
    for (_, some) in (0..times).zip(members.chunks(steps::SOME).cycle()) {
        steps::rejoin(&mut rooms, some);
    }
}

fn reach(times: u64, size: usize) {
    let (rooms, members) = samples::crowd(size);
    let names = members.into_iter().step_by(size).map(|(_, room)| room);
    let selections: Vec<Selection> = names.map(samples::selection).collect();
    for _ in 0..times {
        black_box(steps::reach(&rooms, &selections));
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
