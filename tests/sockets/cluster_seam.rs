//! The seam between a server and its cluster: adapters that are slow, only count, or talk nonsense.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use serde_json::json;
use trunkline::Io;
use trunkline::adapter::{
    Adapter, BoxFuture, Content, Hub, Message, Node, NodeId, Peers, SendError, Target,
};

use super::client::{log, within};
use super::cluster::{Guest, Place, place};
use super::host::serve_io;

/// An adapter that is moved by hand: what is sent is kept, what arrives is brought by the test.
#[derive(Clone, Default)]
struct ByHand {
    node: Arc<OnceLock<Node>>,
    sent: Arc<Mutex<Vec<Message>>>,
}

impl Adapter for ByHand {
    fn node_id(&self) -> NodeId {
        NodeId::new("here")
    }

    fn start(&self, node: Node) {
        self.node.set(node).unwrap();
    }

    fn namespace_opened(&self, _: &str) {}

    fn namespace_closed(&self, _: &str) {}

    fn send(&self, _: Target<'_>, message: Message) -> Result<(), SendError> {
        self.sent.lock().unwrap().push(message);
        Ok(())
    }

    fn peers<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Peers> {
        Box::pin(std::future::ready(Peers::Count(2)))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn message(content: serde_json::Value) -> Message {
    serde_json::from_value(json!({ "namespace": "/", "content": content })).unwrap()
}

#[tokio::test]
async fn what_makes_no_sense_is_dropped() {
    let adapter = ByHand::default();
    let io = Io::builder().adapter(adapter.clone()).build();
    let (teller, mut log) = log();
    io.on_server_side("connect", async move |()| teller.tell("a reserved name"));
    let place = Place {
        address: serve_io(&io).await,
        io,
    };
    let mut guest = Guest::join(&place, &[]).await;
    let node = adapter.node.get().unwrap();
    let there = NodeId::new("there");
    let packet = |event: &str, args: &str| {
        json!({ "event": event, "args": args, "selection": { "rooms": [], "except": [] },
                "volatile": false, "uncompressed": false })
    };
    let nonsense = [
        json!({ "Emit": packet("e", "[") }),
        json!({ "Emit": packet("e", "{}") }),
        json!({ "Emit": packet("disconnect", "[]") }),
        json!({ "Acknowledged": { "request": "?", "socket": "s", "outcome": "Disconnected" } }),
        json!({ "Asked": { "request": "?", "sockets": ["s"] } }),
        json!({ "Sockets": { "request": "?", "sockets": [], "more": false } }),
        json!({ "ServerSideAnswer": { "request": "?", "args": "[" } }),
        json!({ "ServerSideEmit": { "request": null, "event": "connect", "args": "[]" } }),
        json!({ "ServerSideEmit": { "request": null, "event": "e", "args": "[" } }),
    ];
    for content in nonsense {
        node.receive(&there, message(content)).unwrap();
    }
    for bytes in [&b""[..], b"{}", &[1, 0, 0, 0, 9, b'{'], &[1; 100]] {
        node.receive_bytes(bytes).unwrap();
    }
    let good = message(json!({ "Emit": packet("good", "[1]") }));
    let own = message(json!({ "Emit": packet("its own", "[]") }));
    node.receive(&NodeId::new("here"), own).unwrap();
    node.receive(&there, good).unwrap();
    guest.expect("42[\"good\",1]").await;
    assert!(log.told().is_empty());
    assert!(adapter.sent.lock().unwrap().is_empty());
    // For a namespace that is not here the answer is that nobody is.
    let fetch = json!({ "Fetch": { "request": "r", "selection": { "rooms": [], "except": [] } } });
    let elsewhere = Message {
        namespace: "/elsewhere".into(),
        ..message(fetch)
    };
    node.receive(&there, elsewhere).unwrap();
    let said = adapter.sent.lock().unwrap().pop().unwrap();
    assert!(matches!(said.content, Content::Sockets { sockets, .. } if sockets.is_empty()));
}

#[tokio::test]
async fn nodes_that_are_only_counted_are_waited_for_by_number() {
    let adapter = ByHand::default();
    let io = Io::builder().adapter(adapter.clone()).build();
    let node = adapter.node.get().unwrap();
    let answer = || {
        let sent = adapter.sent.lock().unwrap().pop().unwrap();
        let Content::Fetch { request, .. } = sent.content else {
            panic!("{sent:?}")
        };
        move |more: bool| {
            let record = json!([{ "id": "s", "handshake": {}, "rooms": ["s"] }]);
            let content = json!({ "request": &request, "sockets": record, "more": more });
            message(json!({ "Sockets": content }))
        }
    };
    let everybody = io.timeout(Duration::from_secs(60));
    let mut fetch = Box::pin(everybody.fetch_sockets());
    assert!((&mut fetch).now_or_never().is_none());
    let said = answer();
    for (from, more) in [("b", true), ("b", false), ("b", false)] {
        node.receive(&NodeId::new(from), said(more)).unwrap();
        assert!((&mut fetch).now_or_never().is_none());
    }
    node.receive(&NodeId::new("c"), said(false)).unwrap();
    assert!(within(fetch).await.is_ok());
    // With nothing at hand to end it, time does.
    let some = io
        .timeout(Duration::ZERO)
        .fetch_sockets()
        .await
        .unwrap_err();
    assert_eq!(some.missing.unnamed, 2);
}

#[tokio::test]
async fn a_slow_node_blocks_nobody() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let mut two = Guest::join(&b, &[]).await;
    let slow = hub.join();
    slow.namespace_opened("/");
    for number in 0..5000 {
        a.io.to("nobody").emit("e", (number,)).unwrap();
        if number % 100 == 0 {
            // The others go on meanwhile.
            a.io.emit("tick", ()).unwrap();
            two.expect("42[\"tick\"]").await;
        }
    }
    assert_eq!(hub.lost(), 5000 + 50 - 4096);
}

#[tokio::test]
async fn a_node_that_has_left_neither_speaks_nor_hears() {
    let hub = Hub::new();
    let (a, b) = (place(&hub).await, place(&hub).await);
    let (mut one, mut two) = (Guest::join(&a, &[]).await, Guest::join(&b, &[]).await);
    // Said before `b` leaves, and not brought to it yet: this test has its only thread.
    a.io.emit("too late", ()).unwrap();
    b.io.leave_cluster().await;
    b.io.emit("alone", ()).unwrap();
    two.expect("42[\"alone\"]").await;
    a.io.emit("without b", ()).unwrap();
    one.expect("42[\"too late\"]").await;
    one.expect("42[\"without b\"]").await;
    assert_eq!(
        (a.io.server_count().await, b.io.server_count().await),
        (1, 1)
    );
    assert!(b.io.fetch_sockets().await.is_ok_and(|all| all.len() == 1));
}
