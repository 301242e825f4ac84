//! What can be set of a server before it is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adapter::Adapter;
use crate::api::answer::VIOLATION;
use crate::api::cluster::Cluster;
use crate::api::engine::EngineSocket;
use crate::api::hosts::Hosts;
use crate::api::limits::Limits;
use crate::api::namespaces::Namespaces;
use crate::api::recovery::Terms;
use crate::api::state::States;
use crate::engine::{self, CloseReason};
use crate::recovery::Config as Recovery;
use crate::socketio::SlowClient;
use crate::socketio::parser::Parser;
use crate::wire::Frame;

use super::config::Config;
use super::ending::EngineHooks;
use super::refusing::{self, RefusalHook};
use super::{ErrorHook, HandlerError, Io, IoInner, WeakIo};

/// Prepares an [`Io`]; made by [`Io::builder`].
pub struct Builder {
    states: States,
    config: Config,
    on_error: ErrorHook,
    pub(super) on_connect_error: RefusalHook,
    adapter: Option<Box<dyn Adapter>>,
    pub(super) engine_hooks: EngineHooks,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder {
            states: States::default(),
            config: Config::default(),
            on_error: Box::new(log),
            on_connect_error: Box::new(refusing::log),
            adapter: None,
            engine_hooks: EngineHooks::default(),
        }
    }

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
    /// the emit says so itself ([`Socket::when_slow`](crate::Socket::when_slow)). Default: the client is closed.
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
    /// default the former are logged as warnings. Of clients that are not let in it is told only if
    /// the middleware panicked; all of them are for [`on_connect_error`](Builder::on_connect_error).
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

    /// How long a WebSocket may take to take over from polling; then polling goes on. Default 10 s.
    #[must_use]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Builder {
        self.config.engine.upgrade_timeout = timeout;
        self
    }

    /// Whether a polling client may move to a WebSocket. Default yes.
    #[must_use]
    pub fn allow_upgrades(mut self, allow: bool) -> Builder {
        self.config.engine.allow_upgrades = allow;
        self
    }

    /// A message that follows each open packet, text or binary. Default none.
    #[must_use]
    pub fn initial_packet(mut self, message: impl Into<Frame>) -> Builder {
        self.config.engine.initial_packet = Some(message.into());
        self
    }

    /// How many binary attachments a client's packet may have. Default 10.
    #[must_use]
    pub fn max_attachments(mut self, most: usize) -> Builder {
        self.config.socketio.max_attachments = most;
        self.config.plain.max_attachments = most;
        self
    }

    /// How many bytes may wait for a client that reads too slowly
    /// ([`DispatchConfig::max_backlog`](crate::DispatchConfig::max_backlog)). Default 16 MiB.
    #[must_use]
    pub fn max_backlog(mut self, bytes: usize) -> Builder {
        self.config.dispatch.max_backlog = bytes;
        self
    }

    /// Whether namespaces that rules made vanish when nobody is in them any more. Default: no.
    #[must_use]
    pub fn cleanup_empty_child_namespaces(mut self, cleanup: bool) -> Builder {
        self.config.namespaces.cleanup_empty_child_namespaces = cleanup;
        self
    }

    /// How many namespaces clients may bring about by one rule. Default 10,000.
    #[must_use]
    pub fn max_child_namespaces(mut self, most: usize) -> Builder {
        self.config.namespaces.max_child_namespaces = most;
        self
    }

    /// Is told of every Engine.IO connection, after its handshake was answered and before it joins
    /// any namespace (`connection` of `io.engine` in the JavaScript API). It runs on the client's
    /// task and should be short.
    #[must_use]
    pub fn on_engine_connect(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.on_connect = Some(Box::new(hook));
        self
    }

    /// Is told of every connection that has moved from polling to WebSocket (`upgrade` of
    /// `socket.conn` in the JavaScript API).
    #[must_use]
    pub fn on_engine_upgrade(
        mut self,
        hook: impl Fn(&EngineSocket) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.on_upgrade = Some(Box::new(hook));
        self
    }

    /// Is told of every connection that is over, once its sockets have left their namespaces
    /// (`close` of `socket.conn` in the JavaScript API).
    #[must_use]
    pub fn on_engine_close(
        mut self,
        hook: impl Fn(&EngineSocket, CloseReason) + Send + Sync + 'static,
    ) -> Builder {
        self.engine_hooks.on_close = Some(Box::new(hook));
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
            on_connect_error,
            adapter,
            engine_hooks,
        } = self;
        let io = Io(Arc::new_cyclic(|io| {
            let cluster =
                adapter.map(|adapter| Arc::new(Cluster::new(adapter, WeakIo::new(io.clone()))));
            IoInner {
                namespaces: Namespaces::new(
                    config.namespaces.clone(),
                    cluster.clone(),
                    terms(&config),
                ),
                states,
                config,
                on_error,
                on_connect_error,
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

/// What is done about a handler that failed, unless the application says otherwise.
fn log(failure: &HandlerError<'_>) {
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

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
