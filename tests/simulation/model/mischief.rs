//! What a client does of its own accord: speaks, joins, leaves, upgrades; and what it should not do.

use bytes::Bytes;
use trunkline::engine::{Gone, payload};
use trunkline::wire::Frame;

use super::client::{Stage, View};
use super::ledger::Told;
use super::network::{GetUp, PostUp, SocketUp};
use super::speech;
use super::world::{World, ms};

/// Frames that are wrong, or right at another time.
const HOSTILE: [&str; 50] = [
    "",
    "2",
    "2probe",
    "3",
    "3probe",
    "5",
    "6",
    "0",
    "0{}",
    "7",
    "x",
    "b",
    "bAQID",
    "b!!!!",
    "4",
    "40",
    "40{}",
    "40{",
    "40[]",
    "40/a,",
    "40/d,{}",
    "40/elsewhere,",
    "41",
    "41x",
    "41/c,",
    "42",
    "42[]",
    "42[1,2]",
    "42{}",
    r#"42["connect"]"#,
    r#"42["x"]"#,
    r#"42["x""#,
    r#"42["x",]"#,
    r#"42["x",1"#,
    r#"42["x","#,
    r#"42["x",nul]"#,
    r#"42["x"]]"#,
    r#"42/b,["x"]"#,
    r#"4299999999999999999999["x"]"#,
    "43",
    "431[1]",
    "431[",
    "43/c,1[]",
    "44",
    r#"450-["x"]"#,
    r#"451-["x",{"_placeholder":true,"num":7}]"#,
    r#"4599-["x"]"#,
    r#"45["x"]"#,
    "461-1[]",
    "4\u{1F600}",
];

/// The number of namespaces that a client uses when it behaves.
const USUAL: u32 = 3;

impl World {
    /// One client does something.
    pub(super) fn client_acts(&mut self) {
        let Some(at) = self.any_host() else {
            return;
        };
        let client = &self.hosts[at].client;
        if client.is_silent || client.stage == Stage::Gone {
            return;
        }
        let chance = if client.is_rowdy { 18 } else { 0 };
        if self.dice.chance(chance) {
            self.misbehave(at);
        } else {
            self.behave(at);
        }
        self.pump(at);
    }

    fn behave(&mut self, at: usize) {
        if self.hosts[at].is_bare {
            match self.dice.below(4) {
                0..3 if self.hosts[at].client.stage != Stage::Opening => self.speak_up(at, 0),
                _ => self.upgrade(at),
            }
            return;
        }
        let namespace = self.dice.below(USUAL) as usize;
        let View {
            is_in, is_asking, ..
        } = self.hosts[at].client.views[namespace];
        match self.dice.below(20) {
            0..10 if is_in => self.speak_up(at, namespace),
            10 if is_in => {
                self.tally.count("client left a namespace");
                self.say(
                    at,
                    namespace,
                    vec![speech::header("1", namespace, None).into()],
                );
                self.hosts[at].client.views[namespace] = View::default();
            }
            0..14 if !is_in && !is_asking && self.hosts[at].client.stage != Stage::Opening => {
                self.connect(at, namespace);
            }
            14..18 => self.upgrade(at),
            18 if !matches!(self.hosts[at].client.stage, Stage::Probing { .. }) => {
                let until = self.now + ms(1 + self.dice.below(9_000));
                self.hosts[at].client.dozes_until.get_or_insert(until);
            }
            _ => {}
        }
    }

    /// Sends an event.
    pub(super) fn speak_up(&mut self, at: usize, namespace: usize) {
        let number = self.number();
        let id = self.dice.chance(35).then_some(u64::from(number));
        let is_binary = self.dice.chance(25);
        self.hosts[at].ledger.tell(namespace, Told::Event(number));
        let frames = match (self.hosts[at].is_bare, is_binary) {
            (true, true) => vec![speech::attachment(number).into()],
            (true, false) => vec![format!("4{number}").into()],
            (false, _) => speech::event(namespace, number, id, is_binary),
        };
        self.say(at, namespace, frames);
    }

    fn misbehave(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        host.client.excuse("it misbehaved");
        let is_polling = matches!(host.client.stage, Stage::Polling | Stage::Opening);
        match self.dice.below(40) {
            0..4 if is_polling => self.overlap_gets(at),
            4..7 if is_polling => self.overlap_posts(at),
            7..10 if is_polling => self.drop_get(at),
            10..13 if is_polling => self.drop_post(at),
            13..15 if is_polling => self.post_wrongly(at),
            0..7 if !is_polling => self.cut_socket(at),
            7..10 if !is_polling => self.send_too_much(at),
            15..25 => self.be_hostile(at),
            25..27 => self.hosts[at].client.is_silent = true,
            27..30 => self.say_close(at),
            30..32 => {
                // Another WebSocket beside the one that is there, or may be.
                self.open_socket(at);
            }
            32..35 => self.flood(at),
            35 => self.poll_beside(at),
            36 => self.go(at, "it left"),
            _ => self.be_wild(at),
        }
    }

    fn overlap_gets(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        host.ledger.lossy_down = true;
        self.ask(at);
        self.ask(at);
    }

    fn overlap_posts(&mut self, at: usize) {
        self.hosts[at].ledger.lossy_up = true;
        self.post_body(at, Bytes::from_static(b"3"));
        self.post_body(at, Bytes::from_static(b"3"));
        // The second begins before the first has its body.
        let due = self.now;
        let host = &mut self.hosts[at];
        let number = host.client.number();
        host.network.post_up.push(due, PostUp::Begins(number));
        let number = host.client.number();
        host.network.post_up.push(due, PostUp::Begins(number));
    }

    fn drop_get(&mut self, at: usize) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        host.ledger.lossy_down = true;
        if let Some(number) = host.client.get.take() {
            host.client.asked.remove(&number);
            host.network.get_up.push(due, GetUp::Drops(number));
        }
    }

    fn drop_post(&mut self, at: usize) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        host.ledger.lossy_up = true;
        let number = host.client.number();
        host.network.post_up.push(due, PostUp::Begins(number));
        host.network.post_up.push(due, PostUp::Drops(number));
    }

    fn post_wrongly(&mut self, at: usize) {
        let due = self.latency(at);
        let is_large = self.dice.chance(50);
        let host = &mut self.hosts[at];
        let number = host.client.number();
        if is_large {
            host.network.post_up.push(due, PostUp::Begins(number));
            host.network.post_up.push(due, PostUp::TooLarge(number));
        } else {
            host.network
                .post_up
                .push(due, PostUp::InvalidContent(number));
        }
    }

    fn cut_socket(&mut self, at: usize) {
        let due = self.latency(at);
        let gone = *self.dice.pick(&[Gone::Closed, Gone::Failed]);
        let host = &mut self.hosts[at];
        host.ledger.lossy_down = true;
        if let Some(number) = host.client.socket {
            host.network
                .socket_up
                .push(due, SocketUp::Ends(number, gone));
        }
    }

    fn send_too_much(&mut self, at: usize) {
        let text = "4".repeat(self.engine.max_payload + 1);
        self.send_frame(at, text.into());
    }

    /// Sends a frame from the list, or several.
    fn be_hostile(&mut self, at: usize) {
        self.tally.count("hostile frames");
        let count = 1 + self.dice.below(2);
        let host = &mut self.hosts[at];
        host.ledger.lossy_up = true;
        // Another CONNECT, or without Socket.IO a `41`, may be quite in order.
        host.client.is_wild = true;
        for _ in 0..count {
            let frame = Frame::from(*self.dice.pick(&HOSTILE));
            self.hosts[at].client.outbox.push(frame);
        }
    }

    /// Sends bytes without any form, on whatever lane there is.
    fn be_wild(&mut self, at: usize) {
        let junk = Bytes::from(self.dice.junk(40));
        let host = &mut self.hosts[at];
        host.client.is_wild = true;
        host.ledger.lossy_up = true;
        match std::str::from_utf8(&junk) {
            Ok(text) if self.dice.chance(50) => {
                let prefix = self.dice.pick(&["", "4", "42", "40", "451-", "43"]);
                let frame = Frame::from(format!("{prefix}{text}"));
                self.hosts[at].client.outbox.push(frame);
            }
            _ if self.hosts[at].client.stage == Stage::Polling => self.post_body(at, junk),
            _ => self.hosts[at].client.outbox.push(junk.into()),
        }
    }

    /// Leaves by a close packet.
    fn say_close(&mut self, at: usize) {
        self.hosts[at].client.outbox.push("1".into());
    }

    /// More CONNECTs, or more events behind a CONNECT, than there is room for.
    fn flood(&mut self, at: usize) {
        if self.hosts[at].is_bare || self.hosts[at].client.stage == Stage::Opening {
            return;
        }
        self.tally.count("flood");
        if self.dice.chance(40) {
            for namespace in 0..self.hosts[at].client.views.len() {
                let View {
                    is_in, is_asking, ..
                } = self.hosts[at].client.views[namespace];
                if !is_in && !is_asking {
                    self.connect(at, namespace);
                }
            }
        }
        let asking = |view: &View| view.is_asking;
        let Some(namespace) = self.hosts[at].client.views.iter().position(asking) else {
            return;
        };
        for _ in 0..12 {
            self.speak_up(at, namespace);
        }
    }

    /// Polls although it has a WebSocket.
    fn poll_beside(&mut self, at: usize) {
        self.hosts[at].ledger.lossy_down = true;
        let frame = Frame::from_static("6");
        self.ask(at);
        self.post_body(at, payload::join([&frame].into_iter()));
    }
}
