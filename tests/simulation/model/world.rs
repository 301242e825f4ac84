//! The world: time, what happens next, and the end of a history.

use std::sync::Arc;
use std::time::Duration;

use trunkline::connection::Connection;
use trunkline::engine::{self, CloseReason, Refused, Session, Transport};
use trunkline::socketio::{self, Client as Upper, DisconnectReason};
use trunkline::wire::{Moment, Sid};

use super::application::Application;
use super::client::Client;
use super::dice::Dice;
use super::fault::{Fault, Shim};
use super::host::Host;
use super::law::{Breach, Laws, Tally};
use super::ledger::Ledger;
use super::network::{Lane, Network};

/// The most clients of one history.
const MOST_HOSTS: usize = 6;

/// How long a client may take to join a namespace.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(45);

/// Everything.
pub(crate) struct World {
    pub(crate) now: Moment,
    pub(crate) dice: Dice,
    pub(crate) hosts: Vec<Host>,
    pub(crate) application: Application,
    pub(crate) laws: Laws,
    pub(crate) tally: Tally,
    pub(crate) shim: Shim,
    pub(crate) engine: Arc<engine::Config>,
    pub(crate) socketio: Arc<socketio::Config>,
    /// The host whose deadlines are ignored, if that is the fault.
    pub(crate) deaf: Option<usize>,
    numbers: u32,
}

/// What became of a history.
pub(crate) struct Outcome {
    pub(crate) breach: Option<Breach>,
    pub(crate) tally: Tally,
    pub(crate) digest: u64,
    pub(crate) steps: usize,
    pub(crate) clients: usize,
}

/// What is due next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Due {
    GetUp,
    PostUp,
    SocketUp,
    Mail,
    GetDown,
    PostDown,
    SocketDown,
    Wake,
    Later,
    Free,
    Unblock,
    Deadline,
}

pub(crate) fn ms(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

/// Plays one history of that many steps, then lets the world come to rest and fall silent.
pub(crate) fn play(dice: Dice, steps: usize, fault: Option<Fault>, is_loud: bool) -> Outcome {
    let mut world = World::new(dice, fault);
    world.laws.is_loud = is_loud;
    world.arrive();
    world.arrive();
    let mut taken = 0;
    while taken < steps && world.laws.breach.is_none() && !world.dice.is_spent() {
        world.step();
        taken += 1;
    }
    world.rest();
    world.fall_silent();
    world.end();
    Outcome {
        breach: world.laws.breach,
        tally: world.tally,
        digest: world.laws.digest,
        steps: taken,
        clients: world.hosts.len(),
    }
}

impl World {
    fn new(mut dice: Dice, fault: Option<Fault>) -> World {
        let engine = engine::Config {
            max_payload: 3_000,
            allow_upgrades: !dice.chance(8),
            ..engine::Config::default()
        };
        let socketio = socketio::Config {
            max_attachments: 3,
            max_attachment_bytes: 2_000,
            max_held_events: 8,
            max_held_bytes: 2_000,
            max_namespaces: 4,
            max_pending_acks: 3,
            connect_timeout: CONNECT_TIMEOUT,
            ..socketio::Config::default()
        };
        World {
            now: Moment::new(Duration::from_secs(1_000)),
            dice,
            hosts: Vec::new(),
            application: Application::new(),
            laws: Laws::new(),
            tally: Tally::default(),
            shim: Shim::new(fault),
            engine: Arc::new(engine),
            socketio: Arc::new(socketio),
            deaf: None,
            numbers: 0,
        }
    }

    /// A number that nothing else in this world has.
    pub(super) fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// When what is sent now arrives.
    pub(super) fn latency(&mut self, at: usize) -> Moment {
        let longest = self.hosts[at].client.latency;
        self.now + ms(1 + self.dice.below(longest))
    }

    /// A host whose connection is not over.
    pub(super) fn any_host(&mut self) -> Option<usize> {
        let alive: Vec<_> = (0..self.hosts.len())
            .filter(|&at| !self.hosts[at].is_over())
            .collect();
        (!alive.is_empty()).then(|| *self.dice.pick(&alive))
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..50 => {
                self.advance();
            }
            50..80 => self.client_acts(),
            80..98 => self.application_acts(),
            _ => self.arrive(),
        }
        self.check();
    }

    /// A client opens a session.
    fn arrive(&mut self) {
        if self.hosts.len() == MOST_HOSTS {
            return;
        }
        let at = self.hosts.len();
        let (now, is_bare, is_rowdy) = (self.now, self.dice.chance(10), self.dice.chance(55));
        let transport = match self.dice.chance(30) {
            true => Transport::WebSocket,
            false => Transport::Polling,
        };
        let sid = Sid::new(format!("sid{at}"));
        let session = Session::open(&sid, transport, self.engine.clone(), now);
        let mut connection = match is_bare {
            true => Connection::bare(session),
            false => Connection::socketio(session, Upper::new(self.socketio.clone(), now)),
        };
        let latency = *self.dice.pick(&[5, 50, 300, 900]);
        let mut client = Client::new(is_rowdy, latency);
        let number = client.number();
        let (mut parked, mut socket) = (None, None);
        match transport {
            Transport::Polling => {
                client.get = Some(number);
                client.asked.insert(number);
                parked = connection.handle_poll().ok().map(|()| number);
            }
            Transport::WebSocket => {
                client.socket = Some(number);
                client.was_websocket = true;
                socket = Some(number);
            }
        }
        self.hosts.push(Host {
            name: format!("client {at}"),
            is_bare,
            opened: now,
            connection,
            parked,
            post: None,
            socket,
            seats: Vec::new(),
            has_joined: false,
            mail: Lane::default(),
            later: Lane::default(),
            busy: None,
            blocked_until: None,
            closing_since: None,
            is_graceful: false,
            closed_at: None,
            network: Network::default(),
            client,
            ledger: Ledger::default(),
        });
        self.settle(at);
    }

    /// What is due next; without deadlines only what is under way.
    pub(super) fn next(&self, deadlines: bool) -> Option<(Moment, usize, Due)> {
        let mut next = None;
        for (at, host) in self.hosts.iter().enumerate() {
            let network = &host.network;
            let reads = host.has_room() || host.is_over();
            let mut offer = |moment: Option<Moment>, due: Due| {
                if let Some(moment) = moment {
                    let offered = (moment.max(self.now), due, at);
                    next = next.map_or(Some(offered), |next| Some(offered.min(next)));
                }
            };
            offer(network.get_up.due(), Due::GetUp);
            offer(network.post_up.due(), Due::PostUp);
            offer(network.socket_up.due().filter(|_| reads), Due::SocketUp);
            offer(host.mail.due(), Due::Mail);
            offer(network.get_down.due(), Due::GetDown);
            offer(network.post_down.due(), Due::PostDown);
            offer(network.socket_down.due(), Due::SocketDown);
            let client = &host.client;
            if !client.is_silent {
                offer(client.dozes_until, Due::Wake);
                offer(client.upgrades_at, Due::Wake);
            }
            offer(host.later.due(), Due::Later);
            offer(host.busy.as_ref().map(|busy| busy.until), Due::Free);
            offer(host.blocked_until, Due::Unblock);
            if deadlines && self.deaf != Some(at) {
                offer(host.connection.poll_timeout(), Due::Deadline);
            }
        }
        next.map(|(moment, due, at)| (moment, at, due))
    }

    /// Lets time pass until the next thing happens.
    pub(super) fn advance(&mut self) -> bool {
        let Some((moment, at, due)) = self.next(true) else {
            return false;
        };
        self.now = moment;
        self.happen(at, due);
        true
    }

    fn happen(&mut self, at: usize, due: Due) {
        const THERE: &str = "it was due";
        let now = self.now;
        let host = &mut self.hosts[at];
        self.laws
            .tell(|| format!("{:?} {}: {due:?}", now.since_start(), host.name));
        match due {
            Due::GetUp => {
                let up = host.network.get_up.pop().expect(THERE);
                self.get_arrives(at, &up);
            }
            Due::PostUp => {
                let up = host.network.post_up.pop().expect(THERE);
                self.post_arrives(at, up);
            }
            Due::SocketUp => {
                let up = host.network.socket_up.pop().expect(THERE);
                self.socket_arrives(at, up);
            }
            Due::Mail => {
                let mail = host.mail.pop().expect(THERE);
                self.open_mail(at, &mail);
            }
            Due::GetDown => {
                let down = host.network.get_down.pop().expect(THERE);
                self.get_answered(at, down);
            }
            Due::PostDown => {
                let down = host.network.post_down.pop().expect(THERE);
                self.post_answered(at, &down);
            }
            Due::SocketDown => {
                let down = host.network.socket_down.pop().expect(THERE);
                self.socket_answered(at, down);
            }
            Due::Wake => self.wake(at),
            Due::Later => {
                let later = host.later.pop().expect(THERE);
                self.later(at, &later);
            }
            Due::Free => self.free(at),
            Due::Unblock => {
                host.blocked_until = None;
                self.settle(at);
            }
            Due::Deadline => {
                let opened = host.opened;
                if !host.has_joined && !host.is_bare && now.since(opened) == CONNECT_TIMEOUT {
                    self.tally.count("nothing joined in time");
                }
                host.connection.handle_timeout(now);
                let why = "upgrade timed out";
                self.settle_candidate(at, why);
            }
        }
    }

    pub(super) fn count_close(&mut self, reason: Option<CloseReason>) {
        let Some(reason) = reason else {
            return;
        };
        let what = reason.description().unwrap_or(reason.as_str());
        self.tally.count_in("close", what);
    }

    pub(super) fn count_disconnect(&mut self, reason: DisconnectReason) {
        self.tally.count_in("disconnect", reason.as_str());
    }
}

/// A refused WebSocket, for the counts.
pub(super) fn refused(refused: Refused) -> &'static str {
    match refused {
        Refused::Disabled => "upgrades are off",
        Refused::Upgraded => "there is one",
        Refused::Probing => "another tries",
        Refused::NotOpen => "closed",
    }
}
