//! Listening in the namespace `/`, and looking at it, without naming it.

use crate::api::answer::{IntoAdmission, IntoAnswer};
use crate::api::handler::Handler;
use crate::api::incoming::IntoVerdict;
use crate::api::listeners::ListenerId;
use crate::api::socket::Socket;
use crate::rooms::{Room, RoomEvent};
use crate::socketio::Args;
use crate::wire::SocketId;

use super::Io;

/// What [`Namespace`](crate::Namespace) has, for the namespace `/`.
impl Io {
    /// Handles an event of every socket of `/`, as [`Namespace::on`](crate::Namespace::on).
    ///
    /// # Panics
    /// As there.
    pub fn on<M: 'static, H>(&self, name: &str, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").on(name, handler);
        self
    }

    /// Decides about every client that wants to join `/`, as
    /// [`Namespace::middleware`](crate::Namespace::middleware).
    ///
    /// # Panics
    /// As [`on`](Io::on).
    pub fn middleware<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAdmission,
    {
        self.of("/").middleware(handler);
        self
    }

    /// Runs for every client that was let into `/`, as
    /// [`Namespace::on_connect`](crate::Namespace::on_connect).
    ///
    /// # Panics
    /// As [`on`](Io::on).
    pub fn on_connect<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").on_connect(handler);
        self
    }

    /// Runs for every socket that has left `/`, as
    /// [`Namespace::on_disconnect`](crate::Namespace::on_disconnect).
    ///
    /// # Panics
    /// As [`on`](Io::on).
    pub fn on_disconnect<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").on_disconnect(handler);
        self
    }

    /// As [`Namespace::on_disconnecting`](crate::Namespace::on_disconnecting), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn on_disconnecting<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").on_disconnecting(handler);
        self
    }

    /// As [`Namespace::event_middleware`](crate::Namespace::event_middleware), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn event_middleware<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoVerdict,
    {
        self.of("/").event_middleware(handler);
        self
    }

    /// As [`Namespace::fallback`](crate::Namespace::fallback), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn fallback<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").fallback(handler);
        self
    }

    /// As [`Namespace::prepend`](crate::Namespace::prepend), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn prepend<M: 'static, H>(&self, name: &str, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").prepend(name, handler)
    }

    /// As [`Namespace::on_any`](crate::Namespace::on_any), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn on_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").on_any(handler)
    }

    /// As [`Namespace::prepend_any`](crate::Namespace::prepend_any), in `/`.
    ///
    /// # Panics
    /// As [`Namespace::on`](crate::Namespace::on).
    pub fn prepend_any<M: 'static, H>(&self, handler: H) -> ListenerId
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.of("/").prepend_any(handler)
    }

    /// As [`Namespace::off_any`](crate::Namespace::off_any), in `/`.
    pub fn off_any(&self, id: Option<ListenerId>) {
        self.of("/").off_any(id);
    }

    /// As [`Namespace::listeners_any`](crate::Namespace::listeners_any), in `/`.
    pub fn listeners_any(&self) -> usize {
        self.of("/").listeners_any()
    }

    /// As [`Namespace::on_any_outgoing`](crate::Namespace::on_any_outgoing), in `/`.
    pub fn on_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.of("/").on_any_outgoing(listener)
    }

    /// As [`Namespace::prepend_any_outgoing`](crate::Namespace::prepend_any_outgoing), in `/`.
    pub fn prepend_any_outgoing(
        &self,
        listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static,
    ) -> ListenerId {
        self.of("/").prepend_any_outgoing(listener)
    }

    /// As [`Namespace::off_any_outgoing`](crate::Namespace::off_any_outgoing), in `/`.
    pub fn off_any_outgoing(&self, id: Option<ListenerId>) {
        self.of("/").off_any_outgoing(id);
    }

    /// As [`Namespace::listeners_any_outgoing`](crate::Namespace::listeners_any_outgoing), in `/`.
    pub fn listeners_any_outgoing(&self) -> usize {
        self.of("/").listeners_any_outgoing()
    }

    /// As [`Namespace::off`](crate::Namespace::off), in `/`.
    pub fn off(&self, id: ListenerId) -> bool {
        self.of("/").off(id)
    }

    /// As [`Namespace::remove_all_listeners`](crate::Namespace::remove_all_listeners), in `/`.
    pub fn remove_all_listeners(&self, name: Option<&str>) {
        self.of("/").remove_all_listeners(name);
    }

    /// As [`Namespace::event_names`](crate::Namespace::event_names), in `/`.
    pub fn event_names(&self) -> Vec<String> {
        self.of("/").event_names()
    }

    /// As [`Namespace::listener_count`](crate::Namespace::listener_count), in `/`.
    pub fn listener_count(&self, name: &str) -> usize {
        self.of("/").listener_count(name)
    }

    /// As [`Namespace::on_room_event`](crate::Namespace::on_room_event), in `/`.
    pub fn on_room_event(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) -> &Io {
        self.of("/").on_room_event(hook);
        self
    }

    /// As [`Namespace::socket`](crate::Namespace::socket), in `/`.
    pub fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.of("/").socket(id)
    }

    /// As [`Namespace::sockets`](crate::Namespace::sockets), in `/`.
    pub fn sockets(&self) -> Vec<Socket> {
        self.of("/").sockets()
    }

    /// As [`Namespace::socket_count`](crate::Namespace::socket_count), in `/`. Clients that are in
    /// other namespaces only, or in none yet, count in [`client_count`](Io::client_count).
    pub fn socket_count(&self) -> usize {
        self.of("/").socket_count()
    }

    /// As [`Namespace::rooms`](crate::Namespace::rooms), in `/`.
    pub fn rooms(&self) -> Vec<(Room, usize)> {
        self.of("/").rooms()
    }
}
