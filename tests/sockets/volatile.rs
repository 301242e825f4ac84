//! Volatile events leave at once or not at all, and some events are never compressed.

use tokio_tungstenite::tungstenite::Message;
use trunkline::{AckError, AnswerError, Binary, Io, SlowClient, Socket};

use super::client::{Http, Log, Polling, Ws, log};
use super::host::serve_io;

/// Emits an event for each letter: `v` a volatile one, `b` one with two attachments, anything else a
/// normal one.
fn say(socket: &Socket, letters: &str) {
    let volatile = socket.when_slow(SlowClient::Close).volatile();
    for (at, letter) in letters.chars().enumerate() {
        let name = format!("{letter}{at}");
        let part = || Binary(vec![1, 2, 3].into());
        match letter {
            'v' => volatile.emit(&name, ()),
            'b' => volatile.emit(&name, (part(), part())),
            _ => socket.emit(&name, ()),
        }
        .unwrap();
    }
}

/// A server whose `say` handler says so and then `end`, with acknowledgement.
fn speaker() -> (Io, Log) {
    let (teller, log) = log();
    let io = Io::builder().build();
    io.of("/")
        .on("say", async |socket: Socket, (letters,): (String,)| {
            say(&socket, &letters);
        })
        .on("count", async move |socket: Socket| {
            teller.tell(format!("dropped {}", socket.lag().dropped));
        })
        .on("all", async |socket: Socket, (letters,): (String,)| {
            for letter in letters.chars() {
                let to = socket.io().to("everybody").when_slow(SlowClient::Close);
                let to = if letter == 'v' { to.volatile() } else { to };
                to.emit(&letter.to_string(), ()).unwrap();
            }
        })
        .on_connect(async |socket: Socket| socket.join("everybody"));
    (io, log)
}

/// What the names of events are until the acknowledgement comes; attachments are `+`.
async fn names(ws: &mut Ws) -> String {
    let mut said = String::new();
    loop {
        match ws.message().await {
            Message::Text(text) if text.starts_with("43") => return said,
            Message::Text(text) => said.push_str(text.split('"').nth(1).unwrap()),
            Message::Binary(_) => said.push('+'),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn of_events_in_one_go_a_volatile_one_leaves_only_if_it_is_the_first() {
    let (io, mut log) = speaker();
    let mut ws = Ws::join(serve_io(&io).await).await;
    for (letters, expected, dropped) in [
        ("vv", "v0", 1),
        ("nv", "n0", 2),
        ("nvnvn", "n0n2n4", 4),
        ("bb", "b0++", 5),
        ("nb", "n0", 6),
        ("vn", "v0n1", 6),
    ] {
        ws.send(&format!(r#"420["say","{letters}"]"#)).await;
        assert_eq!(names(&mut ws).await, expected, "{letters}");
        ws.send(r#"42["count"]"#).await;
        log.expect(&format!("dropped {dropped}")).await;
    }
}

#[tokio::test]
async fn on_polling_a_volatile_event_needs_a_get_that_waits() {
    let (io, mut log) = speaker();
    let address = serve_io(&io).await;
    let mut polling = Polling::open(address).await.join().await;
    // No GET waits.
    polling.send("42[\"say\",\"vnv\"]\x1e42[\"count\"]").await;
    log.expect("dropped 2").await;
    assert_eq!(polling.receive().await, "42[\"n1\"]");

    let mut other = Http::connect(address).await;
    let target = polling.target.clone();
    let get = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    polling.http.send(get.as_bytes()).await;
    // As soon as the GET is there, the first of the two finds it.
    let mut dropped = 2;
    while let Some(expected) = (dropped < 10_000).then_some(dropped + 1) {
        let reply = other
            .post(&target, "42[\"say\",\"vv\"]\x1e42[\"count\"]")
            .await;
        assert_eq!(reply.status, 200);
        let told = log.next().await;
        dropped = told.strip_prefix("dropped ").unwrap().parse().unwrap();
        if dropped == expected {
            break;
        }
    }
    assert_eq!(polling.http.receive().await.text(), "42[\"v0\"]");
}

#[tokio::test]
async fn a_volatile_broadcast_is_dropped_for_each_receiver_by_itself() {
    let (io, _log) = speaker();
    let address = serve_io(&io).await;
    let mut ws = Ws::join(address).await;
    let mut polling = Polling::open(address).await.join().await;
    ws.send(r#"420["all","vnv"]"#).await;
    assert_eq!(names(&mut ws).await, "vn");
    // It had no GET waiting.
    assert_eq!(polling.receive().await, "42[\"n\"]");
}

#[tokio::test]
async fn who_waits_for_the_answer_to_a_dropped_event_is_told() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/").on("ask", async move |socket: Socket| {
        socket.emit("first", ()).unwrap();
        let volatile = socket.when_slow(SlowClient::Close).volatile();
        let asked = volatile.emit_with_ack::<()>("second", ()).await;
        assert!(matches!(asked, Err(AnswerError::Ack(AckError::Dropped))));
        teller.tell("told");
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send(r#"42["ask"]"#).await;
    log.expect("told").await;
    ws.expect(r#"42["first"]"#).await;
}

#[tokio::test]
async fn an_answer_to_a_get_with_an_event_that_must_not_be_compressed_is_not() {
    let io = Io::builder().build();
    io.of("/")
        .on("say", async |socket: Socket, (compress,): (bool,)| {
            let to = socket.when_slow(SlowClient::Close).compress(compress);
            to.emit("text", "x".repeat(5_000)).unwrap();
        });
    let mut polling = Polling::open(serve_io(&io).await).await.join().await;
    let target = polling.target.clone();
    for (said, coding) in [
        ("42[\"say\",false]", None),
        ("42[\"say\",true]", Some("gzip")),
        ("42[\"say\",true]\x1e42[\"say\",false]", None),
        ("42[\"say\",true]", Some("gzip")),
    ] {
        polling.send(said).await;
        let accept = [("Accept-Encoding", "gzip")];
        let reply = polling.http.request("GET", &target, &accept, b"").await;
        assert_eq!(reply.header("content-encoding"), coding, "{said}");
    }
}
