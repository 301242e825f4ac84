//! Broadcasts: a selection of sockets, and what can be done with it.

mod acks;
mod names;
mod shortcuts;
mod sockets;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::adapter::{Content, Message, Missing};
use crate::rooms::Selection;
use crate::socketio::{Args, ArgsError, FromArgs, IntoArgs, Outgoing, SlowClient};

use super::EmitError;
use super::ack::AnswerError;
use super::cluster::{self, Cluster};
use super::namespace::NamespaceInner;
use super::wishes::Wishes;

pub use acks::{BroadcastAnswer, BroadcastWithAck};
pub use names::RoomNames;
pub(crate) use names::names;

/// A selection of a namespace's sockets, on all nodes of the cluster if there are several.
///
/// Rooms given by [`to`](Broadcast::to) form a union, and a socket in several of them is reached
/// once; [`except`](Broadcast::except) wins over them. Each step gives a new selection and leaves
/// the one it started from as it was; a clone can serve as the start of several.
#[derive(Clone)]
#[must_use = "a selection does nothing by itself"]
pub struct Broadcast {
    namespace: Arc<NamespaceInner>,
    selection: Selection,
    is_local: bool,
    wishes: Wishes,
}

/// What a request to many brought although not all of them answered.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error(
    "operation has timed out: {} answers, {} sockets and {} nodes are missing",
    answers.len(), missing.sockets.len(), missing.nodes.len() + missing.unnamed
)]
pub struct Incomplete<A> {
    /// What was answered.
    pub answers: Vec<A>,
    /// Who is missing.
    pub missing: Missing,
}

/// Why a request to many did not bring every answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError<A> {
    /// It could not be written; nobody was asked.
    #[error(transparent)]
    Encode(#[from] EmitError),
    /// Not all have answered.
    #[error(transparent)]
    Incomplete(#[from] Incomplete<A>),
}

impl<A> From<RequestError<A>> for super::Error {
    /// Tells the client no more than that answers are missing.
    fn from(error: RequestError<A>) -> super::Error {
        match error {
            RequestError::Encode(error) => error.into(),
            RequestError::Incomplete(error) => error.into(),
        }
    }
}

impl<A> From<Incomplete<A>> for super::Error {
    /// As for [`RequestError`]; names of nodes and sockets are the server's business.
    fn from(_: Incomplete<A>) -> super::Error {
        super::Error::new("no_answer", "operation has timed out")
    }
}

impl Broadcast {
    pub(crate) fn new(namespace: Arc<NamespaceInner>) -> Broadcast {
        Broadcast {
            namespace,
            selection: Selection::default(),
            is_local: false,
            wishes: Wishes::default(),
        }
    }

    /// Who is selected, as another node says.
    pub(crate) fn of(namespace: Arc<NamespaceInner>, selection: Selection) -> Broadcast {
        Broadcast {
            selection,
            ..Broadcast::new(namespace)
        }
    }

    /// The same selection, treated in the same way, in another namespace.
    pub(super) fn in_namespace(&self, namespace: Arc<NamespaceInner>) -> Broadcast {
        Broadcast {
            namespace,
            ..self.clone()
        }
    }

    /// The same packet for the namespace of this selection.
    pub(super) fn address(&self, outgoing: &Outgoing) -> Outgoing {
        outgoing.in_namespace(&self.namespace.name)
    }

    /// The same selection for packets that are treated in this way.
    pub(crate) fn with(mut self, wishes: Wishes) -> Broadcast {
        self.wishes = wishes;
        self
    }

    /// Adds the members of a room, or of several.
    pub fn to(mut self, rooms: impl RoomNames) -> Broadcast {
        rooms.add_to(&mut self.selection.rooms);
        self
    }

    /// The same as [`to`](Broadcast::to) (`in` of the JavaScript API).
    pub fn within(self, rooms: impl RoomNames) -> Broadcast {
        self.to(rooms)
    }

    /// Leaves out the members of a room, or of several.
    pub fn except(mut self, rooms: impl RoomNames) -> Broadcast {
        rooms.add_to(&mut self.selection.except);
        self
    }

    /// What is emitted is dropped for each client that cannot be sent it at once.
    pub fn volatile(mut self) -> Broadcast {
        self.wishes.flags.volatile = true;
        self
    }

    /// Whether the transport may compress what is emitted; by default it may, where it was agreed
    /// on and is worth it.
    pub fn compress(mut self, compress: bool) -> Broadcast {
        self.wishes.flags.uncompressed = !compress;
        self
    }

    /// Only the sockets of this server, whatever other nodes there are.
    pub fn local(mut self) -> Broadcast {
        self.is_local = true;
        self
    }

    /// How long answers are waited for: those of clients, without limit by default, and those of
    /// other nodes, 5 s by default.
    pub fn timeout(mut self, timeout: Duration) -> Broadcast {
        self.wishes.timeout = Some(timeout);
        self
    }

    /// For values of which only the newest matters: what is emitted replaces the event of the same
    /// key and namespace for as long as that waits for a client, as
    /// [`Socket::coalesce`](crate::Socket::coalesce).
    pub fn coalesce(mut self, key: &str) -> Broadcast {
        self.wishes.key = Some(key.into());
        self
    }

    /// What becomes of events for clients that have no room because they read too slowly; by default
    /// what the server's configuration says ([`Builder::slow_client`](crate::Builder::slow_client)).
    pub fn when_slow(mut self, policy: SlowClient) -> Broadcast {
        self.wishes.policy = Some(policy);
        self
    }

    /// Sends an event to every selected socket and says how many of this server's took it.
    ///
    /// It is written once, however many sockets there are.
    ///
    /// # Errors
    /// As [`Socket::emit`](crate::Socket::emit).
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        let outgoing = self.write(name, &args)?;
        self.publish(&outgoing)?;
        Ok(self.deliver(outgoing))
    }

    /// Tells the other nodes, if there are some and they are meant.
    pub(super) fn publish(&self, outgoing: &Outgoing) -> Result<(), EmitError> {
        if let Some(cluster) = self.cluster() {
            let (packet, attachments) = cluster::packet(outgoing, &self.selection)?;
            cluster.publish(Message {
                attachments,
                ..self.message(Content::Emit(packet))
            });
        }
        Ok(())
    }

    /// Queues a packet for every selected socket of this server and says how many took it.
    pub(super) fn deliver(&self, outgoing: Outgoing) -> usize {
        self.namespace.broadcast(&self.selection, outgoing)
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    /// As [`Socket::emit`](crate::Socket::emit).
    pub fn send(&self, args: impl IntoArgs) -> Result<usize, EmitError> {
        self.emit("message", args)
    }

    /// Sends an event to every selected socket and waits for their acknowledgements, each read as
    /// `T`: a tuple of its values.
    ///
    /// Awaited, it gives one entry for each socket that was asked, with its answer or why there is
    /// none; one that leaves before it has answered has an entry of
    /// [`Disconnected`](crate::AckError::Disconnected). Nobody selected is an empty list. When the
    /// [`timeout`](Broadcast::timeout) is over first, the error has the answers so far and says who
    /// is missing. Without one it ends when all have answered or left; give one where there are
    /// other nodes.
    ///
    /// All are asked with the same id. If the future is dropped, nothing is left behind on this
    /// server; clients of other nodes owe their answer until the timeout is over, or without one
    /// until they leave.
    ///
    /// ```
    /// # async fn ask(io: trunkline::Io) {
    /// use std::time::Duration;
    /// use trunkline::RequestError;
    ///
    /// let asked = io.to("jury").timeout(Duration::from_secs(5)).emit_with_ack::<(u8,)>("score?", ());
    /// let (answers, missing) = match asked.await {
    ///     Ok(answers) => (answers, 0),
    ///     Err(RequestError::Incomplete(some)) => (some.answers, some.missing.sockets.len()),
    ///     Err(error) => panic!("{error}"),
    /// };
    /// for (socket, answer) in answers {
    ///     println!("{socket} says {answer:?}");
    /// }
    /// # let _ = missing;
    /// # }
    /// ```
    pub fn emit_with_ack<T: FromArgs>(
        &self,
        name: &str,
        args: impl IntoArgs,
    ) -> BroadcastWithAck<T> {
        let asked = self.write(name, &args);
        BroadcastWithAck::new(asked.map(|outgoing| vec![(self.clone(), outgoing)]))
    }

    pub(in crate::api) fn write(
        &self,
        name: &str,
        args: &impl IntoArgs,
    ) -> Result<Outgoing, EmitError> {
        let outgoing = Outgoing::event(&self.namespace.name, name, args)?;
        Ok(self.wishes.dress(outgoing))
    }

    /// The cluster, if others than this node are selected.
    fn cluster(&self) -> Option<&Arc<Cluster>> {
        match self.is_local {
            true => None,
            false => self.namespace.cluster.as_ref(),
        }
    }

    fn message(&self, content: Content) -> Message {
        cluster::plain(&self.namespace.name, content)
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.name)
            .field("selection", &self.selection)
            .field("is_local", &self.is_local)
            .field("wishes", &self.wishes)
            .finish()
    }
}

/// An answer, read as what was asked for.
pub(crate) fn read<T: FromArgs>(args: &Args) -> Result<T, AnswerError> {
    let said = |error: ArgsError| AnswerError::Mismatch(error.to_string());
    args.to().map_err(said)
}
