//! The server as an application sees it: its namespaces, its state, its hooks.

mod builder;
mod config;
mod ending;
mod listening;
mod packets;
mod refusing;
mod spaces;
mod weak;

use std::fmt;
use std::sync::Arc;

use crate::socketio::IntoArgs;
use crate::wire::Moment;

use super::cluster::Cluster;
use super::handler::Handler;
use super::hosts::Hosts;
use super::namespaces::Namespaces;
use super::operator::{Broadcast, RoomNames};
use super::socket::Socket;
use super::state::States;
use super::{EmitError, Error};

pub use builder::Builder;
pub use config::{Config, DispatchConfig};
pub use refusing::RefusedConnect;
pub(crate) use spaces::Lookup;
pub use weak::WeakIo;

use ending::EngineHooks;
use refusing::RefusalHook;

/// A Socket.IO server: the handle with which an application listens and emits.
///
/// Cheap to clone; every clone is the same server. What a handler captures stays as long as the
/// server: take the `Io` as an argument there, or a [`WeakIo`]. It does nothing by itself: hand it to
/// [`Service`](crate::Service) or [`Server`](crate::Server), which bring clients to it.
///
/// ```
/// use trunkline::{Io, Socket};
///
/// let io = Io::builder().build();
/// io.of("/").on_connect(async |socket: Socket| {
///     println!("{} is here", socket.id());
/// });
/// ```
#[derive(Clone)]
pub struct Io(Arc<IoInner>);

pub(crate) struct IoInner {
    pub(crate) namespaces: Namespaces,
    pub(crate) states: States,
    pub(crate) config: Config,
    on_error: ErrorHook,
    on_connect_error: RefusalHook,
    cluster: Option<Arc<Cluster>>,
    engine_hooks: EngineHooks,
    pub(crate) hosts: Hosts,
}

pub(crate) type ErrorHook = Box<dyn Fn(&HandlerError<'_>) + Send + Sync>;

/// A handler that failed, as the error hook sees it.
#[derive(Debug)]
pub struct HandlerError<'a> {
    /// Whose event it was.
    pub socket: &'a Socket,
    /// The event, or `connect`, `disconnecting`, `disconnect`; `middleware` where one panicked that
    /// decides about clients; `error` where the client broke the protocol, for which it is being
    /// closed, and the error's code is `violation`.
    pub event: &'a str,
    /// What went wrong; its [`source`](std::error::Error::source) is what the client is not told.
    pub error: &'a Error,
}

impl Io {
    /// A server with the defaults.
    #[expect(
        clippy::new_without_default,
        reason = "a server is made on purpose, not by a derive"
    )]
    pub fn new() -> Io {
        Io::builder().build()
    }

    /// Begins to prepare a server.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Sends an event to every socket of `/` and says how many were there.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        self.of("/").emit(name, args)
    }

    /// The members of a room of `/`, or of several.
    pub fn to(&self, rooms: impl RoomNames) -> Broadcast {
        self.of("/").to(rooms)
    }

    /// The same as [`to`](Io::to) (`in` of the JavaScript API).
    pub fn within(&self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone in `/` but the members of these rooms.
    pub fn except(&self, rooms: impl RoomNames) -> Broadcast {
        self.of("/").except(rooms)
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.0.cluster.as_ref()
    }

    pub(crate) fn inner(&self) -> &IoInner {
        &self.0
    }

    /// Tells the error hook of a handler that failed.
    pub(crate) fn report(&self, socket: &Socket, event: &str, error: &Error) {
        (self.0.on_error)(&HandlerError {
            socket,
            event,
            error,
        });
    }

    /// Checks that this server can provide what a handler asks for.
    pub(crate) fn require<M, H: Handler<M>>(&self, event: &str) {
        if let Err(missing) = H::check(&self.0.states) {
            panic!(
                "the handler of {event:?} ({}) asks for State<{missing}>, which the server's \
                 builder was not given; add `.state(…)` before `.build()`",
                std::any::type_name::<H>()
            );
        }
    }
}

impl IoInner {
    /// Drops what recovery has kept for too long. Says when that is to be done again, and whether
    /// there is nobody for whom anything is kept.
    pub(crate) fn sweep_recovery(&self, now: Moment) -> (Option<Moment>, bool) {
        let (mut first, mut is_deserted) = (None, true);
        for namespace in self.namespaces.all() {
            let Some(keeper) = &namespace.keeper else {
                continue;
            };
            let (next, nobody) = keeper.sweep(now);
            first = [first, next].into_iter().flatten().min();
            is_deserted &= nobody;
            // It may have been kept only for clients who could come back.
            if let Some(child) = namespace
                .child()
                .filter(|child| nobody && child.is_vacant())
            {
                self.namespaces.clean_up(&namespace, child);
            }
        }
        (first, is_deserted)
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}
