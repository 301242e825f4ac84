//! Who the client is: the peer of the connection, or whom a trusted proxy names.

use trunkline::server::Config;
use trunkline::{Io, Service, Socket};

use super::client::{Http, Polling, Ws, log};
use super::host::{serve_hyper, serve_with};

const FORWARDED: [(&str, &str); 2] = [
    ("x-forwarded-for", "6.6.6.6, 203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

#[tokio::test]
async fn forwarded_headers_count_only_behind_a_trusted_proxy() {
    let (teller, mut log) = log();
    let io = Io::builder().build();
    io.of("/").on_connect(async move |socket: Socket| {
        let handshake = socket.handshake();
        teller.tell(format!(
            "{:?} {}",
            handshake.address.unwrap(),
            handshake.secure
        ));
    });
    let trusting = |networks: &[&str]| Config {
        trusted_proxies: networks.iter().map(|net| net.parse().unwrap()).collect(),
        ..Config::default()
    };
    for (networks, expected) in [
        (&[][..], "127.0.0.1 false"),
        (&["10.0.0.0/8"], "127.0.0.1 false"),
        (&["127.0.0.0/8"], "203.0.113.7 true"),
        (&["127.0.0.0/8", "203.0.113.0/24"], "6.6.6.6 true"),
    ] {
        let service = Service::with_config(&io, trusting(networks));
        let ours = serve_with(service.clone(), Default::default()).await;
        for address in [ours, serve_hyper(service, true).await] {
            Ws::open_with(address, &FORWARDED).await.send("40").await;
            log.expect(expected).await;
            let http = Http::connect(address).await;
            Polling::open_on(http, &FORWARDED).await.join().await;
            log.expect(expected).await;
        }
    }
}
