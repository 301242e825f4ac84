//! Why a session ended, in the words that applications see.

/// Why a session is closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CloseReason {
    /// The client left: a close packet, a close frame, or its TCP connection ended.
    TransportClose,
    /// The client broke a rule of the transport, or the transport broke.
    TransportError(Fault),
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client sent what is not a packet.
    ParseError,
    /// This side closed the session.
    ForcedClose,
}

impl CloseReason {
    /// The reason's name, as the reference server spells it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            CloseReason::TransportClose => "transport close",
            CloseReason::TransportError(_) => "transport error",
            CloseReason::PingTimeout => "ping timeout",
            CloseReason::ParseError => "parse error",
            CloseReason::ForcedClose => "forced close",
        }
    }

    /// What exactly went wrong, where the name alone does not say it.
    pub const fn description(&self) -> Option<&'static str> {
        match self {
            CloseReason::TransportError(fault) => Some(fault.as_str()),
            CloseReason::TransportClose
            | CloseReason::PingTimeout
            | CloseReason::ParseError
            | CloseReason::ForcedClose => None,
        }
    }
}

/// What went wrong with a transport.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// A second GET came while one was waiting.
    PollOverlap,
    /// A second POST came while one was under way.
    PostOverlap,
    /// The client dropped its waiting GET.
    PollGone,
    /// The client dropped a POST before its end.
    PostGone,
    /// A POST of a content type that belongs to an older protocol.
    InvalidContent,
    /// The client sent a ping, or in version 3 a pong: that is the server's part.
    HeartbeatDirection,
    /// A WebSocket message over the limit.
    TooLarge,
    /// The WebSocket failed: the client broke the WebSocket protocol.
    Io,
    /// Too much is queued for the client.
    SlowConsumer,
    /// The client talks so much faster than it may that it would have to stay unread for too long.
    TooFast,
    /// The application was too long busy with what the client had sent before.
    Stalled,
}

impl Fault {
    /// The fault in words.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Fault::PollOverlap => "overlap from client",
            Fault::PostOverlap => "data request overlap from client",
            Fault::PollGone => "poll connection closed prematurely",
            Fault::PostGone => "data request connection closed prematurely",
            Fault::InvalidContent => "invalid content",
            Fault::HeartbeatDirection => "invalid heartbeat direction",
            Fault::TooLarge => "message too large",
            Fault::Io => "websocket failed",
            Fault::SlowConsumer => "slow consumer",
            Fault::TooFast => "too fast",
            Fault::Stalled => "the application did not keep up",
        }
    }
}
