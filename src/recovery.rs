//! Connection state recovery: what a client missed while it was away, and who may come back for it.
//!
//! A namespace has one [`Ledger`]: a log of the packets that were sent, each under a position, and the
//! sessions whose clients may come back. A packet carries its position to the client as an
//! [`offset`](Tag); a client that comes back shows the last one it got, and is sent what was addressed to
//! it since, no more and no less. For that a socket keeps a [`Trace`]: when it entered and left which
//! rooms, in positions of the log, so that a packet is judged by the rooms of its own time and not by
//! those of the loss.
//!
//! ```text
//!   begin ─► Trace ─ enter, join, leave, addressed ─► lose ─► (waits) ─ claim ─► Returning ─ resume ─► Trace
//!                                                                │ deadline, budget
//!                                                                ▼
//!                                                             (gone)
//! ```
//! There is no lock, no clock and no randomness here. Whoever holds a ledger gives a packet its number,
//! appends it and puts it into the mailboxes in one go, so that the log's order is every client's order.
//! Protocol: Socket.IO documentation, "Connection state recovery"; what differs from the reference
//! server is said at [`Ledger`].

mod budget;
mod ledger;
mod log;
mod offset;
mod sessions;
mod trace;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use budget::Budget;
pub use ledger::{Claim, Claimed, Ledger, Resumed, Returning};
pub use log::{Evicted, Loss, Target};
pub use offset::Tag;
pub use trace::Trace;

/// How long and how much a server keeps for clients that may come back.
///
/// ```
/// use std::time::Duration;
/// use trunkline::recovery::Config;
///
/// let config = Config { max_disconnection: Duration::from_secs(30), ..Config::default() };
/// assert!(config.skip_middlewares);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after its loss a session can be recovered: 2 minutes, as in the reference server.
    pub max_disconnection: Duration,
    /// Whether a client that comes back is let in without asking the namespace's middlewares: true,
    /// as in the reference server. A refusal by one of them ends the session for good. A client whose
    /// session turns out to be lost after all begins anew, and they are asked about that one.
    pub skip_middlewares: bool,
    /// The most bytes of packets that one namespace keeps, each counting 128 more than it has: 16 MiB.
    /// The oldest are dropped first; who missed one of these begins a new session.
    pub max_bytes: usize,
    /// The most bytes that all namespaces keep together: 64 MiB, three quarters of it for packets and
    /// one for lost sessions. The namespace that passes it drops its own oldest.
    pub max_total_bytes: usize,
    /// The most lost sessions that are kept in all namespaces: 100 000. The namespace that passes it
    /// drops its own oldest.
    pub max_sessions: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            max_disconnection: Duration::from_secs(120),
            skip_middlewares: true,
            max_bytes: 16 << 20,
            max_total_bytes: 64 << 20,
            max_sessions: 100_000,
        }
    }
}
