//! Agreeing on permessage-deflate: a client's offers and a server's answer (RFC 7692, 5 and 7.1).
//!
//! No other extension is known, so that all others are passed over.

use std::borrow::Cow;
use std::fmt;

/// The name of the extension.
const NAME: &str = "permessage-deflate";

/// The smallest window that can be compressed with, as a power of two.
///
/// RFC 7692 knows one of 8 bits as well; zlib's format of compression cannot do with that.
pub const LEAST_WINDOW_BITS: u8 = 9;
/// The largest window, as a power of two; the one that is used unless a smaller one is agreed on.
pub const MOST_WINDOW_BITS: u8 = 15;

/// What a server is willing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Whether a message may refer to those before it. Whoever keeps that up keeps a window per
    /// connection and direction.
    pub context_takeover: bool,
    /// The largest window to compress with, from [`LEAST_WINDOW_BITS`] to [`MOST_WINDOW_BITS`].
    pub window_bits: u8,
}

/// What a server answers, and both ends keep to. [`Display`](fmt::Display) writes the value of
/// `Sec-WebSocket-Extensions`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// Whether each message of the server stands alone.
    pub server_no_context_takeover: bool,
    /// Whether each message of the client stands alone.
    pub client_no_context_takeover: bool,
    /// The server's window, if it is to be named; otherwise the largest.
    pub server_max_window_bits: Option<u8>,
}

impl Terms {
    /// Answers the values of a request's `Sec-WebSocket-Extensions`, in their order: the first
    /// offer that can be accepted wins. None if there is none, or if what is offered first is not
    /// even well formed.
    ///
    /// The client's window is its own matter and is not restricted, as inflating takes the same
    /// memory for each.
    pub fn accept<'a>(self, values: impl IntoIterator<Item = &'a str>) -> Option<Agreement> {
        for value in values {
            let mut scanner = Scanner(value);
            loop {
                while scanner.eat(',') {}
                if scanner.is_at_end() {
                    break;
                }
                let offer = scanner.offer()?;
                if let Some(agreement) = offer.and_then(|offer| self.answer(offer)) {
                    return Some(agreement);
                }
            }
        }
        None
    }

    /// The answer to one offer, unless it must be declined (RFC 7692, 7.1.1 and 7.1.2).
    fn answer(self, offer: Offer) -> Option<Agreement> {
        let own = self.window_bits.clamp(LEAST_WINDOW_BITS, MOST_WINDOW_BITS);
        let server_max_window_bits = match offer.server_max_window_bits {
            Some(..LEAST_WINDOW_BITS) => return None,
            // Accepted by being named.
            Some(bits) => Some(bits.min(own)),
            // May be named unasked; every client must read it.
            None => (own < MOST_WINDOW_BITS).then_some(own),
        };
        Some(Agreement {
            server_no_context_takeover: offer.server_no_context_takeover || !self.context_takeover,
            // A hint if it is offered, an order if it is answered.
            client_no_context_takeover: offer.client_no_context_takeover || !self.context_takeover,
            server_max_window_bits,
        })
    }
}

impl Agreement {
    /// The window that the server compresses with, as a power of two.
    pub fn server_window_bits(&self) -> u8 {
        self.server_max_window_bits.unwrap_or(MOST_WINDOW_BITS)
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; server_max_window_bits={bits}")?;
        }
        Ok(())
    }
}

/// What a client would like.
#[derive(Clone, Copy, Default)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Whether it lets its own window be restricted.
    client_max_window_bits: bool,
}

impl Offer {
    /// The offer with this parameter; none if that declines it (RFC 7692, 7.1): an unknown
    /// parameter, one that comes twice, one whose value it cannot have.
    fn with(mut self, name: &str, value: Option<&str>) -> Option<Offer> {
        let is_first = match (name, value) {
            ("server_no_context_takeover", None) => {
                !std::mem::replace(&mut self.server_no_context_takeover, true)
            }
            ("client_no_context_takeover", None) => {
                !std::mem::replace(&mut self.client_no_context_takeover, true)
            }
            ("server_max_window_bits", Some(value)) => {
                let bits = window_bits(value)?;
                self.server_max_window_bits.replace(bits).is_none()
            }
            ("client_max_window_bits", value) => {
                if let Some(value) = value {
                    window_bits(value)?;
                }
                !std::mem::replace(&mut self.client_max_window_bits, true)
            }
            _ => return None,
        };
        is_first.then_some(self)
    }
}

/// A decimal from 8 to 15 without leading zeros (RFC 7692, 7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    let bits = value.parse().ok()?;
    (is_plain && (8..=MOST_WINDOW_BITS).contains(&bits)).then_some(bits)
}

/// Reads the header's value (RFC 6455, 9.1; RFC 9110, 5.6).
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// One element of the list up to its comma: the offer, or none if it is one that must be
    /// declined. None of that if it is not well formed.
    fn offer(&mut self) -> Option<Option<Offer>> {
        let mut offer = (self.token()? == NAME).then(Offer::default);
        while self.eat(';') {
            let name = self.token()?;
            let value = match self.eat('=') {
                true => Some(self.value()?),
                false => None,
            };
            offer = offer.and_then(|offer| offer.with(name, value.as_deref()));
        }
        (self.is_at_end() || self.0.starts_with(',')).then_some(offer)
    }

    fn token(&mut self) -> Option<&'a str> {
        let is_of_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let all = self.skip_blanks();
        let end = all.bytes().position(|byte| !is_of_token(byte));
        let (token, rest) = all.split_at(end.unwrap_or(all.len()));
        self.0 = rest;
        self.skip_blanks();
        (!token.is_empty()).then_some(token)
    }

    /// A token, or one in quotation marks.
    fn value(&mut self) -> Option<Cow<'a, str>> {
        let Some(quoted) = self.skip_blanks().strip_prefix('"') else {
            return self.token().map(Cow::Borrowed);
        };
        let mut text = String::new();
        let mut characters = quoted.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => text.push(characters.next()?),
                character => text.push(character),
            }
        }
        self.0 = characters.as_str();
        self.skip_blanks();
        Some(Cow::Owned(text))
    }

    fn eat(&mut self, mark: char) -> bool {
        match self.skip_blanks().strip_prefix(mark) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_blanks().is_empty()
    }

    fn skip_blanks(&mut self) -> &'a str {
        self.0 = self.0.trim_start_matches([' ', '\t']);
        self.0
    }
}

#[cfg(test)]
mod tests;
