//! Namespaces that the application removes, and connections that it drops.

use std::sync::Arc;

use tokio::sync::Semaphore;
use trunkline::{CloseReason, DisconnectReason, DropReason, Emitted, Io, Recovery, Socket};

use super::client::{Http, Polling, Ws, log};
use super::host::serve_io;
use super::recovery::{come_back, cut, join, tell_of};

const INVALID: &str = "{\"message\":\"Invalid namespace\"}";

#[tokio::test]
async fn a_namespace_that_is_removed_puts_everybody_out_and_lets_nobody_in() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    let beta = io.of("beta");
    beta.on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("40/beta,").await;
    assert!(ws.next().await.starts_with("40/beta,{"));
    assert!(io.remove_namespace("beta"));
    ws.expect("41/beta,").await;
    log.expect("server namespace disconnect").await;
    assert!(!io.remove_namespace("/beta"), "it is gone");
    ws.send("40/beta,").await;
    ws.expect(&format!("44/beta,{INVALID}")).await;
    assert_eq!(beta.emit("nobody", ()).unwrap(), 0);
    io.of("/beta").on_connect(async |socket: Socket| {
        socket.emit("new", ()).unwrap();
    });
    ws.send("40/beta,").await;
    assert!(ws.next().await.starts_with("40/beta,{"));
    ws.expect("42/beta,[\"new\"]").await;
}

#[tokio::test]
async fn sessions_in_a_namespace_that_is_removed_take_no_room_any_more() {
    let io = Io::builder()
        .recovery(Recovery {
            max_sessions: 1,
            ..Recovery::default()
        })
        .build();
    let (teller, mut log) = log();
    tell_of(&io, "/", &teller);
    // It is kept beyond its removal.
    let beta = io.of("/beta");
    tell_of(&io, "/beta", &teller);
    let address = serve_io(&io).await;
    let mut ws = Ws::open(address).await;
    ws.send("40/beta,").await;
    log.expect("here false").await;
    let socket: Socket = beta.sockets().remove(0);
    cut(ws, &mut log).await;
    assert_eq!(socket.emit("kept", ()).unwrap(), Emitted::Queued);
    assert!(io.remove_namespace("/beta"));
    let dropped = Emitted::Dropped(DropReason::Disconnected);
    assert_eq!(socket.emit("for nobody", ()).unwrap(), dropped);
    // Another one has the only place.
    let (ws, session) = join(address).await;
    log.expect("here false").await;
    cut(ws, &mut log).await;
    let (_ws, _, again) = come_back(address, &session).await;
    assert!(again.is(&session));
}

#[tokio::test]
async fn who_is_let_into_a_namespace_that_was_removed_meanwhile_leaves_at_once() {
    let io = Io::builder().build();
    let (asked, may) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (asking, allowed) = (asked.clone(), may.clone());
    io.of("/slow").middleware(async move || {
        asking.add_permits(1);
        allowed.acquire().await.unwrap().forget();
    });
    let mut ws = Ws::join(serve_io(&io).await).await;
    ws.send("40/slow,").await;
    asked.acquire().await.unwrap().forget();
    assert!(io.remove_namespace("/slow"));
    may.add_permits(1);
    assert!(ws.next().await.starts_with("40/slow,{"));
    ws.expect("41/slow,").await;
}

#[tokio::test]
async fn namespaces_of_a_rule_that_are_removed_count_no_longer() {
    let io = Io::builder().max_child_namespaces(1).build();
    let rule = io.of_pattern("/n/{n}");
    let mut ws = Ws::join(serve_io(&io).await).await;
    for name in ["/n/1", "/n/2"] {
        ws.send(&format!("40{name},")).await;
        assert!(ws.next().await.starts_with(&format!("40{name},{{")));
        assert!(io.remove_namespace(name));
        ws.expect(&format!("41{name},")).await;
    }
    // One that the application has declared never counted.
    io.of("/n/3");
    assert!(io.remove_namespace("/n/3"));
    ws.send("40/n/4,").await;
    assert!(ws.next().await.starts_with("40/n/4,{"));
    ws.send("40/n/5,").await;
    ws.expect(&format!("44/n/5,{INVALID}")).await;
    assert_eq!(rule.children().len(), 1);
}

#[test]
#[should_panic(expected = "every server has")]
fn the_first_namespace_stays() {
    Io::builder().build().remove_namespace("/");
}

#[tokio::test]
async fn a_connection_that_is_discarded_ends_at_once() {
    let (teller, mut log) = log();
    let closed = teller.clone();
    let io = Io::builder()
        .on_engine_close(move |_, reason: CloseReason| closed.tell(reason.as_str()))
        .build();
    io.of("/")
        .on_disconnect(async move |reason: DisconnectReason| teller.tell(reason.as_str()));
    let address = serve_io(&io).await;
    let polling = Polling::open(address).await.join().await;
    let socket = io.sockets().pop().unwrap();
    socket.conn().close();
    socket
        .emit("waits for a GET, and so does the end", ())
        .unwrap();
    socket.conn().discard();
    log.expect("forced close").await;
    log.expect("forced close").await;
    let mut http = Http::connect(address).await;
    let late = http.get(&polling.target).await;
    assert_eq!(late.status, 400, "{late:?}");

    let mut ws = Ws::join(address).await;
    let conn = io.sockets().pop().unwrap().conn();
    conn.flushed().await;
    conn.discard();
    assert_eq!(ws.closed().await, None);
    conn.flushed().await;
    assert!(!conn.is_open());
}
