//! A socket: one client in one namespace, as an application sees it.

mod data;
mod emitting;
mod listening;
mod live;
mod operator;
mod outgoing;
mod rooms;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Weak};

use bytestring::ByteString;

use crate::registry::{DropReason, Mail, Mailbox, Reach};
use crate::socketio::Namespace;
use crate::wire::SocketId;

use super::engine::EngineSocket;
use super::handshake::{self, Handshake};
use super::io::Io;
use super::namespace::NamespaceInner;
use super::recovery::{Entry, Parting, Recoverable};
use super::{Dialect, HandshakeRecord, Transport};

pub(crate) use live::Live;
pub use operator::SocketOperator;

/// One client in one namespace.
///
/// A handle: cheap to clone, and keeping it keeps no client alive. After the client has left, emits
/// say [`Dropped`](Emitted::Dropped) and everything known of its arrival can still be read.
///
/// ```
/// use trunkline::{Error, Io, Socket};
///
/// let io = Io::builder().build();
/// io.of("/").on("chat", async |socket: Socket, (text,): (String,)| -> Result<(), Error> {
///     socket.to("lobby").emit("chat", (text,))?;
///     Ok(())
/// });
/// ```
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

struct Inner {
    arrival: Arrival,
    phase: AtomicU8,
    live: Weak<Live>,
    /// Not in `Live`, because it can be read after the client has left.
    data: Mutex<Option<Box<data::Data>>>,
    /// Only where recovery is on.
    recoverable: Option<Box<Recoverable>>,
}

const JOINING: u8 = 0;
const CONNECTED: u8 = 1;
/// It is being taken off the roster; nothing more is sent to it.
const LEAVING: u8 = 2;
const LEFT: u8 = 3;

/// What became of an emit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emitted {
    /// It waits to be sent.
    Queued,
    /// It will not be sent.
    Dropped(DropReason),
}

/// What a client's task knows when it makes a socket.
pub(crate) struct Arrival {
    pub(crate) id: SocketId,
    pub(crate) io: Io,
    pub(crate) namespace: Arc<NamespaceInner>,
    /// Empty and closed once the client has left, so keeping it keeps little.
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) auth: Option<ByteString>,
    pub(crate) dialect: Dialect,
    pub(crate) recoverable: Option<Box<Recoverable>>,
}

impl Socket {
    pub(crate) fn new(mut arrival: Arrival) -> (Socket, Arc<Live>) {
        let live = Arc::new(Live::default());
        let recoverable = arrival.recoverable.take();
        let inner = Inner {
            arrival,
            phase: AtomicU8::new(JOINING),
            live: Arc::downgrade(&live),
            data: Mutex::default(),
            recoverable,
        };
        (Socket(Arc::new(inner)), live)
    }

    /// The socket's public id, unique on this server; also the name of the room that holds just
    /// this socket.
    pub fn id(&self) -> &SocketId {
        &self.0.arrival.id
    }

    /// The namespace's name, `/` for the main one.
    pub fn namespace(&self) -> &str {
        &self.0.arrival.namespace.name
    }

    /// The value of a part of the [pattern](Io::of_pattern) that accepted the namespace, or of a
    /// named group of the [regular expression](Io::of_regex).
    ///
    /// ```
    /// use trunkline::{Io, Socket};
    ///
    /// let io = Io::builder().build();
    /// io.of_pattern("/org/{org}").on_connect(async |socket: Socket| {
    ///     let org = socket.part("org").unwrap_or_default();
    ///     println!("{} works at {org}", socket.id());
    /// });
    /// ```
    pub fn part(&self, name: &str) -> Option<&str> {
        self.0.arrival.namespace.part(name)
    }

    /// The server.
    pub fn io(&self) -> Io {
        self.0.arrival.io.clone()
    }

    /// The HTTP request with which the client arrived.
    pub fn handshake(&self) -> &Handshake {
        &self.0.arrival.handshake
    }

    pub(crate) fn shared_handshake(&self) -> &Arc<Handshake> {
        &self.0.arrival.handshake
    }

    /// What is known of the arrival as one value, with the keys of the JavaScript server's
    /// `socket.handshake`: to be emitted, logged or kept. It holds credentials.
    pub fn handshake_record(&self) -> HandshakeRecord {
        handshake::record(self.handshake(), self.auth())
    }

    /// The Engine.IO connection under this socket, which it shares with the client's sockets in
    /// other namespaces (`socket.conn` of the JavaScript API).
    pub fn conn(&self) -> EngineSocket {
        EngineSocket::new(&self.0.arrival.mailbox, self.0.arrival.handshake.clone())
    }

    /// What the client sent with its CONNECT packet, as JSON text; `{}` when it sent nothing.
    ///
    /// [`Auth`](crate::Auth) reads it into a type.
    pub fn auth(&self) -> &str {
        self.0.arrival.auth.as_deref().unwrap_or("{}")
    }

    pub(crate) fn shared_auth(&self) -> Option<&ByteString> {
        self.0.arrival.auth.as_ref()
    }

    /// By which transport the client is connected at present; the last one once it has left.
    pub fn transport(&self) -> Transport {
        transport_of(self.mailbox().transport())
    }

    /// Which form of frames the client speaks.
    pub fn dialect(&self) -> Dialect {
        self.0.arrival.dialect
    }

    /// Whether the client has been let in and has not left.
    pub fn is_connected(&self) -> bool {
        self.0.phase.load(Ordering::Acquire) == CONNECTED
    }

    /// Whether the client came back to an earlier session: then the id, the rooms and the data are
    /// those of before, and what it missed was sent to it. See [`Recovery`](crate::Recovery).
    pub fn recovered(&self) -> bool {
        self.0
            .recoverable
            .as_ref()
            .is_some_and(|own| own.is_recovered())
    }

    /// Disconnects the client from this namespace; its other namespaces go on (`disconnect()` of
    /// the JavaScript API).
    pub fn disconnect(&self) {
        let namespace = self.namespace_name().clone();
        self.post(Mail::Leave { namespace });
    }

    /// Disconnects the client from all its namespaces and closes the connection
    /// (`disconnect(true)` of the JavaScript API).
    pub fn disconnect_all(&self) {
        self.post(Mail::LeaveAll);
    }

    /// Waits until the client has left. Returns at once when it has.
    ///
    /// Long work for a client should end when this does.
    pub async fn left(&self) {
        let Some(live) = self.0.live.upgrade() else {
            return;
        };
        let left = live.left();
        if self.0.phase.load(Ordering::Acquire) != LEFT {
            left.await;
        }
    }

    /// Keeps a value of any type with this socket, until it leaves; one of each type.
    pub fn set<T: Send + Sync + 'static>(&self, value: T) {
        if let Some(live) = self.0.live.upgrade() {
            live.set(value);
        }
    }

    /// The value of type `T` that was [`set`](Socket::set).
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.live.upgrade()?.get()
    }

    pub(crate) fn namespace_name(&self) -> &Namespace {
        &self.0.arrival.namespace.name
    }

    pub(crate) fn namespace_inner(&self) -> &Arc<NamespaceInner> {
        &self.0.arrival.namespace
    }

    /// The client is in the namespace no more, and is not being decided about either. Once for
    /// each socket.
    pub(crate) fn vacate(&self) {
        let Arrival { io, namespace, .. } = &self.0.arrival;
        io.leave_namespace(namespace);
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.0.arrival.namespace.next_ack_id()
    }

    pub(crate) fn recoverable(&self) -> Option<&Recoverable> {
        self.0.recoverable.as_deref()
    }

    /// The socket was let in: it is on the roster from now on.
    pub(crate) fn connect(&self, live: &Live) -> Entry {
        let is_watched = self.watch_for_namespace();
        let mut early = live.early_rooms();
        let rooms = std::mem::take(&mut *early);
        let NamespaceInner { roster, keeper, .. } = &*self.0.arrival.namespace;
        let entry = match keeper.as_ref().zip(self.recoverable()) {
            None => {
                roster.insert(self.id().clone(), self.clone(), &rooms);
                Entry::In(None)
            }
            Some((keeper, own)) => keeper.connect(self, own, roster, rooms),
        };
        if let Entry::Lapsed = entry {
            return entry;
        }
        self.0.phase.store(CONNECTED, Ordering::Release);
        drop(early);
        if !is_watched {
            // Who asked meanwhile may not have found it on the roster.
            self.watch_for_namespace();
        }
        // Who is told may come back here.
        roster.tell();
        entry
    }

    /// The socket has left, or was refused: it is on no roster from now on.
    pub(crate) fn disconnected(&self, live: &Live, parting: Parting) {
        if self.0.phase.swap(LEAVING, Ordering::AcqRel) >= LEAVING {
            // Another may be here by its id.
            return;
        }
        let NamespaceInner { roster, keeper, .. } = &*self.0.arrival.namespace;
        match keeper.as_ref().zip(self.recoverable()) {
            None => roster.remove(self.id()),
            Some((keeper, own)) => keeper.part(self, own, roster, parting),
        }
        // Who waits for this may want to take its place.
        self.0.phase.store(LEFT, Ordering::Release);
        roster.tell();
        live.tell_left();
    }
}

impl Reach for Socket {
    fn mailbox(&self) -> &Mailbox {
        &self.0.arrival.mailbox
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Socket) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl Hash for Socket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", self.id())
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}

/// The transport that a mailbox notes under this number.
pub(super) fn transport_of(number: u8) -> Transport {
    match number {
        0 => Transport::Polling,
        _ => Transport::WebSocket,
    }
}
