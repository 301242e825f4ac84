//! What other nodes say to this server, and what it does then.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::adapter::{
    Content, Message, MessageError, NodeId, Outcome, Packet, Part, Receiver, RequestId,
    SocketRecord, Target, Work, written,
};
use crate::api::answer::{Answer, Error};
use crate::api::namespace::NamespaceInner;
use crate::api::operator::Broadcast;
use crate::api::server_side::ServerSideHandler;
use crate::rooms::Selection;
use crate::socketio::{AckError, AckOutcome, Args, Binary, EncodeError, Outgoing};
use crate::wire::SocketId;

use super::asking::{Tell, ask};
use super::{Cluster, plain, record};

/// About how many bytes of socket records go into one message.
const BYTES_OF_RECORDS: usize = 1 << 20;

impl Receiver for Cluster {
    fn receive(&self, from: &NodeId, message: Message) -> Option<Work> {
        let done = match self.io()?.inner().namespaces.get(&message.namespace) {
            Some(namespace) => self.deal_with(from, &message, &namespace),
            None => {
                self.answer_for_nobody(from, &message);
                Ok(None)
            }
        };
        done.unwrap_or_else(|error| {
            let (node, namespace) = (&self.id, &message.namespace);
            tracing::warn!(%node, %from, %namespace, "another node's message is dropped: {error}");
            None
        })
    }

    fn left(&self, node: &NodeId) {
        self.requests.left(node);
    }
}

impl Cluster {
    fn deal_with(
        &self,
        from: &NodeId,
        message: &Message,
        namespace: &Arc<NamespaceInner>,
    ) -> Result<Option<Work>, MessageError> {
        let select = |selection: &Selection| Broadcast::of(namespace.clone(), selection.clone());
        match &message.content {
            Content::Emit(packet) => {
                let outgoing = outgoing(message, packet)?;
                namespace.broadcast(&packet.selection, outgoing);
            }
            Content::EmitWithAck {
                request,
                timeout,
                packet,
            } => {
                let outgoing = Arc::new(outgoing(message, packet)?);
                ask_for(from, request, *timeout, namespace, packet, &outgoing);
            }
            Content::Join { selection, rooms } => select(selection).join_here(rooms),
            Content::Leave { selection, rooms } => select(selection).leave_here(rooms),
            Content::Disconnect { selection, close } => {
                select(selection).disconnect_here(*close);
            }
            Content::Fetch { request, selection } => {
                let sockets = select(selection).sockets();
                self.describe(from, request, message, sockets.iter().map(record));
            }
            Content::ServerSideEmit {
                request,
                event,
                args,
            } => {
                let handlers = namespace.server_side_handlers(event);
                if handlers.is_empty() {
                    self.answer_for_nobody(from, message);
                    return Ok(None);
                }
                let reply = request.clone().map(|request| (from.clone(), request));
                let args = message.args(args)?;
                return Ok(Some(run(namespace.clone(), handlers, args, reply)));
            }
            Content::Asked { .. }
            | Content::Acknowledged { .. }
            | Content::Sockets { .. }
            | Content::ServerSideAnswer { .. } => self.take_answer(from, message)?,
        }
        Ok(None)
    }

    /// Says that nobody is here whom a request could be about.
    fn answer_for_nobody(&self, from: &NodeId, message: &Message) {
        let content = match &message.content {
            Content::EmitWithAck { request, .. } => Content::Asked {
                request: request.clone(),
                sockets: Vec::new(),
            },
            Content::Fetch { request, .. } => Content::Sockets {
                request: request.clone(),
                sockets: Vec::new(),
                more: false,
            },
            Content::ServerSideEmit {
                request: Some(request),
                ..
            } => Content::ServerSideAnswer {
                request: request.clone(),
                args: None,
            },
            _ => return,
        };
        // A failure is logged, and the asking node finds this one missing.
        let _ = self.send(Target::Node(from), plain(&message.namespace, content));
    }

    /// Describes sockets, in as many messages as it takes.
    fn describe(
        &self,
        to: &NodeId,
        request: &RequestId,
        question: &Message,
        records: impl Iterator<Item = SocketRecord>,
    ) {
        let (mut sockets, mut bytes) = (Vec::new(), 0);
        let say = |sockets, more| {
            let request = request.clone();
            let content = Content::Sockets {
                request,
                sockets,
                more,
            };
            let said = self.send(Target::Node(to), plain(&question.namespace, content));
            said.is_ok()
        };
        for record in records {
            bytes += serde_json::to_vec(&record).map_or(0, |json| json.len());
            sockets.push(record);
            if bytes >= BYTES_OF_RECORDS {
                bytes = 0;
                // After half of an answer was lost, the end of it must not arrive.
                if !say(std::mem::take(&mut sockets), true) {
                    return;
                }
            }
        }
        say(sockets, false);
    }

    fn take_answer(&self, from: &NodeId, message: &Message) -> Result<(), MessageError> {
        let find = |request| self.requests.find(request);
        match &message.content {
            Content::Asked { request, sockets } => {
                let Some(gathering) = find(request) else {
                    return Ok(());
                };
                gathering.note(|tally| {
                    for socket in sockets {
                        tally.owe(socket.clone(), Some(from));
                    }
                    tally.report(from);
                });
            }
            Content::Acknowledged {
                request,
                socket,
                outcome,
            } => {
                if let Some(gathering) = find(request) {
                    let outcome = match outcome {
                        Outcome::Values(text) => Ok(message.args(text)?),
                        Outcome::Disconnected => Err(AckError::Disconnected),
                        Outcome::TooMany => Err(AckError::TooMany),
                        Outcome::Unencodable => Err(AckError::Unencodable),
                        Outcome::Dropped => Err(AckError::Dropped),
                    };
                    gathering.answer(socket, outcome);
                }
            }
            Content::Sockets {
                request,
                sockets,
                more,
            } => {
                if let Some(gathering) = find(request) {
                    let records = sockets.iter().cloned().map(Box::new);
                    gathering.add(records.map(Part::Record));
                    if !more {
                        gathering.report(from, None);
                    }
                }
            }
            Content::ServerSideAnswer { request, args } => {
                if let Some(gathering) = find(request) {
                    let args = args.as_ref().map(|text| message.args(text)).transpose()?;
                    gathering.report(from, Some(Part::Node(from.clone(), args)));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The packet for this node's clients.
fn outgoing(message: &Message, packet: &Packet) -> Result<Outgoing, MessageError> {
    let args = message.args(&packet.args)?;
    let outgoing = Outgoing::event(&message.namespace, &packet.event, &args)
        .map_err(|error| MessageError::Syntax(error.to_string()))?;
    let outgoing = outgoing.with_flags(packet.flags());
    Ok(outgoing
        .with_policy(packet.policy)
        .with_key(packet.key.clone()))
}

/// Asks this node's sockets, and sends each answer to the node that wants it.
fn ask_for(
    from: &NodeId,
    request: &RequestId,
    timeout: Option<Duration>,
    namespace: &Arc<NamespaceInner>,
    packet: &Packet,
    outgoing: &Arc<Outgoing>,
) {
    let Some(cluster) = namespace.cluster.clone() else {
        return;
    };
    let sockets = namespace.roster.select(&packet.selection);
    let asked = Content::Asked {
        request: request.clone(),
        sockets: sockets.iter().map(|socket| socket.id().clone()).collect(),
    };
    if cluster
        .send(Target::Node(from), plain(&namespace.name, asked))
        .is_err()
    {
        return;
    }
    let (to, request, name) = (from.clone(), request.clone(), namespace.name.clone());
    let tell: Tell = Arc::new(move |socket: &SocketId, outcome: AckOutcome| {
        let Some((outcome, attachments)) = said(outcome) else {
            return;
        };
        let content = Content::Acknowledged {
            request: request.clone(),
            socket: socket.clone(),
            outcome,
        };
        let message = Message {
            attachments,
            ..plain(&name, content)
        };
        // A failure is logged, and the asking node finds this socket missing.
        let _ = cluster.send(Target::Node(&to), message);
    });
    ask(namespace, &sockets, outgoing, timeout, &tell);
}

/// An acknowledgement for another node; nothing, if that node's own patience has ended as well.
fn said(outcome: AckOutcome) -> Option<(Outcome, Vec<Binary>)> {
    match outcome {
        Ok(args) => match written(&args) {
            Ok((text, attachments)) => Some((Outcome::Values(text), attachments)),
            Err(error) => {
                tracing::warn!("an acknowledgement cannot be passed on: {error}");
                None
            }
        },
        Err(AckError::Disconnected) => Some((Outcome::Disconnected, Vec::new())),
        Err(AckError::TooMany) => Some((Outcome::TooMany, Vec::new())),
        Err(AckError::Unencodable) => Some((Outcome::Unencodable, Vec::new())),
        Err(AckError::Dropped) => Some((Outcome::Dropped, Vec::new())),
        Err(AckError::TimedOut | AckError::Replaced) => None,
    }
}

/// Runs all handlers of a server-side event; the first answer counts.
fn run(
    namespace: Arc<NamespaceInner>,
    handlers: Vec<ServerSideHandler>,
    args: Args,
    mut reply: Option<(NodeId, RequestId)>,
) -> Work {
    Box::pin(async move {
        let started = handlers.into_iter().map(|handler| {
            let args = args.clone();
            // Called within, so that a panic of the call itself is caught as well.
            AssertUnwindSafe(async move { handler(args).await }).catch_unwind()
        });
        let mut running: FuturesUnordered<_> = started.collect();
        while let Some(finished) = running.next().await {
            let answer = finished.unwrap_or_else(|_| {
                tracing::error!("a handler of a server-side event panicked");
                Answer::error(Error::internal())
            });
            if let Some(error) = answer.as_error() {
                let (code, message) = (error.code(), error.message());
                tracing::warn!(code, "a handler of a server-side event failed: {message}");
            }
            if let (Some((to, request)), Some(cluster)) = (reply.take(), &namespace.cluster) {
                answer_to(cluster, &namespace, &to, request, answer);
            }
        }
    })
}

fn answer_to(
    cluster: &Cluster,
    namespace: &NamespaceInner,
    to: &NodeId,
    request: RequestId,
    answer: Answer,
) {
    let write = |answer: Answer| -> Result<_, EncodeError> {
        let outgoing = answer.encode(&namespace.name, 0)?;
        let args = outgoing.args();
        written(&args.map_err(|error| EncodeError::Serialize(error.to_string()))?)
    };
    let written = write(answer).or_else(|error| {
        tracing::warn!("the answer to a server-side event cannot be written: {error}");
        write(Answer::error(Error::internal()))
    });
    let Ok((args, attachments)) = written else {
        return;
    };
    let content = Content::ServerSideAnswer {
        request,
        args: Some(args),
    };
    let message = Message {
        attachments,
        ..plain(&namespace.name, content)
    };
    // A failure is logged, and the asking node finds this one missing.
    let _ = cluster.send(Target::Node(to), message);
}
