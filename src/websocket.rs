//! The WebSocket protocol without I/O: a server's half of RFC 6455 as two values.
//!
//! A [`Decoder`] takes what has been read and gives messages, pings, pongs and the close; an
//! [`Outbox`] takes messages and gives what is to be written. Neither answers by itself: a ping's
//! pong, and the close frame that answers a close or a [`Violation`], are the caller's to send.
//! The opening handshake is HTTP's matter but for [`accept_key`].
//!
//! Both are small while nothing is half-received and nothing waits, so that a caller can keep one
//! read buffer and one write buffer for any number of connections.
//!
//! One extension is known, permessage-deflate (RFC 7692), server's half: [`Terms`] answer a client's
//! offers, a [`Deflater`] makes [`Compressed`] messages, [`Decoder::inflate`] reads them. Nothing of
//! it happens by itself: whoever sends decides what is worth compressing.

mod decoder;
mod deflate;
mod extension;
mod header;
mod mask;
mod message;
mod outbox;

#[cfg(test)]
mod client;
#[cfg(test)]
mod laws;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha1::{Digest, Sha1};

pub use decoder::Decoder;
pub use deflate::{Compressed, Deflater, Inflater};
pub use extension::{Agreement, LEAST_WINDOW_BITS, MOST_WINDOW_BITS, Terms};
pub use outbox::Outbox;

use crate::wire::Frame;

/// What is appended to the client's key (RFC 6455, 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key` (RFC 6455, 4.2.2).
///
/// The key is taken as it stands; whether it is 16 bytes in base64 is for the caller to check.
pub fn accept_key(key: &[u8]) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(KEY_SUFFIX);
    STANDARD.encode(hash.finalize())
}

/// What a client has sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// A message, whole; text is UTF-8.
    Message(Frame),
    /// A compressed message, whole, for [`Decoder::inflate`]; only if the decoder was made
    /// [for them](Decoder::with_compression).
    Compressed(Compressed),
    /// A ping, to be answered by a pong with the same payload (RFC 6455, 5.5.2 and 5.5.3).
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong(Bytes),
    /// The client closes; to be answered by a close frame, unless one has been sent already
    /// (RFC 6455, 5.5.1). Nothing comes after it.
    Close {
        /// What the client says by it, if anything.
        code: Option<u16>,
        /// Code and reason as they came, for the answer; the reason is UTF-8.
        payload: Bytes,
    },
}

/// What a client did wrong; the connection fails with [`close_code`](Violation::close_code)
/// (RFC 6455, 7.1.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Violation {
    /// A frame that the protocol does not allow, or not there; says why.
    #[error("{0}")]
    Protocol(&'static str),
    /// Text, or the reason of a close, is not UTF-8 (RFC 6455, 8.1).
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// What should be compressed is no DEFLATE data (RFC 1951).
    #[error("compressed data that cannot be read")]
    NotDeflate,
    /// A message is longer than accepted.
    #[error("a message over the limit")]
    TooBig,
}

impl Violation {
    /// The code to close with (RFC 6455, 7.4.1).
    pub const fn close_code(&self) -> u16 {
        match self {
            Violation::Protocol(_) => 1002,
            Violation::NotUtf8 | Violation::NotDeflate => 1007,
            Violation::TooBig => 1009,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_specification_is_accepted() {
        // RFC 6455, 1.3.
        assert_eq!(
            accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn each_violation_has_its_code_and_says_what_is_wrong() {
        let rows = [
            (Violation::Protocol("bad"), 1002, "bad"),
            (Violation::NotUtf8, 1007, "text that is not UTF-8"),
            (
                Violation::NotDeflate,
                1007,
                "compressed data that cannot be read",
            ),
            (Violation::TooBig, 1009, "a message over the limit"),
        ];
        for (violation, code, words) in rows {
            assert_eq!(violation.close_code(), code);
            assert_eq!(violation.to_string(), words);
        }
    }
}
