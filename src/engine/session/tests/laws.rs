//! Random histories: whatever happens, nothing is lost, doubled, reordered or left behind, in either
//! version.

use proptest::prelude::*;

use super::version3::{self, BYTES, JSONP};
use super::*;

#[derive(Clone, Debug)]
enum Step {
    Send,
    Get,
    GetGone,
    Post(&'static str),
    BeginPost,
    PostGone,
    WebSocket,
    Frame(&'static str),
    WebSocketGone(Gone),
    Wait(u64),
    Close,
    Pause,
    Resume,
}

fn any_step() -> impl Strategy<Value = Step> {
    let posted = prop::sample::select(vec!["4a", "3", "3\x1e4a", "1", "x", "2", "6"]);
    let frames = prop::sample::select(vec!["2probe", "5", "4a", "3", "1", "x", "2"]);
    let goings = prop::sample::select(vec![Gone::Closed, Gone::Failed, Gone::TooLarge]);
    prop_oneof![
        8 => Just(Step::Send),
        8 => Just(Step::Get),
        1 => Just(Step::GetGone),
        2 => posted.prop_map(Step::Post),
        1 => Just(Step::BeginPost),
        1 => Just(Step::PostGone),
        4 => Just(Step::WebSocket),
        2 => Just(Step::Frame("2probe")),
        2 => Just(Step::Frame("5")),
        4 => frames.prop_map(Step::Frame),
        1 => goings.prop_map(Step::WebSocketGone),
        4 => (0_u64..30_000).prop_map(Step::Wait),
        1 => Just(Step::Close),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

/// What the network saw, to hold it against what the session was asked.
struct Watch {
    encoding: Encoding,
    sent: usize,
    received: usize,
    parked: bool,
    websocket: bool,
    closing: bool,
}

/// A body of version 4 as a client with this encoding sends it.
fn posted(body: &'static str, encoding: Encoding) -> Bytes {
    let lengths: String = body
        .split('\x1e')
        .map(|packet| format!("{}:{packet}", packet.len()))
        .collect();
    match encoding {
        Encoding::V4 => Bytes::from_static(body.as_bytes()),
        Encoding::V3 { jsonp: None, .. } => lengths.into(),
        Encoding::V3 { jsonp: Some(_), .. } => format!("d={lengths}").into(),
    }
}

/// The packets of a body that a client with this encoding gets.
fn fetched(body: &str, encoding: Encoding) -> Vec<String> {
    let payload = match encoding {
        Encoding::V4 => return body.split('|').map(str::to_owned).collect(),
        Encoding::V3 { jsonp: None, .. } => body.to_owned(),
        Encoding::V3 { jsonp: Some(_), .. } => {
            let string = body.strip_prefix("___eio[3](").unwrap();
            serde_json::from_str(string.strip_suffix(");").unwrap()).unwrap()
        }
    };
    v3::split(Body::Text(payload.into()))
        .map(|packet| match packet.unwrap().encode() {
            Frame::Text(text) => text.to_string(),
            Frame::Binary(bytes) => panic!("{bytes:?}"),
        })
        .collect()
}

impl Watch {
    fn new(encoding: Encoding, websocket: bool) -> Watch {
        Watch {
            encoding,
            sent: 0,
            received: 0,
            parked: false,
            websocket,
            closing: false,
        }
    }

    fn step(&mut self, play: &mut Play, step: &Step) {
        let now = play.now;
        match step {
            Step::Send => {
                if play.session.is_open() {
                    play.session.send(format!("4{}", self.sent).into());
                    self.sent += 1;
                } else {
                    play.session.send("4never".into());
                }
            }
            Step::Get => {
                let parked = self.parked;
                let taken = play.session.handle_poll().is_ok();
                assert!(!(parked && taken), "two GETs are parked");
                self.parked |= taken;
            }
            Step::GetGone => {
                self.parked = false;
                play.session.handle_poll_gone();
            }
            Step::Post(body) => {
                if play.session.handle_post().is_ok() {
                    play.session.handle_body(posted(body, self.encoding));
                }
            }
            Step::BeginPost => {
                // An overlap closes the session; the result is what the laws look at.
                let _ = play.session.handle_post();
            }
            Step::PostGone => play.session.handle_post_gone(),
            Step::WebSocket => {
                let had = self.websocket;
                let taken = play.session.handle_websocket(now).is_ok();
                assert!(!(had && taken), "two WebSockets");
                self.websocket |= taken;
            }
            Step::Frame(frame) if self.websocket => {
                play.session.handle_frame(now, text(frame));
            }
            Step::WebSocketGone(gone) if self.websocket => {
                self.websocket = *gone == Gone::TooLarge;
                play.session.handle_websocket_gone(*gone);
            }
            Step::Frame(_) | Step::WebSocketGone(_) => {}
            Step::Wait(ms) => {
                let until = now + Duration::from_millis(*ms);
                while let Some(due) = play.session.poll_timeout().filter(|due| *due <= until) {
                    play.now = play.now.max(due);
                    play.session.handle_timeout(play.now);
                    self.drain(play);
                }
                play.now = until;
            }
            Step::Close => {
                self.closing = true;
                play.session.close(now);
            }
            Step::Pause => play.session.pause(now),
            Step::Resume => play.session.resume(now),
        }
        self.drain(play);
    }

    fn drain(&mut self, play: &mut Play) {
        while play.session.poll_message(play.now).is_some() {}
        for said in play.drain() {
            if said.starts_with("hangup") {
                assert!(self.websocket, "a hangup without a WebSocket");
                self.websocket = false;
            } else if let Some(body) = said.strip_prefix("GET ") {
                assert!(self.parked, "an answer without a GET");
                self.parked = false;
                for packet in fetched(body, self.encoding) {
                    self.packet(&packet);
                }
            } else if let Some(frame) = said.strip_prefix("WS ") {
                assert!(self.websocket, "a frame without a WebSocket");
                self.packet(frame);
            }
        }
        assert_eq!(self.parked, play.session.is_polling_parked());
        let queued: usize = play.session.queue.iter().map(Frame::len).sum();
        assert_eq!(queued, play.session.queued_bytes());
        if play.session.closed().is_some() {
            assert!(!self.parked && !self.websocket, "someone is left behind");
            assert_eq!(play.session.poll_timeout(), None);
        }
    }

    fn packet(&mut self, packet: &str) {
        if let Some(number) = packet.strip_prefix('4') {
            assert_eq!(
                number,
                self.received.to_string(),
                "lost, doubled or reordered"
            );
            self.received += 1;
        }
    }
}

proptest! {
    #[test]
    fn any_history_keeps_the_laws(
        on_websocket in any::<bool>(),
        encoding in prop::sample::select(vec![Encoding::V4, BYTES, JSONP]),
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let mut play = if on_websocket {
            version3::websocket(encoding)
        } else {
            version3::polling(encoding)
        };
        let mut watch = Watch::new(encoding, on_websocket);
        for step in &steps {
            watch.step(&mut play, step);
        }
        // While open, everything that was sent can still be fetched, and in order.
        if play.session.is_open() {
            if play.session.transport() == Transport::Polling && !watch.parked {
                watch.step(&mut play, &Step::Get);
            }
            prop_assert_eq!(watch.received, watch.sent);
        }
        // Silence ends everything.
        watch.step(&mut play, &Step::Resume);
        watch.step(&mut play, &Step::Wait(45_000));
        prop_assert!(play.session.closed().is_some());
    }
}
