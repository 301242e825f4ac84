//! WebSockets on connections that keep what is written until they are flushed, as TLS may.

use std::time::Duration;

use futures_util::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::BufStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use trunkline::{Io, Service};

#[tokio::test]
async fn what_is_written_to_a_connection_that_buffers_is_flushed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = Service::new(Io::builder().build());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TokioIo::new(BufStream::new(stream));
        let connection = http1::Builder::new().serve_connection(stream, service);
        connection.with_upgrades().await
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut websocket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let first = timeout(Duration::from_secs(5), websocket.next()).await;
    let Ok(Some(Ok(Message::Text(text)))) = first else {
        panic!("the open packet does not come: {first:?}");
    };
    assert!(text.starts_with("0{"), "{text}");
}
