//! The revisions of the protocol, and what the clients of the older one get and send instead.

#[cfg(test)]
mod tests;

use std::collections::btree_map::{BTreeMap, Entry};

use serde::Serialize;
use serde_json::Value;

use super::client::ConnectError;
use super::packet::PacketError;
use crate::wire::{SocketId, query};

/// The revision of the Socket.IO protocol that a client speaks.
///
/// It follows from the transport's: revision 4 is spoken over Engine.IO 3, revision 5 over
/// Engine.IO 4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Revision {
    /// That of Socket.IO 1 and 2 clients.
    ///
    /// `/` is joined without asking; a namespace may have a query behind it, which is the client's
    /// credentials; the reply to CONNECT is empty, since the client makes up its id itself; and a
    /// refusal is the bare text or data (Socket.IO protocol, "Difference between v5 and v4").
    V4,
    /// That of today's clients.
    V5,
}

impl Revision {
    /// The name and the query of a packet's namespace.
    ///
    /// # Errors
    ///
    /// When the name has more than `limit` bytes.
    #[inline]
    pub(super) fn address(
        self,
        namespace: &str,
        limit: usize,
    ) -> Result<(&str, Option<&str>), PacketError> {
        if self == Revision::V5 {
            return Ok((namespace, None));
        }
        let (name, query) = match namespace.split_once('?') {
            Some((name, query)) => (name, Some(query)),
            None => (namespace, None),
        };
        let length = name.len();
        if length > limit {
            return Err(PacketError::NamespaceTooLong { length, limit });
        }
        Ok((name, query))
    }

    /// How long a namespace may be before its name is known.
    #[inline]
    pub(super) fn longest_namespace(self, limit: usize) -> usize {
        match self {
            // With a query it is as long as any message may be.
            Revision::V4 => usize::MAX,
            Revision::V5 => limit,
        }
    }

    /// What a client is told that was let in.
    pub(super) fn welcome(self, socket: &SocketId, pid: Option<&str>) -> String {
        match self {
            Revision::V4 => String::new(),
            Revision::V5 => {
                #[derive(Serialize)]
                struct Welcome<'a> {
                    sid: &'a SocketId,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pid: Option<&'a str>,
                }
                let json = serde_json::to_string(&Welcome { sid: socket, pid });
                json.expect("texts always serialise")
            }
        }
    }

    /// What a client is told that was turned away.
    pub(super) fn refusal(self, error: &ConnectError) -> String {
        if self == Revision::V5 || *error == ConnectError::invalid_namespace() {
            return error.to_json();
        }
        match error.data.as_deref() {
            // What JavaScript takes for false is no data in the reference.
            None | Some("null" | "false" | "0" | r#""""#) => {
                Value::from(error.message.as_str()).to_string()
            }
            Some(data) => data.to_owned(),
        }
    }
}

/// The credentials in a namespace's query, as a JSON object of texts in their order; of a name that
/// comes twice the last value counts.
pub(super) fn credentials(query: &str) -> String {
    let (mut places, mut members) = (BTreeMap::new(), Vec::new());
    for (name, value) in query::pairs(query) {
        let name = Value::from(name).to_string();
        let member = format!("{name}:{}", Value::from(value));
        match places.entry(name) {
            Entry::Occupied(place) => members[*place.get()] = member,
            Entry::Vacant(place) => {
                place.insert(members.len());
                members.push(member);
            }
        }
    }
    format!("{{{}}}", members.join(","))
}
