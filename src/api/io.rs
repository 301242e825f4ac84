//! The server as an application sees it: its namespaces, its state, its hooks.

mod ending;
mod listening;
mod settings;
mod spaces;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::adapter::Adapter;
use crate::connection::{Pace, PlainConfig};
use crate::engine;
use crate::recovery::Config as Recovery;
use crate::socketio::parser::Parser;
use crate::socketio::{self, IntoArgs, SlowClient};
use crate::wire::Moment;

use super::answer::VIOLATION;
use super::cluster::Cluster;
use super::handler::Handler;
use super::hosts::Hosts;
use super::limits::{CrowdConfig, Limits};
use super::namespaces::{Namespaces, NamespacesConfig};
use super::operator::{Broadcast, RoomNames};
use super::recovery::Terms;
use super::socket::Socket;
use super::state::States;
use super::{EmitError, Error};

pub(crate) use spaces::Lookup;

use ending::EngineHooks;

/// A Socket.IO server: the handle with which an application listens and emits.
///
/// Cheap to clone; every clone is the same server. It does nothing by itself: hand it to
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
    /// The event, or `connect`, `disconnecting`, `disconnect`; `error` where the client broke the
    /// protocol, for which it is being closed, and the error's code is `violation`.
    pub event: &'a str,
    /// What went wrong; its [`source`](std::error::Error::source) is what the client is not told.
    pub error: &'a Error,
}

/// What an application's server is configured with; each layer's part beside the others.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The Engine.IO sessions: heartbeat, sizes, transports.
    pub engine: engine::Config,
    /// The Socket.IO clients: connect timeout and limits.
    pub socketio: socketio::Config,
    /// The JSON dialect, where it is served.
    pub plain: PlainConfig,
    /// The handlers and queues of one client.
    pub dispatch: DispatchConfig,
    /// Namespaces that rules let clients bring about.
    pub namespaces: NamespacesConfig,
    /// Connection state recovery. Default none: off.
    pub recovery: Option<Recovery>,
    /// How many clients there may be.
    pub crowd: CrowdConfig,
}

/// Limits of one client's handlers, queues and rooms, and of how fast it may talk.
#[derive(Clone, Debug)]
pub struct DispatchConfig {
    /// How many handlers of one client may be in flight; at the bound events wait. Default 64.
    pub max_in_flight: usize,
    /// How many events of one client may wait; beyond it nothing more is read. Default 256.
    pub max_waiting: usize,
    /// How many bytes of events may wait; beyond it nothing more is read. Default 4 MiB.
    pub max_waiting_bytes: usize,
    /// How long a client may stay unread before it is closed. Default 60 s.
    pub stall_limit: Duration,
    /// How many bytes may wait for a client; beyond it [`SlowClient`] decides, and by default the
    /// client is closed with `transport error` (`slow consumer`). Each packet counts 128 bytes more
    /// than it has. Default 16 MiB.
    pub max_backlog: usize,
    /// How many rooms one socket may be in, beside its own; it joins no more, which is logged as a
    /// warning. Default 65,536.
    pub max_rooms: usize,
    /// How fast a client may talk. One that talks faster is read more slowly, and closed with
    /// `transport error` (`too fast`) if it would stay unread for `stall_limit`. Default: as fast as
    /// it likes.
    pub pace: Pace,
}

impl Default for DispatchConfig {
    fn default() -> DispatchConfig {
        DispatchConfig {
            max_in_flight: 64,
            max_waiting: 256,
            max_waiting_bytes: 4 << 20,
            stall_limit: Duration::from_secs(60),
            max_backlog: 16 << 20,
            max_rooms: 65_536,
            pace: Pace::default(),
        }
    }
}

/// Prepares an [`Io`]; made by [`Io::builder`].
pub struct Builder {
    states: States,
    config: Config,
    on_error: ErrorHook,
    adapter: Option<Box<dyn Adapter>>,
    engine_hooks: EngineHooks,
}

impl Builder {
    /// Gives the application's state of type `T` to all handlers that ask for [`State<T>`](crate::State).
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Builder {
        self.states.insert(state);
        self
    }

    /// Replaces the whole configuration.
    #[must_use]
    pub fn config(mut self, config: Config) -> Builder {
        self.config = config;
        self
    }

    /// Sets the limits of all layers, whatever was set before.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Builder {
        limits.apply(&mut self.config);
        self
    }

    /// How often the server asks whether a client is still there. Default 25 s.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Builder {
        self.config.engine.ping_interval = interval;
        self.config.plain.ping_interval = interval;
        self
    }

    /// How long a client may take to answer a ping. Default 20 s.
    #[must_use]
    pub fn ping_timeout(mut self, timeout: Duration) -> Builder {
        self.config.engine.ping_timeout = timeout;
        self.config.plain.ping_timeout = timeout;
        self
    }

    /// The largest request body and the largest WebSocket message, in bytes. Default 1,000,000.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Builder {
        self.config.engine.max_payload = bytes;
        self
    }

    /// How long a client may stay without joining a namespace. Default 45 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Builder {
        self.config.socketio.connect_timeout = timeout;
        self
    }

    /// The wire format of packets, which every client must speak:
    /// [`MsgpackParser`](crate::MsgpackParser), or [one's own](crate::socketio::parser). By default
    /// Socket.IO's own, JSON.
    #[must_use]
    pub fn parser(mut self, parser: impl Parser) -> Builder {
        self.config.socketio.parser = Some(parser.into());
        self
    }

    /// What becomes of packets for which a client has no room because it reads too slowly, unless
    /// the emit says so itself ([`Socket::when_slow`]). Default: the client is closed.
    #[must_use]
    pub fn slow_client(mut self, policy: SlowClient) -> Builder {
        self.config.socketio.slow_client = policy;
        self.config.plain.slow_client = policy;
        self
    }

    /// Which transports are served. Default both.
    #[must_use]
    pub fn transports(mut self, transports: engine::Transports) -> Builder {
        self.config.engine.transports = transports;
        self
    }

    /// Whether clients of Socket.IO 2, which speak Engine.IO 3, are served as well. Default no.
    ///
    /// The socket ids of such clients are made of their session ids; who learns one can speak for
    /// the client. See [`engine::Config::allow_eio3`].
    ///
    /// ```
    /// let io = trunkline::Io::builder().allow_eio3(true).build();
    /// assert!(io.config().engine.allow_eio3);
    /// ```
    #[must_use]
    pub fn allow_eio3(mut self, allow: bool) -> Builder {
        self.config.engine.allow_eio3 = allow;
        self
    }

    /// Lets clients that were cut off come back to their session: with the same id, rooms and data,
    /// and sent what they missed. Off by default.
    ///
    /// Every event without acknowledgement then carries one more argument, a text, and all emits of
    /// a namespace go through one lock.
    ///
    /// ```
    /// use trunkline::{Io, Recovery, Socket};
    ///
    /// let io = Io::builder().recovery(Recovery::default()).build();
    /// io.of("/").on_connect(async |socket: Socket| {
    ///     if !socket.recovered() {
    ///         socket.join("news");
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn recovery(mut self, recovery: Recovery) -> Builder {
        self.config.recovery = Some(recovery);
        self
    }

    /// Is told of every handler that failed or panicked, of every event that a middleware refused,
    /// and, before the `disconnecting` handlers, of every socket whose client broke the protocol. By
    /// default the former are logged as warnings.
    #[must_use]
    pub fn on_error(mut self, hook: impl Fn(&HandlerError<'_>) + Send + Sync + 'static) -> Builder {
        self.on_error = Box::new(hook);
        self
    }

    /// Makes the server one node of a cluster, whose other nodes are reached by `adapter`. By
    /// default it is alone.
    #[must_use]
    pub fn adapter(mut self, adapter: impl Adapter) -> Builder {
        self.adapter = Some(Box::new(adapter));
        self
    }

    /// Makes the server. The namespace `/` exists from the start.
    ///
    /// # Panics
    /// With an [`adapter`](Builder::adapter), outside a Tokio runtime.
    pub fn build(self) -> Io {
        let Builder {
            states,
            config,
            on_error,
            adapter,
            engine_hooks,
        } = self;
        let io = Io(Arc::new_cyclic(|io| {
            let cluster = adapter.map(|adapter| Arc::new(Cluster::new(adapter, io.clone())));
            IoInner {
                namespaces: Namespaces::new(
                    config.namespaces.clone(),
                    cluster.clone(),
                    terms(&config),
                ),
                states,
                config,
                on_error,
                cluster,
                engine_hooks,
                hosts: Hosts::default(),
            }
        }));
        if let Some(cluster) = io.cluster() {
            cluster.start();
        }
        io.of("/");
        io
    }
}

/// A client that is gone is given up after its last ping and the time for the answer.
fn terms(config: &Config) -> Option<Arc<Terms>> {
    let recovery = config.recovery.clone()?;
    let silence = config
        .engine
        .ping_interval
        .saturating_add(config.engine.ping_timeout);
    Some(Arc::new(Terms::new(
        recovery,
        silence,
        config.dispatch.max_backlog,
    )))
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
        let on_error = |failure: &HandlerError<'_>| {
            if failure.error.code() == VIOLATION {
                // The client's fault, and the log tells it when the connection ends.
                return;
            }
            tracing::warn!(
                socket = %failure.socket.id(),
                event = failure.event,
                code = failure.error.code(),
                cause = std::error::Error::source(failure.error),
                "a handler failed: {}",
                failure.error.message()
            );
        };
        Builder {
            states: States::default(),
            config: Config::default(),
            on_error: Box::new(on_error),
            adapter: None,
            engine_hooks: EngineHooks::default(),
        }
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

    pub(crate) fn from_inner(inner: Arc<IoInner>) -> Io {
        Io(inner)
    }

    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.0.cluster.as_ref()
    }

    /// For somebody who must not keep the server.
    pub(crate) fn downgrade(&self) -> Weak<IoInner> {
        Arc::downgrade(&self.0)
    }

    /// Drops what recovery has kept for too long. Says when that is to be done again, and whether
    /// there is nobody for whom anything is kept.
    pub(crate) fn sweep_recovery(inner: &IoInner, now: Moment) -> (Option<Moment>, bool) {
        let (mut first, mut is_deserted) = (None, true);
        for namespace in inner.namespaces.all() {
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
                inner.namespaces.clean_up(&namespace, child);
            }
        }
        (first, is_deserted)
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

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
