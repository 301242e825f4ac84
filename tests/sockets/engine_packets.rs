//! Hooks for the packets of Engine.IO connections. The orders are those in which the reference's
//! `socket.conn` emits its events.

use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use trunkline::engine::Packet;
use trunkline::{Args, Binary, Builder, Engine, EngineSocket, Frame, Io, Service, Socket};

use super::client::{Http, Log, Polling, Teller, WEBSOCKET, Ws, log};
use super::host::{serve, serve_io};

fn words(packet: &Packet) -> String {
    match packet {
        Packet::Open(data) => format!("open {data}"),
        Packet::Close => "close".to_owned(),
        Packet::Ping(data) => format!("ping {data}"),
        Packet::Pong(data) => format!("pong {data}"),
        Packet::Message(Frame::Text(text)) => {
            let text = text.split("{\"sid\"").next().unwrap_or_default();
            format!("message {text}")
        }
        Packet::Message(Frame::Binary(bytes)) => format!("message {:?}", &bytes[..]),
        Packet::Upgrade => "upgrade".to_owned(),
        Packet::Noop => "noop".to_owned(),
    }
}

/// Tells of all that happens on connections.
fn tells(builder: Builder, teller: Teller) -> Builder {
    let [opened, received, created, beating, upgrading, upgraded] =
        [(); 6].map(|()| teller.clone());
    builder
        .on_engine_connect(move |_| opened.tell("open"))
        .on_engine_packet(move |_, packet| received.tell(format!("in {}", words(packet))))
        .on_engine_packet_create(move |_, packet| created.tell(format!("out {}", words(packet))))
        .on_engine_heartbeat(move |_| beating.tell("heartbeat"))
        .on_engine_upgrading(move |conn| {
            upgrading.tell(format!("upgrading from {}", conn.transport().as_str()));
        })
        .on_engine_upgrade(move |_| upgraded.tell("upgrade"))
        .on_engine_close(move |_, reason| teller.tell(reason.as_str()))
}

/// An application that tells of everything, and echoes, with binary values as well.
async fn telling(builder: Builder) -> (std::net::SocketAddr, Log) {
    let (teller, log) = log();
    let io = tells(builder, teller).build();
    io.of("/")
        .on("echo", async |socket: Socket, args: Args| {
            socket.emit("echo", args).map(drop)
        })
        .on("binary", async |socket: Socket| {
            let values = (
                Binary(Bytes::from_static(&[1, 2])),
                Binary(Bytes::from_static(&[3])),
            );
            socket.emit("binary", values).map(drop)
        })
        .on("bye", async |socket: Socket| socket.disconnect_all());
    (serve_io(&io).await, log)
}

async fn expect(log: &mut Log, told: &[&str]) {
    for told in told {
        log.expect(told).await;
    }
}

const TWO_VALUES: &str =
    r#"out message 52-["binary",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

#[tokio::test]
async fn packets_are_told_on_polling_while_it_is_upgraded_and_on_a_websocket() {
    let (address, mut log) = telling(Io::builder()).await;
    let mut polling = Polling::open(address).await;
    log.expect("open").await;
    polling.send("40").await;
    // No GET waits for it.
    expect(&mut log, &["in message 0", "out message 0"]).await;
    assert!(polling.receive().await.starts_with("40{"));
    polling.send("42[\"binary\"]\x1e3\x1e6").await;
    let told = [
        "in message 2[\"binary\"]",
        TWO_VALUES,
        "out message [1, 2]",
        "out message [3]",
        "in pong ",
        "heartbeat",
        "in noop",
    ];
    expect(&mut log, &told).await;
    polling.receive().await;

    let target = polling.target.replace("polling", "websocket");
    let mut ws = Http::connect(address).await.upgrade(&target, &[]).await;
    for _ in 0..2 {
        ws.send("2probe").await;
        ws.expect("3probe").await;
    }
    ws.send_all(&["5", "42[\"echo\",1]", "3"]).await;
    ws.expect("42[\"echo\",1]").await;
    let told = [
        "upgrading from polling",
        "upgrading from polling",
        "upgrade",
        "in message 2[\"echo\",1]",
        "out message 2[\"echo\",1]",
        "in pong ",
        "heartbeat",
    ];
    expect(&mut log, &told).await;
    ws.send_all(&["42[\"bye\"]", "42[\"echo\",2]"]).await;
    let told = ["in message 2[\"bye\"]", "out message 1", "forced close"];
    expect(&mut log, &told).await;
    ws.closed().await;
    assert_eq!(log.told(), [""; 0]);
}

#[tokio::test]
async fn what_ends_a_connection_is_told_as_far_as_it_is_a_packet() {
    let (address, mut log) = telling(Io::builder()).await;
    for (packet, told) in [
        ("2", &["in ping ", "transport error"][..]),
        ("1", &["in close", "transport close"]),
        ("x", &["parse error"]),
    ] {
        let mut ws = Ws::join(address).await;
        expect(&mut log, &["open", "in message 0", "out message 0"]).await;
        ws.send(packet).await;
        expect(&mut log, told).await;
    }
    let mut polling = Polling::open(address).await;
    polling.send("6\x1e1\x1e6").await;
    expect(&mut log, &["open", "in noop", "transport close"]).await;
    assert_eq!(log.told(), [""; 0]);
}

#[tokio::test]
async fn a_ping_is_told_when_it_is_made_and_its_pong_as_a_sign_of_life() {
    let rhythm = Io::builder()
        .ping_interval(Duration::from_millis(50))
        .ping_timeout(Duration::from_secs(60))
        .initial_packet("hello");
    let (address, mut log) = telling(rhythm).await;
    let mut ws = Ws::open(address).await;
    ws.expect("4hello").await;
    // Neither of the two is told: they are the handshake.
    log.expect("open").await;
    for _ in 0..2 {
        ws.expect("2").await;
        ws.send("3").await;
        expect(&mut log, &["out ping ", "in pong ", "heartbeat"]).await;
    }
}

#[tokio::test]
async fn packets_of_version_3_are_told_alike() {
    let (address, mut log) = telling(Io::builder().allow_eio3(true)).await;
    let target = WEBSOCKET.replace("EIO=4", "EIO=3");
    let mut ws = Http::connect(address).await.upgrade(&target, &[]).await;
    ws.next().await;
    // A client of Socket.IO 2 is in `/` unasked.
    ws.expect("40").await;
    expect(&mut log, &["open", "out message 0"]).await;
    ws.send("2").await;
    ws.expect("3").await;
    ws.send("2probe").await;
    ws.expect("3").await;
    let beats = ["in ping ", "out pong ", "heartbeat"];
    let probes = ["in ping probe", "out pong ", "heartbeat"];
    expect(&mut log, &[beats, probes].concat()).await;
    let header = r#"51-["echo",{"_placeholder":true,"num":0}]"#;
    let mut ws = ws.into_inner();
    ws.send(Message::text(format!("4{header}"))).await.unwrap();
    let attachment = Bytes::from_static(&[4, 7]);
    ws.send(Message::Binary(attachment)).await.unwrap();
    let (received, created) = (
        format!("in message {header}"),
        format!("out message {header}"),
    );
    let told = [&received, "in message [7]", &created, "out message [7]"];
    expect(&mut log, &told).await;
    ws.send(Message::text("3")).await.unwrap();
    expect(&mut log, &["in pong ", "transport error"]).await;
}

#[tokio::test]
async fn a_hook_that_panics_disturbs_nobody() {
    let io = Io::builder()
        .on_engine_packet(|_, _| panic!("on purpose"))
        .on_engine_packet_create(|_, _| panic!("on purpose"))
        .on_engine_heartbeat(|_| panic!("on purpose"))
        .on_engine_upgrading(|_| panic!("on purpose"))
        .build();
    io.of("/").on("echo", async |socket: Socket, args: Args| {
        socket.emit("echo", args).map(drop)
    });
    let address = serve_io(&io).await;
    let mut other = Ws::join(address).await;
    let mut polling = Polling::open(address).await.join().await;
    polling.send("3").await;
    let target = polling.target.replace("polling", "websocket");
    let mut ws = Http::connect(address).await.upgrade(&target, &[]).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    for ws in [&mut ws, &mut other] {
        ws.send("42[\"echo\",1]").await;
        ws.expect("42[\"echo\",1]").await;
    }
}

#[tokio::test]
async fn a_hook_may_send_and_close() {
    let io = Io::builder()
        .on_engine_packet_create(|conn, packet| {
            if matches!(packet, Packet::Message(Frame::Text(text)) if text.starts_with("2[\"bye\""))
            {
                conn.send("2[\"by hand\"]");
                conn.close();
            }
        })
        .build();
    io.of("/")
        .on_connect(async |socket: Socket| socket.emit("bye", ()).map(drop));
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.expect("42[\"bye\"]").await;
    ws.expect("42[\"by hand\"]").await;
    assert_eq!(ws.closed().await, None);
}

#[tokio::test]
async fn engine_io_alone_has_the_same_hooks() {
    let (teller, mut log) = log();
    let [received, created, upgrading] = [(); 3].map(|()| teller.clone());
    let engine = Engine::builder()
        .on_packet(move |_, packet| received.tell(format!("in {}", words(packet))))
        .on_packet_create(move |_, packet| created.tell(format!("out {}", words(packet))))
        .on_heartbeat(move |_| teller.tell("heartbeat"))
        .on_upgrading(move |_| upgrading.tell("upgrading"))
        .on_message(async |socket: EngineSocket, message: Frame| {
            socket.send(message);
        })
        .build();
    let address = serve(Service::new(engine)).await;
    let mut polling = Polling::open(address).await;
    polling.send("4one\x1ebAQI=\x1e3").await;
    let told = [
        "in message one",
        "out message one",
        "in message [1, 2]",
        "out message [1, 2]",
        "in pong ",
        "heartbeat",
    ];
    expect(&mut log, &told).await;
    let target = polling.target.replace("polling", "websocket");
    let mut ws = Http::connect(address).await.upgrade(&target, &[]).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send_all(&["5", "4two"]).await;
    let told = ["upgrading", "in message two", "out message two"];
    expect(&mut log, &told).await;
}
