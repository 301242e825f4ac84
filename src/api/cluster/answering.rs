//! What this server says about its sockets when it is asked.

use serde_json::Value;

use crate::adapter::SocketRecord;
use crate::api::socket::Socket;

/// A socket as other nodes see it.
pub(crate) fn record(socket: &Socket) -> SocketRecord {
    SocketRecord {
        id: socket.id().clone(),
        handshake: socket.handshake_record(),
        rooms: socket.rooms(),
        data: Value::Object(socket.data()),
    }
}
