//! What a namespace listens to beside single events, and how listeners are taken off again.

use std::sync::Arc;

use crate::api::answer::IntoAnswer;
use crate::api::handler::{Handler, erase_event_middleware, erase_handler};
use crate::api::incoming::IntoVerdict;
use crate::api::listeners::{End, Listener, ListenerId, OutgoingListener};
use crate::api::operator::Broadcast;
use crate::api::socket::Socket;
use crate::socketio::Args;

use super::Namespace;

impl Namespace {
    /// Handles an event of every socket of this namespace, as [`on`](Namespace::on), until it is
    /// taken [`off`](Namespace::off).
    ///
    /// ```
    /// # let io = trunkline::Io::builder().build();
    /// let chat = io.of("/").listen("chat", async |(text,): (String,)| println!("{text}"));
    /// assert!(io.of("/").off(chat));
    /// ```
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn listen<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.add(name, handler, End::Back)
    }

    /// As [`listen`](Namespace::listen), but before the handlers of that event that the namespace has
    /// already (`prependListener` of Node.js).
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn prepend<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.add(name, handler, End::Front)
    }

    fn add<M: 'static, H>(&self, name: &str, handler: H, end: End) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.io.require::<M, H>(name);
        let id = ListenerId::next();
        let listener = Listener::new(id, erase_handler(handler));
        self.alter(|listeners| listeners.add(name, listener, end));
        id
    }

    /// Handles every event of every socket of this namespace, before the handlers of that event.
    ///
    /// It may take [`EventName`](crate::EventName), [`Args`] and whatever else a handler may take.
    /// Its return value is no acknowledgement; one that takes [`Ack`](crate::Ack) may give it. An
    /// error reaches the error hook only. Several run in the order of their registration, those of
    /// the namespace before those of the socket. Events that a
    /// [middleware](Namespace::event_middleware) refused do not get here.
    ///
    /// ```
    /// use trunkline::{Args, EventName, Io};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").on_any(async |EventName(name): EventName, args: Args| {
    ///     println!("{name} with {} attachments", args.attachments().len());
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.add_any(handler, End::Back)
    }

    /// As [`on_any`](Namespace::on_any), but before those that are there.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn prepend_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.add_any(handler, End::Front)
    }

    fn add_any<M: 'static, H>(&self, handler: H, end: End) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.io.require::<M, H>("any event");
        let id = ListenerId::next();
        let listener = Listener::new(id, erase_handler(handler));
        self.alter(|listeners| listeners.add_any(listener, end));
        id
    }

    /// Takes off one of those that handle every event, or all of them.
    pub fn off_any(&self, id: Option<ListenerId>) {
        drop(self.alter(|listeners| listeners.off_any(id)));
    }

    /// How many handle every event.
    pub fn listeners_any(&self) -> usize {
        self.inner.listeners().any().len()
    }

    /// Sees every event that is sent to a socket of this namespace, broadcasts included: the
    /// socket, the event's name, its arguments.
    ///
    /// It is called in the client's own task when the event is handed to its connection, once for
    /// each recipient, so it must not block. Events that wait in a client's queue at the moment of
    /// the registration are not shown. Several are called in the order of their registration, those
    /// of the namespace before those of the socket. A panic is logged and changes nothing.
    ///
    /// ```
    /// # let io = trunkline::Io::builder().build();
    /// io.of("/").on_any_outgoing(|socket, name, _args| println!("{name} for {}", socket.id()));
    /// ```
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.add_any_outgoing(Arc::new(listener), End::Back)
    }

    /// As [`on_any_outgoing`](Namespace::on_any_outgoing), but before those that are there.
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
        // Whoever is let in from now on asks for it.
        for socket in Broadcast::new(self.inner.clone()).sockets() {
            socket.watch_outgoing();
        }
        id
    }

    /// Takes off one of those that see every outgoing event, or all of them.
    pub fn off_any_outgoing(&self, id: Option<ListenerId>) {
        drop(self.alter(|listeners| listeners.off_any_outgoing(id)));
    }

    /// How many see every outgoing event.
    pub fn listeners_any_outgoing(&self) -> usize {
        self.inner.listeners().any_outgoing().len()
    }

    /// Decides about every event of every socket of this namespace, before anybody handles it
    /// (`socket.use` of the JavaScript API).
    ///
    /// What it returns lets the event pass, changes it or refuses it: see
    /// [`IntoVerdict`](crate::IntoVerdict) and the example of [`Incoming`](crate::Incoming).
    /// Middlewares run one after the other in the order of their registration, those of the
    /// namespace before those of the socket; each sees what the ones before it made of the event.
    ///
    /// A refusal ends the chain and reaches the error hook; the connection stays. A client that
    /// asked for an acknowledgement gets the error as its answer, as from a handler; any other
    /// learns nothing. The same holds for arguments that do not fit the middleware's types, and for
    /// a panic.
    ///
    /// While a middleware waits, later events of the same socket wait behind this one, so they
    /// start in the order in which they came. Acknowledgements, disconnections and the client's
    /// other namespaces go on meanwhile. When the socket leaves, the event that was being decided
    /// about and those behind it are dropped.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn event_middleware<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoVerdict,
    {
        self.io.require::<M, H>("event middleware");
        let handler = erase_event_middleware(handler);
        self.change(|listeners| listeners.event_middlewares.push(handler))
    }

    /// Handles the events that nobody listens to by their name, neither here nor on the socket.
    ///
    /// What the handler returns is the acknowledgement. There is one per namespace; another call
    /// replaces it.
    ///
    /// ```
    /// use trunkline::{Error, EventName, Io};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").fallback(async |EventName(name): EventName| -> Result<(), Error> {
    ///     Err(Error::new("no_such_event", format!("there is no event {name}")))
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn fallback<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.io.require::<M, H>("fallback");
        let handler = erase_handler(handler);
        let replaced = self.alter(|listeners| listeners.fallback.replace(handler));
        drop(replaced);
        self
    }

    /// Takes one listener off, whichever of these methods registered it, and says whether it was
    /// there. Calls that have begun run to their end.
    pub fn off(&self, id: ListenerId) -> bool {
        let removed = self.alter(|listeners| listeners.off(id));
        !removed.is_empty()
    }

    /// Takes off all handlers of one event, or with `None` those of every event; `connect`,
    /// `disconnecting` and `disconnect` count as events.
    ///
    /// Middlewares, the fallback and those that see every event stay. Handlers that a socket has of
    /// its own are not meant.
    pub fn remove_all_listeners(&self, name: Option<&str>) {
        drop(self.alter(|listeners| listeners.remove_all(name)));
    }

    /// The names of the events that have handlers here, in alphabetical order. Those of the rule that
    /// the namespace belongs to count, in this and in the other numbers.
    pub fn event_names(&self) -> Vec<String> {
        self.inner.listeners().event_names()
    }

    /// How many handlers an event has here.
    pub fn listener_count(&self, name: &str) -> usize {
        self.inner.listeners().event(name).len()
    }
}
