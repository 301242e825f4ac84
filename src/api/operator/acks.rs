//! Acknowledgements of a broadcast: many are asked, and all answers come back together.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::adapter::{BoxFuture, Content, Gathering, Message, Missing, Part, Tally};
use crate::api::EmitError;
use crate::api::ack::AnswerError;
use crate::api::cluster::{self, NODES_TIMEOUT, Request, ask, within};
use crate::api::namespace::NamespaceInner;
use crate::registry::{Mail, Reach as _};
use crate::socketio::{AckError, FromArgs, Outgoing};
use crate::wire::SocketId;

use super::{Broadcast, Incomplete, RequestError, read};

/// Who was asked, and the answer.
pub type BroadcastAnswer<T> = (SocketId, Result<T, AnswerError>);

/// A broadcast that waits for answers; made by
/// [`Broadcast::emit_with_ack`](crate::Broadcast::emit_with_ack), sent when awaited.
#[must_use = "the event is sent when this is awaited"]
pub struct BroadcastWithAck<T> {
    /// A selection in one namespace, or the same one in several, each with its packet.
    asked: Result<Vec<(Broadcast, Outgoing)>, EmitError>,
    answer: PhantomData<fn() -> T>,
}

impl<T: FromArgs> BroadcastWithAck<T> {
    pub(in crate::api) fn new(
        asked: Result<Vec<(Broadcast, Outgoing)>, EmitError>,
    ) -> BroadcastWithAck<T> {
        BroadcastWithAck {
            asked,
            answer: PhantomData,
        }
    }

    /// As [`Broadcast::timeout`](crate::Broadcast::timeout).
    pub fn timeout(mut self, timeout: Duration) -> BroadcastWithAck<T> {
        for (broadcast, _) in self.asked.iter_mut().flatten() {
            broadcast.wishes.timeout = Some(timeout);
        }
        self
    }

    async fn send(self) -> Result<Vec<BroadcastAnswer<T>>, RequestError<BroadcastAnswer<T>>> {
        let asked = self.asked?.into_iter();
        let asking = asked.map(|(broadcast, outgoing)| async move {
            broadcast.gather(outgoing, Gathering::new()).await
        });
        let (mut answers, mut missing) = (Vec::new(), Missing::default());
        for gathered in join_all(asking).await {
            let (parts, without) = gathered?;
            answers.extend(parts.into_iter().filter_map(answer));
            missing.add(without);
        }
        match missing.is_empty() {
            true => Ok(answers),
            false => Err(Incomplete { answers, missing }.into()),
        }
    }

    /// The answer of a selection that is one socket, wherever it is.
    pub(crate) async fn send_to_one(self) -> Result<T, AnswerError> {
        let Some((broadcast, outgoing)) = self.asked?.pop() else {
            return Err(AckError::Disconnected.into());
        };
        let (parts, missing) = broadcast.gather(outgoing, Gathering::of_one()).await?;
        match parts.into_iter().find_map(answer) {
            Some((_, answer)) => answer,
            None if missing.is_empty() => Err(AckError::Disconnected.into()),
            None => Err(AckError::TimedOut.into()),
        }
    }
}

fn answer<T: FromArgs>(part: Part) -> Option<BroadcastAnswer<T>> {
    match part {
        Part::Socket(socket, Ok(args)) => Some((socket, read(&args))),
        Part::Socket(socket, Err(error)) => Some((socket, Err(error.into()))),
        Part::Node(..) | Part::Record(_) => None,
    }
}

impl Broadcast {
    /// Asks everybody, on this node and on others, and waits.
    async fn gather(
        &self,
        outgoing: Outgoing,
        gathering: Gathering,
    ) -> Result<(Vec<Part>, Missing), EmitError> {
        let gathering = Arc::new(gathering);
        let request = match self.cluster() {
            Some(cluster) => {
                let (packet, attachments) = cluster::packet(&outgoing, &self.selection)?;
                Some(cluster.request(&gathering, |request| {
                    let timeout = self.wishes.timeout;
                    let content = Content::EmitWithAck {
                        request,
                        timeout,
                        packet,
                    };
                    Message {
                        attachments,
                        ..self.message(content)
                    }
                }))
            }
            None => None,
        };
        let asking = Asking::begin(self, &Arc::new(outgoing), gathering, request);
        within(
            self.wishes.timeout,
            asking.wait(self.wishes.timeout.is_none()),
        )
        .await;
        Ok(asking.gathering.take())
    }
}

/// Sockets of this node that were asked; those that have not answered are forgotten when this is
/// dropped, whoever decided that.
struct Asking {
    namespace: Arc<NamespaceInner>,
    gathering: Arc<Gathering>,
    request: Option<Request>,
    ack_id: u64,
}

impl Asking {
    fn begin(
        broadcast: &Broadcast,
        outgoing: &Arc<Outgoing>,
        gathering: Arc<Gathering>,
        request: Option<Request>,
    ) -> Asking {
        let namespace = broadcast.namespace.clone();
        let sockets = namespace.roster.select(&broadcast.selection);
        gathering.note(|tally| {
            for socket in &sockets {
                tally.owe(socket.id().clone(), None);
            }
        });
        let gathered = gathering.clone();
        let ack_id = ask(
            &namespace,
            &sockets,
            outgoing,
            None,
            &(Arc::new(move |socket: &SocketId, outcome| gathered.answer(socket, outcome)) as _),
        );
        Asking {
            namespace,
            gathering,
            request,
            ack_id,
        }
    }

    /// Waits for everybody; for the nodes' word on whom they asked not for ever.
    async fn wait(&self, is_endless: bool) {
        let nodes = async {
            cluster::expect(self.request.as_ref(), &self.namespace.name, &self.gathering).await;
            self.gathering.reports().await;
        };
        within(is_endless.then_some(NODES_TIMEOUT), nodes).await;
        if is_endless {
            self.gathering.note(Tally::give_up);
        }
        self.gathering.complete().await;
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        for socket in self.gathering.owed_here() {
            if let Some(socket) = self.namespace.roster.get(&socket) {
                let (namespace, id) = (self.namespace.name.clone(), self.ack_id);
                // One that has left waits for nothing.
                let _ = socket.mailbox().post(Mail::Forget { namespace, id });
            }
        }
    }
}

impl<T: FromArgs + Send + 'static> IntoFuture for BroadcastWithAck<T> {
    type Output = Result<Vec<BroadcastAnswer<T>>, RequestError<BroadcastAnswer<T>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for BroadcastWithAck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastWithAck")
            .field(
                "asked",
                &self
                    .asked
                    .as_ref()
                    .map(|asked| asked.iter().map(|(to, _)| to).collect::<Vec<_>>()),
            )
            .finish_non_exhaustive()
    }
}
