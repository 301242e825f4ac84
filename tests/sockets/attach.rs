//! One port: behind plain hyper and behind axum, beside the application's own routes.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::{any, get};
use hyper::ext::ReasonPhrase;
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use trunkline::server::Config;
use trunkline::{Io, Server, Service, Socket};

use super::client::{Http, Log, POLLING, Polling, WEBSOCKET, Ws, log, within};
use super::host::{serve, serve_axum, serve_hyper};

/// A server that tells of each client: its address, a cookie, the middleware's extension.
fn telling() -> (Io, Log) {
    let (teller, log) = log();
    let io = Io::builder().build();
    io.of("/").on_connect(async move |socket: Socket| {
        let handshake = socket.handshake();
        let address = handshake.address.map(|address| address.to_string());
        let user = handshake.extensions.get::<User>().map(|user| user.0);
        teller.tell(format!(
            "{address:?} {:?} {user:?}",
            handshake.cookie("name")
        ));
    });
    (io, log)
}

/// What the application's middleware attaches.
#[derive(Clone)]
struct User(u32);

fn axum_application(service: &Service) -> axum::Router {
    let identify = async |mut request: Request, next: Next| {
        request.extensions_mut().insert(User(7));
        next.run(request).await
    };
    axum::Router::new()
        .route("/hello", get(async || "hello from axum"))
        .route(
            "/shout",
            any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(shout)),
        )
        .layer(service.layer())
        .layer(from_fn(identify))
}

async fn shout(mut websocket: WebSocket) {
    while let Some(Ok(Message::Text(text))) = websocket.recv().await {
        let loud = Message::Text(text.to_uppercase().into());
        websocket.send(loud).await.unwrap();
    }
}

/// Finds the peer where axum puts it.
fn axum_config() -> Config {
    Config::default().with_peer(|extensions| {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        info.map(|info| info.0)
    })
}

#[tokio::test]
async fn hyper_keeps_its_routes_and_its_upgrades() {
    let (io, mut log) = telling();
    let address = serve_hyper(Service::new(io), true).await;
    let mut http = Http::connect(address).await;
    for (target, expected) in [
        ("/hello", "GET /hello"),
        ("/", "GET /"),
        ("/socket.io", "GET /socket.io"),
        ("/socket.iox/?EIO=4&transport=polling", "GET /socket.iox/"),
    ] {
        assert_eq!(http.get(target).await.text(), expected);
    }
    assert_eq!(http.post("/form", "a=1").await.text(), "POST /form");
    Ws::join(address).await;
    log.expect("Some(\"127.0.0.1\") None None").await;

    let upgrade = [("Connection", "upgrade"), ("Upgrade", "next")];
    let reply = http.request("GET", "/next", &upgrade, b"").await;
    assert_eq!((reply.status, reply.header("upgrade")), (101, Some("next")));
    let mut stream = http.into_stream();
    stream.write_all(&[41]).await.unwrap();
    assert_eq!(within(stream.read_u8()).await.unwrap(), 42);
}

#[tokio::test]
async fn axum_keeps_its_routes_and_its_websockets() {
    let (io, mut log) = telling();
    let service = Service::with_config(io, axum_config());
    let address = serve_axum(axum_application(&service)).await;
    let mut http = Http::connect(address).await;
    assert_eq!(http.get("/hello").await.text(), "hello from axum");
    assert_eq!(http.get("/nowhere").await.status, 404);

    let mut own = http.upgrade("/shout", &[]).await;
    own.send("quietly").await;
    own.expect("QUIETLY").await;

    let cookie = [("cookie", "theme=dark; name=Ada")];
    let mut ws = Ws::open_with(address, &cookie).await;
    ws.send("40").await;
    log.expect("Some(\"127.0.0.1\") Some(\"Ada\") Some(7)")
        .await;
    let http = Http::connect(address).await;
    let polling = Polling::open_on(http, &cookie).await;
    polling.join().await;
    log.expect("Some(\"127.0.0.1\") Some(\"Ada\") Some(7)")
        .await;
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_feature_axum_finds_the_peer_by_itself() {
    let (io, mut log) = telling();
    let address = serve_axum(axum_application(&Service::new(io))).await;
    Ws::join(address).await;
    log.expect("Some(\"127.0.0.1\") None Some(7)").await;
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_then_becomes_a_websocket() {
    let io = Io::builder().build();
    io.of("/").on("question", async |socket: Socket| {
        socket
            .emit("transport", socket.transport().as_str())
            .unwrap();
    });
    let service = Service::new(io);
    let hosts = [
        serve(service.clone()).await,
        serve_hyper(service.clone(), true).await,
        serve_axum(axum_application(&service)).await,
    ];
    for address in hosts {
        // Handshake, POST, GET, a foreign route and an error: all on one connection.
        let mut polling = Polling::open(address).await.join().await;
        assert!([200, 404].contains(&polling.http.get("/hello").await.status));
        assert_eq!(polling.http.get("/socket.io/?EIO=4").await.status, 400);
        polling.send("42[\"question\"]").await;
        assert_eq!(polling.receive().await, "42[\"transport\",\"polling\"]");

        // The upgrade of the session, on the connection that served it so far.
        let target = polling.target.replace("polling", "websocket");
        let mut ws = polling.http.upgrade(&target, &[]).await;
        ws.send("2probe").await;
        ws.expect("3probe").await;
        ws.send_all(&["5", "42[\"question\"]"]).await;
        ws.expect("42[\"transport\",\"websocket\"]").await;

        // A session that starts as a WebSocket, on a connection that was used for something else.
        let mut http = Http::connect(address).await;
        http.get("/hello").await;
        let mut ws = http.upgrade(WEBSOCKET, &[]).await;
        assert!(ws.next().await.starts_with("0{"));
    }
}

#[tokio::test]
async fn without_an_application_other_paths_are_not_found() {
    let address = serve(Service::new(Io::builder().build())).await;
    let mut http = Http::connect(address).await;
    assert_eq!(http.get("/").await.status, 404);
    assert_eq!(http.get(POLLING).await.status, 200);
    assert_eq!(http.get("/socket.io").await.status, 404);
}

/// Where the log is written to.
#[derive(Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// Has this thread's warnings written here, for as long as what it gives is kept.
    pub(super) fn begin(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .with_max_level(tracing::Level::WARN)
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_forgotten_with_upgrades_is_named_in_the_log() {
    let written = Written::default();
    // This runtime has one thread, so what the server logs is logged here.
    let _guard = written.begin();
    let address = serve_hyper(Service::new(Io::builder().build()), false).await;

    // Polling works without.
    Polling::open(address).await.join().await;
    let upgrade = [
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut http = Http::connect(address).await;
    let reply = http.request("GET", WEBSOCKET, &upgrade, b"").await;
    assert_eq!(reply.status, 101);
    http.end().await;
    let log = written.text();
    assert!(log.contains(".with_upgrades()"), "{log:?}");
}

#[tokio::test]
async fn what_an_application_tells_hyper_with_its_response_arrives() {
    let application = service_fn(async |_: hyper::Request<hyper::body::Incoming>| {
        let mut response = hyper::Response::new(String::from("tea"));
        let reason = ReasonPhrase::from_static(b"Short And Stout");
        response.extensions_mut().insert(reason);
        Ok::<_, Infallible>(response)
    });
    let service = Service::new(Io::builder().build()).with_application(application);
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(service, std::future::pending()));
    let mut stream = Http::connect(address).await.into_stream();
    let request = b"GET /tea HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    within(stream.write_all(request)).await.unwrap();
    let mut text = String::new();
    within(stream.read_to_string(&mut text)).await.unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 Short And Stout\r\n"),
        "{text}"
    );
}
