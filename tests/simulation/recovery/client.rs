//! The client's end: it takes the last argument of every event for an offset, as official clients do.

use serde_json::Value;
use trunkline::wire::Frame;

/// One client, over as many connections as it takes.
#[derive(Clone, Default)]
pub(super) struct Client {
    pub(super) sid: String,
    pub(super) pid: Option<String>,
    pub(super) offset: Option<String>,
    /// The numbers that it got in this session, apart from those nobody promised.
    pub(super) got: Vec<u64>,
    /// Whether the reply has come on the present connection.
    pub(super) is_connected: bool,
    /// Whether it still is the session of before.
    pub(super) is_recovered: bool,
    /// Events that came before the reply.
    early: Vec<Value>,
    /// An event whose attachment has not come.
    half: Option<Value>,
}

impl Client {
    /// What it asks with.
    pub(super) fn connect(&self) -> String {
        let mut auth = serde_json::Map::new();
        if let Some(pid) = &self.pid {
            auth.insert("pid".to_owned(), pid.as_str().into());
        }
        if let Some(offset) = self.offset.as_ref().filter(|_| self.pid.is_some()) {
            auth.insert("offset".to_owned(), offset.as_str().into());
        }
        format!("40{}", Value::from(auth))
    }

    /// The connection is gone, with what was not used of it.
    pub(super) fn cut(&mut self) {
        self.is_connected = false;
        self.early.clear();
        self.half = None;
    }

    pub(super) fn is_waiting_for_bytes(&self) -> bool {
        self.half.is_some()
    }

    pub(super) fn hear(&mut self, frame: &Frame) {
        match frame {
            Frame::Binary(_) => {
                let event = self.half.take().expect("bytes belong to an event");
                self.take(event);
            }
            Frame::Text(text) if text.starts_with("40") => self.welcome(&text[2..]),
            Frame::Text(text) if text.starts_with("4") => {
                let text: &str = text;
                let (header, json) = text.split_at(text.find('[').unwrap_or(text.len()));
                // Answers to acknowledgements are nobody's business here.
                let Ok(event) = serde_json::from_str(json) else {
                    return;
                };
                match header {
                    "42" => self.take(event),
                    "451-" => self.half = Some(event),
                    _ => {}
                }
            }
            Frame::Text(_) => {}
        }
    }

    fn welcome(&mut self, json: &str) {
        let reply: Value = serde_json::from_str(json).expect("the reply is JSON");
        let (sid, pid) = (&reply["sid"], reply["pid"].as_str().map(str::to_owned));
        self.is_recovered = pid.is_some() && pid == self.pid;
        if !self.is_recovered {
            self.got.clear();
        }
        self.sid = sid.as_str().expect("an id").to_owned();
        self.pid = pid;
        self.is_connected = true;
        for event in std::mem::take(&mut self.early) {
            self.take(event);
        }
    }

    fn take(&mut self, event: Value) {
        if !self.is_connected {
            self.early.push(event);
            return;
        }
        if event[0] == "m" {
            self.got.push(event[1].as_u64().expect("a number"));
        }
        if let Some(Value::String(last)) = event.as_array().and_then(|args| args.last()) {
            self.offset = Some(last.clone());
        }
    }
}
