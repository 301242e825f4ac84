//! The application: decides who may join, hears events, keeps rooms and waits for answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use trunkline::connection::{Connection, Event};
use trunkline::rooms::Rooms;
use trunkline::socketio::{
    self, AckOutcome, Args, Binary, ConnectError, Namespace, Outgoing, Violation,
};
use trunkline::wire::{Frame, Moment, SocketId};

use super::fault::Fault;
use super::host::Later;
use super::law::Law;
use super::ledger::{NAMESPACES, Say, UNKNOWN};
use super::speech;
use super::world::{World, ms};

/// A client's place in a namespace, as the application knows it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) namespace: usize,
    pub(crate) state: State,
}

impl Seat {
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.state, State::Leaving(_))
    }
}

#[derive(PartialEq, Eq, Debug)]
pub(crate) enum State {
    Pending,
    Joined(SocketId),
    /// Put out; the core has not said yet that it has left.
    Leaving(SocketId),
}

/// What the application remembers.
pub(crate) struct Application {
    pub(crate) names: Vec<Namespace>,
    pub(crate) rooms: Vec<Rooms<usize>>,
    /// The same in one plain map, to hold the rooms against.
    pub(crate) mirror: Vec<BTreeMap<SocketId, BTreeSet<String>>>,
    /// The rooms have changed since they were last looked at.
    pub(crate) is_touched: bool,
    pub(crate) waiting: BTreeMap<u32, Waiting>,
    pub(crate) resolved: Arc<Mutex<Vec<(u32, AckOutcome)>>>,
    /// The host whose held events come out right now, with how many have come.
    releasing: Option<(usize, usize)>,
}

/// An acknowledgement that the application waits for.
pub(crate) struct Waiting {
    pub(crate) host: usize,
    pub(crate) deadline: Option<Moment>,
}

impl Application {
    pub(crate) fn new() -> Application {
        Application {
            names: NAMESPACES.into_iter().map(Namespace::from).collect(),
            rooms: NAMESPACES.iter().map(|_| Rooms::default()).collect(),
            mirror: NAMESPACES.iter().map(|_| BTreeMap::new()).collect(),
            is_touched: false,
            waiting: BTreeMap::new(),
            resolved: Arc::default(),
            releasing: None,
        }
    }
}

impl World {
    /// The core tells the application something.
    pub(super) fn handle_event(&mut self, at: usize, event: Event) {
        match event {
            Event::Message(frame) => self.hear_bare(at, &frame),
            Event::SocketIo(event) => self.hear(at, event),
        }
    }

    fn hear_bare(&mut self, at: usize, frame: &Frame) {
        self.laws.note(b'B', super::transmit::bytes_of(frame));
        let host = &mut self.hosts[at];
        let number = match frame {
            Frame::Text(text) => text.parse().ok(),
            Frame::Binary(bytes) => bytes.first_chunk().copied().map(u32::from_be_bytes),
        };
        match number {
            Some(number) if !host.client.is_wild => {
                host.ledger.event_told(0, number, &mut self.laws);
            }
            _ => {}
        }
    }

    fn hear(&mut self, at: usize, event: socketio::Event) {
        match event {
            socketio::Event::Connect { namespace, .. } => {
                self.laws.note(b'+', namespace.as_bytes());
                self.asked(at, &namespace);
            }
            socketio::Event::Message {
                namespace,
                name,
                args,
                ack,
            } => {
                self.laws.note(b'M', &(args.weight() as u32).to_be_bytes());
                if name == "m" {
                    self.event(at, &namespace, &args, ack);
                } else {
                    self.nobody_listens(at, &args);
                }
            }
            socketio::Event::Ack { waiter, outcome } => {
                self.laws.note(b'A', &[u8::from(outcome.is_ok())]);
                if !self.shim.strikes(Fault::LeakWaiter) {
                    waiter.answer(outcome);
                }
            }
            socketio::Event::Unsent { error, .. } => {
                unreachable!("JSON has a form for all: {error}")
            }
            socketio::Event::Disconnect {
                namespace,
                socket,
                reason,
            } => {
                self.laws.note(b'-', reason.as_str().as_bytes());
                self.count_disconnect(reason);
                self.left(at, &namespace, &socket);
            }
            socketio::Event::Abandoned { namespace } => {
                self.laws.note(b'?', namespace.as_bytes());
                self.tally.count("CONNECT abandoned");
                self.vacate(at, &namespace, |state| *state == State::Pending);
            }
        }
    }

    /// A client asks for a namespace.
    fn asked(&mut self, at: usize, name: &str) {
        let limit = self.socketio.max_namespaces;
        let host = &mut self.hosts[at];
        let Some(namespace) = NAMESPACES.iter().position(|known| *known == name) else {
            let error = ConnectError::invalid_namespace();
            let say = Say::Refused { namespace: UNKNOWN };
            self.speak(at, say, |connection| connection.refuse(name, &error));
            return;
        };
        host.ledger.connect_told(namespace);
        let seats = &mut host.seats;
        let is_new = seats.iter().all(|seat| seat.namespace != namespace);
        self.laws.hold(Law::ConnectsAreDisconnects, is_new, || {
            format!("{name} is asked for twice")
        });
        seats.push(Seat {
            namespace,
            state: State::Pending,
        });
        let count = seats.len();
        self.laws.hold(Law::Limits, count <= limit, || {
            format!("{count} namespaces")
        });
        let welcome = !self.dice.chance(12);
        if self.dice.chance(60) {
            self.decide(at, namespace, welcome);
        } else {
            let wait = 1 + self.dice.below(3_000);
            let due = self.now + ms(wait);
            self.hosts[at]
                .later
                .push(due, Later::Decide { namespace, welcome });
        }
    }

    /// What the application does after a while.
    pub(super) fn later(&mut self, at: usize, later: &Later) {
        match *later {
            Later::Decide { namespace, welcome } => {
                if welcome {
                    self.application.releasing = Some((at, 0));
                }
                self.decide(at, namespace, welcome);
            }
            Later::Answer { namespace, id } => self.answer(at, namespace, id),
        }
        self.settle(at);
        self.application.releasing = None;
    }

    fn decide(&mut self, at: usize, namespace: usize, welcome: bool) {
        let number = self.number();
        let name = self.application.names[namespace].clone();
        let host = &mut self.hosts[at];
        let waits = |seat: &&mut Seat| seat.namespace == namespace && seat.state == State::Pending;
        let Some(seat) = host.seats.iter_mut().find(waits) else {
            return;
        };
        if !welcome {
            host.seats.retain(|seat| seat.namespace != namespace);
            if !host.has_joined {
                host.client.excuse("it may join too late");
            }
            if host.client.views[namespace].has_spoken {
                host.client.excuse("it was refused after it had spoken");
            }
            self.tally.count("CONNECT refused");
            let error = ConnectError::new("not you");
            self.speak(at, Say::Refused { namespace }, |connection| {
                connection.refuse(&name, &error);
            });
            return;
        }
        let socket = SocketId::new(format!("s{number}"));
        seat.state = State::Joined(socket.clone());
        host.has_joined = true;
        self.tally.count("CONNECT accepted");
        self.application.rooms[namespace].insert(socket.clone(), at);
        self.application.mirror[namespace].insert(socket.clone(), BTreeSet::new());
        self.application.is_touched = true;
        let say = Say::Connected {
            namespace,
            socket: socket.to_string(),
        };
        self.speak(at, say, |connection| connection.accept(&name, &socket));
    }

    /// Tells the core to say something. It is booked if the core takes it, which shows in the
    /// queue; a healthy client's it must take.
    pub(super) fn speak(&mut self, at: usize, say: Say, command: impl FnOnce(&mut Connection)) {
        let host = &mut self.hosts[at];
        let before = host.connection.queued_bytes();
        command(&mut host.connection);
        let is_taken = host.connection.queued_bytes() > before;
        let must = host.is_healthy() && !host.is_over();
        self.laws.hold(Law::NothingLost, is_taken || !must, || {
            format!("{}: {say:?} is not taken", host.name)
        });
        if is_taken {
            host.ledger.say(say);
        }
    }

    fn event(&mut self, at: usize, name: &str, args: &Args, ack: Option<u64>) {
        let host = &mut self.hosts[at];
        let namespace = NAMESPACES.iter().position(|known| *known == name);
        let (Ok((number, part)), Some(namespace)) = (args.to::<(u32, Option<Binary>)>(), namespace)
        else {
            return self.nobody_listens(at, args);
        };
        let intact = part.is_none_or(|part| part.0 == speech::attachment(number));
        let limits = (
            self.socketio.max_attachments,
            self.socketio.max_attachment_bytes,
        );
        if let Some((_, released)) = self
            .application
            .releasing
            .as_mut()
            .filter(|(of, _)| *of == at)
        {
            *released += 1;
            let released = *released;
            self.tally.count("held event");
            self.laws.hold(
                Law::Limits,
                released <= self.socketio.max_held_events,
                || format!("{released} events were held"),
            );
            if self.shim.strikes(Fault::LoseHeldEvent) {
                return;
            }
        }
        if !host.client.is_wild {
            self.laws.hold(Law::OnceInOrder, intact, || {
                format!("attachment of {number}")
            });
            host.ledger.event_told(namespace, number, &mut self.laws);
        }
        let parts = args.attachments().len();
        let fits = parts <= limits.0 && (parts == 0 || args.weight() <= limits.1 + 64 * parts);
        self.laws
            .hold(Law::Limits, fits, || format!("{parts} attachments"));
        if parts > 0 {
            self.tally.count("binary event to the server");
        }
        match ack {
            Some(id) if self.dice.chance(60) => self.answer(at, namespace, id),
            Some(id) if self.dice.chance(70) => {
                let due = self.now + ms(self.dice.below(4_000));
                self.hosts[at]
                    .later
                    .push(due, Later::Answer { namespace, id });
            }
            Some(_) | None => {}
        }
    }

    /// Events that nobody listens to are looked through for mistakes.
    fn nobody_listens(&mut self, at: usize, args: &Args) {
        if let Err(error) = args.check() {
            self.tally.count("bad arguments noticed late");
            self.hosts[at]
                .connection
                .violate(Violation::Syntax(error.to_string()), self.now);
        }
    }

    fn answer(&mut self, at: usize, namespace: usize, id: u64) {
        let name = &self.application.names[namespace];
        let packet = Outgoing::ack(name, &(id,)).expect("numbers serialise");
        if self.joined(at, namespace).is_some() {
            self.tally.count("event of a client acknowledged");
            self.speak(at, Say::Answer { namespace, id }, |connection| {
                connection.acknowledge(id, &packet);
            });
        } else {
            self.hosts[at].connection.acknowledge(id, &packet);
        }
    }

    /// The name of a client in a namespace that it has joined.
    pub(super) fn joined(&self, at: usize, namespace: usize) -> Option<&SocketId> {
        let mut seats = self.hosts[at].seats.iter();
        let seat = seats.find(|seat| seat.namespace == namespace)?;
        match &seat.state {
            State::Joined(socket) => Some(socket),
            State::Pending | State::Leaving(_) => None,
        }
    }

    fn left(&mut self, at: usize, name: &str, socket: &SocketId) {
        if self.shim.strikes(Fault::ForgetDisconnect) {
            return;
        }
        let Some(namespace) = self.vacate(
            at,
            name,
            |state| matches!(state, State::Joined(name) | State::Leaving(name) if name == socket),
        ) else {
            return;
        };
        if !self.shim.strikes(Fault::LeaveRoomEntry) {
            self.application.rooms[namespace].remove(socket);
        }
        self.application.mirror[namespace].remove(socket);
        self.application.is_touched = true;
    }

    /// Takes a seat away, which must be there as the core says.
    fn vacate(&mut self, at: usize, name: &str, fits: impl Fn(&State) -> bool) -> Option<usize> {
        let namespace = NAMESPACES.iter().position(|known| *known == name)?;
        let seats = &mut self.hosts[at].seats;
        let index = seats
            .iter()
            .position(|seat| seat.namespace == namespace && fits(&seat.state));
        self.laws
            .hold(Law::ConnectsAreDisconnects, index.is_some(), || {
                format!("{name} is left by somebody who was not in it: {seats:?}")
            });
        seats.remove(index?);
        Some(namespace)
    }
}
