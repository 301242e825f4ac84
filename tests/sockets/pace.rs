//! Clients that talk too much: how fast, how deep, how long, and how many they are.

#![expect(
    clippy::disallowed_methods,
    reason = "how long a client had to wait is time on the wall"
)]

use std::time::{Duration, Instant};

use trunkline::server::Config;
use trunkline::{DisconnectReason, Io, Limits, Pace, Rate, Service, Socket};

use super::client::{Http, Log, POLLING, Polling, WEBSOCKET, Ws, log, within};
use super::host::{serve, serve_config, serve_io};

/// A server that tells which events come, and why clients leave.
fn server(limits: Limits) -> (Io, Log) {
    let (teller, log) = log();
    let io = Io::builder().limits(limits).build();
    let left = teller.clone();
    io.of("/")
        .on("n", async move |(number,): (u32,)| {
            teller.tell(number.to_string());
        })
        .on("raw", async |socket: Socket, args: trunkline::Args| {
            drop(args);
            socket.emit("got", ()).unwrap();
        })
        .on_disconnect(async move |reason: DisconnectReason| left.tell(reason.as_str()));
    (io, log)
}

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("42[\"n\",{number}]")).collect()
}

fn pace(packets: Option<(u32, u32)>, bytes: Option<(u32, u32)>) -> Limits {
    let rate = |(per_second, burst)| Rate { per_second, burst };
    Limits {
        pace: Pace {
            packets: packets.map(rate),
            bytes: bytes.map(rate),
        },
        stall_limit: Duration::from_secs(2),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_client_that_talks_too_fast_is_read_more_slowly() {
    for limits in [pace(Some((50, 10)), None), pace(None, Some((50 * 9, 90)))] {
        let (io, mut log) = server(limits);
        let address = serve_io(&io).await;
        let mut ws = Ws::join(address).await;
        let start = Instant::now();
        let packets = numbers(10..50);
        let packets: Vec<_> = packets.iter().map(String::as_str).collect();
        ws.send_all(&packets).await;
        for number in 10..50 {
            log.expect(&number.to_string()).await;
        }
        // Some 30 of them had to wait for a 50th of a second each.
        let took = start.elapsed();
        assert!(took > Duration::from_millis(400), "{took:?}");

        let mut polling = Polling::open(address).await.join().await;
        let start = Instant::now();
        polling.send(&numbers(10..50).join("\x1e")).await;
        let took = start.elapsed();
        assert!(took > Duration::from_millis(400), "{took:?}");
        // All of it was taken at once; only the answer waited.
        assert_eq!(log.told().len(), 40);
    }
}

#[tokio::test]
async fn packets_of_old_clients_are_counted_as_they_are_written() {
    let (teller, mut log) = log();
    let limits = pace(Some((50, 10)), None);
    let io = Io::builder().limits(limits).allow_eio3(true).build();
    io.of("/").on("n", async move || teller.tell("n"));
    let address = serve_io(&io).await;
    let packets = r#"7:42["n"]"#.repeat(40);
    let form = format!("d={}", packets.replace('"', "%22"));
    for (jsonp, body) in [("", packets), ("&j=0", form)] {
        let mut http = Http::connect(address).await;
        let target = format!("{POLLING}{jsonp}").replace("EIO=4", "EIO=3");
        let open = http.get(&target).await.text().replace('\\', "");
        let (_, sid) = open.split_once(r#""sid":""#).unwrap();
        let target = format!("{target}&sid={}", &sid[..sid.find('"').unwrap()]);
        let start = Instant::now();
        assert_eq!(http.post(&target, &body).await.text(), "ok");
        let took = start.elapsed();
        assert!(took > Duration::from_millis(400), "{took:?}");
        assert_eq!(log.told().len(), 40);
    }
}

#[tokio::test]
async fn who_would_have_to_wait_for_too_long_is_closed() {
    let mut limits = pace(Some((1, 10)), None);
    limits.stall_limit = Duration::from_millis(200);
    let (io, mut log) = server(limits);
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    let packets = numbers(0..20);
    let packets: Vec<_> = packets.iter().map(String::as_str).collect();
    ws.send_all(&packets).await;
    let mut told = log.next().await;
    while told.parse::<u32>().is_ok() {
        told = log.next().await;
    }
    assert_eq!(told, "transport error");
    ws.closed().await;

    let mut polling = Polling::open(address).await.join().await;
    let target = polling.target.clone();
    let cut = polling
        .http
        .post(&target, numbers(0..20).join("\x1e"))
        .await;
    assert_eq!((cut.status, cut.header("connection")), (400, Some("close")));
    let mut told = log.next().await;
    while told.parse::<u32>().is_ok() {
        told = log.next().await;
    }
    assert_eq!(told, "transport error");
}

#[tokio::test]
async fn attachments_must_come_in_time() {
    let limits = Limits {
        attachment_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let (io, mut log) = server(limits);
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    ws.send(r#"451-["n",{"_placeholder":true,"num":0}]"#).await;
    ws.closed().await;
    log.expect("forced close").await;
    let mut polling = Polling::open(address).await.join().await;
    polling
        .send(r#"451-["n",{"_placeholder":true,"num":0}]"#)
        .await;
    // The session is closed gracefully: the next GET is told.
    assert!(polling.receive().await.ends_with('1'));
    log.expect("forced close").await;
}

#[tokio::test]
async fn names_and_nesting_have_their_limits() {
    let limits = Limits {
        max_event_length: 10,
        max_depth: 8,
        ..Limits::default()
    };
    let nested =
        |levels: usize| format!("42[\"raw\",{}{}]", "[".repeat(levels), "]".repeat(levels));
    let (io, mut log) = server(limits);
    let address = serve_io(&io).await;
    for (good, bad) in [
        (nested(7), nested(8)),
        (
            "42[\"raw\",\"[[[[[[[[[[[\"]".to_owned(),
            "42[\"0123456789a\"]".to_owned(),
        ),
    ] {
        let mut ws = Ws::join(address).await;
        ws.send(&good).await;
        ws.expect("42[\"got\"]").await;
        ws.send(&bad).await;
        ws.closed().await;
        log.expect("forced close").await;

        let mut polling = Polling::open(address).await.join().await;
        polling.send(&format!("{good}\x1e{bad}")).await;
        assert!(polling.receive().await.starts_with("42[\"got\"]"));
        // The session ends when its client has fetched everything.
        assert!(polling.receive().await.ends_with('1'));
        log.expect("forced close").await;
    }
    let mut ws = Ws::open(address).await;
    let deep = format!("40{{\"a\":{}{}}}", "[".repeat(8), "]".repeat(8));
    ws.send(&deep).await;
    ws.closed().await;
}

#[tokio::test]
async fn plain_json_has_the_same_limits() {
    let limits = Limits {
        max_event_length: 10,
        max_depth: 8,
        ..Limits::default()
    };
    let (io, _log) = server(limits);
    let config = Config {
        plain_json: Some("/plain".to_owned()),
        ..Config::default()
    };
    let address = serve_config(&io, config).await;
    let mut ws = Http::connect(address).await.upgrade("/plain", &[]).await;
    assert!(ws.next().await.contains("connect"));
    ws.send(r#"{"event":"raw","data":[[[[[[[1]]]]]]]}"#).await;
    ws.expect(r#"{"event":"got"}"#).await;
    ws.send(r#"{"event":"raw","data":[[[[[[[[[1]]]]]]]]]}"#)
        .await;
    assert!(ws.next().await.contains("nested deeper than 8 levels"));
    ws.send(r#"{"event":"0123456789a"}"#).await;
    assert!(ws.next().await.contains("longer than 10 bytes"));
}

#[tokio::test]
async fn a_socket_joins_only_so_many_rooms() {
    let limits = Limits {
        max_rooms: 2,
        ..Limits::default()
    };
    let (teller, mut log) = log();
    let io = Io::builder().limits(limits).build();
    io.of("/")
        .middleware(async |socket: Socket| {
            socket.join(["a", "b", "c"]);
            Ok::<_, trunkline::ConnectError>(())
        })
        .on_connect(async move |socket: Socket| {
            socket.join(["d", "a"]);
            socket.leave("b");
            socket.join(["e", "f"]);
            let mut rooms = socket.rooms();
            rooms.retain(|room| **room != *socket.id().as_str());
            rooms.sort();
            teller.tell(rooms.join(" "));
        });
    let _ws = Ws::join(serve_io(&io).await).await;
    log.expect("a e").await;
}

#[tokio::test]
async fn there_are_only_so_many_clients() {
    let limits = Limits {
        max_clients: 2,
        ..Limits::default()
    };
    let (io, _log) = server(limits);
    let service = Service::new(io);
    let address = serve(service.clone()).await;
    let first = Ws::join(address).await;
    let _second = Polling::open(address).await;
    for target in [POLLING, WEBSOCKET] {
        let mut http = Http::connect(address).await;
        let mut headers = vec![];
        if target == WEBSOCKET {
            headers = vec![
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ];
        }
        let reply = http.request("GET", target, &headers, b"").await;
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (503, Some("5"))
        );
    }
    drop(first);
    // Its place is free as soon as its leaving is noticed.
    within(async {
        while service.client_count() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    Ws::join(address).await;
}

#[tokio::test]
async fn there_are_only_so_many_clients_with_one_address() {
    let limits = Limits {
        max_clients_per_address: Some(2),
        ..Limits::default()
    };
    let (io, _log) = server(limits);
    let config = Config {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..Config::default()
    };
    let address = serve_config(&io, config).await;
    let from = |address| [("X-Forwarded-For", address)];
    let open = async |client| {
        let mut http = Http::connect(address).await;
        let reply = http.request("GET", POLLING, &from(client), b"").await;
        reply.status
    };
    let mut ws = Ws::open_with(address, &[("x-forwarded-for", "1.2.3.4")]).await;
    assert_eq!(open("1.2.3.4").await, 200);
    assert_eq!(open("1.2.3.4").await, 429);
    assert_eq!(open("1.2.3.5").await, 200);
    // Without a forwarded address all of them would be the proxy, which is not counted.
    for _ in 0..3 {
        assert_eq!(open("127.0.0.1").await, 200);
    }
    ws.send("1").await;
    ws.closed().await;
    assert_eq!(open("1.2.3.4").await, 200);
}
