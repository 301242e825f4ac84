//! Settings of the builder that one changes more rarely; all others are in [`Config`](super::Config).

use std::time::Duration;

use crate::wire::Frame;

use super::Builder;

impl Builder {
    /// How long a WebSocket may take to take over from polling; then polling goes on. Default 10 s.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Builder {
        self.config.engine.upgrade_timeout = timeout;
        self
    }

    /// Whether a polling client may move to a WebSocket. Default yes.
    #[must_use]
    pub fn allow_upgrades(mut self, allow: bool) -> Builder {
        self.config.engine.allow_upgrades = allow;
        self
    }

    /// A message that follows each open packet, text or binary. Default none.
    #[must_use]
    pub fn initial_packet(mut self, message: impl Into<Frame>) -> Builder {
        self.config.engine.initial_packet = Some(message.into());
        self
    }

    /// How many binary attachments a client's packet may have. Default 10.
    #[must_use]
    pub fn max_attachments(mut self, most: usize) -> Builder {
        self.config.socketio.max_attachments = most;
        self.config.plain.max_attachments = most;
        self
    }

    /// How many bytes may wait for a client that reads too slowly
    /// ([`DispatchConfig::max_backlog`](crate::DispatchConfig::max_backlog)). Default 16 MiB.
    #[must_use]
    pub fn max_backlog(mut self, bytes: usize) -> Builder {
        self.config.dispatch.max_backlog = bytes;
        self
    }
}
