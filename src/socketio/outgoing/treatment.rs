//! How a packet is treated on its way to a client.

use serde::{Deserialize, Serialize};

/// How a packet wants to be treated on its way; the same for all its recipients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// Dropped where it cannot leave at once. Default false.
    pub volatile: bool,
    /// Never compressed by the transport, whatever its size. Default false.
    pub uncompressed: bool,
}

/// What becomes of a packet for which a client that reads too slowly has no room.
///
/// Room is made by packets that wait and of which nothing was handed to the transport: what stands
/// in a WebSocket's buffer (up to 16 KiB and a message) or in the answer to a GET (about 1 MiB) is
/// out of reach. Replies to CONNECT, DISCONNECTs, acknowledgements, pings and events that wait for an
/// acknowledgement are never dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum SlowClient {
    /// It must arrive: if there is no room for it, the client is closed with `transport error`
    /// (`slow consumer`).
    #[default]
    Close,
    /// As `Close`, but volatile packets make room: those that the client's task has not looked at
    /// are dropped first, and a volatile packet for which there is no room is dropped itself.
    DropVolatileFirst,
    /// It may be lost: the oldest of such packets are dropped, until an eighth of the client's
    /// budget is free. The client is closed if there are not enough of them.
    DropOldest,
}
