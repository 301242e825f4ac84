//! What this server says about its sockets when it is asked.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::adapter::{HandshakeRecord, SocketRecord};
use crate::api::handshake::Handshake;
use crate::api::socket::Socket;

/// A socket as other nodes see it.
pub(crate) fn record(socket: &Socket) -> SocketRecord {
    SocketRecord {
        id: socket.id().clone(),
        handshake: handshake(socket),
        rooms: socket.rooms(),
        data: Value::Object(socket.data()),
    }
}

fn handshake(socket: &Socket) -> HandshakeRecord {
    let handshake = socket.handshake();
    let since = handshake.time.duration_since(SystemTime::UNIX_EPOCH);
    let issued = since.map_or(0, |since| since.as_millis());
    HandshakeRecord {
        headers: headers(handshake),
        // The form has no place for years beyond 9999 or before 1970.
        time: match handshake.time >= UNIX_EPOCH && issued < 253_402_300_800_000 {
            true => httpdate::fmt_http_date(handshake.time),
            false => String::new(),
        },
        address: handshake.address.map(|address| address.to_string()),
        xdomain: handshake.cross_domain,
        secure: handshake.secure,
        issued: issued.try_into().unwrap_or(u64::MAX),
        url: String::from_utf8_lossy(handshake.target()).into_owned(),
        query: query(handshake),
        auth: serde_json::from_str(socket.auth()).unwrap_or_default(),
    }
}

fn headers(handshake: &Handshake) -> Map<String, Value> {
    let mut headers: Map<String, Value> = Map::new();
    for (name, value) in handshake.lines() {
        let (name, value) = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        let name = name.to_ascii_lowercase();
        let separator = if name == "cookie" { "; " } else { ", " };
        match headers.get_mut(&name) {
            Some(Value::String(known)) => {
                known.push_str(separator);
                known.push_str(&value);
            }
            _ => drop(headers.insert(name, Value::String(value.into_owned()))),
        }
    }
    headers
}

fn query(handshake: &Handshake) -> BTreeMap<String, Value> {
    // Read again rather than unfolded, which would stay in memory with the client.
    let target = String::from_utf8_lossy(handshake.target());
    let query = target.split_once('?');
    let pairs = crate::engine::query_pairs(query.map_or("", |(_, query)| query));
    let strings = pairs.map(|(name, value)| (name, Value::String(value)));
    strings.collect()
}
