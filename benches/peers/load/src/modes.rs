//! The modes: what is asked of a server, and how long and by how many.

mod connect;
mod echo;
mod idle;

use clap::ValueEnum;

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::sample::Outcome;
use crate::site::Site;

/// Bytes of a short and of a long argument.
const SHORT: usize = 64;
const LONG: usize = 1024;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// 64 bytes there and back, 100 clients, 4 in flight each
    Echo,
    /// The same, 1 in flight
    Echo1,
    /// 1 KiB there and back, 4 in flight
    EchoKib,
    /// The same, 1 in flight
    EchoKib1,
    /// An event of 64 bytes acknowledged with the same, 4 in flight
    Ack,
    /// An attachment of 1 KiB there and back, 4 in flight
    Binary,
    /// WebSocket, CONNECT, close; 32 at once
    Connect,
    /// Silent WebSockets: memory, pings, what stays behind
    Idle,
}

impl Mode {
    /// The name on the command line and in the raw figures.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Whether clients ask and are answered on WebSockets.
    pub(crate) fn is_echo_like(self) -> bool {
        use Mode::{Ack, Binary, Echo, Echo1, EchoKib, EchoKib1};
        matches!(self, Echo | Echo1 | EchoKib | EchoKib1 | Ack | Binary)
    }

    /// Whether one round says enough, because it counts memory and not time.
    pub(crate) fn once(self) -> bool {
        self == Self::Idle
    }

    /// Measures once.
    ///
    /// # Errors
    /// Anything that keeps the measurement from being finished. Answers that are merely wrong are
    /// counted in the outcome.
    pub(crate) fn run(self, site: &Site<'_>) -> Result<Outcome, Fault> {
        match self {
            Self::Echo => echo::run(site, Exchange::event("echo", SHORT), 4),
            Self::Echo1 => echo::run(site, Exchange::event("echo", SHORT), 1),
            Self::EchoKib => echo::run(site, Exchange::event("echo", LONG), 4),
            Self::EchoKib1 => echo::run(site, Exchange::event("echo", LONG), 1),
            Self::Ack => echo::run(site, Exchange::acknowledgement(SHORT), 4),
            Self::Binary => echo::run(site, Exchange::binary(LONG), 4),
            Self::Connect => connect::run(site),
            Self::Idle => idle::run(site),
        }
    }
}
