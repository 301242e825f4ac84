//! What a WebSocket says last, and what is told of a handshake.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use trunkline::{Io, Socket};

use super::host::serve_io;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_the_close_frame() {
    let (sender, mut left) = mpsc::unbounded_channel();
    let io = Io::builder().build();
    io.of("/").on_disconnect(async move |_: Socket| {
        let _ = sender.send(());
    });
    let address = serve_io(&io).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (websocket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let mut stream = websocket.into_inner();
    // The text frame "40", masked with zeros.
    let join = [0x81, 0x82, 0, 0, 0, 0, b'4', b'0'];
    stream.write_all(&join).await.unwrap();
    let mut ping = vec![0x89, 0x80 | 125, 0, 0, 0, 0];
    ping.resize(6 + 125, b'x');
    // More than both kernels' buffers hold, so that the last pong has to wait.
    let pings = ping.repeat(120_000);
    let close = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8];
    timeout(SOON, stream.write_all(&[&pings[..], &close].concat()))
        .await
        .unwrap()
        .unwrap();
    // Nothing is read before the server has seen the close.
    timeout(SOON, left.recv()).await.unwrap().unwrap();
    let mut all = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut all)).await.unwrap();
    let (mut at, mut kinds) = (0, Vec::new());
    while at + 2 <= all.len() {
        let (head, length) = match all[at + 1] {
            126 => (
                4,
                usize::from(u16::from_be_bytes([all[at + 2], all[at + 3]])),
            ),
            length => (2, usize::from(length)),
        };
        kinds.push(all[at]);
        at += head + length;
    }
    let pongs = kinds.iter().filter(|kind| **kind == 0x8A).count();
    let end = kinds.len().saturating_sub(3);
    println!("{pongs} pongs; the last frames {:x?}", &kinds[end..]);
    assert!(kinds.contains(&0x88), "no close frame");
    assert_eq!(kinds.last(), Some(&0x88), "{:x?}", &kinds[end..]);
}

#[tokio::test]
async fn a_handshake_shows_no_credentials_of_an_absolute_target() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let io = Io::builder().build();
    io.of("/").on_connect(async move |socket: Socket| {
        let _ = sender.send(format!("{:?}", socket.handshake()));
    });
    let address = serve_io(&io).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET http://user:secret@{address}/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n\
         Host: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The text frame "40", masked with zeros.
    let join = [0x81, 0x82, 0, 0, 0, 0, b'4', b'0'];
    stream.write_all(&join).await.unwrap();
    let shown = timeout(SOON, receiver.recv()).await.unwrap().unwrap();
    assert!(!shown.contains("secret"), "{shown}");
    assert!(shown.contains("path: \"/socket.io/\""), "{shown}");
}
