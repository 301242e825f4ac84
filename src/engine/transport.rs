//! The two ways in which packets travel.

/// How a client exchanges packets with the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Transport {
    /// A waiting GET brings packets to the client, POSTs bring them to the server.
    Polling,
    /// One packet per WebSocket message.
    WebSocket,
}

impl Transport {
    /// The transport's name, as it stands in the query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Transport::Polling => "polling",
            Transport::WebSocket => "websocket",
        }
    }
}

/// Which transports the server offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transports {
    /// HTTP long polling.
    pub polling: bool,
    /// WebSocket, opened directly or as an upgrade.
    pub websocket: bool,
}

impl Default for Transports {
    fn default() -> Transports {
        Transports {
            polling: true,
            websocket: true,
        }
    }
}

impl Transports {
    pub(super) fn named(self, name: &str) -> Option<Transport> {
        match name {
            "polling" if self.polling => Some(Transport::Polling),
            "websocket" if self.websocket => Some(Transport::WebSocket),
            _ => None,
        }
    }
}
