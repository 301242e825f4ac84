//! What the application does of its own accord: emits, broadcasts, rooms, closing, being busy.

use std::time::Duration;

use trunkline::engine::{Fault as CoreFault, Transport};
use trunkline::socketio::{Binary, IntoArgs, Outgoing};
use trunkline::wire::Frame;

use super::application::State;
use super::client::Stage;
use super::fault::Fault;
use super::host::Busy;
use super::ledger::Say;
use super::speech;
use super::upgrade::Plan;
use super::world::{World, ms};

/// Beyond this many queued bytes a client is too slow.
const BUDGET: usize = 1_500;

/// How long a client may go unread before it is closed.
const STALL_LIMIT: Duration = Duration::from_secs(60);

impl World {
    /// The application does something for one client, or for many.
    pub(super) fn application_acts(&mut self) {
        let Some(at) = self.any_host() else {
            return;
        };
        match self.dice.below(200) {
            _ if self.hosts[at].is_bare => self.act_on_bare(at),
            0..75 => self.emit_once(at),
            75..115 => self.broadcast(),
            115..145 => self.move_rooms(at),
            145..150 => self.kick(at),
            150..152 => self.leave_all(at),
            152..155 => self.close(at, true),
            155..157 => self.close(at, false),
            157..175 => self.become_busy(at),
            175..190 => self.block(at),
            _ => self.burst(at),
        }
    }

    fn act_on_bare(&mut self, at: usize) {
        match self.dice.below(20) {
            0..14 => self.send_bare(at),
            14 => self.close(at, true),
            15..18 => self.become_busy(at),
            _ => self.block(at),
        }
        self.settle(at);
    }

    fn send_bare(&mut self, at: usize) {
        let number = self.number();
        let frame = match self.dice.chance(30) {
            true => Frame::Binary(speech::attachment(number)),
            false => Frame::from(number.to_string()),
        };
        self.speak(at, Say::Bare(number), |connection| connection.send(frame));
    }

    /// A namespace that the client has a seat in.
    pub(super) fn any_seat(&mut self, at: usize) -> Option<usize> {
        let seats: Vec<_> = self.hosts[at].seats.iter().collect();
        if seats.is_empty() {
            return None;
        }
        Some(self.dice.pick(&seats).namespace)
    }

    fn emit_once(&mut self, at: usize) {
        let Some(namespace) = self.any_seat(at) else {
            return;
        };
        let (packet, number) = match self.dice.chance(20) {
            true => {
                let number = self.number();
                let part = Binary(speech::attachment(number));
                (self.packet(namespace, &(number, part)), number)
            }
            false => {
                let number = self.number();
                (self.packet(namespace, &(number,)), number)
            }
        };
        if self.dice.chance(50) {
            self.emit_with_ack(at, &packet, namespace, number);
        } else {
            self.emit(at, &packet, namespace, number);
        }
        self.settle(at);
    }

    pub(super) fn packet(&self, namespace: usize, args: &impl IntoArgs) -> Outgoing {
        Outgoing::event(&self.application.names[namespace], "m", args).expect("numbers serialise")
    }

    /// Emits an event. The client gets it if it has a seat, joined or asked for.
    pub(super) fn emit(&mut self, at: usize, packet: &Outgoing, namespace: usize, number: u32) {
        let now = self.now;
        let ack = None;
        let say = Say::Event {
            namespace,
            number,
            ack,
        };
        let sits = |host: &super::host::Host| {
            let mut seats = host.seats.iter();
            seats.any(|seat| seat.namespace == namespace && !seat.is_leaving())
        };
        if !sits(&self.hosts[at]) {
            self.hosts[at].connection.emit(packet, None, now);
            return;
        }
        let other = (0..self.hosts.len()).find(|&other| other != at && sits(&self.hosts[other]));
        match other {
            Some(other) if self.shim.strikes(Fault::WrongSocket) => {
                self.hosts[at].ledger.say(say);
                self.hosts[other].connection.emit(packet, None, now);
                self.settle(other);
            }
            _ => self.speak(at, say, |connection| connection.emit(packet, None, now)),
        }
    }

    fn kick(&mut self, at: usize) {
        let Some(namespace) = self.any_seat(at) else {
            return;
        };
        let host = &mut self.hosts[at];
        let client = &host.client;
        if host.network.is_busy_upwards() || client.post.is_some() || !client.outbox.is_empty() {
            host.client.excuse("it was put out while it spoke");
        }
        let mut seats = host.seats.iter_mut();
        let seat = seats.find(|seat| seat.namespace == namespace);
        let name = self.application.names[namespace].clone();
        match seat.map(|seat| &mut seat.state) {
            Some(state @ State::Joined(_)) => {
                if let State::Joined(socket) = std::mem::replace(state, State::Pending) {
                    *state = State::Leaving(socket);
                }
                self.tally.count("kick");
                self.speak(at, Say::Left { namespace }, |connection| {
                    connection.leave(&name);
                });
            }
            _ => host.connection.leave(&name),
        }
        self.settle(at);
    }

    fn leave_all(&mut self, at: usize) {
        let now = self.now;
        let host = &mut self.hosts[at];
        let before = host.connection.queued_bytes();
        let joined: Vec<_> = host
            .seats
            .iter()
            .filter(|seat| matches!(seat.state, State::Joined(_)))
            .map(|seat| seat.namespace)
            .collect();
        let is_alive = host.connection.closed().is_none();
        host.closing_since.get_or_insert(now);
        host.connection.leave_all(now);
        if is_alive && host.connection.queued_bytes() > before {
            for namespace in joined {
                host.ledger.say(Say::Left { namespace });
            }
        }
        self.tally.count("disconnected from all");
        self.settle(at);
    }

    fn close(&mut self, at: usize, is_graceful: bool) {
        let now = self.now;
        let host = &mut self.hosts[at];
        if host.closing_since.is_none() {
            // One that is about to stop in the middle of its upgrade may miss the close wait.
            let lingers = matches!(
                host.client.stage,
                Stage::Probing {
                    plan: Plan::SlowFive,
                    ..
                }
            );
            host.is_graceful = is_graceful && host.client.excuse.is_none() && !lingers;
        }
        host.is_graceful &= is_graceful;
        host.closing_since.get_or_insert(now);
        if is_graceful {
            host.connection.close(now);
        } else {
            if host.connection.queued_bytes() > 0 {
                self.tally.count("cut with data queued");
            }
            self.hosts[at].connection.shut_down();
        }
        self.settle(at);
    }

    /// The application takes no more events for a while, nor does the shell read.
    fn become_busy(&mut self, at: usize) {
        let longest = if self.dice.chance(15) { 90_000 } else { 5_000 };
        let wait = ms(1 + self.dice.below(longest));
        let until = self.now + wait.min(STALL_LIMIT);
        let host = &mut self.hosts[at];
        // Nobody who has joined nothing keeps the application busy.
        if host.busy.is_none() && (host.has_joined || host.is_bare) {
            self.tally.count("application busy");
            let stalls = wait >= STALL_LIMIT;
            host.busy = Some(Busy { until, stalls });
            host.connection.pause(self.now);
        }
    }

    /// The application has caught up, or is given up on.
    pub(super) fn free(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        if host.busy.take().is_some_and(|busy| busy.stalls) {
            self.fail(at, CoreFault::Stalled);
        }
        self.hosts[at].connection.resume(self.now);
        self.settle(at);
    }

    fn fail(&mut self, at: usize, fault: CoreFault) {
        let host = &mut self.hosts[at];
        host.closing_since.get_or_insert(self.now);
        host.is_graceful = false;
        host.connection.fail(fault);
        self.settle(at);
    }

    /// The client's WebSocket takes no more frames for a while.
    fn block(&mut self, at: usize) {
        let longest = if self.dice.chance(20) { 60_000 } else { 3_000 };
        let wait = 1 + self.dice.below(longest);
        let host = &mut self.hosts[at];
        let is_current = host.connection.transport() == Transport::WebSocket;
        if host.socket.is_none() || !is_current || host.blocked_until.is_some() {
            return;
        }
        if wait > 3_000 {
            host.client.excuse("it reads too slowly");
        }
        self.tally.count("WebSocket blocked");
        host.blocked_until = Some(self.now + ms(wait));
    }

    /// More than a slow client can take.
    fn burst(&mut self, at: usize) {
        let Some(namespace) = self.any_seat(at) else {
            return;
        };
        for _ in 0..4 {
            let number = self.number();
            let packet = self.packet(namespace, &(number, "x".repeat(450)));
            self.emit(at, &packet, namespace, number);
        }
        if self.hosts[at].connection.queued_bytes() > BUDGET && self.dice.chance(50) {
            self.tally.count("cut with data queued");
            self.fail(at, CoreFault::SlowConsumer);
        }
        self.settle(at);
    }
}
