//! How one server speaks with the other nodes of its cluster: the seam for a transport, and what
//! is said over it.
//!
//! An [`Adapter`] carries [`Message`]s between nodes and knows who is there; nothing more. Who is
//! asked what, who has answered, what is missing when time runs out: that is written once, above
//! it, and is the same for every transport. A server without an adapter is a cluster of one and
//! pays nothing.
//!
//! [`Hub`] joins the servers of one process. It sends every message in the same written form that a
//! broker would carry ([`Message::encode`]), and so shows that the seam holds.
//!
//! What other nodes say is input: what cannot be read or makes no sense is logged and dropped.

mod codec;
mod hub;
mod message;
mod requests;
mod tally;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

pub use hub::{Hub, HubAdapter};
pub(crate) use message::written;
pub use message::{
    Content, HandshakeRecord, MAX_MESSAGE_BYTES, Message, MessageError, Outcome, Packet, RequestId,
    SocketRecord,
};
pub(crate) use requests::{Gathering, Part, Requests};
pub use tally::Missing;
pub(crate) use tally::Tally;

/// How many handlers of other nodes' server-side events may be running; more events are dropped.
const MAX_RUNNING: usize = 1024;

/// A future of no particular type.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a message sets going.
pub(crate) type Work = BoxFuture<'static, ()>;

/// A node's name, unique in its cluster and chosen by its adapter.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// Takes a name as it stands.
    pub fn new(name: impl Into<Arc<str>>) -> NodeId {
        NodeId(name.into())
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Carries messages between the nodes of a cluster; given to a server by
/// [`Builder::adapter`](crate::Builder::adapter).
///
/// Of what one node sends, another should see a subsequence in the same order. A message may be
/// lost: a broadcast is then not seen there, a request ends with that node among the
/// [missing](Missing).
pub trait Adapter: Send + Sync + 'static {
    /// This node's name; the same for as long as the adapter lives.
    fn node_id(&self) -> NodeId;

    /// Begins to bring messages to this node. Called once, when the server is built, within a
    /// Tokio runtime; returns at once, and connects in the background.
    fn start(&self, node: Node);

    /// A namespace exists on this node from now on, and other nodes' messages for it are wanted.
    /// This and the next are called under a lock: they note it, and return at once.
    fn namespace_opened(&self, namespace: &str);

    /// A namespace exists on this node no longer.
    fn namespace_closed(&self, namespace: &str);

    /// Takes a message to be sent, and returns at once: it is called from within emits. What does
    /// not fit into a bounded queue is refused, not waited for. The node itself does not receive
    /// it.
    ///
    /// # Errors
    /// When the message will not be sent.
    fn send(&self, to: Target<'_>, message: Message) -> Result<(), SendError>;

    /// The other nodes that serve a namespace and are alive as far as is known.
    fn peers<'a>(&'a self, namespace: &'a str) -> BoxFuture<'a, Peers>;

    /// Leaves the cluster, after what was taken is sent. Nothing is sent or received afterwards.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// For whom a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target<'a> {
    /// Every other node that serves the message's namespace.
    All,
    /// One node.
    Node(&'a NodeId),
}

/// The other nodes, as far as an adapter knows them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peers {
    /// By name: who is missing can be said by name, and nobody waits for one that has
    /// [left](Node::left).
    Nodes(Vec<NodeId>),
    /// How many there are, where a broker can only count.
    Count(usize),
}

impl Peers {
    /// How many they are.
    pub fn len(&self) -> usize {
        match self {
            Peers::Nodes(nodes) => nodes.len(),
            Peers::Count(count) => *count,
        }
    }

    /// Whether this node is alone.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a message was not sent.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Too much waits already.
    #[error("the queue towards other nodes is full")]
    Full,
    /// The adapter is closed, or was never started.
    #[error("the adapter is closed")]
    Closed,
    /// It has no written form.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// Something else, in the adapter's words.
    #[error("{0}")]
    Other(String),
}

/// The server to which a message is brought has gone; the adapter may end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server has gone")]
pub struct Gone;

/// The logic above the transport.
pub(crate) trait Receiver: Send + Sync {
    /// Deals with a message; what takes time comes back as work.
    fn receive(&self, from: &NodeId, message: Message) -> Option<Work>;

    /// A node has left.
    fn left(&self, node: &NodeId);
}

/// One server, as its adapter sees it: where messages are brought. Keeps no server alive.
#[derive(Clone)]
pub struct Node {
    id: NodeId,
    receiver: Weak<dyn Receiver>,
    places: Arc<Semaphore>,
}

impl Node {
    pub(crate) fn new(id: NodeId, receiver: Weak<dyn Receiver>) -> Node {
        Node {
            id,
            receiver,
            places: Arc::new(Semaphore::new(MAX_RUNNING)),
        }
    }

    /// The node's own name.
    pub fn id(&self) -> &NodeId {
        &self.id
    }

    /// Takes a message that node `from` has sent; the node's own are ignored. Returns at once;
    /// handlers of server-side events run as tasks of the runtime it is called in, and outside any such
    /// an event is logged and dropped.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn receive(&self, from: &NodeId, message: Message) -> Result<(), Gone> {
        let receiver = self.receiver.upgrade().ok_or(Gone)?;
        if *from == self.id {
            return Ok(());
        }
        if let Some(work) = receiver.receive(from, message) {
            self.run(from, work);
        }
        Ok(())
    }

    /// Takes a message in [written form](Message::encode); one that cannot be read is logged and
    /// dropped.
    ///
    /// # Errors
    /// When the server has gone.
    pub fn receive_bytes(&self, bytes: &[u8]) -> Result<(), Gone> {
        match Message::decode(bytes) {
            Ok((from, message)) => self.receive(&from, message),
            Err(error) => {
                let length = bytes.len();
                tracing::warn!(node = %self.id, length, "another node's message is dropped: {error}");
                self.receiver.upgrade().map(|_| ()).ok_or(Gone)
            }
        }
    }

    /// A node has left, or is taken for dead: nobody waits for its answers any more.
    pub fn left(&self, node: &NodeId) {
        if let Some(receiver) = self.receiver.upgrade() {
            receiver.left(node);
        }
    }

    fn run(&self, from: &NodeId, work: Work) {
        let Ok(runtime) = Handle::try_current() else {
            tracing::error!(node = %self.id, %from, "a server-side event is dropped: it came outside a Tokio runtime");
            return;
        };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            tracing::warn!(node = %self.id, %from, "a server-side event is dropped: too many run");
            return;
        };
        runtime.spawn(async move {
            work.await;
            drop(place);
        });
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
