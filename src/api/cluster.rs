//! A server among the nodes of its cluster: what it says to them, and what it does when they speak.

mod answering;
mod asking;
mod receiving;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::adapter::{
    Adapter, Content, Gathering, Message, Missing, Node, NodeId, Packet, Part, Peers, Receiver,
    RequestId, Requests, SendError, Tally, Target, written,
};
use crate::rooms::Selection;
use crate::socketio::{Args, Binary, EncodeError, Flags, Namespace, Outgoing, PlaceholderError};

use super::io::{Io, WeakIo};

pub(crate) use answering::record;
pub(crate) use asking::ask;

/// How long nodes are waited for when nothing else was said, as in the reference server.
pub(crate) const NODES_TIMEOUT: Duration = Duration::from_secs(5);

/// What a server needs to be one of several.
pub(crate) struct Cluster {
    adapter: Box<dyn Adapter>,
    id: NodeId,
    io: WeakIo,
    requests: Requests,
    /// Whether the application wanted to leave; then nothing is sent on purpose.
    has_left: AtomicBool,
}

/// A request to the other nodes; closed when this is dropped.
pub(crate) struct Request {
    cluster: Arc<Cluster>,
    id: RequestId,
}

impl Cluster {
    pub(crate) fn new(adapter: Box<dyn Adapter>, io: WeakIo) -> Cluster {
        Cluster {
            id: adapter.node_id(),
            adapter,
            io,
            requests: Requests::default(),
            has_left: AtomicBool::new(false),
        }
    }

    /// # Panics
    /// Outside a Tokio runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        assert!(
            Handle::try_current().is_ok(),
            "a server with an adapter is built within a Tokio runtime"
        );
        let this: Arc<dyn Receiver> = self.clone();
        let node = Node::new(self.id.clone(), Arc::downgrade(&this));
        self.adapter.start(node);
    }

    pub(crate) fn id(&self) -> &NodeId {
        &self.id
    }

    pub(crate) fn adapter(&self) -> &dyn Adapter {
        &*self.adapter
    }

    /// Leaves the cluster.
    pub(crate) async fn leave(&self) {
        self.has_left.store(true, Ordering::Relaxed);
        self.adapter.close().await;
    }

    /// The server, if it is still there.
    fn io(&self) -> Option<Io> {
        self.io.upgrade()
    }

    /// Says something to all other nodes. What cannot be sent is logged, unless the cluster was left.
    pub(crate) fn publish(&self, message: Message) {
        // Nobody waits for an answer.
        let _ = self.send(Target::All, message);
    }

    fn send(&self, to: Target<'_>, message: Message) -> Result<(), SendError> {
        let namespace = message.namespace.clone();
        let sent = self.adapter.send(to, message);
        if let Err(error) = &sent
            && !self.has_left.load(Ordering::Relaxed)
        {
            tracing::warn!(node = %self.id, %namespace, ?to, "nothing is sent to other nodes: {error}");
        }
        sent
    }

    /// Asks all other nodes. What they answer is gathered until the request is dropped.
    pub(crate) fn request(
        self: &Arc<Self>,
        gathering: &Arc<Gathering>,
        message: impl FnOnce(RequestId) -> Message,
    ) -> Request {
        let request = Request {
            id: self.requests.open(&self.id, gathering),
            cluster: self.clone(),
        };
        if self.send(Target::All, message(request.id.clone())).is_err() {
            // Nobody was asked, so nobody's answer is waited for; they are missing.
            gathering.note(Tally::give_up);
        }
        request
    }
}

impl Request {
    /// Learns who is to answer.
    pub(crate) async fn expect(&self, namespace: &str, gathering: &Gathering) {
        let peers = self.cluster.adapter.peers(namespace).await;
        gathering.note(|tally| tally.expect(peers));
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.cluster.requests.close(&self.id);
    }
}

/// What is waited for, within a time if one is given.
pub(crate) async fn within(timeout: Option<Duration>, wait: impl Future<Output = ()>) {
    match timeout {
        Some(timeout) => {
            // Whether the time was enough is seen by what was gathered.
            let _ = tokio::time::timeout(timeout, wait).await;
        }
        None => wait.await,
    }
}

/// What nodes answer, and who is missing.
pub(crate) async fn gather(
    request: &Request,
    namespace: &str,
    gathering: &Gathering,
    timeout: Duration,
) -> (Vec<Part>, Missing) {
    within(Some(timeout), async {
        request.expect(namespace, gathering).await;
        gathering.complete().await;
    })
    .await;
    gathering.take()
}

/// Learns who is to answer: nobody, where nobody was asked.
pub(crate) async fn expect(request: Option<&Request>, namespace: &str, gathering: &Gathering) {
    match request {
        Some(request) => request.expect(namespace, gathering).await,
        None => gathering.note(|tally| tally.expect(Peers::Count(0))),
    }
}

/// An event as other nodes are told of it, and its attachments.
pub(crate) fn packet(
    outgoing: &Outgoing,
    selection: &Selection,
) -> Result<(Packet, Vec<Binary>), EncodeError> {
    let unreadable = |error: PlaceholderError| EncodeError::Serialize(error.to_string());
    let args: Args = outgoing.args().map_err(unreadable)?;
    let (args, attachments) = written(&args)?;
    let Flags {
        volatile,
        uncompressed,
    } = outgoing.flags();
    let packet = Packet {
        event: outgoing.name().unwrap_or_default().to_owned(),
        args,
        selection: selection.clone(),
        volatile,
        uncompressed,
        policy: outgoing.policy(),
        key: outgoing.key().cloned(),
    };
    Ok((packet, attachments))
}

/// A message without attachments.
pub(crate) fn plain(namespace: &Namespace, content: Content) -> Message {
    Message {
        namespace: namespace.clone(),
        content,
        attachments: Vec::new(),
    }
}
