//! The handshake as one value, with the keys that the reference server gives it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Handshake;

/// Headers of which the first one counts; of all others the values are joined, as in Node.js.
const ONCE: [&str; 18] = [
    "age",
    "authorization",
    "content-length",
    "content-type",
    "etag",
    "expires",
    "from",
    "host",
    "if-modified-since",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "proxy-authorization",
    "referer",
    "retry-after",
    "server",
    "user-agent",
];

/// What is known of a client's arrival, as `socket.handshake` of the JavaScript server writes it;
/// made by [`Socket::handshake_record`](crate::Socket::handshake_record).
///
/// It holds credentials: cookies, the query, `auth`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HandshakeRecord {
    /// The first request's headers by their names in small letters. One that came several times is
    /// joined with commas (cookies with semicolons), but for those of which the first one counts;
    /// `set-cookie` is a list.
    pub headers: BTreeMap<String, Value>,
    /// When the request came, as JavaScript writes a date in UTC:
    /// `Sat Nov 21 2026 19:51:04 GMT+0000 (Coordinated Universal Time)`.
    pub time: String,
    /// The client's address; the key is missing if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether the request had an `Origin` header.
    pub xdomain: bool,
    /// Whether the client came by TLS.
    pub secure: bool,
    /// When the request came, in milliseconds since 1970.
    pub issued: u64,
    /// The request's path and query.
    pub url: String,
    /// The query's parameters, decoded; of one that came twice the last value.
    pub query: BTreeMap<String, String>,
    /// What the client sent with the CONNECT packet of its namespace; an empty object if nothing.
    pub auth: Value,
}

impl HandshakeRecord {
    pub(crate) fn new(handshake: &Handshake, auth: &str) -> HandshakeRecord {
        let since = handshake.time.duration_since(SystemTime::UNIX_EPOCH);
        let url = handshake.uri().path_and_query();
        let query = handshake.query_pairs().iter().cloned();
        HandshakeRecord {
            headers: headers(handshake),
            time: javascript_date(handshake.time),
            address: handshake.address.map(|address| address.to_string()),
            xdomain: handshake.cross_domain,
            secure: handshake.secure,
            issued: since.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
            url: url.map_or_else(|| "/".to_owned(), ToString::to_string),
            query: query.collect(),
            // It was read before, so it is JSON.
            auth: serde_json::from_str(auth).unwrap_or_default(),
        }
    }
}

fn headers(handshake: &Handshake) -> BTreeMap<String, Value> {
    let mut joined = BTreeMap::new();
    for name in handshake.headers().keys() {
        let values = handshake.headers().get_all(name).iter();
        // Each byte is a character, as in Node.js.
        let mut values = values.map(|value| value.as_bytes().iter().copied().map(char::from));
        let value = match name.as_str() {
            "set-cookie" => values.map(String::from_iter).collect(),
            known if ONCE.contains(&known) => values.next().map(String::from_iter).into(),
            known => {
                let between = if known == "cookie" { "; " } else { ", " };
                let values: Vec<String> = values.map(String::from_iter).collect();
                values.join(between).into()
            }
        };
        joined.insert(name.as_str().to_owned(), value);
    }
    joined
}

/// `Sat Nov 21 2026 19:51:04 GMT+0000 (Coordinated Universal Time)`.
fn javascript_date(time: SystemTime) -> String {
    // Sat, 21 Nov 2026 19:51:04 GMT
    let date = httpdate::fmt_http_date(time);
    let words: Vec<&str> = date
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    match words[..] {
        [weekday, day, month, year, clock, zone] => {
            format!(
                "{weekday} {month} {day} {year} {clock} {zone}+0000 (Coordinated Universal Time)"
            )
        }
        _ => date,
    }
}

impl fmt::Debug for HandshakeRecord {
    /// Leaves out what carries credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeRecord")
            .field("address", &self.address)
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}
