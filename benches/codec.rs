//! How long packets take: values in and out of one frame, and the bodies of long polling.
//!
//! For times; what must not grow is checked by `make counts`.

#[expect(dead_code, reason = "the clients of connections have their own bench")]
#[path = "counts/samples.rs"]
mod samples;
#[expect(dead_code, reason = "the steps of a connection have their own bench")]
#[path = "counts/steps.rs"]
mod steps;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline::Binary;
use trunkline::wire::Frame;

criterion_group!(benches, decoding, encoding, payloads);
criterion_main!(benches);

fn decoding(criterion: &mut Criterion) {
    decode(criterion, "decode small", &samples::small());
    decode(criterion, "decode text", &samples::text());
    decode(criterion, "decode nested", &samples::nested());
    let (mut client, part) = (samples::client(), Frame::Binary(vec![7; 256].into()));
    let header = Frame::from_static(r#"451-["echo",{"_placeholder":true,"num":0}]"#);
    criterion.bench_function("decode binary", |bencher| {
        bencher.iter(|| steps::decode_binary(&mut client, header.clone(), part.clone()));
    });
}

fn decode<T: Serialize + DeserializeOwned>(criterion: &mut Criterion, name: &str, value: &T) {
    let (mut client, frame) = (samples::client(), samples::frame(value));
    let json = samples::json(value);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("ours", |bencher| {
        bencher.iter(|| steps::decode::<T>(&mut client, frame.clone()));
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| steps::decode_by_serde_json::<T>(black_box(&json)));
    });
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    encode(criterion, "encode small", samples::small());
    encode(criterion, "encode text", samples::text());
    encode(criterion, "encode lines", samples::lines());
    encode(criterion, "encode nested", samples::nested());
    let (namespace, values) = (samples::main_namespace(), (Binary::from(vec![7; 256]),));
    criterion.bench_function("encode binary", |bencher| {
        bencher.iter(|| steps::encode(&namespace, black_box(&values)));
    });
}

fn encode<T: Serialize>(criterion: &mut Criterion, name: &str, value: T) {
    let (namespace, values) = (samples::main_namespace(), (value,));
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(samples::json(&values.0).len() as u64));
    group.bench_function("ours", |bencher| {
        bencher.iter(|| steps::encode(&namespace, black_box(&values)));
    });
    group.bench_function("serde_json", |bencher| {
        bencher.iter(|| steps::encode_by_serde_json(black_box(&values.0)));
    });
    group.finish();
}

fn payloads(criterion: &mut Criterion) {
    let frames = samples::waiting();
    let body = steps::join(&frames);
    let mut group = criterion.benchmark_group("payload of ten");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("join", |bencher| {
        bencher.iter(|| steps::join(black_box(&frames)));
    });
    group.bench_function("split", |bencher| {
        bencher.iter(|| steps::split(black_box(&body)));
    });
    group.finish();
}
