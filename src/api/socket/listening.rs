//! What one socket listens to, beside its namespace's handlers.

use crate::api::answer::IntoAnswer;
use crate::api::handler::{Handler, erase_handler};
use crate::api::listeners::Listeners;

use super::Socket;

impl Socket {
    /// Handles an event of this socket only, beside the namespace's own handlers.
    pub fn on<M: 'static, H>(&self, name: &str, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.0.arrival.io.require::<M, H>(name);
        self.listen(|listeners| listeners.on(name, erase_handler(handler)));
    }

    /// Runs when this socket is leaving, while its rooms can still be read.
    pub fn on_disconnecting<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.0.arrival.io.require::<M, H>("disconnecting");
        self.listen(|listeners| listeners.disconnecting.push(erase_handler(handler)));
    }

    /// Runs when this socket has left.
    pub fn on_disconnect<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.0.arrival.io.require::<M, H>("disconnect");
        self.listen(|listeners| listeners.disconnect.push(erase_handler(handler)));
    }

    fn listen(&self, change: impl FnOnce(&mut Listeners)) {
        if let Some(live) = self.0.live.upgrade() {
            live.listen(change);
        }
    }
}
