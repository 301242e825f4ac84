//! One client of `rust_socketio`, whose events wait in a channel.

use std::time::Duration;

use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::Outcome;
use crate::story::Story;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the client waits before it comes back, in milliseconds: at least and at most.
const RECONNECT_DELAY: (u64, u64) = (50, 200);

/// A connected client and what it has heard.
pub(crate) struct Socket {
    client: Client,
    heard: mpsc::UnboundedReceiver<(String, Payload)>,
}

impl Socket {
    /// Connects to a namespace, and waits until the server has let it in.
    pub(crate) async fn connect(story: &Story, namespace: &str) -> Outcome<Self> {
        Self::connect_with(story, namespace, None).await
    }

    /// As [`Socket::connect`], with credentials.
    pub(crate) async fn connect_with(
        story: &Story,
        namespace: &str,
        auth: Option<Value>,
    ) -> Outcome<Self> {
        let mut socket = Self::open(story, namespace, auth).await?;
        socket.next("connect").await?;
        Ok(socket)
    }

    /// Asks for a namespace, and does not wait.
    pub(crate) async fn open(story: &Story, namespace: &str, auth: Option<Value>) -> Outcome<Self> {
        let (hears, heard) = mpsc::unbounded_channel();
        let mut builder = ClientBuilder::new(&story.url)
            .namespace(namespace)
            .transport_type(story.transport.clone())
            .reconnect_delay(RECONNECT_DELAY.0, RECONNECT_DELAY.1);
        if let Some(auth) = auth {
            builder = builder.auth(auth);
        }
        for (event, name) in [
            (Event::Connect, "connect"),
            (Event::Close, "close"),
            (Event::Error, "error"),
        ] {
            let hears = hears.clone();
            builder = builder.on(event, move |payload, _| {
                let _ = hears.send((name.to_owned(), payload));
                async {}.boxed()
            });
        }
        let builder = builder.on_any(move |event, payload, _| {
            let _ = hears.send((event.as_str().to_owned(), payload));
            async {}.boxed()
        });
        Ok(Self {
            client: builder.connect().await?,
            heard,
        })
    }

    pub(crate) async fn emit(&self, event: &str, payload: impl Into<Payload>) -> Outcome<()> {
        Ok(timeout(PATIENCE, self.client.emit(event, payload)).await??)
    }

    /// Asks the server and waits for its answer.
    pub(crate) async fn call(
        &self,
        event: &str,
        payload: impl Into<Payload>,
    ) -> Outcome<Vec<Value>> {
        let (answers, answer) = oneshot::channel();
        let mut answers = Some(answers);
        let callback = move |payload: Payload, _: Client| {
            if let Some(answers) = answers.take() {
                let _ = answers.send(payload);
            }
            async {}.boxed()
        };
        let asked = self
            .client
            .emit_with_ack(event, payload, PATIENCE, callback);
        timeout(PATIENCE, asked).await??;
        match timeout(PATIENCE, answer).await?? {
            // The client hands over all that was answered as one value.
            Payload::Text(values) => match values.as_slice() {
                [Value::Array(all)] => Ok(all.clone()),
                _ => Ok(values),
            },
            other => Err(format!("{other:?} as an answer").into()),
        }
    }

    /// What came with the next event of this name; others are passed over.
    pub(crate) async fn next(&mut self, name: &str) -> Outcome<Payload> {
        let mut others = Vec::new();
        let next = async {
            while let Some((event, payload)) = self.heard.recv().await {
                if event == name {
                    return Some(payload);
                }
                others.push(format!("{event} {payload:?}"));
            }
            None
        };
        match timeout(PATIENCE, next).await {
            Ok(Some(payload)) => Ok(payload),
            _ => Err(format!("no \"{name}\", but {others:?}").into()),
        }
    }

    /// As [`Socket::next`], for text.
    pub(crate) async fn values(&mut self, name: &str) -> Outcome<Vec<Value>> {
        match self.next(name).await? {
            Payload::Text(values) => Ok(values),
            other => Err(format!("{other:?} with \"{name}\"").into()),
        }
    }

    /// What has been heard and not asked for.
    pub(crate) fn left(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.heard.try_recv().ok())
            .map(|(event, _)| event)
            .collect()
    }

    pub(crate) async fn disconnect(&self) -> Outcome<()> {
        Ok(timeout(PATIENCE, self.client.disconnect()).await??)
    }
}
