//! The main namespace `/`, straight from the server.

use crate::api::answer::{IntoAdmission, IntoAnswer};
use crate::api::handler::Handler;

use super::Io;

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
}
