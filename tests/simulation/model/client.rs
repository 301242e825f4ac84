//! The client: polls, posts, upgrades, joins, speaks and answers as a well-behaved client does.
//!
//! What it does when it does not behave is in [`mischief`](super::mischief).

use std::collections::BTreeSet;

use bytes::Bytes;
use trunkline::engine::{Gone, Packet, payload};
use trunkline::wire::{Frame, Moment};

use super::law::Law;
use super::ledger::{NAMESPACES, Say, Told};
use super::network::{GetDown, GetUp, Number, PostDown, PostUp, SocketDown, SocketUp};
use super::speech::{self, Ear};
use super::upgrade::Plan;
use super::world::World;

/// What a client knows and wants.
pub(crate) struct Client {
    pub(crate) stage: Stage,
    /// The GET and the POST that it waits for.
    pub(crate) get: Option<Number>,
    pub(crate) post: Option<Number>,
    pub(crate) socket: Option<Number>,
    /// GETs that must be answered.
    pub(crate) asked: BTreeSet<Number>,
    pub(crate) outbox: Vec<Frame>,
    pub(crate) views: [View; NAMESPACES.len()],
    ear: Ear,
    pub(crate) is_silent: bool,
    /// It sends bytes that may mean anything.
    pub(crate) is_wild: bool,
    /// It breaks rules now and then.
    pub(crate) is_rowdy: bool,
    /// Why it cannot complain.
    pub(crate) excuse: Option<&'static str>,
    pub(crate) latency: u32,
    /// It does nothing before.
    pub(crate) dozes_until: Option<Moment>,
    /// When it goes on with its upgrade.
    pub(crate) upgrades_at: Option<Moment>,
    pub(crate) was_websocket: bool,
    pub(crate) has_upgraded: bool,
    last: Number,
}

/// How far the connection has come, as the client sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It waits for the open packet.
    Opening,
    Polling,
    /// A WebSocket is being tried.
    Probing {
        plan: Plan,
        /// Its probe has been answered; polling pauses.
        is_proven: bool,
    },
    WebSocket,
    Gone,
}

/// A namespace as the client sees it.
#[derive(Clone, Copy, Default)]
pub(crate) struct View {
    pub(crate) is_in: bool,
    pub(crate) is_asking: bool,
    /// It has sent events without waiting for the reply.
    pub(crate) has_spoken: bool,
}

impl Client {
    pub(crate) fn new(is_rowdy: bool, latency: u32) -> Client {
        Client {
            stage: Stage::Opening,
            get: None,
            post: None,
            socket: None,
            asked: BTreeSet::new(),
            outbox: Vec::new(),
            views: [View::default(); NAMESPACES.len()],
            ear: Ear::default(),
            is_silent: false,
            is_wild: false,
            is_rowdy,
            excuse: None,
            latency,
            dozes_until: None,
            upgrades_at: None,
            was_websocket: false,
            has_upgraded: false,
            last: 0,
        }
    }

    /// From now on it cannot complain that it is closed or misses something.
    pub(crate) fn excuse(&mut self, why: &'static str) {
        self.excuse.get_or_insert(why);
    }

    pub(crate) fn number(&mut self) -> Number {
        self.last += 1;
        self.last
    }
}

impl World {
    /// The client does what it can do now.
    pub(super) fn pump(&mut self, at: usize) {
        let client = &mut self.hosts[at].client;
        if client.is_silent || client.dozes_until.is_some() {
            return;
        }
        match client.stage {
            Stage::Opening | Stage::Gone => {}
            Stage::Polling
            | Stage::Probing {
                is_proven: false, ..
            } => {
                if client.get.is_none() {
                    self.ask(at);
                }
                self.post_outbox(at);
            }
            Stage::Probing { plan, .. } => {
                let is_free = client.get.is_none() && client.post.is_none();
                if client.upgrades_at.is_none() && (is_free || plan == Plan::Hasty) {
                    self.move_over(at);
                }
            }
            Stage::WebSocket => {
                for frame in std::mem::take(&mut client.outbox) {
                    self.send_frame(at, frame);
                }
            }
        }
    }

    /// Sends a GET.
    pub(super) fn ask(&mut self, at: usize) -> Number {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        let number = host.client.number();
        host.client.get = Some(number);
        host.client.asked.insert(number);
        host.network.get_up.push(due, GetUp::Asks(number));
        number
    }

    fn post_outbox(&mut self, at: usize) {
        let client = &mut self.hosts[at].client;
        if client.post.is_none() && !client.outbox.is_empty() {
            let frames = std::mem::take(&mut client.outbox);
            self.post_body(at, payload::join(frames.iter()));
        }
    }

    /// Sends a POST: its head, and some time later its body.
    pub(super) fn post_body(&mut self, at: usize, body: Bytes) {
        let (begins, ends) = (self.latency(at), self.latency(at));
        let host = &mut self.hosts[at];
        let number = host.client.number();
        host.client.post = Some(number);
        host.network.post_up.push(begins, PostUp::Begins(number));
        host.network
            .post_up
            .push(begins.max(ends), PostUp::Body(number, body));
    }

    pub(super) fn send_frame(&mut self, at: usize, frame: Frame) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        if let Some(number) = host.client.socket {
            host.network
                .socket_up
                .push(due, SocketUp::Frame(number, frame));
        }
    }

    /// The client ends the connection, or finds it ended: it takes all its sockets with it.
    pub(super) fn go(&mut self, at: usize, why: &'static str) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        if host.client.stage == Stage::Gone {
            return;
        }
        self.laws.tell(|| format!("    {} goes: {why}", host.name));
        self.laws.hold(Law::HealthyLives, !host.is_healthy(), || {
            format!("{}: the client goes, {why}", host.name)
        });
        // A shell that does not read may not notice in time that the client has moved over.
        if host.is_graceful && host.client.excuse.is_none() && host.has_room() {
            host.ledger.settle_down(&host.name, &mut self.laws);
        }
        host.client.stage = Stage::Gone;
        host.client.excuse("it has gone");
        host.ledger.lossy_down = true;
        host.client.outbox.clear();
        if let Some(number) = host.client.get.take() {
            host.client.asked.remove(&number);
            host.network.get_up.push(due, GetUp::Drops(number));
        }
        if let Some(number) = host.client.post.take() {
            host.network.post_up.push(due, PostUp::Drops(number));
        }
        if let Some(number) = host.client.socket.take() {
            let gone = *self.dice.pick(&[Gone::Closed, Gone::Failed]);
            host.network
                .socket_up
                .push(due, SocketUp::Ends(number, gone));
        }
    }

    /// The answer to a GET reaches the client.
    pub(super) fn get_answered(&mut self, at: usize, down: GetDown) {
        let client = &mut self.hosts[at].client;
        let (GetDown::Payload(number, _) | GetDown::Refused(number)) = down;
        client.asked.remove(&number);
        if client.get != Some(number) {
            return;
        }
        client.get = None;
        let is_over = matches!(client.stage, Stage::WebSocket | Stage::Gone);
        match down {
            _ if is_over => {}
            GetDown::Payload(_, body) => {
                for packet in payload::split(body) {
                    self.hear_packet(at, packet.ok());
                }
            }
            GetDown::Refused(_) => self.go(at, "its GET was refused"),
        }
        self.pump(at);
    }

    /// The answer to a POST reaches the client.
    pub(super) fn post_answered(&mut self, at: usize, down: &PostDown) {
        let client = &mut self.hosts[at].client;
        let (PostDown::Accepted(number) | PostDown::Refused(number)) = *down;
        if client.post != Some(number) {
            return;
        }
        client.post = None;
        let polls = !matches!(client.stage, Stage::WebSocket | Stage::Gone);
        if polls && matches!(down, PostDown::Refused(_)) {
            self.go(at, "its POST was refused");
        }
        self.pump(at);
    }

    /// Something on a WebSocket reaches the client.
    pub(super) fn socket_answered(&mut self, at: usize, down: SocketDown) {
        let (SocketDown::Frame(number, _) | SocketDown::Ends(number)) = down;
        let client = &mut self.hosts[at].client;
        if client.socket != Some(number) {
            return;
        }
        match (client.stage, down) {
            (Stage::Probing { plan, .. }, SocketDown::Frame(_, frame)) => {
                let is_answer = frame == Frame::from_static("3probe");
                self.laws.hold(Law::OneWebSocket, is_answer, || {
                    format!("{frame:?} reaches a candidate")
                });
                self.proven(at, plan);
            }
            (Stage::Probing { .. }, SocketDown::Ends(_)) => {
                self.tally.count("upgrade ended by the server");
                client.socket = None;
                client.upgrades_at = None;
                client.stage = Stage::Polling;
            }
            (_, SocketDown::Frame(_, frame)) => self.hear_packet(at, Packet::decode(frame).ok()),
            (_, SocketDown::Ends(_)) => {
                client.socket = None;
                self.go(at, "its WebSocket was closed");
            }
        }
        self.pump(at);
    }

    fn hear_packet(&mut self, at: usize, packet: Option<Packet>) {
        let client = &mut self.hosts[at].client;
        match packet {
            _ if client.stage == Stage::Gone => {}
            Some(Packet::Open(_)) => {
                client.stage = match client.socket {
                    Some(_) => Stage::WebSocket,
                    None => Stage::Polling,
                };
                if !self.hosts[at].is_bare && self.dice.chance(90) {
                    self.connect(at, 0);
                } else if !self.hosts[at].is_bare {
                    self.hosts[at].client.excuse("it may join too late");
                }
            }
            Some(Packet::Ping(data)) => client.outbox.push(Packet::Pong(data).encode()),
            Some(Packet::Message(message)) => self.hear_message(at, &message),
            Some(Packet::Close) => self.go(at, "it was told to"),
            Some(Packet::Noop) => {}
            Some(packet @ (Packet::Pong(_) | Packet::Upgrade)) => {
                self.laws.hold(Law::RoundTrip, false, || {
                    format!("{packet:?} from a server")
                });
            }
            None => self
                .laws
                .hold(Law::RoundTrip, false, || "no packet".to_owned()),
        }
    }

    fn hear_message(&mut self, at: usize, message: &Frame) {
        let host = &mut self.hosts[at];
        let heard = if host.is_bare {
            match message {
                Frame::Text(text) => text.parse().ok(),
                Frame::Binary(bytes) => bytes.first_chunk().copied().map(u32::from_be_bytes),
            }
            .map(|number| Some(Say::Bare(number)))
            .ok_or_else(|| format!("unreadable: {message:?}"))
        } else {
            host.client.ear.hear(message)
        };
        match heard {
            Ok(Some(say)) => {
                host.ledger.hear(&say, &mut self.laws);
                self.react(at, &say);
            }
            Ok(None) => {}
            Err(error) => self
                .laws
                .hold(Law::OnceInOrder, host.ledger.lossy_down, || error),
        }
    }

    fn react(&mut self, at: usize, say: &Say) {
        let client = &mut self.hosts[at].client;
        match *say {
            Say::Connected { namespace, .. } if namespace < client.views.len() => {
                client.views[namespace].is_asking = false;
                client.views[namespace].is_in = true;
            }
            Say::Refused { namespace } | Say::Left { namespace }
                if namespace < client.views.len() =>
            {
                client.views[namespace] = View::default();
            }
            Say::Event {
                namespace,
                ack: Some(id),
                ..
            } if client.views[namespace].is_in && self.dice.chance(75) => {
                self.say(at, namespace, vec![speech::answer(namespace, id)]);
            }
            _ => {}
        }
    }

    /// Asks for a namespace.
    pub(super) fn connect(&mut self, at: usize, namespace: usize) {
        let host = &mut self.hosts[at];
        host.client.views[namespace] = View {
            is_in: false,
            is_asking: true,
            has_spoken: false,
        };
        host.ledger.tell(namespace, Told::Connect);
        let auth = if self.dice.chance(30) {
            r#"{"a":1}"#
        } else {
            ""
        };
        let packet = speech::header("0", namespace, None) + auth;
        host.client.outbox.push(packet.into());
        if self.dice.chance(25) {
            // Right behind, without waiting for the reply.
            host.client.views[namespace].has_spoken = true;
            self.speak_up(at, namespace);
        }
    }

    /// Puts a packet into the outbox. A client that was put out, and does not know it yet, breaks
    /// the rules without wanting to.
    pub(super) fn say(&mut self, at: usize, namespace: usize, frames: Vec<Frame>) {
        let host = &mut self.hosts[at];
        let mut seats = host.seats.iter();
        let has_seat = seats.any(|seat| seat.namespace == namespace && !seat.is_leaving());
        if host.client.views[namespace].is_in && !has_seat {
            host.client.excuse("it spoke where it had been put out");
        }
        host.client.outbox.extend(frames);
    }
}
