//! Counts the heap allocations of single steps and holds them to their laws.
//!
//! Reading an event allocates what its arguments own, as `serde_json` alone would, and nothing else;
//! a recipient of a broadcast costs nothing.

#[expect(dead_code, reason = "not all samples have a law about allocations")]
#[path = "counts/samples.rs"]
mod samples;
#[expect(dead_code, reason = "not all steps have a law about allocations")]
#[path = "counts/steps.rs"]
mod steps;

use std::hint::black_box;
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline::Binary;
use trunkline::socketio::Outgoing;
use trunkline::wire::Frame;

use samples::NAME;

/// Allocations of one step, and how many are allowed.
struct Row {
    step: &'static str,
    counted: u64,
    allowed: u64,
}

fn main() -> ExitCode {
    let rows = [
        decode("decode a small struct", &samples::small()),
        decode("decode a text", &samples::text()),
        decode("decode a nested struct", &samples::nested()),
        receive(),
        encode("encode a small struct", samples::small(), 2),
        encode("encode a text with escapes", samples::lines(), 6),
        encode("encode a binary value", Binary::from(vec![7; 256]), 2),
        deliver(),
        answer(),
    ];
    let mut is_kept = true;
    for row in rows {
        let (step, counted, allowed) = (row.step, row.counted, row.allowed);
        println!("{step:<34} {counted:>3} allocations, {allowed} allowed");
        if counted > allowed {
            eprintln!("FAILED: {step} allocates {counted} times, {allowed} are allowed");
            is_kept = false;
        }
    }
    match is_kept {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Allocations of the third of three steps, when all queues have their size.
fn count(mut step: impl FnMut()) -> u64 {
    step();
    step();
    allocation_counter::measure(step).count_total
}

fn decode<T: Serialize + DeserializeOwned>(step: &'static str, value: &T) -> Row {
    let (mut client, frame) = (samples::client(), samples::frame(value));
    let json = samples::json(value);
    Row {
        step,
        counted: count(|| {
            black_box(steps::decode::<T>(&mut client, frame.clone()));
        }),
        allowed: count(|| {
            black_box(steps::decode_by_serde_json::<T>(&json));
        }),
    }
}

/// A frame up to the event, on a whole connection.
fn receive() -> Row {
    let (mut connection, frame) = (samples::connected(), samples::frame(&samples::nested()));
    Row {
        step: "receive an event",
        counted: count(|| {
            connection.handle_frame(samples::NOW, frame.clone());
            black_box(connection.poll_event(samples::NOW)).expect("the frame is an event");
        }),
        allowed: 0,
    }
}

fn encode<T: Serialize>(step: &'static str, value: T, allowed: u64) -> Row {
    let (namespace, values) = (samples::main_namespace(), (value,));
    Row {
        step,
        counted: count(|| {
            steps::encode(&namespace, &values);
        }),
        allowed,
    }
}

fn deliver() -> Row {
    let packet = Outgoing::event(&samples::main_namespace(), NAME, &(samples::nested(),))
        .expect("the values serialise");
    let mut connection = samples::connected();
    Row {
        step: "broadcast, per recipient",
        counted: count(|| {
            black_box(steps::deliver(&mut connection, &packet));
        }),
        allowed: 0,
    }
}

fn answer() -> Row {
    let (namespace, mut connection) = (samples::main_namespace(), samples::connected());
    let frame = Frame::from(format!("4217{}", samples::json(&samples::small())));
    Row {
        step: "answer an event",
        counted: count(|| {
            black_box(steps::answer(&mut connection, &namespace, frame.clone()));
        }),
        allowed: 3,
    }
}
