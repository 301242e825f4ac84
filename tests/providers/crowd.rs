//! A thousand sockets ask at once, and the provider is slow.
//!
//! The server is the program in a process of its own, so that its memory can be read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use trunkline::ai::{Api, Code};

use crate::client::Client;
use crate::fake::{Fake, Finish, Script, Speech};
use crate::process::{PLACES, Process};

/// How many sockets there are.
const SOCKETS: usize = 1000;
/// How long the provider thinks before each piece of its answer.
const GAP: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sockets_each_get_their_own_answer() {
    let api = Api::OpenAi;
    let fake = Fake::new(api, move |request, _| {
        let question = request.question().to_owned();
        let mut script = Script::events().all(api.opening());
        for piece in ["answer ", "to ", question.as_str()] {
            script = script.pause(GAP).bytes(api.delta(piece));
        }
        script.all(api.ending(Finish::Stop))
    })
    .await;
    let mut server = Process::start(&fake, "info");
    let count = SOCKETS.min(open_files() / 2);
    Client::connect(server.address).await.ask("0").await;
    let idle = server.memory("VmRSS");

    let everybody = Arc::new(Barrier::new(count + 1));
    let mut sockets = JoinSet::new();
    for number in 0..count {
        let mut client = Client::connect(server.address).await;
        let everybody = everybody.clone();
        sockets.spawn(async move {
            everybody.wait().await;
            let begun = Instant::now();
            let answer = client.ask(&format!("number {number}")).await;
            answer.expect_stop(&format!("answer to number {number}"));
            (begun.elapsed(), client)
        });
    }
    let connected = server.memory("VmRSS");
    everybody.wait().await;
    let begun = Instant::now();
    let mut waits = Vec::new();
    let mut clients = Vec::new();
    while let Some(answered) = sockets.join_next().await {
        let (wait, client) = answered.unwrap();
        waits.push(wait);
        clients.push(client);
    }
    let took = begun.elapsed();
    let peak = server.memory("VmHWM");
    waits.sort_unstable();
    let (asked, open) = (fake.under_way(), fake.connections());
    println!("{count} sockets, {PLACES} places: all answered after {took:?}");
    println!(
        "first answer after {:?}, middle {:?}, last {:?}",
        waits[0],
        waits[count / 2],
        waits[count - 1]
    );
    println!(
        "at most {} requests under way, on {} connections",
        asked.most, open.most
    );
    let each = |from: u64, to: u64| to.saturating_sub(from) / count as u64;
    println!(
        "memory: {idle} KiB idle, {connected} KiB connected ({} KiB a socket), {peak} KiB at most \
         ({} KiB more a question)",
        each(idle, connected),
        each(connected, peak)
    );
    assert_eq!(fake.attempts().len(), count + 1);
    assert_eq!(fake.faults(), Vec::<String>::new());
    assert!(asked.most <= PLACES, "{asked:?}");
    // A connection that has just been used may not be free yet when the next question begins.
    assert!(open.most <= 2 * PLACES, "{open:?}");
    if peak > 0 {
        assert!(each(idle, peak) < 512, "a socket costs too much");
    }
    drop(clients);
    server.end();
}

/// Floods of every kind, at eight sockets at once, pass through without staying.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_answers_leave_the_memory_flat() {
    let api = Api::OpenAi;
    let delta = Bytes::from(api.delta(&"all work and no play ".repeat(195)));
    let fake = Fake::new(api, move |request, _| {
        let (piece, count) = match request.question() {
            "deltas" => (delta.clone(), 50_000_000 / delta.len()),
            "line" => (vec![b'x'; 64 << 10].into(), 320),
            "comments" => (format!(": {}\n", "x".repeat(4000)).into(), 5000),
            _ => (delta.clone(), 1),
        };
        let floods = std::iter::repeat_n(piece, count);
        let script = Script::events().bytes("data: {}\n\n").all(floods);
        script.all(api.ending(Finish::Stop))
    })
    .await;
    let mut server = Process::start(&fake, "info");
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut client = Client::connect(server.address).await;
        client.ask("little").await;
        clients.push(client);
    }
    let before = server.memory("VmHWM");
    for (question, finish) in [
        ("deltas", "length"),
        ("line", "error"),
        ("comments", "error"),
    ] {
        let mut ids = Vec::new();
        for client in &mut clients {
            ids.push(client.begin(question).await);
        }
        for (client, id) in clients.iter_mut().zip(&ids) {
            assert_eq!(client.answer(id).await.finish(), finish);
        }
        let after = server.memory("VmHWM");
        println!("{question}: {before} KiB before, {after} KiB at most");
        // Eight answers and their chunks, and eight events that were too long.
        assert!(after - before < 48 << 10, "{} KiB more", after - before);
    }
    drop(clients);
    server.end();
    assert_eq!(fake.faults(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_logs_no_key_at_any_level() {
    let api = Api::OpenAi;
    let fake = Fake::new(api, move |request, _| match request.question() {
        "repeat the key" => {
            let key = request.header("authorization").unwrap_or_default();
            let message = format!("bad key: {key}");
            Script::json(401, serde_json::json!({"error": {"message": message}}))
        }
        _ => {
            let script = Script::events().all(api.opening());
            script
                .bytes(api.delta("fine"))
                .all(api.ending(Finish::Stop))
        }
    })
    .await;
    let mut server = Process::start(&fake, "trace");
    let mut client = Client::connect(server.address).await;
    client.ask("a question").await.expect_stop("fine");
    let refused = client.ask("repeat the key").await;
    refused.expect_failure(Code::Misconfigured);
    drop(client);
    let log = server.end();
    let refusal = log.lines().find(|line| line.contains("bad key"));
    assert!(
        refusal.is_some_and(|line| line.contains("[redacted]")),
        "{refusal:?}"
    );
    assert!(
        log.contains("TRACE"),
        "nothing was logged at the lowest level"
    );
}

/// How many files this process may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let figure = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok());
    figure.unwrap_or(1024)
}
