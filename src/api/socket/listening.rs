//! What one socket listens to, beside its namespace's handlers.

use std::sync::{Arc, PoisonError};

use crate::api::answer::IntoAnswer;
use crate::api::handler::{Handler, erase_event_middleware, erase_handler};
use crate::api::incoming::IntoVerdict;
use crate::api::listeners::{End, EventHandler, Listener, ListenerId, Listeners, OutgoingListener};
use crate::socketio::Args;

use super::Socket;

impl Socket {
    /// Handles an event of this socket only, beside the namespace's own handlers; the latter run
    /// first.
    ///
    /// Under the names `disconnecting` and `disconnect` the same happens as with
    /// [`on_disconnecting`](Socket::on_disconnecting) and
    /// [`on_disconnect`](Socket::on_disconnect).
    ///
    /// # Panics
    /// When the handler asks for a [`State`](crate::State) that the server's builder was not given.
    pub fn on<M: 'static, H>(&self, name: &str, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.listen(name, handler);
    }

    /// As [`on`](Socket::on), until it is taken [`off`](Socket::off).
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn listen<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        let (id, listener) = self.listener(name, handler);
        self.alter(|listeners| listeners.add(name, listener, End::Back));
        id
    }

    /// As [`listen`](Socket::listen), but before the handlers of that event that this socket has
    /// already (`prependListener` of Node.js). The namespace's run first all the same.
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn prepend<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        let (id, listener) = self.listener(name, handler);
        self.alter(|listeners| listeners.add(name, listener, End::Front));
        id
    }

    /// Handles the next such event of this socket, and no other.
    ///
    /// It is taken off before it is called, so it may register itself again. An event that a
    /// middleware refuses does not count. Namespaces have no such thing, because it could mean one
    /// event of each socket or one of all; in `on_connect` it is clear.
    ///
    /// ```
    /// use trunkline::{Error, Io, Socket};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").on_connect(async |socket: Socket| {
    ///     socket.once("ready", async || Ok::<_, Error>("welcome"));
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn once<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        let (id, listener) = self.listener(name, handler);
        self.alter(|listeners| listeners.add(name, listener.once(), End::Back));
        id
    }

    /// Runs when this socket is leaving, while its rooms can still be read.
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn on_disconnecting<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.on("disconnecting", handler);
    }

    /// Runs when this socket has left.
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn on_disconnect<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.on("disconnect", handler);
    }

    /// Handles every event of this socket, before the handlers of that event; see
    /// [`Namespace::on_any`](crate::Namespace::on_any).
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn on_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        let (id, listener) = self.listener("any event", handler);
        self.alter(|listeners| listeners.add_any(listener, End::Back));
        id
    }

    /// As [`on_any`](Socket::on_any), but before those that this socket has already.
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn prepend_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        let (id, listener) = self.listener("any event", handler);
        self.alter(|listeners| listeners.add_any(listener, End::Front));
        id
    }

    /// Takes off one of this socket's handlers of every event, or all of them.
    pub fn off_any(&self, id: Option<ListenerId>) {
        drop(self.alter(|listeners| listeners.off_any(id)));
    }

    /// How many handlers of every event this socket has of its own.
    pub fn listeners_any(&self) -> usize {
        self.count(|listeners| listeners.any().len())
    }

    /// Sees every event that is sent to this socket, broadcasts included; see
    /// [`Namespace::on_any_outgoing`](crate::Namespace::on_any_outgoing).
    ///
    /// ```
    /// # fn trace(socket: &trunkline::Socket) {
    /// socket.on_any_outgoing(|_, name, args| match args.to::<(String,)>() {
    ///     Ok((text,)) => println!("{name}: {text}"),
    ///     Err(_) => println!("{name}: no text"),
    /// });
    /// # }
    /// ```
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.add_any_outgoing(Arc::new(listener), End::Back)
    }

    /// As [`on_any_outgoing`](Socket::on_any_outgoing), but before those that this socket has
    /// already.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.add_any_outgoing(Arc::new(listener), End::Front)
    }

    fn add_any_outgoing(&self, listener: OutgoingListener, end: End) -> ListenerId {
        let id = ListenerId::next();
        let listener = Listener::new(id, listener);
        self.alter(|listeners| listeners.add_any_outgoing(listener, end));
        self.watch_outgoing();
        id
    }

    /// Takes off one of those that see what is sent to this socket, or all of them.
    pub fn off_any_outgoing(&self, id: Option<ListenerId>) {
        drop(self.alter(|listeners| listeners.off_any_outgoing(id)));
    }

    /// How many of this socket's own see what is sent to it.
    pub fn listeners_any_outgoing(&self) -> usize {
        self.count(|listeners| listeners.any_outgoing().len())
    }

    /// Decides about every event of this socket, before anybody handles it (`socket.use` of the
    /// JavaScript API), behind the namespace's; see
    /// [`Namespace::event_middleware`](crate::Namespace::event_middleware).
    ///
    /// ```
    /// use trunkline::{Error, EventName, Io, Socket};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").on_connect(async |socket: Socket| {
    ///     socket.event_middleware(async |EventName(name): EventName| match &*name {
    ///         "admin" => Err(Error::new("forbidden", "not for you")),
    ///         _ => Ok(()),
    ///     });
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn event_middleware<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoVerdict,
    {
        self.0.arrival.io.require::<M, H>("event middleware");
        let handler = erase_event_middleware(handler);
        self.alter(|listeners| listeners.event_middlewares.push(handler));
    }

    /// The same as [`event_middleware`](Socket::event_middleware): a socket has been let in, so there
    /// is no other kind.
    ///
    /// # Panics
    /// As [`on`](Socket::on).
    pub fn middleware<M: 'static, H>(&self, handler: H)
    where
        H: Handler<M>,
        H::Output: IntoVerdict,
    {
        self.event_middleware(handler);
    }

    /// Takes one of this socket's own listeners off, whichever of these methods registered it, and
    /// says whether it was there. Calls that have begun run to their end.
    pub fn off(&self, id: ListenerId) -> bool {
        let removed = self.alter(|listeners| listeners.off(id));
        removed.is_some_and(|removed| !removed.is_empty())
    }

    /// Takes off all of this socket's own handlers of one event, or with `None` those of every
    /// event; `disconnecting` and `disconnect` count as events.
    ///
    /// Middlewares and those that see every event stay, as do the namespace's handlers.
    pub fn remove_all_listeners(&self, name: Option<&str>) {
        drop(self.alter(|listeners| listeners.remove_all(name)));
    }

    /// The names of the events that this socket has handlers of its own for, in alphabetical order.
    pub fn event_names(&self) -> Vec<String> {
        self.read(Listeners::event_names).unwrap_or_default()
    }

    /// How many handlers of its own this socket has for an event.
    pub fn listener_count(&self, name: &str) -> usize {
        self.count(|listeners| listeners.event(name).len())
    }

    /// Makes a listener of a handler.
    fn listener<M: 'static, H>(
        &self,
        name: &str,
        handler: H,
    ) -> (ListenerId, Listener<EventHandler>)
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.0.arrival.io.require::<M, H>(name);
        let id = ListenerId::next();
        (id, Listener::new(id, erase_handler(handler)))
    }

    /// Changes the listeners, unless the client's task is over. What was removed comes back to be
    /// dropped without the lock.
    fn alter<R>(&self, change: impl FnOnce(&mut Listeners) -> R) -> Option<R> {
        Some(self.0.live.upgrade()?.alter(change))
    }

    fn read<R>(&self, read: impl FnOnce(&Listeners) -> R) -> Option<R> {
        let live = self.0.live.upgrade()?;
        let listeners = live.listeners()?;
        Some(read(
            &listeners.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    fn count(&self, count: impl FnOnce(&Listeners) -> usize) -> usize {
        self.read(count).unwrap_or_default()
    }
}
