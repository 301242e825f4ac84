//! A floor: tokio-tungstenite, WebSocket only, without Engine.IO or Socket.IO.

use std::sync::Arc;

use peer_servers::audience::Audience;
use peer_servers::echo::{self, Echo};
use peer_servers::launch::{self, Outcome};
use tokio::net::TcpStream;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;

fn main() -> Outcome {
    launch::run(serve)
}

async fn serve(port: u16) -> Outcome {
    let audience = Arc::new(Audience::default());
    launch::serve(port, |stream| connection(stream, audience.clone())).await
}

async fn connection(stream: TcpStream, audience: Arc<Audience<Message>>) {
    let Ok(socket) = accept_async_with_config(stream, Some(echo::config())).await else {
        return;
    };
    let (number, outbox) = audience.join();
    // Whatever the reason, the client is gone.
    let _ = Echo::newcomer(socket, &audience, (number, &outbox)).await;
    audience.leave(number);
}
