//! A server's clients as a whole: how many there are, what is told of their connections, the end.

use std::future::Future;

use crate::api::engine::{EngineSocket, PacketHooks};
use crate::engine::CloseReason;

use super::Io;

/// What an application wants to know of the Engine.IO connections under its sockets.
#[derive(Default)]
pub(crate) struct EngineHooks {
    pub(crate) on_connect: Option<Box<EngineHook>>,
    pub(crate) on_upgrade: Option<Box<EngineHook>>,
    pub(crate) on_close: Option<Box<CloseHook>>,
    pub(crate) packets: PacketHooks,
}

type EngineHook = dyn Fn(&EngineSocket) + Send + Sync;
type CloseHook = dyn Fn(&EngineSocket, CloseReason) + Send + Sync;

impl Io {
    /// How many clients are connected, by whatever service; they may be in several namespaces, or
    /// in none yet (`io.engine.clientsCount` of the JavaScript API).
    pub fn client_count(&self) -> usize {
        self.0.hosts.client_count()
    }

    /// Ends the server: tells [`closed`](Io::closed), turns newcomers away with 503, and closes
    /// every client's connection; its sockets leave with `server shutting down`. Waits until all
    /// are gone, at most 10 s. Once more does no harm.
    ///
    /// It does for all services of this server what [`Service::close`](crate::Service::close) does
    /// for one. A service that is made later turns everybody away.
    ///
    /// ```
    /// # async fn run(io: trunkline::Io) -> std::io::Result<()> {
    /// use trunkline::{Server, Service};
    ///
    /// let server = Server::bind("127.0.0.1:0").await?;
    /// let running = tokio::spawn(server.run(Service::new(&io), io.closed()));
    /// io.close().await;
    /// running.await?; // it listens no more
    /// # Ok(()) }
    /// ```
    pub async fn close(&self) {
        self.0.hosts.close().await;
    }

    /// Waits until somebody calls [`close`](Io::close); at once if somebody has. Given to
    /// [`Server::run`](crate::Server::run), it makes that stop listening, too.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let io = self.clone();
        async move { io.0.hosts.closed().await }
    }

    /// Who wants to know of the connections under the sockets.
    pub(crate) fn engine_hooks(&self) -> &EngineHooks {
        &self.0.engine_hooks
    }
}
