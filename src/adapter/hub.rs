//! A cluster within one process: several servers, joined by queues.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::message::Message;
use super::{Adapter, BoxFuture, Node, NodeId, Peers, SendError, Target};

/// How many messages may wait for one node.
const MAX_WAITING: usize = 4096;

/// How many bytes may wait for one node.
const MAX_WAITING_BYTES: usize = 64 << 20;

/// Joins several servers of one process into a cluster.
///
/// For tests of what an application does across nodes, and for programs that run several servers.
/// Messages are written and read as they would be for a broker. For each node up to 4,096 messages
/// or 64 MiB wait; what a node is too slow for is lost to it, counted by [`lost`](Hub::lost) and
/// logged, and the senders and the other nodes do not notice.
///
/// ```
/// use trunkline::{Io, adapter::Hub};
///
/// # #[tokio::main]
/// # async fn main() {
/// let hub = Hub::new();
/// let first = Io::builder().adapter(hub.join()).build();
/// let second = Io::builder().adapter(hub.join()).build();
/// assert_eq!(first.server_count().await, 2);
/// // Reaches the clients of both.
/// first.emit("news", ("hello",)).expect("it can be written");
/// # drop(second);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// How many have ever joined.
    joined: AtomicU64,
    seats: RwLock<BTreeMap<NodeId, Arc<Seat>>>,
    lost: AtomicU64,
}

/// One node, as the others see it.
struct Seat {
    queue: mpsc::Sender<Bytes>,
    waiting_bytes: Arc<AtomicUsize>,
    namespaces: RwLock<HashSet<String>>,
    /// Set when it is started.
    node: OnceLock<Node>,
    /// Whether it has left: what still waits for it is not heard.
    is_out: Arc<AtomicBool>,
}

/// One server's place at a [`Hub`]; it is left when the server is gone, or
/// [leaves the cluster](crate::Io::leave_cluster).
pub struct HubAdapter {
    hub: Hub,
    id: NodeId,
    seat: Arc<Seat>,
    arrivals: Mutex<Option<mpsc::Receiver<Bytes>>>,
}

impl Hub {
    /// A cluster of nobody yet.
    pub fn new() -> Hub {
        Hub::default()
    }

    /// A place for one more server.
    pub fn join(&self) -> HubAdapter {
        let number = self.0.joined.fetch_add(1, Ordering::Relaxed) + 1;
        let id = NodeId::new(format!("node-{number}"));
        let (queue, arrivals) = mpsc::channel(MAX_WAITING);
        let seat = Arc::new(Seat {
            queue,
            waiting_bytes: Arc::default(),
            namespaces: RwLock::default(),
            node: OnceLock::new(),
            is_out: Arc::default(),
        });
        let mut seats = self.0.seats.write().unwrap_or_else(PoisonError::into_inner);
        seats.insert(id.clone(), seat.clone());
        HubAdapter {
            hub: self.clone(),
            id,
            seat,
            arrivals: Mutex::new(Some(arrivals)),
        }
    }

    /// How many messages nodes have lost because they were too slow.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Takes a node out, and tells the others; and tells it that they are gone, for whom it does
    /// not wait any more.
    fn leave(&self, id: &NodeId) {
        let mut seats = self.0.seats.write().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = seats.remove(id) else {
            return;
        };
        own.is_out.store(true, Ordering::SeqCst);
        let others: Vec<_> = seats.clone().into_iter().collect();
        // They are told outside the lock.
        drop(seats);
        for (other, seat) in others {
            if let Some(node) = seat.node.get() {
                node.left(id);
            }
            if let Some(node) = own.node.get() {
                node.left(&other);
            }
        }
    }

    /// The other nodes that serve a namespace; none for a node that has left.
    fn others(&self, id: &NodeId, namespace: &str) -> Option<Vec<(NodeId, Arc<Seat>)>> {
        let seats = self.0.seats.read().unwrap_or_else(PoisonError::into_inner);
        if !seats.contains_key(id) {
            return None;
        }
        let others = seats
            .iter()
            .filter(|(other, seat)| *other != id && seat.serves(namespace))
            .map(|(other, seat)| (other.clone(), seat.clone()));
        Some(others.collect())
    }
}

impl Seat {
    fn serves(&self, namespace: &str) -> bool {
        let namespaces = self.namespaces.read();
        namespaces
            .unwrap_or_else(PoisonError::into_inner)
            .contains(namespace)
    }

    /// False if too much waits already.
    fn offer(&self, bytes: Bytes) -> bool {
        let length = bytes.len();
        let before = self.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        let taken = before + length <= MAX_WAITING_BYTES && self.queue.try_send(bytes).is_ok();
        if !taken {
            self.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
        }
        taken
    }
}

impl Adapter for HubAdapter {
    fn node_id(&self) -> NodeId {
        self.id.clone()
    }

    fn start(&self, node: Node) {
        let arrivals = self.arrivals.lock();
        let arrivals = arrivals.unwrap_or_else(PoisonError::into_inner).take();
        let (Some(mut arrivals), Ok(())) = (arrivals, self.seat.node.set(node.clone())) else {
            return;
        };
        // Not the seat itself, with which the queue would never end.
        let (waiting_bytes, is_out) = (self.seat.waiting_bytes.clone(), self.seat.is_out.clone());
        tokio::spawn(async move {
            while let Some(bytes) = arrivals.recv().await {
                waiting_bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
                if is_out.load(Ordering::SeqCst) || node.receive_bytes(&bytes).is_err() {
                    return;
                }
            }
        });
    }

    fn namespace_opened(&self, namespace: &str) {
        let namespaces = self.seat.namespaces.write();
        namespaces
            .unwrap_or_else(PoisonError::into_inner)
            .insert(namespace.to_owned());
    }

    fn namespace_closed(&self, namespace: &str) {
        let namespaces = self.seat.namespaces.write();
        namespaces
            .unwrap_or_else(PoisonError::into_inner)
            .remove(namespace);
    }

    fn send(&self, to: Target<'_>, message: Message) -> Result<(), SendError> {
        let others = self.hub.others(&self.id, &message.namespace);
        let others = others.ok_or(SendError::Closed)?;
        let bytes = message.encode(&self.id)?;
        for (id, seat) in others {
            if matches!(to, Target::Node(node) if *node != id) {
                continue;
            }
            if !seat.offer(bytes.clone()) {
                self.hub.0.lost.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(node = %id, "a message is lost: the node is too slow");
                if let Target::Node(_) = to {
                    return Err(SendError::Full);
                }
            }
        }
        Ok(())
    }

    fn peers<'a>(&'a self, namespace: &'a str) -> BoxFuture<'a, Peers> {
        let others = self.hub.others(&self.id, namespace);
        let others = others.into_iter().flatten();
        let names = others.map(|(id, _)| id).collect();
        Box::pin(std::future::ready(Peers::Nodes(names)))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.hub.leave(&self.id);
        Box::pin(std::future::ready(()))
    }
}

impl Drop for HubAdapter {
    fn drop(&mut self) {
        self.hub.leave(&self.id);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seats = self.0.seats.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Hub")
            .field("nodes", &seats.keys().collect::<Vec<_>>())
            .field("lost", &self.lost())
            .finish()
    }
}

impl fmt::Debug for HubAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubAdapter")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
