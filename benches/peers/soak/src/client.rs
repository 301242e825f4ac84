//! One client: what it is told to do, and the task that does it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::inbox::{CutOff, Inbox};
use crate::ledger::Ledger;
use crate::packet::{Outgoing, stamp};
use crate::polling::Polling;
use crate::tally::{Kind, Way};
use crate::websocket;
use crate::world::World;

/// How long a client may take to leave.
const PATIENCE: Duration = Duration::from_secs(40);

/// How a client leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    /// As one should.
    Close,
    /// Its TCP connections end, without a close frame.
    Drop,
    /// Its TCP connections are reset.
    Reset,
    /// It stops reading and answering, and keeps its connections.
    Silence,
    /// After the probe of an upgrade, without a word.
    MidUpgrade,
}

impl Manner {
    fn deed(self) -> &'static str {
        match self {
            Manner::Close => "left by closing",
            Manner::Drop => "left without a close frame",
            Manner::Reset => "left by reset",
            Manner::Silence => "fell silent",
            Manner::MidUpgrade => "left during an upgrade",
        }
    }
}

/// What a client is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Stays as it is.
    Stay,
    /// Upgrades.
    Upgrade,
    /// Begins an upgrade and breaks it off.
    BreakUpgrade,
    /// Leaves.
    Leave(Manner),
}

/// A client that lives.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) ledger: Arc<Ledger>,
    world: Arc<World>,
    outgoing: UnboundedSender<Outgoing>,
    orders: watch::Sender<Order>,
    life: JoinHandle<()>,
}

impl Client {
    /// Lets a client connect.
    pub(crate) fn start(world: &Arc<World>, way: Way) -> Client {
        let ledger = Ledger::new(world.number(), way, world.tally.clone());
        let ledger = Arc::new(ledger);
        let (outgoing, to_send) = unbounded_channel();
        let (orders, to_obey) = watch::channel(Order::Stay);
        let inbox = Inbox {
            ledger: ledger.clone(),
            outgoing: outgoing.clone(),
        };
        world.tally.deed("connections");
        let life = tokio::spawn(life(world.clone(), inbox, to_send, to_obey));
        Client {
            ledger,
            world: world.clone(),
            outgoing,
            orders,
            life,
        }
    }

    /// Sends a packet; what is sent to a client that has ended is forgotten.
    fn send(&self, packet: Outgoing) {
        let _ = self.outgoing.send(packet);
    }

    /// Asks to be let into a room.
    pub(crate) fn join(&self, room: &str) {
        self.send(Outgoing::join(room));
    }

    /// Sends the next message of this kind. Numbers are given in the order of sending, as all
    /// clients live on one thread.
    pub(crate) fn say(&self, kind: Kind, room: &str) {
        let number = self.ledger.send(kind);
        let stamp = stamp(self.ledger.client, number);
        self.send(match kind {
            Kind::Echo => Outgoing::echo(&stamp),
            Kind::Ack => Outgoing::ack(number + 1, &stamp),
            Kind::Binary => Outgoing::binary(stamp),
            Kind::Chat => Outgoing::chat(room, &stamp),
        });
    }

    /// Tells it what to do.
    pub(crate) fn order(&self, order: Order) {
        if let Order::Leave(manner) = order {
            self.world.tally.deed(manner.deed());
        }
        self.orders.send_replace(order);
    }

    /// Whether its connection came to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.life.is_finished()
    }

    /// Waits until it has left.
    pub(crate) async fn end(self) {
        let client = self.ledger.client;
        match tokio::time::timeout(PATIENCE, self.life).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.world.tally.fault("the soak failed", error.to_string()),
            Err(_) => {
                let example = format!("client {client}");
                self.world.tally.fault("the soak failed to leave", example);
            }
        }
    }
}

async fn life(
    world: Arc<World>,
    inbox: Inbox,
    mut outgoing: UnboundedReceiver<Outgoing>,
    mut orders: watch::Receiver<Order>,
) {
    let ended = match inbox.ledger.way {
        Way::WebSocket => by_websocket(&world, &inbox, &mut outgoing, &mut orders).await,
        _ => by_polling(&world, &inbox, &mut outgoing, &mut orders).await,
    };
    inbox.ledger.ended();
    // Who was told to leave cannot be cut off.
    if let (Err(CutOff(why)), false) = (ended, matches!(*orders.borrow(), Order::Leave(_))) {
        let (client, way) = (inbox.ledger.client, inbox.ledger.way.name());
        let example = format!("client {client} ({way}): {why}");
        world.tally.fault("client was cut off", example);
    }
}

async fn by_websocket(
    world: &Arc<World>,
    inbox: &Inbox,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    orders: &mut watch::Receiver<Order>,
) -> Result<(), CutOff> {
    let socket = websocket::open(world, inbox.ledger.client, None).await?;
    websocket::talk(world, inbox, socket, outgoing, orders).await
}

async fn by_polling(
    world: &Arc<World>,
    inbox: &Inbox,
    outgoing: &mut UnboundedReceiver<Outgoing>,
    orders: &mut watch::Receiver<Order>,
) -> Result<(), CutOff> {
    let polling = Polling::open(world, inbox).await?;
    polling.live(outgoing, orders).await
}
