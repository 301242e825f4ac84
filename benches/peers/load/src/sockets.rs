//! WebSocket clients of Engine.IO and Socket.IO: request, open packet, CONNECT, heartbeat, close.
//!
//! What is said once a client has joined is the [`Work`]'s business.

use crate::fault::{Fault, excerpt};
use crate::frame::{self, CLOSE, PING, PONG, TEXT};
use crate::net::{Handler, Step};

/// The key of RFC 6455, section 1.3, and the answer that belongs to it.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What a client does after it has joined.
pub(crate) trait Work {
    /// The client may speak. `true`, as most do: it stays; `false`: it leaves at once.
    fn ready(&mut self, _id: usize, _out: &mut Vec<u8>) -> Result<bool, Fault> {
        Ok(true)
    }

    /// A Socket.IO packet (without the `4` of Engine.IO it would not be one) or an attachment.
    fn message(
        &mut self,
        id: usize,
        opcode: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Fault>;
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    Upgrading,
    Opening,
    Joining,
    Ready,
    Leaving,
}

/// All WebSocket clients of one measurement.
pub(crate) struct Sockets<W> {
    pub(crate) work: W,
    /// Clients that have joined and not left.
    pub(crate) ready: usize,
    /// Clients that have left in order.
    pub(crate) left: u64,
    /// Pings of Engine.IO that were answered.
    pub(crate) pings: u64,
    request: Vec<u8>,
    phases: Vec<Phase>,
}

/// The request for a WebSocket, with `extra` header lines, each ended by CR LF.
pub(crate) fn request(query: &str, extra: &str) -> Vec<u8> {
    format!(
        "GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{extra}\r\n"
    )
    .into_bytes()
}

/// Length of the answer that accepts the WebSocket, once it is complete.
///
/// # Errors
/// Any other answer.
pub(crate) fn accepted(bytes: &[u8]) -> Result<Option<usize>, Fault> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end];
    if !head.starts_with(b"HTTP/1.1 101") || !head.windows(ACCEPT.len()).any(|at| at == ACCEPT) {
        return Err(Fault::new(format!("no WebSocket: {}", excerpt(head))));
    }
    Ok(Some(end + 4))
}

impl<W: Work> Sockets<W> {
    /// Clients whose requests carry `extra` header lines.
    pub(crate) fn new(work: W, extra: &str) -> Self {
        Self {
            work,
            ready: 0,
            left: 0,
            pings: 0,
            request: request("", extra),
            phases: Vec::new(),
        }
    }

    /// The client says goodbye: the bytes to send. It is `left` when the server has answered.
    pub(crate) fn leave(&mut self, id: usize, out: &mut Vec<u8>) {
        if self.phases[id] == Phase::Ready {
            self.ready -= 1;
        }
        self.phases[id] = Phase::Leaving;
        frame::put(out, CLOSE, &1000_u16.to_be_bytes());
    }

    fn frame(
        &mut self,
        id: usize,
        frame: &frame::Frame<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Fault> {
        let phase = self.phases[id];
        match (phase, frame.opcode, frame.payload) {
            (Phase::Leaving, CLOSE, _) => {
                self.left += 1;
                return Ok(false);
            }
            (Phase::Leaving, ..) => {}
            (_, TEXT, b"2") => {
                self.pings += 1;
                frame::put(out, TEXT, b"3");
            }
            (Phase::Ready, opcode @ 0..=2, payload) => {
                self.work.message(id, opcode, payload, out)?;
            }
            (Phase::Opening, TEXT, [b'0', b'{', ..]) => {
                self.phases[id] = Phase::Joining;
                frame::put(out, TEXT, b"40");
            }
            (Phase::Joining, TEXT, [b'4', b'0', ..]) => {
                self.phases[id] = Phase::Ready;
                self.ready += 1;
                if !self.work.ready(id, out)? {
                    self.leave(id, out);
                }
            }
            (_, PING, payload) => {
                frame::put(out, PONG, payload);
            }
            (_, PONG, _) => {}
            (_, opcode, payload) => {
                return Err(Fault::new(format!(
                    "while {phase:?}: frame {opcode}, {}",
                    excerpt(payload)
                )));
            }
        }
        Ok(true)
    }
}

impl<W: Work> Handler for Sockets<W> {
    fn connected(&mut self, id: usize, out: &mut Vec<u8>) {
        if self.phases.len() <= id {
            self.phases.resize(id + 1, Phase::Upgrading);
        }
        self.phases[id] = Phase::Upgrading;
        out.extend_from_slice(&self.request);
    }

    fn received(&mut self, id: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault> {
        let mut consumed = 0;
        if self.phases[id] == Phase::Upgrading {
            match accepted(bytes)? {
                Some(length) => consumed = length,
                None => {
                    return Ok(Step {
                        consumed,
                        close: false,
                    });
                }
            }
            self.phases[id] = Phase::Opening;
        }
        while let Some(frame) = frame::take(&bytes[consumed..])? {
            consumed += frame.length;
            if !self.frame(id, &frame, out)? {
                return Ok(Step {
                    consumed,
                    close: true,
                });
            }
        }
        Ok(Step {
            consumed,
            close: false,
        })
    }

    fn closed(&mut self, id: usize) -> Result<(), Fault> {
        match self.phases[id] {
            Phase::Leaving => {
                self.left += 1;
                Ok(())
            }
            phase => Err(Fault::new(format!("the server closed while {phase:?}"))),
        }
    }
}
