//! A namespace: who may join it, what happens in it, who is in it.

mod listening;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::registry::Roster;
use crate::rooms::{Room, RoomEvent, Selection};
use crate::socketio::{self, IntoArgs, Outgoing};
use crate::wire::SocketId;

use super::EmitError;
use super::answer::{IntoAdmission, IntoAnswer};
use super::cluster::Cluster;
use super::handler::{Handler, erase_middleware};
use super::io::Io;
use super::listeners::Listeners;
use super::operator::{Broadcast, RoomNames};
use super::parent::Child;
use super::recovery::{Keeper, Terms};
use super::server_side::ServerSide;
use super::socket::Socket;

/// A namespace of a server; made by [`Io::of`].
///
/// Handlers may be added at any time, also while clients are connected; they see what comes after.
/// One that needs its namespace takes it as an argument: if it captured it, the server would stay for
/// ever (see [`WeakIo`](crate::WeakIo)).
#[derive(Clone)]
pub struct Namespace {
    io: Io,
    inner: Arc<NamespaceInner>,
}

pub(crate) struct NamespaceInner {
    pub(crate) name: socketio::Namespace,
    pub(crate) roster: Roster<Socket>,
    /// The other nodes, if the server has an adapter.
    pub(crate) cluster: Option<Arc<Cluster>>,
    pub(crate) server_side: ServerSide,
    /// Only where recovery is on.
    pub(crate) keeper: Option<Keeper>,
    listeners: RwLock<Arc<Listeners>>,
    /// Counts changes of the listeners, so that a client's task can keep its own copy of them.
    version: AtomicUsize,
    ack_ids: AtomicU64,
    /// Whether the application has removed it: who is let in nevertheless has to leave at once.
    removed: AtomicBool,
    /// Its side of the rule that it belongs to, if it does.
    child: Option<Child>,
}

impl Namespace {
    pub(crate) fn new(io: Io, inner: Arc<NamespaceInner>) -> Namespace {
        Namespace { io, inner }
    }

    /// The name, beginning with a slash.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The value of a part of the [pattern](Io::of_pattern) that accepted this namespace, or of a
    /// named group of the [regular expression](Io::of_regex).
    pub fn part(&self, name: &str) -> Option<&str> {
        self.inner.part(name)
    }

    /// Handles an event of every socket of this namespace.
    ///
    /// What the handler returns is the acknowledgement; see [`IntoAnswer`]. With several handlers
    /// for one event all run, and the first answer counts. The events of one socket start in the
    /// order in which they came, each running to its first `.await` before the next one starts.
    ///
    /// `connect`, `disconnecting` and `disconnect` are no events of clients; under these names the
    /// same happens as with [`on_connect`](Namespace::on_connect) and the others.
    ///
    /// [`listen`](Namespace::listen) does the same and says how to take the handler off again.
    ///
    /// # Panics
    /// When the handler asks for a [`State`](crate::State) that the server's builder was not given.
    pub fn on<M: 'static, H>(&self, name: &str, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.listen(name, handler);
        self
    }

    /// Decides about every client that wants to join, before it is let in. About events decides an
    /// [`event_middleware`](Namespace::event_middleware).
    ///
    /// Middlewares run in the order of their registration; the first refusal ends the chain and
    /// reaches the client as `connect_error`.
    ///
    /// ```
    /// use trunkline::{Auth, ConnectError, Io};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Token { token: String }
    ///
    /// let io = Io::builder().build();
    /// io.of("/").middleware(async |Auth(auth): Auth<Token>| {
    ///     if auth.token == "secret" { Ok(()) } else { Err(ConnectError::new("not authorized")) }
    /// });
    /// ```
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn middleware<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAdmission,
    {
        self.io.require::<M, H>("middleware");
        self.change(|listeners| listeners.middlewares.push(erase_middleware(handler)))
    }

    /// Runs for every client that was let in, before any of its events is looked at.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_connect<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.on("connect", handler)
    }

    /// Runs for every socket that is leaving, while its rooms can still be read.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_disconnecting<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.on("disconnecting", handler)
    }

    /// Runs for every socket that has left.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_disconnect<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: Handler<M>,
        H::Output: IntoAnswer,
    {
        self.on("disconnect", handler)
    }

    /// Sends an event to every socket of the namespace and says how many were there.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        Broadcast::new(self.inner.clone()).emit(name, args)
    }

    /// The members of a room, or of several.
    pub fn to(&self, rooms: impl RoomNames) -> Broadcast {
        Broadcast::new(self.inner.clone()).to(rooms)
    }

    /// The same as [`to`](Namespace::to) (`in` of the JavaScript API).
    pub fn within(&self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// Everyone but the members of these rooms.
    pub fn except(&self, rooms: impl RoomNames) -> Broadcast {
        Broadcast::new(self.inner.clone()).except(rooms)
    }

    /// The connected socket with this id.
    pub fn socket(&self, id: &SocketId) -> Option<Socket> {
        self.inner.roster.get(id)
    }

    /// All connected sockets.
    pub fn sockets(&self) -> Vec<Socket> {
        Broadcast::new(self.inner.clone()).sockets()
    }

    /// How many sockets are connected.
    pub fn socket_count(&self) -> usize {
        self.inner.roster.len()
    }

    /// The rooms that sockets of this server have joined, and how many are in each, in no
    /// particular order. The room that every socket has of its own is not among them, unless
    /// another socket has joined it.
    pub fn rooms(&self) -> Vec<(Room, usize)> {
        self.inner.roster.counts()
    }

    /// Calls `hook` for every change of who is in which room on this server, from now on: see
    /// [`RoomEvent`].
    ///
    /// The changes of one room are told in the order in which they happened, one after the other,
    /// and no lock is held meanwhile, so a hook may join and leave rooms itself. Another change
    /// made at the same time, also by the hook, may be told later by whoever is telling. A hook
    /// should be quick, and one that panics is logged.
    ///
    /// ```
    /// use trunkline::{Io, rooms::RoomEvent};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").on_room_event(|event| {
    ///     if let RoomEvent::Created { room } = event {
    ///         println!("{room} exists now");
    ///     }
    /// });
    /// ```
    pub fn on_room_event(&self, hook: impl Fn(&RoomEvent) + Send + Sync + 'static) -> &Namespace {
        self.inner.roster.watch(hook);
        self
    }

    pub(crate) fn inner(&self) -> &Arc<NamespaceInner> {
        &self.inner
    }

    fn change(&self, change: impl FnOnce(&mut Listeners)) -> &Namespace {
        self.alter(change);
        self
    }

    /// Changes the listeners; what was removed from them comes back to be dropped without the lock.
    fn alter<R>(&self, change: impl FnOnce(&mut Listeners) -> R) -> R {
        let mut listeners = self
            .inner
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let outcome = change(Arc::make_mut(&mut listeners));
        self.inner.version.fetch_add(1, Ordering::Release);
        outcome
    }
}

impl NamespaceInner {
    pub(crate) fn new(name: socketio::Namespace) -> NamespaceInner {
        NamespaceInner {
            name,
            roster: Roster::new(),
            cluster: None,
            server_side: ServerSide::default(),
            keeper: None,
            listeners: RwLock::default(),
            version: AtomicUsize::new(0),
            ack_ids: AtomicU64::new(0),
            removed: AtomicBool::new(false),
            child: None,
        }
    }

    /// A namespace that belongs to a rule.
    pub(crate) fn child_of(name: socketio::Namespace, child: Child) -> NamespaceInner {
        NamespaceInner {
            child: Some(child),
            ..NamespaceInner::new(name)
        }
    }

    /// The same, open to the other nodes if there is a cluster.
    pub(crate) fn in_cluster(self, cluster: Option<Arc<Cluster>>) -> NamespaceInner {
        if let Some(cluster) = &cluster {
            cluster.adapter().namespace_opened(&self.name);
        }
        NamespaceInner { cluster, ..self }
    }

    /// Its side of the rule that it belongs to, if it does.
    pub(crate) fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    /// With recovery, if the server has it on.
    pub(crate) fn with_recovery(mut self, terms: Option<&Arc<Terms>>) -> NamespaceInner {
        self.keeper = terms.map(Keeper::new);
        self
    }

    /// Queues one packet for every selected socket and counts those who took it.
    pub(crate) fn broadcast(&self, selection: &Selection, packet: Outgoing) -> usize {
        match &self.keeper {
            None => self.roster.broadcast(selection, &Arc::new(packet)),
            Some(keeper) => keeper.broadcast(&self.roster, selection, packet),
        }
    }

    /// The handlers as they are now, those of the rule that it belongs to first.
    pub(crate) fn listeners(&self) -> Arc<Listeners> {
        let own = || {
            self.listeners
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        };
        match &self.child {
            Some(child) => child.listeners(self.version.load(Ordering::Acquire), own),
            None => own(),
        }
    }

    /// Whether somebody wants to see what is sent to the sockets.
    pub(crate) fn is_watched(&self) -> bool {
        !self.listeners().any_outgoing().is_empty()
    }

    /// Changes whenever the handlers do.
    pub(crate) fn version(&self) -> usize {
        let own = self.version.load(Ordering::Acquire);
        match &self.child {
            Some(child) => child.version(own),
            None => own,
        }
    }

    /// The part of this name that the rule found in the namespace's name.
    pub(crate) fn part(&self, part: &str) -> Option<&str> {
        let place = self.child.as_ref()?.part(part)?;
        self.name.get(place)
    }

    /// The server has it no more.
    pub(crate) fn remove(&self) {
        self.removed.store(true, Ordering::SeqCst);
    }

    /// Whether the server has it no more.
    pub(crate) fn is_removed(&self) -> bool {
        self.removed.load(Ordering::SeqCst)
    }

    /// All parts of this name that the rule found in it, with their names.
    pub(crate) fn parts(&self) -> Vec<(&str, &str)> {
        let parts = self.child.as_ref().map(Child::parts);
        let parts = parts.into_iter().flatten();
        parts
            .filter_map(|(part, place)| Some((part, self.name.get(place)?)))
            .collect()
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}
