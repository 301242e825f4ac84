//! Who is told of clients that middlewares do not let in.

use crate::api::Socket;
use crate::socketio::ConnectError;

use super::{Builder, Io};

/// A client that was not let into a namespace, as the hook of the builder sees it.
#[derive(Debug)]
pub struct RefusedConnect<'a> {
    /// The socket that it asked for: its namespace, handshake, and what middlewares have set.
    pub socket: &'a Socket,
    /// Why. Its [`source`](std::error::Error::source) is what the client is not told.
    pub error: &'a ConnectError,
}

pub(crate) type RefusalHook = Box<dyn Fn(&RefusedConnect<'_>) + Send + Sync>;

impl Builder {
    /// Is told of every client that a middleware of a namespace does not let in, be it that it
    /// refuses, that it panics (`internal error`), or that what it asks for does not fit, such as
    /// [`Auth`](crate::Auth). It must not wait.
    ///
    /// By default the log is told: as a warning if the refusal has a
    /// [cause](ConnectError::with_cause), else at the level debug. It is not told of clients who
    /// ask for a namespace that does not exist: the log says so, at the level debug.
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// let io = trunkline::Io::builder()
    ///     .on_connect_error(|refused| {
    ///         let (socket, error) = (refused.socket, refused.error);
    ///         eprintln!("{} not for {:?}: {error}", socket.namespace(), socket.handshake().address);
    ///         if let Some(cause) = error.source() {
    ///             eprintln!("because {cause}");
    ///         }
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn on_connect_error(
        mut self,
        hook: impl Fn(&RefusedConnect<'_>) + Send + Sync + 'static,
    ) -> Builder {
        self.on_connect_error = Box::new(hook);
        self
    }
}

impl Io {
    /// Tells the hook for clients that are not let in.
    pub(crate) fn report_refused(&self, socket: &Socket, error: &ConnectError) {
        (self.0.on_connect_error)(&RefusedConnect { socket, error });
    }
}

/// What is done where the application has no hook.
pub(super) fn log(refused: &RefusedConnect<'_>) {
    let RefusedConnect { socket, error } = refused;
    let (namespace, id) = (socket.namespace(), socket.id());
    let address = socket.handshake().address.map(tracing::field::display);
    let Some(cause) = std::error::Error::source(error) else {
        tracing::debug!(namespace, socket = %id, address, "a client was not let in: {error}");
        return;
    };
    tracing::warn!(namespace, socket = %id, address, cause, "a client was not let in: {error}");
}
