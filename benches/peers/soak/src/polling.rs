//! A client's life with long-polling, up to its upgrade if there is one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::client::{Manner, Order};
use crate::http::Http;
use crate::inbox::{CutOff, Inbox};
use crate::packet::{self, Outgoing, Packet};
use crate::websocket::{self, Socket};
use crate::world::World;

/// Between the packets of one body.
const SEPARATOR: char = '\x1e';
/// How many packets one POST holds at most.
const MAX_PACKETS: usize = 16;

/// A session by long-polling: one connection to listen, one to speak.
#[derive(Debug)]
pub(crate) struct Polling<'a> {
    world: &'a Arc<World>,
    inbox: &'a Inbox,
    sid: String,
    listening: Http,
    speaking: Http,
}

/// Why long-polling came to its end.
enum Next {
    /// The WebSocket takes over.
    Upgraded(Box<Socket>),
    /// The client leaves.
    Leave(Manner),
}

impl<'a> Polling<'a> {
    /// Opens a session.
    pub(crate) async fn open(
        world: &'a Arc<World>,
        inbox: &'a Inbox,
    ) -> Result<Polling<'a>, CutOff> {
        let client = inbox.ledger.client;
        let mut listening = Http::new(world.clone(), client);
        let response = listening.request("GET", "", "").await?;
        let sid = match packet::read(&response.body) {
            Packet::Open(sid) => sid.to_owned(),
            _ => return Err(unexpected("handshake", response.status, &response.body)),
        };
        inbox.text(&response.body)?;
        Ok(Polling {
            world,
            inbox,
            sid,
            listening,
            speaking: Http::new(world.clone(), client),
        })
    }

    /// Lives until it has left.
    pub(crate) async fn live(
        mut self,
        outgoing: &mut UnboundedReceiver<Outgoing>,
        orders: &mut watch::Receiver<Order>,
    ) -> Result<(), CutOff> {
        match self.until_next(outgoing, orders).await? {
            Next::Leave(manner) => {
                self.leave(manner).await;
                Ok(())
            }
            Next::Upgraded(socket) => {
                let (world, inbox) = (self.world, self.inbox);
                // As the reference client does, once nothing is under way any more.
                inbox.ledger.upgraded();
                drop(self);
                let socket = confirm(*socket).await?;
                websocket::talk(world, inbox, socket, outgoing, orders).await
            }
        }
    }

    async fn until_next(
        &mut self,
        outgoing: &mut UnboundedReceiver<Outgoing>,
        orders: &mut watch::Receiver<Order>,
    ) -> Result<Next, CutOff> {
        let (world, inbox) = (self.world, self.inbox);
        let query = format!("&sid={}", self.sid);
        let (pause, paused) = watch::channel(false);
        let transport = async {
            let listen = listen(&mut self.listening, inbox, &query, paused.clone());
            let speak = speak(&mut self.speaking, outgoing, &query, paused.clone());
            tokio::try_join!(listen, speak).map(|_| ())
        };
        let mut transport = std::pin::pin!(transport);
        let upgrade = async {
            loop {
                let order = *orders.borrow_and_update();
                match order {
                    Order::Leave(manner) => return Ok(Next::Leave(manner)),
                    Order::Upgrade => {
                        let probed = websocket::probe(world, inbox.ledger.client, &self.sid);
                        return Ok(Next::Upgraded(Box::new(probed.await?)));
                    }
                    Order::BreakUpgrade => {
                        let probed = websocket::probe(world, inbox.ledger.client, &self.sid);
                        drop(probed.await?);
                        world.tally.deed("upgrades broken off");
                    }
                    Order::Stay => {}
                }
                if orders.changed().await.is_err() {
                    return Ok(Next::Leave(Manner::Drop));
                }
            }
        };
        let next: Result<Next, CutOff> = tokio::select! {
            ended = transport.as_mut() => Err(ended.err().unwrap_or_else(CutOff::early)),
            next = upgrade => next,
        };
        let next = next?;
        if let Next::Upgraded(_) = next {
            pause.send_replace(true);
            transport.await?;
        }
        Ok(next)
    }

    /// Whatever goes wrong now is the client's own doing.
    async fn leave(mut self, manner: Manner) {
        let query = format!("&sid={}", self.sid);
        match manner {
            Manner::Close => {
                let mut speaking = Http::new(self.world.clone(), self.inbox.ledger.client);
                let _ = speaking.request("POST", &query, "41\x1e1").await;
            }
            Manner::MidUpgrade => {
                let client = self.inbox.ledger.client;
                if websocket::probe(self.world, client, &self.sid)
                    .await
                    .is_ok()
                {
                    self.world.tally.deed("left in the middle of an upgrade");
                }
            }
            Manner::Reset => {
                for http in [&mut self.listening, &mut self.speaking] {
                    if let Some(stream) = http.take() {
                        let _ = stream.set_zero_linger();
                    }
                }
            }
            Manner::Silence => self.fall_silent(query),
            Manner::Drop => {}
        }
    }

    /// Neither reads nor asks until the server must have noticed; then looks whether it has.
    fn fall_silent(self, query: String) {
        let world = self.world.clone();
        let client = self.inbox.ledger.client;
        let kept = (self.listening, self.speaking);
        self.world.beside(async move {
            sleep(world.silence()).await;
            drop(kept);
            let mut http = Http::new(world.clone(), client);
            match http.request("GET", &query, "").await {
                Ok(response) if response.status == 400 => {
                    world.tally.deed("silent clients noticed");
                }
                other => {
                    let example = format!("polling: {other:?}");
                    world.tally.fault("silent client not noticed", example);
                }
            }
        });
    }
}

async fn confirm(mut socket: Socket) -> Result<Socket, CutOff> {
    use futures_util::SinkExt;
    socket.send("5".into()).await?;
    Ok(socket)
}

/// Asks again and again, until told to pause and the answer under way has come.
async fn listen(
    http: &mut Http,
    inbox: &Inbox,
    query: &str,
    paused: watch::Receiver<bool>,
) -> Result<(), CutOff> {
    while !*paused.borrow() {
        let response = http.request("GET", query, "").await?;
        if response.status != 200 {
            return Err(unexpected("GET", response.status, &response.body));
        }
        for packet in response.body.split(SEPARATOR) {
            match packet.strip_prefix('b') {
                Some(base64) => inbox.attachment(&STANDARD.decode(base64)?),
                None => inbox.text(packet)?,
            }
        }
    }
    Ok(())
}

/// Sends what there is, until told to pause and the POST under way is answered.
async fn speak(
    http: &mut Http,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    query: &str,
    mut paused: watch::Receiver<bool>,
) -> Result<(), CutOff> {
    loop {
        let mut packets = Vec::new();
        tokio::select! {
            biased;
            _ = paused.wait_for(|is_paused| *is_paused) => return Ok(()),
            _ = outgoing.recv_many(&mut packets, MAX_PACKETS) => {}
        }
        let mut body = String::new();
        for packet in packets {
            if !body.is_empty() {
                body.push(SEPARATOR);
            }
            body.push_str(&packet.text);
            if let Some(bytes) = packet.attachment {
                body.push(SEPARATOR);
                body.push('b');
                STANDARD.encode_string(bytes, &mut body);
            }
        }
        let response = http.request("POST", query, &body).await?;
        if response.status != 200 {
            return Err(unexpected("POST", response.status, &response.body));
        }
    }
}

fn unexpected(what: &str, status: u16, body: &str) -> CutOff {
    CutOff(format!("{what} was answered with {status}: {body:.100}"))
}
