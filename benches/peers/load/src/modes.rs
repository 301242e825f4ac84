//! The modes: what is asked of a server, and how long and by how many.

mod broadcast;
mod chat;
mod connect;
mod echo;
pub(crate) mod fanout;
mod growth;
mod idle;
mod polling;
mod start;
mod stay;
mod upgrade;

use std::time::Duration;

use clap::ValueEnum;

use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::sample::Outcome;
use crate::site::{Plan, Site};

/// Bytes of a short and of a long argument.
const SHORT: usize = 64;
const LONG: usize = 1024;
/// How long answers may stay out at the end.
const LATE: Duration = Duration::from_secs(3);
/// Clients that come and go before memory is looked at for the first time.
const WARM: usize = 100;

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
    /// 64 bytes from one to 1,000, 4 in flight
    Broadcast,
    /// The same, 1 in flight
    Broadcast1,
    /// WebSocket, CONNECT, close; 32 at once
    Connect,
    /// Handshake and CONNECT by polling, upgrade to a WebSocket, one echo, close; 64 at once
    Upgrade,
    /// 64 bytes there by POST and back by GET, 50 clients
    Polling,
    /// Echo among 10,000 silent clients, and without them
    Growth,
    /// 5,000 clients in rooms of 20, each speaks every 10 s
    Chat,
    /// A delivery in rooms of 10, 100, 1,000 and 10,000, everybody in one of each
    Fanout,
    /// What broadcasts of 64 KiB to 1,000 leave behind in memory
    BigBroadcast,
    /// Silent WebSockets: memory, pings, what stays behind
    Idle,
    /// Clients that wait in a GET: memory, pings, what stays behind
    IdlePolling,
    /// Milliseconds from exec to the first connection accepted
    Start,
}

impl Mode {
    /// The name on the command line and in the raw figures.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Whether messages are counted, on WebSockets.
    pub(crate) fn is_echo_like(self) -> bool {
        use Mode::{Ack, Binary, Broadcast, Broadcast1, Echo, Echo1, EchoKib, EchoKib1};
        matches!(
            self,
            Echo | Echo1 | EchoKib | EchoKib1 | Ack | Binary | Broadcast | Broadcast1
        )
    }

    /// Whether memory is what counts.
    pub(crate) fn is_about_memory(self) -> bool {
        matches!(self, Self::BigBroadcast | Self::Idle | Self::IdlePolling)
    }

    /// How many rounds of it there are in a sitting. One says enough where memory is counted and
    /// not time.
    pub(crate) fn rounds(self, plan: &Plan) -> u32 {
        match self {
            Self::Idle | Self::IdlePolling | Self::BigBroadcast => 1,
            // Each takes many times as long as an echo, and compares within itself.
            Self::Chat | Self::Fanout => plan.choose(plan.rounds.div_ceil(2), 1),
            Self::Growth | Self::Start => plan.choose(plan.rounds, 1),
            _ => plan.rounds,
        }
    }

    /// About how long one measurement takes.
    pub(crate) fn expected(self, plan: &Plan) -> Duration {
        let span = plan.warm + plan.measure + Duration::from_millis(100);
        let more = match self {
            Self::Growth => span + Duration::from_secs(3),
            Self::Chat => Duration::from_secs(plan.choose(16, 8)),
            Self::Fanout => 12 * plan.measure + 4 * plan.warm + Duration::from_secs(2),
            Self::BigBroadcast => Duration::from_secs(plan.choose(52, 8)),
            Self::Idle => Duration::from_secs(plan.choose(200, 25)),
            Self::IdlePolling => Duration::from_secs(plan.choose(190, 26)),
            _ => Duration::ZERO,
        };
        span + more
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
            Self::Broadcast => broadcast::run(site, 4),
            Self::Broadcast1 => broadcast::run(site, 1),
            Self::Connect => connect::run(site),
            Self::Upgrade => upgrade::run(site),
            Self::Polling => polling::echo(site),
            Self::Growth => growth::run(site),
            Self::Chat => chat::run(site),
            Self::Fanout => fanout::run(site),
            Self::BigBroadcast => broadcast::big(site),
            Self::IdlePolling => polling::idle(site),
            Self::Start => start::run(site),
            Self::Idle => idle::run(site),
        }
    }
}
