//! Clients that do what a browser does: join by polling, move to a WebSocket, say one thing, leave.

use std::time::{Duration, Instant};

use super::SHORT;
use crate::exchange::{Exchange, Verdict};
use crate::fault::{Fault, Wrongs, excerpt};
use crate::frame::{self, CLOSE, TEXT};
use crate::histogram::Histogram;
use crate::http::{self, SEPARATOR};
use crate::net::{Handler, Net, Step};
use crate::sample::{Outcome, figure};
use crate::site::{CALM, Site, Warming, Window};
use crate::sockets;

/// Clients that are on their way at the same time.
const AT_ONCE: usize = 64;
/// How long a client may take from the first packet to the last.
const LATE: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    /// GET: the open packet.
    Opening,
    /// POST: CONNECT.
    Joining,
    /// GET: the answer to CONNECT.
    Joined,
    /// A GET waits while the WebSocket is opened and probed.
    Probing,
    /// `5` and the event are sent.
    Asked,
    /// The echo has come, the close frame is sent.
    Leaving,
}

struct Client {
    phase: Phase,
    begun: Instant,
    sid: String,
    number: u32,
    poll: usize,
    socket: Option<usize>,
    /// The WebSocket was accepted.
    accepted: bool,
    /// `3probe` has come.
    probed: bool,
    /// The GET that waited was answered.
    released: bool,
}

/// What a connection is to its client.
#[derive(Clone, Copy)]
struct Role {
    client: usize,
    is_socket: bool,
}

/// What to do between two turns.
enum Wish {
    Socket(usize),
    Continue(usize),
    End(usize),
}

struct Upgrading {
    exchange: Exchange,
    clients: Vec<Option<Client>>,
    roles: Vec<Option<Role>>,
    wishes: Vec<Wish>,
    next: u32,
    upgraded: u64,
    latency: Histogram,
    wrongs: Wrongs,
}

impl Upgrading {
    fn role(&self, id: usize) -> Result<Role, Fault> {
        let role = self.roles.get(id).copied().flatten();
        role.ok_or_else(|| Fault::new("a connection without a client"))
    }

    fn client(&mut self, at: usize) -> Result<&mut Client, Fault> {
        let client = self.clients.get_mut(at).and_then(Option::as_mut);
        client.ok_or_else(|| Fault::new("a client that has left"))
    }

    /// An answer to a GET or a POST.
    fn answer(&mut self, at: usize, body: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let client = self.client(at)?;
        match client.phase {
            Phase::Opening => {
                client.sid = http::sid(body)?;
                client.phase = Phase::Joining;
                http::put_body(&http::post(&client.sid, ""), b"40", out);
            }
            Phase::Joining => {
                client.phase = Phase::Joined;
                out.extend_from_slice(&http::get(&client.sid, ""));
            }
            Phase::Joined => {
                out.extend_from_slice(&http::get(&client.sid, ""));
                let joined = body
                    .split(|byte| *byte == SEPARATOR)
                    .any(|packet| packet.starts_with(b"40{"));
                if joined {
                    client.phase = Phase::Probing;
                    self.wishes.push(Wish::Socket(at));
                }
            }
            Phase::Probing => {
                client.released = true;
                if client.probed {
                    self.wishes.push(Wish::Continue(at));
                }
            }
            phase => {
                return Err(Fault::new(format!(
                    "polling answered while {phase:?}: {}",
                    excerpt(body)
                )));
            }
        }
        Ok(())
    }

    /// A frame of the WebSocket; `false` when the client has left.
    fn frame(
        &mut self,
        at: usize,
        opcode: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, Fault> {
        let client = self.client(at)?;
        let (phase, number, begun) = (client.phase, client.number, client.begun);
        match (phase, opcode, payload) {
            (Phase::Leaving, CLOSE, _) => {
                // Its number is free as soon as this returns.
                client.socket = None;
                self.end(at);
                return Ok(false);
            }
            (Phase::Leaving, ..) => {}
            (_, TEXT, b"2") => {
                frame::put(out, TEXT, b"3");
            }
            (_, TEXT, b"6") => {}
            (Phase::Probing, TEXT, b"3probe") => {
                client.probed = true;
                if client.released {
                    self.wishes.push(Wish::Continue(at));
                }
            }
            (Phase::Asked, opcode, payload) => {
                match self.exchange.check(0, at as u32, number, opcode, payload) {
                    Verdict::Due => {
                        self.upgraded += 1;
                        self.latency.add(begun.elapsed());
                    }
                    Verdict::Other(_) => self.wrongs.add(Wrongs::CROSSED, 1),
                    Verdict::Wrong(kind) => self.wrongs.add(kind, 1),
                }
                self.client(at)?.phase = Phase::Leaving;
                frame::put(out, CLOSE, &1000_u16.to_be_bytes());
            }
            (phase, opcode, payload) => {
                return Err(Fault::new(format!(
                    "while {phase:?}: frame {opcode}, {}",
                    excerpt(payload)
                )));
            }
        }
        Ok(true)
    }

    fn end(&mut self, at: usize) {
        self.wishes.push(Wish::End(at));
    }
}

impl Handler for Upgrading {
    fn connected(&mut self, id: usize, out: &mut Vec<u8>) {
        let Some(role) = self.roles[id] else { return };
        match &self.clients[role.client] {
            Some(client) if role.is_socket => {
                let query = format!("&sid={}", client.sid);
                out.extend_from_slice(&sockets::request(&query, ""));
            }
            _ => out.extend_from_slice(&http::get("", "")),
        }
    }

    fn received(&mut self, id: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        let role = self.role(id)?;
        let mut consumed = 0;
        if !role.is_socket {
            while let Some((body, length)) = http::answer(&bytes[consumed..])? {
                consumed += length;
                self.answer(role.client, body, out)?;
            }
            return Ok(Step {
                consumed,
                close: false,
            });
        }
        if !self.client(role.client)?.accepted {
            let Some(length) = sockets::accepted(bytes)? else {
                return Ok(Step {
                    consumed,
                    close: false,
                });
            };
            consumed = length;
            self.client(role.client)?.accepted = true;
            frame::put(out, TEXT, b"2probe");
        }
        let mut close = false;
        while let Some(frame) = frame::take(&bytes[consumed..])? {
            consumed += frame.length;
            close |= !self.frame(role.client, frame.opcode, frame.payload, out)?;
        }
        Ok(Step { consumed, close })
    }

    fn closed(&mut self, id: usize) -> Result<(), Fault> {
        let role = self.role(id)?;
        self.roles[id] = None;
        let client = self.client(role.client)?;
        match client.phase {
            Phase::Leaving if role.is_socket => {
                client.socket = None;
                self.end(role.client);
                Ok(())
            }
            // The polling connection is no longer needed.
            Phase::Asked | Phase::Leaving if !role.is_socket => {
                client.poll = usize::MAX;
                Ok(())
            }
            phase => Err(Fault::new(format!("the server closed while {phase:?}"))),
        }
    }
}

/// The clients and their connections, two for each.
struct Stream {
    net: Net,
    work: Upgrading,
}

impl Stream {
    fn role(&mut self, id: usize, client: usize, is_socket: bool) {
        let roles = &mut self.work.roles;
        if roles.len() <= id {
            roles.resize(id + 1, None);
        }
        roles[id] = Some(Role { client, is_socket });
    }

    fn begin(&mut self, at: usize) -> Result<(), Fault> {
        let poll = self.net.open()?;
        self.role(poll, at, false);
        self.work.next += 1;
        self.work.clients[at] = Some(Client {
            phase: Phase::Opening,
            begun: Instant::now(),
            sid: String::new(),
            number: self.work.next,
            poll,
            socket: None,
            accepted: false,
            probed: false,
            released: false,
        });
        Ok(())
    }

    fn grant(&mut self, wish: Wish) -> Result<(), Fault> {
        match wish {
            Wish::Socket(at) => {
                let socket = self.net.open()?;
                self.role(socket, at, true);
                self.work.client(at)?.socket = Some(socket);
            }
            Wish::Continue(at) => {
                let mut out = Vec::new();
                frame::put(&mut out, TEXT, b"5");
                let client = self.work.client(at)?;
                client.phase = Phase::Asked;
                let (number, socket) = (client.number, client.socket);
                self.work.exchange.ask(at as u32, number, &mut out);
                self.net.send(socket.unwrap_or(usize::MAX), &out)?;
            }
            Wish::End(at) => {
                if let Some(client) = self.work.clients[at].take() {
                    for id in [Some(client.poll), client.socket].into_iter().flatten() {
                        if id != usize::MAX {
                            self.net.close(id);
                            self.work.roles[id] = None;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends clients that have waited too long: what they asked for last is lost.
    fn give_up(&mut self) -> Result<(), Fault> {
        for at in 0..AT_ONCE {
            let late = self.work.clients[at]
                .as_ref()
                .is_some_and(|client| client.begun.elapsed() > LATE);
            if late {
                self.work.wrongs.add(Wrongs::LOST, 1);
                self.grant(Wish::End(at))?;
            }
        }
        Ok(())
    }

    /// Runs for a while; with `more`, a client that has left is followed by another.
    fn run(&mut self, duration: Duration, more: bool) -> Result<(), Fault> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            for at in 0..AT_ONCE {
                if more && self.work.clients[at].is_none() {
                    self.begin(at)?;
                }
            }
            if !more && self.work.clients.iter().all(Option::is_none) {
                return Ok(());
            }
            self.net.turn(TICK, &mut self.work)?;
            for wish in std::mem::take(&mut self.work.wishes) {
                self.grant(wish)?;
            }
            self.give_up()?;
        }
        Ok(())
    }
}

/// The mode. A unit is a client from the first packet to the echo of its event.
pub(super) fn run(site: &Site<'_>) -> Result<Outcome, Fault> {
    let process = site.start(CALM)?;
    let mut stream = Stream {
        net: Net::new(process.address)?,
        work: Upgrading {
            exchange: Exchange::event("echo", SHORT),
            clients: (0..AT_ONCE).map(|_| None).collect(),
            roles: Vec::new(),
            wishes: Vec::new(),
            next: 0,
            upgraded: 0,
            latency: Histogram::new(),
            wrongs: Wrongs::default(),
        },
    };
    let warming = Warming::begin(site, &process)?;
    while !warming.is_done()? {
        stream.run(Warming::STEP, true)?;
    }
    stream.work.latency.clear();
    let (before, span) = (stream.work.upgraded, Window::open(&process)?);
    stream.run(site.plan.measure, true)?;
    let mut outcome = Outcome::default();
    span.close(stream.work.upgraded - before, &mut outcome)?;
    stream.run(2 * LATE, false)?;
    let work = stream.work;
    outcome.put(figure::P50, work.latency.quantile(0.5));
    outcome.put(figure::P99, work.latency.quantile(0.99));
    outcome.wrongs = work.wrongs;
    Ok(outcome)
}
