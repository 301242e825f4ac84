//! The versions of the protocol, and how a client of each wants its packets written.

use crate::wire::query;

/// The version of the protocol that a session speaks, from its handshake to its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Version {
    /// The protocol of Socket.IO 1 and 2 clients; see [`v3`](super::v3).
    V3,
    /// The protocol of today's clients.
    V4,
}

/// How packets are written for a client and read from it, as the request with which its session
/// began has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As in version 4.
    V4,
    /// As in version 3.
    V3 {
        /// How binary messages travel.
        binary: BinaryForm,
        /// Long polling by scripts and forms instead of by requests, if the client asked for it.
        jsonp: Option<Callback>,
    },
}

/// How binary messages travel on a transport of version 3.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryForm {
    /// As bytes.
    Bytes,
    /// As `b4` and base64 in text: the request for the transport had `b64`.
    Base64,
}

/// The number of the function `___eio[…]` that a script of JSONP calls.
///
/// A number and nothing else: it is written into a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Callback(pub u32);

impl Encoding {
    /// That of a client of version 3 which sent this query.
    ///
    /// `b64` counts if it has a value; of `j` the digits count, and without any that make a
    /// 32-bit number it is ignored (Engine.IO protocol, version 3, "Transports").
    pub(super) fn old(query: &str) -> Encoding {
        let (mut binary, mut jsonp) = (BinaryForm::Bytes, None);
        for (name, value) in query::pairs(query) {
            match &*name {
                "b64" if value.is_empty() => binary = BinaryForm::Bytes,
                "b64" => binary = BinaryForm::Base64,
                "j" => jsonp = Callback::read(&value),
                _ => {}
            }
        }
        Encoding::V3 { binary, jsonp }
    }

    /// The version that it belongs to.
    pub const fn version(self) -> Version {
        match self {
            Encoding::V4 => Version::V4,
            Encoding::V3 { .. } => Version::V3,
        }
    }

    /// Whether answers to polls are scripts, which browsers run for any page.
    pub const fn is_script(self) -> bool {
        matches!(self, Encoding::V3 { jsonp: Some(_), .. })
    }

    /// How binary messages travel on a WebSocket with this encoding.
    pub(super) const fn binary(self) -> BinaryForm {
        match self {
            Encoding::V4 => BinaryForm::Bytes,
            Encoding::V3 { binary, .. } => binary,
        }
    }
}

impl Callback {
    fn read(value: &str) -> Option<Callback> {
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        digits.parse().ok().map(Callback)
    }
}
