//! Engine.IO alone: bare messages over polling and WebSocket, without namespaces or events.

mod packets;

use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::engine::{CloseReason, Config, Transport};
use crate::registry::{Mail, Mailbox};
use crate::wire::Frame;

pub(crate) use packets::PacketHooks;

use super::handler::BoxFuture;
use super::handshake::Handshake;
use super::hosts::Hosts;
use super::limits::Limits;
use super::socket::{Emitted, transport_of};

/// An Engine.IO server.
///
/// ```
/// use trunkline::{Engine, EngineSocket, Frame};
///
/// let engine = Engine::builder()
///     .on_message(async |socket: EngineSocket, message: Frame| {
///         socket.send(message);
///     })
///     .build();
/// let config = trunkline::server::Config { path: "/engine.io".into(), ..Default::default() };
/// let service = trunkline::Service::with_config(engine, config);
/// ```
#[derive(Clone)]
pub struct Engine(Arc<EngineInner>);

pub(crate) struct EngineInner {
    /// What is of Socket.IO alone has no effect here.
    pub(crate) layers: super::Config,
    pub(crate) on_connect: Option<Hook>,
    pub(crate) on_message: Option<Box<MessageHook>>,
    pub(crate) on_upgrade: Option<Hook>,
    pub(crate) on_close: Option<Box<CloseHook>>,
    pub(crate) packet_hooks: PacketHooks,
    pub(crate) hosts: Hosts,
}

type Hook = Box<dyn Fn(EngineSocket) -> BoxFuture<()> + Send + Sync>;
type MessageHook = dyn Fn(EngineSocket, Frame) -> BoxFuture<()> + Send + Sync;
type CloseHook = dyn Fn(EngineSocket, CloseReason) -> BoxFuture<()> + Send + Sync;

/// Prepares an [`Engine`]; made by [`Engine::builder`].
pub struct EngineBuilder(EngineInner);

impl Engine {
    /// Begins to prepare an Engine.IO server.
    pub fn builder() -> EngineBuilder {
        EngineBuilder(EngineInner {
            layers: super::Config::default(),
            on_connect: None,
            on_message: None,
            on_upgrade: None,
            on_close: None,
            packet_hooks: PacketHooks::default(),
            hosts: Hosts::default(),
        })
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &Config {
        &self.0.layers.engine
    }

    /// How many clients are connected, by whatever service.
    pub fn client_count(&self) -> usize {
        self.0.hosts.client_count()
    }

    /// Closes every client's connection and turns newcomers away; as [`Io::close`](crate::Io::close).
    pub async fn close(&self) {
        self.0.hosts.close().await;
    }

    /// Waits until somebody calls [`close`](Engine::close); as [`Io::closed`](crate::Io::closed).
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let engine = self.clone();
        async move { engine.0.hosts.closed().await }
    }

    pub(crate) fn inner(&self) -> &EngineInner {
        &self.0
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", self.config())
            .finish_non_exhaustive()
    }
}

impl EngineBuilder {
    /// Heartbeat, sizes, transports; the defaults are the reference server's.
    #[must_use]
    pub fn config(mut self, config: Config) -> EngineBuilder {
        self.0.layers.engine = config;
        self
    }

    /// Sets the limits of connections, whatever was set before: the payload's bytes, how many clients
    /// there may be, how fast they may talk, how many handlers and bytes may wait. Those of Socket.IO
    /// have no effect. Default: [`Limits::default`].
    ///
    /// ```
    /// use trunkline::{Engine, Limits};
    ///
    /// let engine = Engine::builder().limits(Limits::internet()).build();
    /// assert_eq!(engine.config().max_payload, Limits::internet().max_payload);
    /// ```
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> EngineBuilder {
        limits.apply(&mut self.0.layers);
        self
    }

    /// Runs for every new connection, after its handshake was answered.
    #[must_use]
    pub fn on_connect<H, Fut>(mut self, handler: H) -> EngineBuilder
    where
        H: FnOnce(EngineSocket) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.on_connect = Some(Box::new(move |socket| Box::pin(handler.clone()(socket))));
        self
    }

    /// Runs for every message. The messages of one connection start in their order, each running
    /// to its first `.await` before the next one starts.
    #[must_use]
    pub fn on_message<H, Fut>(mut self, handler: H) -> EngineBuilder
    where
        H: FnOnce(EngineSocket, Frame) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.on_message = Some(Box::new(move |socket, frame| {
            Box::pin(handler.clone()(socket, frame))
        }));
        self
    }

    /// Runs when a connection has moved from polling to WebSocket.
    #[must_use]
    pub fn on_upgrade<H, Fut>(mut self, handler: H) -> EngineBuilder
    where
        H: FnOnce(EngineSocket) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.on_upgrade = Some(Box::new(move |socket| Box::pin(handler.clone()(socket))));
        self
    }

    /// Runs once for every connection that is over.
    #[must_use]
    pub fn on_close<H, Fut>(mut self, handler: H) -> EngineBuilder
    where
        H: FnOnce(EngineSocket, CloseReason) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.0.on_close = Some(Box::new(move |socket, reason| {
            Box::pin(handler.clone()(socket, reason))
        }));
        self
    }

    /// Makes the server.
    pub fn build(self) -> Engine {
        Engine(Arc::new(self.0))
    }
}

/// One Engine.IO connection: a handle that keeps nothing alive.
///
/// All handles of one connection are equal, so it can be the key of a map in which an application
/// keeps what it knows of its connections. [`Socket::conn`](crate::Socket::conn) is the one under a
/// socket of Socket.IO.
#[derive(Clone)]
pub struct EngineSocket(Arc<Inner>);

struct Inner {
    /// Empty and closed once the client has left, so keeping it keeps little.
    mailbox: Arc<Mailbox>,
    handshake: Arc<Handshake>,
}

impl EngineSocket {
    pub(crate) fn new(mailbox: &Arc<Mailbox>, handshake: Arc<Handshake>) -> EngineSocket {
        EngineSocket(Arc::new(Inner {
            mailbox: mailbox.clone(),
            handshake,
        }))
    }

    /// Sends a message, text or binary. Returns at once: it waits in the connection's queue.
    ///
    /// Under Socket.IO the client takes it for a packet: one that is none ends the connection, and
    /// between a packet and its attachments there is never one. A client that speaks plain JSON
    /// gets none.
    pub fn send(&self, message: impl Into<Frame>) -> Emitted {
        self.post(Mail::Send(message.into()))
    }

    /// Closes the connection; what was sent before is delivered first.
    pub fn close(&self) {
        self.post(Mail::Close);
    }

    /// Closes the connection at once; what was sent and has not left yet is dropped
    /// (`close(true)` of the JavaScript API).
    pub fn discard(&self) {
        self.post(Mail::Discard);
    }

    /// Waits until everything sent so far was handed to the operating system, or the connection is
    /// over (`drain` of the JavaScript API). On polling that is when the client fetched it.
    pub async fn flushed(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.0.mailbox.post(Mail::Flushed(sender)).is_ok() {
            // The sender is dropped when the client leaves.
            let _ = receiver.await;
        }
    }

    /// The version of Engine.IO that the client speaks: 4, or 3 where older clients are admitted.
    /// One that speaks plain JSON counts as 4.
    pub fn protocol(&self) -> u8 {
        let handshake = self.handshake();
        // Whoever does not say 4 speaks 3; clients of plain JSON name neither it nor a transport.
        match (handshake.query("EIO"), handshake.query("transport")) {
            (Some("4"), _) | (_, None) => 4,
            _ => 3,
        }
    }

    /// The client's address, if it is known: [`Handshake::address`].
    pub fn remote_address(&self) -> Option<IpAddr> {
        self.handshake().address
    }

    /// The request with which the client arrived.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// By which transport the client is connected at present; the last one once it has left.
    pub fn transport(&self) -> Transport {
        transport_of(self.0.mailbox.transport())
    }

    /// Whether the connection is open.
    pub fn is_open(&self) -> bool {
        !self.0.mailbox.has_ended()
    }

    pub(crate) fn closed(&self) {
        self.0.mailbox.end();
    }

    fn post(&self, mail: Mail) -> Emitted {
        let sent = self.0.mailbox.post(mail);
        sent.map_or_else(Emitted::Dropped, |()| Emitted::Queued)
    }
}

impl PartialEq for EngineSocket {
    fn eq(&self, other: &EngineSocket) -> bool {
        Arc::ptr_eq(&self.0.mailbox, &other.0.mailbox)
    }
}

impl Eq for EngineSocket {}

impl Hash for EngineSocket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0.mailbox).hash(state);
    }
}

impl fmt::Debug for EngineSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSocket")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("config", &self.0.layers.engine)
            .finish_non_exhaustive()
    }
}
