//! What an operator wishes beside the event: how it is treated on its way, and how long answers are
//! waited for.

use std::sync::Arc;
use std::time::Duration;

use crate::socketio::{Flags, Outgoing, SlowClient};

/// The wishes of one operator; none by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) flags: Flags,
    /// For clients that have no room; none is what the server's configuration says.
    pub(crate) policy: Option<SlowClient>,
    /// What a newer event of the same key replaces.
    pub(crate) key: Option<Arc<str>>,
    /// How long answers are waited for.
    pub(crate) timeout: Option<Duration>,
}

impl Wishes {
    /// The packet with these wishes.
    pub(crate) fn dress(&self, outgoing: Outgoing) -> Outgoing {
        let outgoing = outgoing.with_flags(self.flags);
        if self.policy.is_none() && self.key.is_none() {
            return outgoing;
        }
        outgoing.with_policy(self.policy).with_key(self.key.clone())
    }
}
