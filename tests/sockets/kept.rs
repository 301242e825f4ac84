//! What an application keeps of a POST, and of a message.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use trunkline::server::Config;
use trunkline::{Engine, EngineSocket, Frame, Service};

use super::host::serve;

const SOON: Duration = Duration::from_secs(20);
const LARGE: usize = 500_000;

async fn exchange(stream: &mut TcpStream, request: String) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = vec![0; 4096];
    let size = timeout(SOON, stream.read(&mut reply))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(reply[..size].to_vec()).unwrap()
}

#[tokio::test]
async fn a_short_message_does_not_keep_the_long_body_that_it_came_in() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let engine = Engine::builder()
        .on_message(async move |_: EngineSocket, message: Frame| {
            let _ = sender.send(message);
        })
        .build();
    let config = Config {
        path: "/engine.io".to_owned(),
        ..Config::default()
    };
    let address = serve(Service::with_config(engine, config)).await;

    let mut stream = TcpStream::connect(address).await.unwrap();
    let target = "/engine.io/?EIO=4&transport=polling";
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let open = exchange(&mut stream, request).await;
    let sid = open.split("\"sid\":\"").nth(1).unwrap();
    let sid = sid.split('"').next().unwrap();
    // Pongs that nobody asked for, then a message of one letter.
    let body = format!("{}4x", "3\x1e".repeat(LARGE / 2));
    let request = format!(
        "POST {target}&sid={sid} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let reply = exchange(&mut stream, request).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let Some(Frame::Text(kept)) = timeout(SOON, receiver.recv()).await.unwrap() else {
        panic!("no text");
    };
    assert_eq!(kept, "x");
    drop(stream);
    let mut kept = kept.into_bytes().try_into_mut().unwrap();
    assert!(
        !kept.try_reclaim(LARGE),
        "one letter keeps {LARGE} bytes from being freed"
    );
}
