//! What the program says to its operator, and its log: who comes and goes, and that something was
//! said. Never what was said.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;
use trunkline::{DisconnectReason, Namespace, Socket};

/// Prints to stdout.
pub(crate) fn say(text: &str) {
    // Its reader may be gone; the program serves all the same.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Tells on stderr what is wrong.
pub(crate) fn complain(problem: &str) {
    // As above; `eprintln` would panic.
    let _ = writeln!(std::io::stderr(), "trunkline: {problem}");
}

/// Begins to log to stderr what the filter lets through, as lines for people or as JSON, with what
/// the operator should know.
pub(crate) fn open(filter: EnvFilter, json: bool, warnings: &[String]) {
    let journal = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Told where nobody reads any more, they would be panics.
        .log_internal_errors(false);
    if json {
        // One object per line: timestamp, level, target, fields.
        let journal = journal.json().with_current_span(false).finish();
        journal.init();
    } else {
        let is_terminal = std::io::stderr().is_terminal();
        let journal = journal.with_ansi(is_terminal).finish();
        journal.init();
    }
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// Logs where the server listens, and who answers.
pub(crate) fn listening(addresses: &[SocketAddr], provider: &str, model: &str) {
    tracing::info!(?addresses, provider, model, "listening");
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
