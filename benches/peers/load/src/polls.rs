//! Clients that poll: handshake, CONNECT, then a POST if there is something to say and a GET for
//! what there is to hear, one after the other on one connection.

use crate::fault::{Fault, excerpt};
use crate::http::{self, SEPARATOR};
use crate::net::{Handler, Step};

/// What a client says and hears once it has joined.
pub(crate) trait Talk {
    /// Puts into `body` what the client says now; nothing, if it goes on listening.
    fn next(&mut self, id: usize, body: &mut Vec<u8>);

    /// A packet that is not of the heartbeat.
    fn packet(&mut self, id: usize, packet: &[u8]) -> Result<(), Fault>;
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    Opening,
    Posting,
    Getting,
    /// Another connection says goodbye for the client with this number.
    Leaving(usize),
}

struct Client {
    phase: Phase,
    joined: bool,
    /// It has said goodbye; what it is sent from now on is not listened to.
    gone: bool,
    get: Vec<u8>,
    post: Vec<u8>,
}

/// All polling clients of one measurement.
pub(crate) struct Polls<T> {
    pub(crate) talk: T,
    /// Clients that have joined.
    pub(crate) joined: usize,
    pub(crate) pings: u64,
    /// Goodbyes that were answered.
    pub(crate) left: usize,
    extra: String,
    handshake: Vec<u8>,
    clients: Vec<Client>,
    body: Vec<u8>,
}

impl<T: Talk> Polls<T> {
    /// Clients whose requests carry `extra` header lines.
    pub(crate) fn new(talk: T, extra: &str) -> Self {
        Self {
            talk,
            joined: 0,
            pings: 0,
            left: 0,
            extra: extra.to_owned(),
            handshake: http::get("", extra),
            clients: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Notes that connection `id` was begun: a client, or a goodbye for another.
    pub(crate) fn begun(&mut self, id: usize, goodbye_for: Option<usize>) {
        while self.clients.len() <= id {
            self.clients.push(Client {
                phase: Phase::Opening,
                joined: false,
                gone: false,
                get: Vec::new(),
                post: Vec::new(),
            });
        }
        self.clients[id].phase = goodbye_for.map_or(Phase::Opening, Phase::Leaving);
        self.clients[id].joined = false;
        self.clients[id].gone = false;
    }

    /// Whether the client waits in a GET.
    pub(crate) fn is_parked(&self, id: usize) -> bool {
        self.clients[id].joined && self.clients[id].phase == Phase::Getting
    }

    /// A client that has nothing to do speaks up.
    fn speak(&mut self, id: usize, out: &mut Vec<u8>) {
        let client = &mut self.clients[id];
        if self.body.is_empty() {
            client.phase = Phase::Getting;
            out.extend_from_slice(&client.get);
        } else {
            client.phase = Phase::Posting;
            http::put_body(&client.post, &self.body, out);
        }
    }

    fn packets(&mut self, id: usize, body: &[u8]) -> Result<(), Fault> {
        self.body.clear();
        for packet in body.split(|byte| *byte == SEPARATOR) {
            match packet {
                b"2" => {
                    self.pings += 1;
                    self.body.push(b'3');
                }
                b"6" => {}
                [b'4', b'0', ..] if !self.clients[id].joined => {
                    self.clients[id].joined = true;
                    self.joined += 1;
                }
                packet if self.clients[id].joined => self.talk.packet(id, packet)?,
                other => {
                    return Err(Fault::new(format!("before CONNECT: {}", excerpt(other))));
                }
            }
        }
        if self.clients[id].joined && self.body.is_empty() {
            self.talk.next(id, &mut self.body);
        }
        Ok(())
    }

    fn answer(&mut self, id: usize, body: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault> {
        match self.clients[id].phase {
            Phase::Opening => {
                let sid = http::sid(body)?;
                let client = &mut self.clients[id];
                client.get = http::get(&sid, &self.extra);
                client.post = http::post(&sid, &self.extra);
                self.body.clear();
                self.body.extend_from_slice(b"40");
                self.speak(id, out);
            }
            Phase::Posting => {
                if !body.eq_ignore_ascii_case(b"ok") {
                    return Err(Fault::new(format!("POST answered {}", excerpt(body))));
                }
                self.body.clear();
                if self.clients[id].joined {
                    self.talk.next(id, &mut self.body);
                }
                self.speak(id, out);
            }
            Phase::Getting => {
                self.packets(id, body)?;
                self.speak(id, out);
            }
            Phase::Leaving(_) => {
                self.joined -= 1;
                self.left += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl<T: Talk> Handler for Polls<T> {
    fn connected(&mut self, id: usize, out: &mut Vec<u8>) {
        match self.clients[id].phase {
            Phase::Leaving(other) => {
                http::put_body(&self.clients[other].post, b"1", out);
                self.clients[other].gone = true;
            }
            _ => out.extend_from_slice(&self.handshake),
        }
    }

    fn received(&mut self, id: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        let mut step = Step {
            consumed: 0,
            close: false,
        };
        if self.clients[id].gone {
            step.consumed = bytes.len();
            return Ok(step);
        }
        while let Some((body, length)) = http::answer(&bytes[step.consumed..])? {
            step.consumed += length;
            step.close = !self.answer(id, body, out)?;
        }
        Ok(step)
    }

    fn closed(&mut self, id: usize) -> Result<(), Fault> {
        match self.clients[id].phase {
            _ if self.clients[id].gone => Ok(()),
            phase => Err(Fault::new(format!("the server closed while {phase:?}"))),
        }
    }
}
