//! One server at several addresses: the same clients, one limit, one end.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use trunkline::server::ListenerLimits;
use trunkline::{Io, Server, Service, Socket};

use super::client::{Http, Teller, Ws, log, within};

/// Two addresses on one port. Linux has all of 127.0.0.0/8; elsewhere it takes IPv6.
const SECOND: &str = if cfg!(target_os = "linux") {
    "127.0.0.2:0"
} else {
    "[::1]:0"
};

async fn two() -> (Server, SocketAddr, SocketAddr) {
    let addresses = ["127.0.0.1:0", SECOND].map(|address| address.parse().unwrap());
    let server = Server::bind_all(addresses).await.unwrap();
    let [first, second] = server.local_addrs().unwrap()[..] else {
        panic!("not two addresses");
    };
    (server, first, second)
}

/// Tells the path of each request, answers it when the gate is open.
async fn answer(
    request: Request<Incoming>,
    teller: Teller,
    mut gate: watch::Receiver<bool>,
) -> Result<Response<Full<Bytes>>, watch::error::RecvError> {
    teller.tell(request.uri().path());
    gate.wait_for(|open| *open).await?;
    Ok(Response::new(Full::from("answered")))
}

fn has_ipv6() -> bool {
    let has = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        println!("skipped: this machine has no IPv6");
    }
    has
}

#[tokio::test]
async fn clients_of_all_addresses_meet() {
    let io = Io::builder().build();
    io.of("/")
        .on("say", async |socket: Socket, (text,): (String,)| {
            socket.broadcast().emit("said", text).unwrap();
        });
    let (server, first, second) = two().await;
    assert_eq!(server.local_addr().unwrap(), first);
    assert_eq!(first.port(), second.port());
    assert_ne!(first, second);
    tokio::spawn(server.run(Service::new(&io), std::future::pending()));

    let mut one = Ws::join(first).await;
    let mut other = Ws::join(second).await;
    one.send("42[\"say\",\"from the first\"]").await;
    other.expect("42[\"said\",\"from the first\"]").await;
    other.send("42[\"say\",\"from the second\"]").await;
    one.expect("42[\"said\",\"from the second\"]").await;
}

#[tokio::test]
async fn connections_at_all_addresses_count_against_one_limit() {
    let (teller, mut log) = log();
    let (_open, gate) = watch::channel(true);
    let (server, first, second) = two().await;
    let server = server.with_limits(ListenerLimits {
        max_connections: 2,
        ..ListenerLimits::default()
    });
    let service = service_fn(move |request| answer(request, teller.clone(), gate.clone()));
    tokio::spawn(server.run(service, std::future::pending()));

    let mut one = Http::connect(first).await;
    one.get("/one").await;
    let mut two = Http::connect(second).await;
    two.get("/two").await;
    // The kernel takes it in; the server has no room.
    let mut third = Http::connect(second).await;
    third.send(b"GET /third HTTP/1.1\r\nHost: a\r\n\r\n").await;
    for _ in 0..50 {
        one.get("/one").await;
    }
    assert!(!log.told().contains(&"/third".to_owned()));
    drop(one);
    assert_eq!(third.receive().await.text(), "answered");
    log.expect("/third").await;
    two.get("/two").await;
}

#[tokio::test]
async fn a_stop_ends_all_addresses_and_lets_requests_finish() {
    let (teller, mut log) = log();
    let (open, gate) = watch::channel(false);
    let (stop, stopped) = oneshot::channel::<()>();
    let (server, first, second) = two().await;
    let service = service_fn(move |request| answer(request, teller.clone(), gate.clone()));
    let running = tokio::spawn(server.run(service, async { stopped.await.unwrap() }));

    let mut clients = Vec::new();
    for address in [first, second] {
        let mut client = Http::connect(address).await;
        client.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
        log.expect("/held").await;
        clients.push(client);
    }
    stop.send(()).unwrap();
    for address in [first, second] {
        // Until the server has seen the stop, the kernel still takes connections in.
        while within(TcpStream::connect(address)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
    assert!(!running.is_finished());
    open.send_replace(true);
    for mut client in clients {
        assert_eq!(client.receive().await.text(), "answered");
        client.end().await;
    }
    within(running).await.unwrap();
}

#[tokio::test]
async fn localhost_is_both_families_on_one_port() {
    let server = Server::bind_localhost(0).await.unwrap();
    let addresses = server.local_addrs().unwrap();
    let port = addresses[0].port();
    let expected: &[&str] = if has_ipv6() {
        &["127.0.0.1", "::1"]
    } else {
        &["127.0.0.1"]
    };
    let expected: Vec<SocketAddr> = expected
        .iter()
        .map(|address| SocketAddr::new(address.parse().unwrap(), port))
        .collect();
    assert_eq!(addresses, expected);
    let io = Io::builder().build();
    tokio::spawn(server.run(Service::new(&io), std::future::pending()));
    for address in addresses {
        Ws::join(address).await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_at_one_address_is_an_error_that_names_it() {
    if !has_ipv6() {
        return;
    }
    let taken = Server::bind("[::1]:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Server::bind_localhost(port).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(
        error.to_string().starts_with(&format!("[::1]:{port}: ")),
        "{error}"
    );
    // The other address was given back.
    Server::bind(("127.0.0.1", port)).await.unwrap();
}

#[tokio::test]
async fn every_address_of_ipv6_takes_ipv4_as_well() {
    if !has_ipv6() {
        return;
    }
    let all = "[::]:0".parse().unwrap();
    for server in [Server::bind("[::]:0").await, Server::bind_all([all]).await] {
        let server = server.unwrap();
        let port = server.local_addr().unwrap().port();
        let io = Io::builder().build();
        tokio::spawn(server.run(Service::new(&io), std::future::pending()));
        for address in ["127.0.0.1", "::1"] {
            Ws::join(SocketAddr::new(address.parse().unwrap(), port)).await;
        }
    }
    // Unless IPv4 has a listener of its own, in whichever order.
    for addresses in [["0.0.0.0:0", "[::]:0"], ["[::]:0", "0.0.0.0:0"]] {
        let addresses = addresses.map(|address| address.parse().unwrap());
        let server = Server::bind_all(addresses).await.unwrap();
        assert_eq!(server.local_addrs().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn an_address_that_comes_twice_is_bound_once() {
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind_all([address, address]).await.unwrap();
    assert_eq!(server.local_addrs().unwrap().len(), 1);
    let error = Server::bind_all([]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
