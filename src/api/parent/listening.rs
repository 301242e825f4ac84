//! What all namespaces of a rule listen to beside single events.

use std::sync::Arc;

use crate::api::answer::IntoAnswer;
use crate::api::handler::Handler;
use crate::api::incoming::IntoVerdict;
use crate::api::listeners::ListenerId;
use crate::api::socket::Socket;
use crate::rooms::RoomEvent;
use crate::socketio::{Args, FromArgs};

use super::ParentNamespace;

impl ParentNamespace {
    /// Handles an event in every namespace of the rule until it is taken
    /// [`off`](ParentNamespace::off); see [`Namespace::listen`](crate::Namespace::listen).
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn listen<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().listen(name, handler)
    }

    /// As [`listen`](ParentNamespace::listen), but before the handlers of that event that the rule
    /// has already; see [`Namespace::prepend`](crate::Namespace::prepend).
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn prepend<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().prepend(name, handler)
    }

    /// Handles every event in every namespace of the rule; see
    /// [`Namespace::on_any`](crate::Namespace::on_any).
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn on_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().on_any(handler)
    }

    /// As [`on_any`](ParentNamespace::on_any), but before those that are there.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn prepend_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().prepend_any(handler)
    }

    /// Takes off one of the rule's handlers of every event, or all of them.
    pub fn off_any(&self, id: Option<ListenerId>) {
        self.template().off_any(id);
    }

    /// How many of the rule's handlers handle every event.
    pub fn listeners_any(&self) -> usize {
        self.template().listeners_any()
    }

    /// Sees every event that is sent to a socket in a namespace of the rule; see
    /// [`Namespace::on_any_outgoing`](crate::Namespace::on_any_outgoing).
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        let id = self.template().on_any_outgoing(listener);
        self.watch();
        id
    }

    /// As [`on_any_outgoing`](ParentNamespace::on_any_outgoing), but before those that are there.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        let id = self.template().prepend_any_outgoing(listener);
        self.watch();
        id
    }

    /// The sockets that are there; whoever comes asks for it.
    fn watch(&self) {
        for socket in self.sockets() {
            socket.watch_outgoing();
        }
    }

    /// Takes off one of those of the rule that see every outgoing event, or all of them.
    pub fn off_any_outgoing(&self, id: Option<ListenerId>) {
        self.template().off_any_outgoing(id);
    }

    /// How many of the rule's listeners see every outgoing event.
    pub fn listeners_any_outgoing(&self) -> usize {
        self.template().listeners_any_outgoing()
    }

    /// Decides about every event in every namespace of the rule, before anybody handles it; see
    /// [`Namespace::event_middleware`](crate::Namespace::event_middleware).
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn event_middleware<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoVerdict,
    {
        self.template().event_middleware(handler);
        self
    }

    /// Handles the events that nobody listens to by their name; see
    /// [`Namespace::fallback`](crate::Namespace::fallback). A namespace's own fallback takes its
    /// place there.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn fallback<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.template().fallback(handler);
        self
    }

    /// Takes one of the rule's listeners off, whichever of these methods registered it, and says
    /// whether it was there.
    pub fn off(&self, id: ListenerId) -> bool {
        self.template().off(id)
    }

    /// Takes off all of the rule's handlers of one event, or with `None` those of every event; see
    /// [`Namespace::remove_all_listeners`](crate::Namespace::remove_all_listeners).
    pub fn remove_all_listeners(&self, name: Option<&str>) {
        self.template().remove_all_listeners(name);
    }

    /// The names of the events that the rule has handlers for, in alphabetical order.
    pub fn event_names(&self) -> Vec<String> {
        self.template().event_names()
    }

    /// How many handlers the rule has for an event.
    pub fn listener_count(&self, name: &str) -> usize {
        self.template().listener_count(name)
    }

    /// Handles an event that another node of the cluster has emitted for the servers themselves, in
    /// any namespace of the rule that exists here; before the namespace's own handlers. See
    /// [`Namespace::on_server_side`](crate::Namespace::on_server_side).
    pub fn on_server_side<T, H, F>(&self, name: &str, handler: H) -> &ParentNamespace
    where
        T: FromArgs + Send + 'static,
        H: FnOnce(T) -> F + Clone + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: IntoAnswer,
    {
        self.template().on_server_side(name, handler);
        self
    }

    /// Calls `hook` for every change of who is in which room in any namespace of the rule, from now
    /// on, with the namespace's name; see
    /// [`Namespace::on_room_event`](crate::Namespace::on_room_event).
    ///
    /// ```
    /// use trunkline::{Io, rooms::RoomEvent};
    ///
    /// let io = Io::builder().build();
    /// io.of_pattern("/org/{org}").on_room_event(|namespace, event| {
    ///     if let RoomEvent::Created { room } = event {
    ///         println!("{room} exists now in {namespace}");
    ///     }
    /// });
    /// ```
    pub fn on_room_event(
        &self,
        hook: impl Fn(&str, &RoomEvent) + Send + Sync + 'static,
    ) -> &ParentNamespace {
        self.inner.watch_rooms(Arc::new(hook));
        self
    }
}
