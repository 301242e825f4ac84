//! The server's end: connections, one namespace's roster and its ledger, and what ties them together.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use trunkline::connection::{Connection, Event};
use trunkline::engine::{Gone, Session, Transmit, Transport};
use trunkline::recovery::{Budget, Claim, Claimed, Config, Ledger, Tag, Target, Trace};
use trunkline::rooms::{Rooms, Selection};
use trunkline::socketio::{self, Client, DisconnectReason, Namespace, Outgoing};
use trunkline::wire::{Frame, Moment, Sid, SocketId};

use super::world::Fault;

/// One connection, as the server sees it.
pub(super) struct Line {
    connection: Connection,
    arrived: Moment,
    socket: Option<Here>,
    /// What is on its way to the client.
    pub(super) wire: VecDeque<Frame>,
}

struct Here {
    trace: Trace,
    pid: Arc<str>,
}

pub(super) struct Server {
    ledger: Ledger<u64>,
    roster: Rooms<usize>,
    pub(super) lines: BTreeMap<usize, Line>,
    numbers: usize,
    fault: Option<Fault>,
    pub(super) taken_over: u64,
    engine: Arc<trunkline::engine::Config>,
    socketio: Arc<socketio::Config>,
}

impl Server {
    pub(super) fn new(config: &Config, fault: Option<Fault>) -> Server {
        let retention = config.max_disconnection + Duration::from_secs(45);
        let budget = Arc::new(Budget::new(config));
        let engine = trunkline::engine::Config {
            ping_interval: Duration::from_secs(1_000_000),
            ..Default::default()
        };
        Server {
            ledger: Ledger::new(Tag::new(99), config, retention, budget),
            roster: Rooms::default(),
            lines: BTreeMap::new(),
            numbers: 0,
            fault,
            taken_over: 0,
            engine: Arc::new(engine),
            socketio: Arc::default(),
        }
    }

    fn next(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    /// A connection opens.
    pub(super) fn open(&mut self, now: Moment) -> usize {
        let number = self.next();
        let sid = Sid::new(format!("sid{number}"));
        let session = Session::open(&sid, Transport::WebSocket, self.engine.clone(), now);
        let client = Client::new(self.socketio.clone(), now);
        let line = Line {
            connection: Connection::socketio(session, client),
            arrived: now,
            socket: None,
            wire: VecDeque::new(),
        };
        self.lines.insert(number, line);
        number
    }

    /// A frame comes.
    pub(super) fn hear(&mut self, line: usize, text: &str, now: Moment) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.connection.handle_frame(now, text.into());
        }
        self.settle(line, now);
    }

    /// The server notices that a connection is gone.
    pub(super) fn gone(&mut self, line: usize, now: Moment) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.connection.handle_websocket_gone(Gone::Closed);
        }
        self.settle(line, now);
        self.lines.remove(&line);
    }

    /// Puts a socket out.
    pub(super) fn kick(&mut self, line: usize, now: Moment) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.connection.leave("/");
        }
        self.settle(line, now);
    }

    fn settle(&mut self, number: usize, now: Moment) {
        while let Some(line) = self.lines.get_mut(&number)
            && let Some(Event::SocketIo(event)) = line.connection.poll_event(now)
        {
            match event {
                socketio::Event::Connect { auth, .. } => {
                    self.connect(number, auth.as_deref(), now);
                }
                socketio::Event::Disconnect { reason, .. } => self.disconnect(number, reason, now),
                _ => {}
            }
        }
        if let Some(line) = self.lines.get_mut(&number) {
            line.transmit();
        }
    }

    fn connect(&mut self, number: usize, auth: Option<&str>, now: Moment) {
        let arrived = self.lines[&number].arrived;
        let claim = auth.and_then(Claim::read);
        let mut claimed = match &claim {
            Some(claim) => self.ledger.claim(claim, arrived, now),
            None => Claimed::Nothing,
        };
        if let (Claimed::Connected(id), Some(claim)) = (&claimed, &claim) {
            let last = *self.roster.get(id).expect("whoever is connected is here");
            if let Some(last) = self.lines.get_mut(&last) {
                last.connection.displace();
            }
            self.settle(last, now);
            self.taken_over += 1;
            claimed = self.ledger.claim(claim, arrived, now);
        }
        let fresh: Arc<str> = format!("pid{}", self.next()).into();
        let (id, here) = match claimed {
            Claimed::Returning(returning) => {
                let (id, pid) = (returning.id().clone(), returning.pid().clone());
                let Ok((resumed, data)) = self.ledger.resume(*returning, usize::MAX, now) else {
                    panic!("it was whole a moment ago");
                };
                assert_eq!(format!("socket{data}"), id.as_str(), "somebody else's data");
                let again = usize::from(self.fault == Some(Fault::ReplayTwice));
                for _ in 0..=again {
                    for packet in &resumed.missed {
                        self.emit(number, packet, now);
                    }
                }
                self.roster.insert(id.clone(), number);
                for room in &resumed.rooms {
                    self.roster.join(&id, room);
                }
                (
                    id,
                    Here {
                        trace: resumed.trace,
                        pid,
                    },
                )
            }
            Claimed::Nothing | Claimed::Connected(_) => {
                let id = SocketId::new(format!("socket{}", self.next()));
                let mut trace = self.ledger.begin(&id);
                self.roster.insert(id.clone(), number);
                self.ledger
                    .enter(&mut trace, &fresh, self.roster.rooms_of(&id), now);
                (id, Here { trace, pid: fresh })
            }
        };
        if let Some(line) = self.lines.get_mut(&number) {
            line.connection.accept_recoverable("/", &id, &here.pid);
            line.socket = Some(here);
        }
    }

    fn disconnect(&mut self, number: usize, reason: DisconnectReason, now: Moment) {
        let socket = self
            .lines
            .get_mut(&number)
            .and_then(|line| line.socket.take());
        let Some(Here { trace, pid }) = socket else {
            return;
        };
        let id = trace.id().clone();
        self.roster.remove(&id);
        let data = id.as_str()["socket".len()..].parse().expect("its number");
        match reason {
            DisconnectReason::ClientNamespaceDisconnect
            | DisconnectReason::ServerNamespaceDisconnect => self.ledger.end(Some(&pid)),
            _ => self.ledger.lose(trace, pid, data, 8, now),
        }
    }

    /// Sends an event that is to be kept.
    pub(super) fn send(&mut self, packet: Outgoing, selection: &Selection, now: Moment) {
        let target = Target::Selection(selection.clone());
        let (packet, evicted) = self.ledger.append(packet, target, now);
        drop(evicted);
        let mut recipients = Vec::new();
        self.roster
            .for_each(selection, |_, line| recipients.push(*line));
        for number in recipients {
            let line = self.lines.get_mut(&number).expect("who is here has a line");
            if let Some(here) = &mut line.socket
                && self.fault != Some(Fault::NotNoted)
            {
                self.ledger.note(&mut here.trace, now);
            }
            self.emit(number, &packet, now);
        }
    }

    /// Sends an event that is not kept.
    pub(super) fn send_volatile(&mut self, packet: Outgoing, now: Moment) {
        let packet = match self.fault {
            Some(Fault::UnmarkedVolatile) => Arc::new(packet),
            _ => self.ledger.mark(packet),
        };
        let everybody: Vec<_> = self.lines.keys().copied().collect();
        for number in everybody {
            self.emit(number, &packet, now);
        }
    }

    /// Sends an event that wants an answer.
    pub(super) fn ask(&mut self, line: usize, packet: &Outgoing, now: Moment) {
        let ack = socketio::AckRequest {
            id: 1,
            timeout: None,
            waiter: socketio::Waiter::new(|_| {}),
        };
        if let Some(line) = self.lines.get_mut(&line) {
            line.connection.emit(packet, Some(ack), now);
        }
        self.settle(line, now);
    }

    fn emit(&mut self, number: usize, packet: &Outgoing, now: Moment) {
        if let Some(line) = self.lines.get_mut(&number) {
            line.connection.emit(packet, None, now);
            line.transmit();
        }
    }

    /// Lets a socket join or leave a room; false if there is none.
    pub(super) fn change(&mut self, number: usize, room: &str, joins: bool) -> bool {
        let line = self.lines.get_mut(&number);
        let Some(here) = line.and_then(|line| line.socket.as_mut()) else {
            return false;
        };
        let id = here.trace.id().clone();
        let is_forgotten = self.fault == Some(Fault::ForgottenRoom);
        match joins {
            true => drop(self.roster.join(&id, room)),
            false => self.roster.leave(&id, room),
        }
        match joins {
            _ if is_forgotten => {}
            true => self.ledger.join(&mut here.trace, room),
            false => self.ledger.leave(&mut here.trace, room),
        }
        true
    }

    /// Whether anything was dropped for want of room since this was asked last.
    pub(super) fn is_short(&mut self) -> bool {
        !self.ledger.take_loss().is_none()
    }

    pub(super) fn sweep(&mut self, now: Moment) {
        drop(self.ledger.sweep(now));
    }
}

impl Line {
    fn transmit(&mut self) {
        while let Some(transmit) = self.connection.poll_transmit() {
            if let Transmit::Frame(frame) = transmit {
                self.wire.push_back(frame);
            }
        }
    }
}

/// The namespace of all this.
pub(super) fn namespace() -> Namespace {
    Namespace::from("/")
}
