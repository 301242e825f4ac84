//! Events between the servers of a cluster: they reach the other nodes, never a client.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::adapter::{
    BoxFuture, Content, Gathering, Message, NodeId, Part, Peers, RequestId, written,
};
use crate::socketio::{Args, Binary, FromArgs, IntoArgs};

use super::EmitError;
use super::ack::AnswerError;
use super::answer::{Answer, Error, IntoAnswer};
use super::cluster::{NODES_TIMEOUT, gather, plain};
use super::io::Io;
use super::namespace::{Namespace, NamespaceInner};
use super::operator::{Incomplete, RequestError, read};

/// Names that the reference server keeps for itself.
const RESERVED: [&str; 3] = ["connect", "connection", "new_namespace"];

pub(crate) type ServerSideHandler = Arc<dyn Fn(Args) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A node's answer to a server-side event.
pub type NodeAnswer<T> = (NodeId, Result<T, AnswerError>);

/// Who listens to the events of other nodes.
#[derive(Default)]
pub(crate) struct ServerSide(RwLock<HashMap<Box<str>, Vec<ServerSideHandler>>>);

impl ServerSide {
    fn on(&self, name: &str, handler: ServerSideHandler) {
        let mut handlers = self.0.write().unwrap_or_else(PoisonError::into_inner);
        handlers.entry(name.into()).or_default().push(handler);
    }

    /// The handlers of an event, in the order of their registration; a reserved name has none.
    fn find(&self, name: &str) -> Vec<ServerSideHandler> {
        if RESERVED.contains(&name) {
            return Vec::new();
        }
        let handlers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        handlers.get(name).cloned().unwrap_or_default()
    }
}

impl NamespaceInner {
    /// Who handles another node's event: the handlers of the rule that the namespace belongs to, then
    /// its own.
    pub(crate) fn server_side_handlers(&self, name: &str) -> Vec<ServerSideHandler> {
        let of_rule = self
            .child()
            .map(|child| child.parent().server_side().find(name));
        let mut handlers = of_rule.unwrap_or_default();
        handlers.extend(self.server_side.find(name));
        handlers
    }
}

impl Namespace {
    /// Handles an event that another node of the cluster has emitted for the servers themselves.
    ///
    /// The handler takes the event's arguments as one tuple, and what it returns is this node's
    /// answer; see [`IntoAnswer`]. With several handlers all run, and the first answer counts. It
    /// never sees what its own node emits, nor an event whose name is
    /// [reserved](Namespace::server_side_emit).
    ///
    /// ```
    /// use trunkline::{Error, Io};
    ///
    /// let io = Io::builder().build();
    /// io.of("/").on_server_side("forget", async |(user,): (String,)| -> Result<_, Error> {
    ///     println!("{user} has signed out elsewhere");
    ///     Ok("forgotten")
    /// });
    /// ```
    pub fn on_server_side<T, H, F>(&self, name: &str, handler: H) -> &Namespace
    where
        T: FromArgs + Send + 'static,
        H: FnOnce(T) -> F + Clone + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: IntoAnswer,
    {
        let erased = move |args: Args| -> BoxFuture<'static, Answer> {
            match args.to::<T>() {
                Ok(args) => {
                    let handling = (handler.clone())(args);
                    Box::pin(async move { handling.await.into_answer() })
                }
                Err(error) => {
                    let answer = Answer::error(Error::invalid_arguments(error.to_string()));
                    Box::pin(std::future::ready(answer))
                }
            }
        };
        self.inner().server_side.on(name, Arc::new(erased));
        self
    }

    /// Sends an event to the other nodes of the cluster, for their
    /// [`on_server_side`](Namespace::on_server_side). Without other nodes nothing happens.
    ///
    /// # Errors
    /// When the arguments cannot be written, or the name is reserved: `connect`, `connection`,
    /// `new_namespace`.
    pub fn server_side_emit(&self, name: &str, args: impl IntoArgs) -> Result<(), EmitError> {
        let event = ServerSideEvent::write(name, &args)?;
        if let Some(cluster) = &self.inner().cluster {
            cluster.publish(event.message(self.inner(), None));
        }
        Ok(())
    }

    /// The same, and waits for the answers of all other nodes, each read as `T`: a tuple of its
    /// values.
    ///
    /// Awaited, it gives an entry for each of them. When the time, 5 s by default, is over first,
    /// the error has the answers so far and says who is missing. A node where nobody listens
    /// answers at once, with [`NobodyListens`](AnswerError::NobodyListens).
    pub fn server_side_emit_with_ack<T: FromArgs>(
        &self,
        name: &str,
        args: impl IntoArgs,
    ) -> ServerSideWithAck<T> {
        ServerSideWithAck {
            namespace: self.inner().clone(),
            event: ServerSideEvent::write(name, &args),
            timeout: NODES_TIMEOUT,
            answer: PhantomData,
        }
    }
}

impl Io {
    /// As [`Namespace::on_server_side`], in `/`.
    pub fn on_server_side<T, H, F>(&self, name: &str, handler: H) -> &Io
    where
        T: FromArgs + Send + 'static,
        H: FnOnce(T) -> F + Clone + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: IntoAnswer,
    {
        self.of("/").on_server_side(name, handler);
        self
    }

    /// As [`Namespace::server_side_emit`], in `/`.
    ///
    /// # Errors
    /// As [`Namespace::server_side_emit`].
    pub fn server_side_emit(&self, name: &str, args: impl IntoArgs) -> Result<(), EmitError> {
        self.of("/").server_side_emit(name, args)
    }

    /// As [`Namespace::server_side_emit_with_ack`], in `/`.
    pub fn server_side_emit_with_ack<T: FromArgs>(
        &self,
        name: &str,
        args: impl IntoArgs,
    ) -> ServerSideWithAck<T> {
        self.of("/").server_side_emit_with_ack(name, args)
    }

    /// How many nodes the cluster has, this one included; 1 without an adapter.
    pub async fn server_count(&self) -> usize {
        match self.cluster() {
            Some(cluster) => cluster.adapter().peers("/").await.len() + 1,
            None => 1,
        }
    }

    /// The other nodes of the cluster, as far as the adapter knows them by name.
    pub async fn nodes(&self) -> Vec<NodeId> {
        match self.cluster() {
            Some(cluster) => match cluster.adapter().peers("/").await {
                Peers::Nodes(nodes) => nodes,
                Peers::Count(_) => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    /// This node's name in its cluster; none without an adapter.
    pub fn node_id(&self) -> Option<&NodeId> {
        self.cluster().map(|cluster| cluster.id())
    }

    /// Leaves the cluster: from now on this server neither sends to other nodes nor hears them.
    pub async fn leave_cluster(&self) {
        if let Some(cluster) = self.cluster() {
            cluster.leave().await;
        }
    }
}

/// An event for servers, written.
struct ServerSideEvent {
    name: String,
    args: String,
    attachments: Vec<Binary>,
}

impl ServerSideEvent {
    fn write(name: &str, args: &impl IntoArgs) -> Result<ServerSideEvent, EmitError> {
        if RESERVED.contains(&name) {
            return Err(EmitError::ReservedName(name.to_owned()));
        }
        let (args, attachments) = written(&Args::from_values(args)?)?;
        let name = name.to_owned();
        Ok(ServerSideEvent {
            name,
            args,
            attachments,
        })
    }

    fn message(self, namespace: &NamespaceInner, request: Option<RequestId>) -> Message {
        let content = Content::ServerSideEmit {
            request,
            event: self.name,
            args: self.args,
        };
        Message {
            attachments: self.attachments,
            ..plain(&namespace.name, content)
        }
    }
}

/// A server-side event that waits for the other nodes' answers; made by
/// [`Namespace::server_side_emit_with_ack`], sent when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct ServerSideWithAck<T> {
    namespace: Arc<NamespaceInner>,
    event: Result<ServerSideEvent, EmitError>,
    timeout: Duration,
    answer: PhantomData<fn() -> T>,
}

impl<T: FromArgs> ServerSideWithAck<T> {
    /// How long the other nodes are waited for. Default 5 s.
    pub fn timeout(mut self, timeout: Duration) -> ServerSideWithAck<T> {
        self.timeout = timeout;
        self
    }

    async fn send(self) -> Result<Vec<NodeAnswer<T>>, RequestError<NodeAnswer<T>>> {
        let event = self.event?;
        let namespace = &self.namespace;
        let Some(cluster) = &namespace.cluster else {
            return Ok(Vec::new());
        };
        let gathering = Arc::new(Gathering::new());
        let request = cluster.request(&gathering, |request| {
            event.message(namespace, Some(request))
        });
        let (parts, missing) = gather(&request, &namespace.name, &gathering, self.timeout).await;
        let answers = parts.into_iter().filter_map(|part| match part {
            Part::Node(node, Some(args)) => Some((node, read(&args))),
            Part::Node(node, None) => Some((node, Err(AnswerError::NobodyListens))),
            Part::Socket(..) | Part::Record(_) => None,
        });
        let answers = answers.collect();
        match missing.is_empty() {
            true => Ok(answers),
            false => Err(Incomplete { answers, missing }.into()),
        }
    }
}

impl<T: FromArgs + Send + 'static> IntoFuture for ServerSideWithAck<T> {
    type Output = Result<Vec<NodeAnswer<T>>, RequestError<NodeAnswer<T>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for ServerSideWithAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSideWithAck")
            .field("namespace", &self.namespace.name)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
