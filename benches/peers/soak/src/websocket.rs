//! A client's life on a WebSocket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::client::{Manner, Order};
use crate::inbox::{CutOff, Inbox};
use crate::packet::Outgoing;
use crate::world::World;

/// How long a server may take to close a connection whose end was agreed on, or to answer a probe.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may wait for the close frame of a client that fell silent; the reference
/// server waits for 30 s.
const CLOSING: Duration = Duration::from_secs(35);

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Opens a WebSocket: a session of its own, or, with a session id, another transport of that one.
pub(crate) async fn open(world: &World, client: u64, sid: Option<&str>) -> Result<Socket, CutOff> {
    let sid = sid.map(|sid| format!("&sid={sid}")).unwrap_or_default();
    let address = world.server;
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket{sid}");
    let config = WebSocketConfig::default().read_buffer_size(4096);
    let stream = world.connect(client).await?;
    let handshake = client_async_with_config(url.into_client_request()?, stream, Some(config));
    Ok(handshake.await?.0)
}

/// Opens a WebSocket to a session and waits until the server has answered the probe.
pub(crate) async fn probe(world: &World, client: u64, sid: &str) -> Result<Socket, CutOff> {
    let probed = async {
        let mut socket = open(world, client, Some(sid)).await?;
        socket.send(Message::from("2probe")).await?;
        match socket.next().await.transpose()? {
            Some(Message::Text(text)) if text.as_str() == "3probe" => Ok(socket),
            other => Err(CutOff(format!("the probe was answered with {other:?}"))),
        }
    };
    match timeout(PATIENCE, probed).await {
        Ok(probed) => probed,
        Err(_) => Err(CutOff("the probe was not answered".to_owned())),
    }
}

/// Reads and writes until ordered to leave; then leaves in that manner.
pub(crate) async fn talk(
    world: &Arc<World>,
    inbox: &Inbox,
    mut socket: Socket,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    orders: &mut watch::Receiver<Order>,
) -> Result<(), CutOff> {
    loop {
        let order = *orders.borrow_and_update();
        if let Order::Leave(manner) = order {
            leave(world, socket, manner).await;
            return Ok(());
        }
        tokio::select! {
            incoming = socket.next() => match incoming.transpose()? {
                Some(Message::Text(text)) => inbox.text(&text)?,
                Some(Message::Binary(bytes)) => inbox.attachment(&bytes),
                Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Some(Message::Close(frame)) => return Err(CutOff(format!("closed: {frame:?}"))),
                None => return Err(CutOff("the connection ended".to_owned())),
            },
            Some(packet) = outgoing.recv() => {
                feed(&mut socket, packet).await?;
                while let Ok(packet) = outgoing.try_recv() {
                    feed(&mut socket, packet).await?;
                }
                socket.flush().await?;
            }
            _ = orders.changed() => {}
        }
    }
}

async fn feed(socket: &mut Socket, packet: Outgoing) -> Result<(), CutOff> {
    socket.feed(Message::from(packet.text)).await?;
    if let Some(bytes) = packet.attachment {
        socket.feed(Message::Binary(bytes)).await?;
    }
    Ok(())
}

/// Whatever goes wrong now is the client's own doing.
async fn leave(world: &Arc<World>, mut socket: Socket, manner: Manner) {
    match manner {
        Manner::Close => {
            let _ = socket.send(Message::from("41")).await;
            let _ = socket.close(None).await;
            let rest = async { while let Some(Ok(_)) = socket.next().await {} };
            if timeout(PATIENCE, rest).await.is_err() {
                let example = "after a close frame".to_owned();
                world.tally.fault("connection not closed", example);
            }
        }
        Manner::Reset => {
            let _ = socket.get_ref().set_zero_linger();
        }
        Manner::Silence => fall_silent(world, socket.into_inner()),
        // A client with a WebSocket has no upgrade to leave from.
        Manner::Drop | Manner::MidUpgrade => {}
    }
}

/// Neither reads nor writes until the server must have noticed; then looks whether it has.
fn fall_silent(world: &Arc<World>, stream: TcpStream) {
    let patience = world.silence();
    let tally = world.tally.clone();
    world.beside(async move {
        sleep(patience).await;
        let end = async {
            let mut rest = [0; 4096];
            loop {
                stream.readable().await?;
                match stream.try_read(&mut rest) {
                    Ok(0) => return Ok::<(), io::Error>(()),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => drop(other?),
                }
            }
        };
        // An error is an end as well.
        match timeout(CLOSING, end).await {
            Ok(_) => tally.deed("silent clients noticed"),
            Err(_) => tally.fault("silent client not noticed", "websocket".to_owned()),
        }
    });
}
