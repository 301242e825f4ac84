//! A server as somebody names it who must not keep it.

use std::sync::{Arc, Weak};

use super::{Io, IoInner};

/// A handle of a server that does not keep it; made by [`Io::downgrade`].
///
/// It is for what belongs to the server itself and names it: what a handler captures stays as long as
/// the server, so a handler that captures an [`Io`] or a [`Namespace`](crate::Namespace) keeps its
/// server for ever, also after [`Io::close`]. Handlers need not capture any: they may take both as
/// arguments. Predicates of [`of_fn`](Io::of_fn) and hooks without a socket capture this.
///
/// ```
/// use trunkline::{Io, Namespace};
///
/// let io = Io::builder().build();
/// io.of("/chat").on("count", async |io: Io, chat: Namespace| {
///     println!("{} of {}", chat.socket_count(), io.client_count());
/// });
/// let weak = io.downgrade();
/// io.of_fn(async move |name: String, _auth| {
///     name.starts_with("/room/") && weak.upgrade().is_some_and(|io| io.client_count() < 100)
/// });
/// ```
#[derive(Clone, Debug)]
pub struct WeakIo(Weak<IoInner>);

impl WeakIo {
    pub(super) fn new(inner: Weak<IoInner>) -> WeakIo {
        WeakIo(inner)
    }

    /// The server, if somebody still has it: a handle, a service, or a client that is connected.
    pub fn upgrade(&self) -> Option<Io> {
        self.0.upgrade().map(Io)
    }
}

impl Io {
    /// A handle that does not keep the server.
    pub fn downgrade(&self) -> WeakIo {
        WeakIo(Arc::downgrade(&self.0))
    }
}
