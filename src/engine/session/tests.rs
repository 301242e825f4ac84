//! Sessions played in virtual time; each row of the protocol's tables is a named test.

mod closing;
mod handshake;
mod heartbeat;
mod laws;
mod polling;
mod upgrade;
mod version3;
mod websocket;

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

use super::*;

const PROTOCOL_ERROR: CloseReason = CloseReason::ParseError;

/// A session, its clock, and everything said in words.
///
/// What the session transmits is written `GET …` for the answer of a parked GET, with `|` for the
/// separator, `WS …` for a frame, and `hangup`.
struct Play {
    session: Session,
    now: Moment,
}

impl Play {
    fn open(transport: Transport, config: Config) -> Play {
        let now = Moment::new(Duration::from_secs(100));
        let session = Session::open(&Sid::new("abc"), transport, Arc::new(config), now);
        Play { session, now }
    }

    /// A session on polling whose open packet has been fetched.
    fn polling() -> Play {
        let mut play = Play::open(Transport::Polling, Config::default());
        assert_eq!(play.get().len(), 1);
        play
    }

    /// A session that started on a WebSocket, its open packet sent.
    fn websocket() -> Play {
        let mut play = Play::open(Transport::WebSocket, Config::default());
        assert_eq!(play.drain().len(), 1);
        play
    }

    /// A polling session whose candidate has not said anything.
    fn candidate() -> Play {
        let mut play = Play::polling();
        assert_eq!(play.session.handle_websocket(play.now), Ok(()));
        assert_eq!(play.drain(), NOTHING);
        play
    }

    /// A polling session whose candidate has probed.
    fn proven() -> Play {
        let mut play = Play::candidate();
        assert_eq!(play.hears("2probe"), ["WS 3probe"]);
        play
    }

    /// A session that has moved to a WebSocket.
    fn upgraded() -> Play {
        let mut play = Play::proven();
        assert_eq!(play.hears("5"), NOTHING);
        assert_eq!(play.session.transport(), Transport::WebSocket);
        play
    }

    fn drain(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(transmit) = self.session.poll_transmit() {
            said.push(match transmit {
                Transmit::Poll(body) => {
                    format!(
                        "GET {}",
                        str::from_utf8(body.bytes()).unwrap().replace('\x1e', "|")
                    )
                }
                Transmit::Frame(Frame::Text(text)) => format!("WS {text}"),
                Transmit::Frame(Frame::Binary(bytes)) => format!("WS {:02x?}", &bytes[..]),
                Transmit::Ping => "ping".to_owned(),
                Transmit::Hangup(None) => "hangup".to_owned(),
                Transmit::Hangup(Some(code)) => format!("hangup {code}"),
            });
        }
        said
    }

    /// A GET arrives and is taken.
    fn get(&mut self) -> Vec<String> {
        assert_eq!(self.session.handle_poll(), Ok(()));
        self.drain()
    }

    /// A POST comes in whole: its messages, then what is said.
    fn post(&mut self, body: &'static str) -> (Vec<String>, Vec<String>) {
        assert_eq!(self.session.handle_post(), Ok(()));
        self.session
            .handle_body(Bytes::from_static(body.as_bytes()));
        let mut messages = Vec::new();
        while let Some(message) = self.session.poll_message(self.now) {
            messages.push(in_words(message));
        }
        assert!(!self.session.posting());
        (messages, self.drain())
    }

    /// A packet without a message comes in on the WebSocket.
    fn hears(&mut self, frame: &str) -> Vec<String> {
        assert_eq!(
            self.session.handle_frame(self.now, frame.into()),
            None,
            "{frame}"
        );
        self.drain()
    }

    /// A message comes in on the WebSocket.
    fn message(&mut self, frame: impl Into<Frame>) -> Option<String> {
        self.session
            .handle_frame(self.now, frame.into())
            .map(in_words)
    }

    fn send(&mut self, frame: &str) -> Vec<String> {
        self.session.send(frame.into());
        self.drain()
    }

    fn close(&mut self) -> Vec<String> {
        self.session.close(self.now);
        self.drain()
    }

    fn gone(&mut self, gone: Gone) -> Vec<String> {
        self.session.handle_websocket_gone(gone);
        self.drain()
    }

    /// Time passes; every deadline fires when it is due.
    fn wait(&mut self, ms: u64) -> Vec<String> {
        let until = self.now + Duration::from_millis(ms);
        let mut said = Vec::new();
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.session.handle_timeout(self.now);
            said.extend(self.drain());
        }
        self.now = until;
        said
    }

    fn lives(&self) {
        assert!(self.session.is_open());
        assert_eq!(self.session.closed(), None);
    }

    /// The session is over for this reason, and nothing comes from it any more.
    fn is_over(&mut self, reason: CloseReason) {
        assert_eq!(self.session.closed(), Some(&reason));
        assert_eq!(self.session.poll_timeout(), None);
        assert_eq!(self.session.queued_bytes(), 0);
        assert!(!self.session.posting());
        assert!(!self.session.is_open() && !self.session.is_closing());
        self.session.send("4late".into());
        self.session.close(self.now);
        self.session.fail(PROTOCOL_ERROR);
        self.session.handle_timeout(self.now);
        assert_eq!(self.session.handle_poll(), Err(Overlap));
        assert_eq!(self.session.handle_post(), Err(Overlap));
        assert_eq!(
            self.session.handle_websocket(self.now),
            Err(Refused::NotOpen)
        );
        assert_eq!(self.message("4late"), None);
        assert_eq!(self.drain(), NOTHING);
        assert_eq!(self.session.closed(), Some(&reason));
    }
}

const NOTHING: [&str; 0] = [];

fn in_words(message: Frame) -> String {
    match message {
        Frame::Text(text) => text.to_string(),
        Frame::Binary(bytes) => format!("{:02x?}", &bytes[..]),
    }
}

fn error(fault: Fault) -> CloseReason {
    CloseReason::TransportError(fault)
}

fn binary(bytes: &'static [u8]) -> Frame {
    Frame::Binary(Bytes::from_static(bytes))
}

fn text(text: &'static str) -> Frame {
    Frame::Text(ByteString::from_static(text))
}
