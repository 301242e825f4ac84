//! How long one client's step takes, and one packet on its way to many.
//!
//! Everything here is the library without I/O: the rooms choose the recipients as in a broadcast,
//! and each recipient is a whole `Connection`. Mailboxes and tasks, which stand in between, are
//! private to the library.

#[expect(dead_code, reason = "the samples of packets have their own bench")]
#[path = "counts/samples.rs"]
mod samples;
#[expect(dead_code, reason = "the steps of packets have their own bench")]
#[path = "counts/steps.rs"]
mod steps;

use std::cell::RefCell;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trunkline::connection::Connection;
use trunkline::rooms::{Rooms, Selection};
use trunkline::socketio::Outgoing;
use trunkline::wire::{Frame, SocketId};

criterion_group!(benches, steps_of_one, fan_out);
criterion_main!(benches);

fn steps_of_one(criterion: &mut Criterion) {
    let (namespace, mut connection) = (samples::main_namespace(), samples::connected());
    let frame = samples::frame(&samples::small());
    criterion.bench_function("step echo", |bencher| {
        bencher.iter(|| steps::echo(&mut connection, &namespace, frame.clone()));
    });
    let frame = Frame::from(format!("4217{}", samples::json(&samples::small())));
    criterion.bench_function("step answer", |bencher| {
        bencher.iter(|| steps::answer(&mut connection, &namespace, frame.clone()));
    });
}

fn fan_out(criterion: &mut Criterion) {
    let namespace = samples::main_namespace();
    let mut group = criterion.benchmark_group("fan-out");
    for members in [10, 100, 1_000, 10_000] {
        let mut rooms: Rooms<RefCell<Connection>> = Rooms::default();
        for member in 0..members {
            let id = SocketId::new(format!("socket-{member}"));
            rooms.insert(id, RefCell::new(samples::connected()));
        }
        group.throughput(Throughput::Elements(members));
        group.bench_function(members.to_string(), |bencher| {
            bencher.iter(|| {
                let values = (samples::small(),);
                let packet = Outgoing::event(&namespace, samples::NAME, &values);
                let packet = packet.expect("the values serialise");
                let mut sent = 0;
                rooms.for_each(&Selection::default(), |_, connection| {
                    sent += steps::deliver(&mut connection.borrow_mut(), &packet);
                });
                sent
            });
        });
    }
    group.finish();
}
