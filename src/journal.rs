//! The program's log: who comes and goes, and that something was said. Never what was said.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use trunkline::{DisconnectReason, Namespace, Socket};

/// Begins to log to stderr what the filter lets through.
pub(crate) fn open(filter: EnvFilter) {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}

/// Logs the sockets of a namespace, and its custom event `message`.
pub(crate) fn attach(namespace: &Namespace) {
    namespace
        .on_connect(async |socket: Socket| {
            let address = socket.handshake().address;
            tracing::info!(
                id = %socket.id(),
                address = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string()),
                transport = socket.transport().as_str(),
                "A user connected"
            );
        })
        .on_disconnect(async |socket: Socket, reason: DisconnectReason| {
            tracing::info!(id = %socket.id(), reason = reason.as_str(), "A user disconnected");
        })
        .on("message", async |socket: Socket| {
            tracing::info!(id = %socket.id(), "A message was received");
        });
}
