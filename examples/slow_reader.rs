//! One client that never reads, among many that do, while all of them are sent broadcasts: how much
//! memory the server needs, and whether the others notice.
//!
//! Run it: `cargo run --release --example slow_reader -- [CLIENTS] [SECONDS]`, by default 1000 and 30.
//! It runs twice, without and with such a client, and prints the figures of both and their ratios.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use trunkline::{Io, Lag, Limits, Server, Service, SlowClient, Socket};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Ws = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// The bytes of each broadcast, and how many there are in a second.
const SIZE: usize = 16 * 1024;
const PER_SECOND: u32 = 10;
/// What may wait for a client.
const BUDGET: usize = 256 * 1024;

/// What came of a run.
struct Figures {
    /// Of the whole process, the clients included, in KiB: before the broadcasts, after a third of
    /// them, after all.
    memory: [u64; 3],
    /// From the emit to the reader, in microseconds.
    median: u64,
    p99: u64,
    deliveries: usize,
    /// How far behind the one who does not read was at the end.
    lag: Option<Lag>,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (clients, seconds) = (number(1_000)? as usize, number(30)?);
    let runtime = tokio::runtime::Runtime::new()?;
    // The first run warms the process up: its memory is that of both.
    runtime.block_on(run(clients, 2, false))?;
    let without = runtime.block_on(run(clients, seconds, false))?;
    show("without", &without);
    let with = runtime.block_on(run(clients, seconds, true))?;
    show("with", &with);
    let ratio = |one: u64, other: u64| one as f64 / other.max(1) as f64;
    println!(
        "with/without: median {:.2}, p99 {:.2}, memory at the end {:.3}",
        ratio(with.median, without.median),
        ratio(with.p99, without.p99),
        ratio(with.memory[2], without.memory[2]),
    );
    Ok(())
}

fn show(name: &str, figures: &Figures) {
    let Figures {
        memory: [before, third, end],
        median,
        p99,
        deliveries,
        lag,
    } = figures;
    println!(
        "{name}: {deliveries} deliveries, median {median} us, p99 {p99} us; memory {before}, {third}, {end} KiB"
    );
    if let Some(Lag {
        bytes,
        packets,
        dropped,
        ..
    }) = lag
    {
        println!("  who does not read: {bytes} bytes in {packets} packets wait, {dropped} dropped");
    }
}

async fn run(clients: usize, seconds: u32, is_slow: bool) -> Result<Figures, Failure> {
    let limits = Limits {
        max_backlog: BUDGET,
        slow_client: SlowClient::DropOldest,
        ..Limits::default()
    };
    let io = Io::builder().limits(limits).build();
    let (sender, mut sockets) = tokio::sync::mpsc::unbounded_channel();
    io.of("/").on_connect(async move |socket: Socket| {
        let _ = sender.send(socket);
    });
    let server = Server::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(Service::new(io.clone()), async {
        let _ = stopped.await;
    }));

    let latencies = Arc::new(Mutex::new(Vec::new()));
    let start = now();
    let mut readers = Vec::new();
    // The one who does not read takes the place of one who does.
    for _ in usize::from(is_slow)..clients {
        let ws = join(address, None).await?;
        sockets.recv().await;
        readers.push(tokio::spawn(read(ws, start, latencies.clone())));
    }
    let slow = match is_slow {
        true => Some((join(address, Some(4_096)).await?, sockets.recv().await)),
        false => None,
    };

    let mut memory = [memory()?; 3];
    let count = seconds * PER_SECOND;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let text = "x".repeat(SIZE);
    for number in 0..count {
        ticks.tick().await;
        let micros = start.elapsed().as_micros() as u64;
        io.emit("tick", (micros, &text))?;
        if number == count / 3 {
            memory[1] = self::memory()?;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    memory[2] = self::memory()?;
    let lag = slow
        .as_ref()
        .and_then(|(_, socket)| Some(socket.as_ref()?.lag()));
    for reader in readers {
        reader.abort();
    }
    drop(slow);
    let _ = stop.send(());
    serving.await?;
    let mut sorted = std::mem::take(&mut *latencies.lock().unwrap_or_else(PoisonError::into_inner));
    sorted.sort_unstable();
    let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
    Ok(Figures {
        memory,
        median: at(50).unwrap_or_default(),
        p99: at(99).unwrap_or_default(),
        deliveries: sorted.len(),
        lag,
    })
}

/// A client in the namespace `/`; the kernel keeps `buffer` bytes for it, or as many as it likes.
async fn join(address: SocketAddr, buffer: Option<u32>) -> Result<Ws, Failure> {
    let socket = TcpSocket::new_v4()?;
    if let Some(buffer) = buffer {
        socket.set_recv_buffer_size(buffer)?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut ws, _) = tokio_tungstenite::client_async(url, stream).await?;
    ws.next().await.ok_or("no open packet")??;
    ws.send(Message::text("40")).await?;
    ws.next().await.ok_or("not let in")??;
    Ok(ws)
}

/// Reads as fast as it can, and answers pings.
async fn read(mut ws: Ws, start: Instant, latencies: Arc<Mutex<Vec<u64>>>) -> Result<(), Failure> {
    while let Some(message) = ws.next().await {
        let Message::Text(text) = message? else {
            continue;
        };
        if text == "2" {
            ws.send(Message::text("3")).await?;
        }
        let sent = text.strip_prefix("42[\"tick\",");
        if let Some(sent) = sent.and_then(|rest| rest.split(',').next()?.parse::<u64>().ok()) {
            let took = (start.elapsed().as_micros() as u64).saturating_sub(sent);
            let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
            latencies.push(took);
        }
    }
    Ok(())
}

/// The resident memory of this process in KiB.
fn memory() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS")?.parse()?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is the time on the wall"
)]
fn now() -> Instant {
    Instant::now()
}
