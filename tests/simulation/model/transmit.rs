//! What the core wants sent, as the shell performs it and the laws judge it.

use bytes::Bytes;
use trunkline::engine::{Packet, Transmit, payload};
use trunkline::wire::Frame;

use super::law::Law;
use super::network::{GetDown, SocketDown};
use super::world::World;

impl World {
    pub(super) fn perform(&mut self, at: usize) {
        let mut is_dropped = false;
        loop {
            let host = &mut self.hosts[at];
            if host.socket.is_some() && host.blocked_until.is_some() {
                if host.connection.closed().is_none() {
                    return;
                }
                // A reader that takes nothing more cannot be told of the end either.
                self.end_socket(at);
                is_dropped = true;
            }
            let host = &mut self.hosts[at];
            let before = host.connection.queued_bytes();
            let Some(transmit) = host.connection.poll_transmit() else {
                return;
            };
            if is_dropped && matches!(transmit, Transmit::Hangup(_)) {
                continue;
            }
            let after = host.connection.queued_bytes();
            let carried = before.checked_sub(after);
            let (weight, is_over) = (weight(&transmit), host.is_over());
            self.laws
                .hold(Law::QueueIsExact, carried == Some(weight), || {
                    format!("{before} bytes queued, then {after}; {weight} left in {transmit:?}")
                });
            self.laws
                .hold(Law::ClosedIsSilent, !is_over, || format!("{transmit:?}"));
            let upgraded = self.hosts[at].client.has_upgraded;
            for transmit in self.shim.bend(transmit, upgraded) {
                self.transmit(at, transmit);
            }
        }
    }

    pub(super) fn transmit(&mut self, at: usize, transmit: Transmit) {
        let due = self.latency(at);
        let over = self.hosts[at].is_over();
        self.laws
            .hold(Law::ClosedIsSilent, !over, || format!("{transmit:?}"));
        let host = &mut self.hosts[at];
        match transmit {
            Transmit::Poll(body) => {
                let body = body.bytes().clone();
                self.laws.note(b'P', &body);
                let again = rejoined(&body);
                self.laws
                    .hold(Law::RoundTrip, again.as_ref() == Some(&body), || {
                        format!("the body {body:?} becomes {again:?}")
                    });
                let parked = host.parked.take();
                self.laws.hold(Law::AnsweredOnce, parked.is_some(), || {
                    format!("{body:?} answers no GET")
                });
                if let Some(number) = parked {
                    host.network
                        .get_down
                        .push(due, GetDown::Payload(number, body));
                }
            }
            Transmit::Frame(frame) => {
                self.laws.note(b'F', bytes_of(&frame));
                let again = Packet::decode(frame.clone()).map(Packet::encode);
                self.laws
                    .hold(Law::RoundTrip, again.as_ref() == Ok(&frame), || {
                        format!("{frame:?} becomes {again:?}")
                    });
                self.laws
                    .hold(Law::OneWebSocket, host.socket.is_some(), || {
                        format!("{frame:?} has no WebSocket")
                    });
                if let Some(number) = host.socket {
                    host.network
                        .socket_down
                        .push(due, SocketDown::Frame(number, frame));
                }
            }
            Transmit::Hangup(code) => {
                self.laws.note(b'H', &code.unwrap_or(0).to_be_bytes());
                let has_socket = host.socket.is_some();
                self.laws.hold(Law::OneWebSocket, has_socket, || {
                    "nothing to hang up".to_owned()
                });
                self.end_socket(at);
            }
            Transmit::Ping => self
                .laws
                .hold(Law::OneWebSocket, false, || "a ping".to_owned()),
        }
    }

    pub(super) fn end_socket(&mut self, at: usize) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        host.blocked_until = None;
        if let Some(number) = host.socket.take() {
            host.network.socket_down.push(due, SocketDown::Ends(number));
        }
    }
}

/// The bytes of a transmit that came from the queue; noops, closes and probe replies do not.
fn weight(transmit: &Transmit) -> usize {
    match transmit {
        Transmit::Frame(Frame::Text(text)) if *text == "3probe" => 0,
        Transmit::Frame(frame) => frame.len(),
        Transmit::Poll(body) => payload::split(body.bytes().clone())
            .map(|packet| match packet {
                Ok(Packet::Noop | Packet::Close) | Err(_) => 0,
                Ok(packet) => packet.encode().len(),
            })
            .sum(),
        Transmit::Ping | Transmit::Hangup(_) => 0,
    }
}

fn rejoined(body: &Bytes) -> Option<Bytes> {
    let packets: Result<Vec<_>, _> = payload::split(body.clone()).collect();
    let frames: Vec<_> = packets.ok()?.into_iter().map(Packet::encode).collect();
    Some(payload::join(frames.iter()))
}

pub(crate) fn bytes_of(frame: &Frame) -> &[u8] {
    match frame {
        Frame::Text(text) => text.as_bytes(),
        Frame::Binary(bytes) => bytes,
    }
}
