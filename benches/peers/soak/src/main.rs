//! A mixed life of clients against one server, with every message accounted for.
//!
//! Clients come by WebSocket, by long-polling and by upgrades under load, talk in rooms of twenty,
//! and leave in every way there is: by closing, by vanishing, by falling silent, in the middle of
//! an upgrade. Whatever is sent must come exactly once and in order; what is left must be cleaned
//! up; memory must not grow; the log must hold no error. Ends with 0 if all that is so, with 1 if
//! not, with 2 if it could not run.
//!
//! In reading order: `circle` (a room, round after round), `client`, `polling`, `websocket`,
//! `http`, `inbox`, `packet`, `sequence`, `ledger` (what must come), `tally` (the totals),
//! `server`, `process`, `summary`.

mod arguments;
mod chance;
mod circle;
mod client;
mod clock;
mod http;
mod inbox;
mod ledger;
mod packet;
mod polling;
mod process;
mod sequence;
mod server;
mod summary;
mod tally;
mod websocket;
mod world;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::arguments::Arguments;
use crate::chance::Chance;
use crate::circle::{Circle, MEMBERS};
use crate::process::{Sample, Samples};
use crate::server::Server;
use crate::summary::Summary;
use crate::world::World;

/// Short, so that silent clients are noticed within the run.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Between two samples.
const SAMPLING: Duration = Duration::from_secs(5);
/// How long the last rounds may take.
const LAST_ROUNDS: Duration = Duration::from_secs(90);

fn main() -> ExitCode {
    let outcome = Arguments::read(std::env::args())
        .map_err(Into::into)
        .and_then(|arguments| {
            // One thread: what a client sends is numbered in the order of sending.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(soak(&arguments))
        });
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Runs everything; says whether nothing was wrong.
async fn soak(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let name = arguments.server.display().to_string();
    let started = Server::start(&arguments.server, arguments.threads, PING_INTERVAL).await;
    let (mut server, log) = started.map_err(|error| format!("{name}: {error}"))?;
    let world = Arc::new(World::new(server.address, PING_INTERVAL));
    let log = tokio::spawn(server::watch_log(log, world.tally.clone()));
    let before = server.sample()?;

    let mut chance = Chance::new(arguments.seed);
    let mut circles = JoinSet::new();
    for number in 0..arguments.rooms {
        let circle = Circle::new(world.clone(), number, chance.fork());
        circles.spawn(circle.live());
    }
    let samples = sample(&mut server, &world, arguments.duration).await;
    world.end();
    let rest = async { while circles.join_next().await.is_some() {} };
    if timeout(LAST_ROUNDS, rest).await.is_err() {
        let example = format!("{} rooms", circles.len());
        world.tally.fault("the soak did not end", example);
        circles.shutdown().await;
    }
    let after = clean_up(&server, &world, before).await;
    let (is_grown, growth) = samples.growth();
    if is_grown {
        world.tally.fault("memory grew", growth);
    }
    if !server.end().await {
        let example = "after SIGTERM".to_owned();
        world.tally.fault("the server did not end", example);
    }
    let last_lines = log.await?;

    let totals = world.tally.totals();
    let summary = Summary {
        server: name,
        seconds: arguments.duration.as_secs(),
        clients: arguments.rooms * MEMBERS,
        totals: &totals,
        samples: &samples,
        cpu: after.map_or(0.0, |after| after.cpu - before.cpu),
    };
    println!("{}", summary.table());
    if !summary.is_clean() {
        for line in last_lines {
            println!("log: {line}");
        }
    }
    if let Some(path) = &arguments.json {
        std::fs::write(path, format!("{:#}\n", summary.json()))?;
    }
    Ok(summary.is_clean())
}

/// Takes samples for so long, or until the server ends.
async fn sample(server: &mut Server, world: &World, duration: Duration) -> Samples {
    let mut samples = Samples::default();
    let start = clock::now();
    let mut ticks = interval(SAMPLING);
    loop {
        ticks.tick().await;
        let at = clock::now() - start;
        if let Some(status) = server.has_ended() {
            world.tally.fault("the server ended", status.to_string());
            return samples;
        }
        if at >= duration {
            return samples;
        }
        if let Ok(sample) = server.sample() {
            let totals = world.tally.totals();
            let sum = totals.sum();
            eprintln!(
                "{:>5} s  {:>8} KiB  {:>7.1} s cpu  {:>6} fds  {:>3} threads  {:>10} came  \
                 {} lost  {} doubled  {} reordered  {} kinds of fault",
                at.as_secs(),
                sample.resident_kib,
                sample.cpu,
                sample.descriptors,
                sample.threads,
                sum.came,
                sum.lost,
                sum.doubled,
                sum.reordered,
                totals.faults.len(),
            );
            samples.push(at, sample);
        }
    }
}

/// Waits until all clients are gone and the server has noticed; gives the last sample.
async fn clean_up(server: &Server, world: &World, before: Sample) -> Option<Sample> {
    let patience = world.silence() + LAST_ROUNDS;
    let start = clock::now();
    loop {
        let sample = server.sample().ok()?;
        let is_done = world.errands() == 0 && sample.sockets <= before.sockets;
        if is_done {
            return Some(sample);
        }
        if clock::now() - start > patience {
            let left = sample.sockets.saturating_sub(before.sockets);
            let example = format!("{left} of the server, {} of the soak", world.errands());
            world.tally.fault("sockets were left", example);
            return Some(sample);
        }
        sleep(Duration::from_millis(200)).await;
    }
}
