//! The handshake as one value, with the keys that the reference server gives it.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use http::Uri;
use serde_json::Value;

use super::{Handshake, decode};
use crate::adapter::HandshakeRecord;

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

/// When a date has no written form any more: the year 10,000, in milliseconds.
const LAST_DATE: u128 = 253_402_300_800_000;

/// What is known of an arrival, with what came in the CONNECT packet (JSON).
///
/// The head is read again rather than unfolded, which would stay in memory with the client.
pub(crate) fn record(handshake: &Handshake, auth: &str) -> HandshakeRecord {
    let target = Uri::try_from(handshake.target()).unwrap_or_default();
    let url = target.path_and_query();
    let query = decode(target.query().unwrap_or_default()).into_iter();
    let since = handshake.time.duration_since(UNIX_EPOCH);
    let issued = since.map_or(0, |since| since.as_millis());
    HandshakeRecord {
        headers: headers(handshake),
        time: match handshake.time >= UNIX_EPOCH && issued < LAST_DATE {
            true => javascript_date(handshake.time),
            false => String::new(),
        },
        address: handshake.address.map(|address| address.to_string()),
        xdomain: handshake.cross_domain,
        secure: handshake.secure,
        issued: issued.try_into().unwrap_or(u64::MAX),
        url: url.map_or_else(|| "/".to_owned(), ToString::to_string),
        query: query.collect(),
        // It was read before, so it is JSON.
        auth: serde_json::from_str(auth).unwrap_or_default(),
    }
}

fn headers(handshake: &Handshake) -> BTreeMap<String, Value> {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in handshake.lines() {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        // Each byte is a character, as in Node.js.
        let value: String = value.iter().copied().map(char::from).collect();
        let separator = if name == "cookie" { "; " } else { ", " };
        match known.get_mut(&name) {
            Some(Value::Array(all)) => all.push(value.into()),
            Some(_) if ONCE.contains(&name.as_str()) => {}
            Some(Value::String(first)) => {
                first.push_str(separator);
                first.push_str(&value);
            }
            _ if name == "set-cookie" => {
                known.insert(name, vec![value].into());
            }
            _ => {
                known.insert(name, value.into());
            }
        }
    }
    known
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
