//! The `ai-message` assistant: an application of the public API like any other.
//!
//! The rules are in [`ai`]; here they meet sockets, time and a provider. A question's
//! way through, in reading order:
//!
//! 1. The handler below reads the request. From then on a `Delivery` owes its asker exactly one
//!    final reply, whatever happens; only the asker's leaving ends that.
//! 2. The `Desk` is everybody's: it turns questions away while the server stops, and lets only so
//!    many answers be fetched at a time.
//! 3. The socket's `Asker` says whether it may ask now, and gives the question its `Turn` in its
//!    chat's line.
//! 4. A [`Provider`] answers with a stream of events. It is read no faster than the asker reads,
//!    and dropped as soon as nobody wants the answer any more.
//!
//! Prompts and answers never reach the log.

mod asker;
mod delivery;
mod desk;
mod provider;
pub mod remote;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{sleep_until, timeout};

use crate::ai::contract::{CANCEL, MESSAGE};
use crate::ai::{
    Address, Cancel, CancelAck, Code, Completion, Event, Exchange, Failure, Progress, Prompt,
    Question, Rate, Request, Text,
};
use crate::api::{Ack, Error, Namespace, Socket};
use crate::socketio::{All, Args};
use crate::{ai, clock};

use asker::{Asker, Turn};
use delivery::Delivery;
use desk::{Desk, Visit};

pub use provider::{Answering, Offline, Provider};
pub use remote::Remote;

/// How many bytes of chunks may be on their way to a socket; then the provider is not read until
/// the socket has taken them.
const WINDOW: usize = 16 * 1024;

/// What is said to those who have waited for a place in vain. Others' questions are in their way,
/// not their own.
const ALL_PLACES_TAKEN: &str = "Too many questions are being answered at the moment.";

/// What the assistant can be told. The provider has its own configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The rules of requests, replies, order, memory and rates.
    pub rules: ai::Config,
    /// The operator's instruction to the model, put before every conversation (none).
    pub system: Option<Text>,
    /// The longest answer to ask for, in the provider's tokens (the provider's own limit). What
    /// goes beyond [`ai::answer::Limits::max_bytes`] is cut in any case.
    pub max_output_tokens: Option<u32>,
    /// How many questions all sockets of one address together may ask, beside the rate of each
    /// (no limit). An IPv6 address counts with its whole /64 network, which one subscriber has to
    /// himself. Behind a proxy the addresses are right only if it is trusted to tell them.
    pub address_rate: Option<Rate>,
    /// How many answers are fetched at a time, for all sockets together (64).
    pub max_running: usize,
    /// How long a question waits for its place among them (10 s); then it fails as `busy`.
    pub max_wait: Duration,
    /// How many questions one socket may have open, in all its chats together (32). The next one
    /// is `busy`. It must be less than the handlers a client may have in flight
    /// ([`DispatchConfig`](crate::DispatchConfig)), or a cancel request would have to wait too.
    pub max_open: usize,
    /// How long a socket may take to read what was streamed to it (60 s); then its answer ends as
    /// `timeout`.
    pub max_stall: Duration,
    /// How long fetching one answer may take in all (180 s); then it ends as `timeout`.
    pub max_duration: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            rules: ai::Config::default(),
            system: None,
            max_output_tokens: None,
            address_rate: None,
            max_running: 64,
            max_wait: Duration::from_secs(10),
            max_open: 32,
            max_stall: Duration::from_secs(60),
            max_duration: Duration::from_secs(180),
        }
    }
}

/// Answers `ai-message` in the namespaces that it is attached to.
///
/// A handle: clones are the same assistant.
///
/// ```
/// use trunkline::assistant::{Assistant, Config, Offline};
///
/// let io = trunkline::Io::builder().build();
/// let assistant = Assistant::new(Config::default(), Offline::default());
/// assistant.attach(&io.of("/"));
/// ```
#[derive(Clone)]
pub struct Assistant(Arc<Inner>);

struct Inner {
    config: Config,
    provider: Box<dyn Provider>,
    desk: Arc<Desk>,
}

impl Assistant {
    /// An assistant that asks `provider`.
    pub fn new(config: Config, provider: impl Provider) -> Assistant {
        let desk = Arc::new(Desk::new(config.max_running, config.address_rate));
        Assistant(Arc::new(Inner {
            config,
            provider: Box::new(provider),
            desk,
        }))
    }

    /// Answers the sockets of a namespace from now on.
    pub fn attach(&self, namespace: &Namespace) {
        let asked = self.clone();
        let taken_back = self.clone();
        namespace
            .on(MESSAGE, move |socket: Socket, args: Args, ack: Ack| {
                asked.message(socket, args, ack)
            })
            .on(CANCEL, async move |socket: Socket, args: Args| {
                let ok = taken_back.cancel(&socket, &args);
                Ok::<_, Error>(CancelAck { ok })
            });
    }

    /// Refuses new questions as `unavailable`, and waits until the open ones are answered, as long
    /// as `grace`; what is left then ends as `unavailable`.
    pub async fn drain(&self, grace: Duration) {
        self.0.desk.drain(grace).await;
    }

    /// The name of the model that answers, as replies give it.
    pub fn model(&self) -> Arc<str> {
        self.0.provider.model()
    }

    /// How many questions are open.
    pub fn open_questions(&self) -> usize {
        self.0.desk.open()
    }

    async fn message(self, socket: Socket, args: Args, ack: Ack) {
        let Request { address, question } = self.read(&args);
        drop(args);
        let streamed = question.as_ref().is_ok_and(|question| question.stream);
        let asked = question
            .map_err(Failure::from)
            .and_then(|question| Ok((question, self.admit(&socket, &address)?)));
        let rules = &self.0.config.rules;
        let mut delivery = Delivery::new(&socket, ack, address, streamed, rules, self.model());
        let (question, (mut turn, visit)) = match asked {
            Ok(asked) => asked,
            Err(failure) => {
                delivery.finish(Err(failure));
                return;
            }
        };
        let end = tokio::select! {
            biased;
            // Nobody is left to be told; dropping the answer drops the provider's stream.
            () = socket.left() => return delivery.abandon(),
            failure = self.stopped(&turn) => Err(failure),
            end = self.answer(&socket, &question, &turn, &mut delivery) => end,
        };
        if let Some(answer) = delivery.finish(end) {
            let question = question.text;
            turn.remember(Exchange { question, answer });
        }
        // Lets the next question of the chat begin.
        drop(turn);
        if visit.is_last_call() {
            // What a stopping server has not sent when it closes is lost.
            socket.flushed().await;
        }
    }

    fn read(&self, args: &Args) -> Request {
        let attachments = !args.attachments().is_empty();
        // What cannot be read, such as a lone surrogate, is no question in any form.
        let values = match args.to() {
            Ok(All(values)) => values,
            Err(_) => vec![Value::Null],
        };
        let own_id = format!("{:016x}", rand::random::<u64>());
        let contract = &self.0.config.rules.contract;
        Request::read(values, attachments, &own_id, contract)
    }

    /// Whether this socket may ask now, and where its question stands.
    fn admit(&self, socket: &Socket, address: &Address) -> Result<(Turn, Visit), Failure> {
        let visit = self.0.desk.enter()?;
        let asker = self.asker(socket);
        let now = clock::now();
        let turn = asker.ask(address, now)?;
        // What the socket's own limits refuse is at nobody else's expense.
        if let Some(ip) = socket.handshake().address {
            self.0.desk.grant(ip, now)?;
        }
        Ok((turn, visit))
    }

    /// What is known of a socket; made at its first question, and forgotten when it leaves.
    fn asker(&self, socket: &Socket) -> Arc<Asker> {
        if let Some(asker) = socket.get::<Arc<Asker>>() {
            return Arc::clone(&asker);
        }
        let asker = Asker::new(&self.0.config);
        socket.set(asker.clone());
        asker
    }

    /// Waits until the question is taken back, or the server cannot wait for its answer.
    async fn stopped(&self, turn: &Turn) -> Failure {
        tokio::select! {
            code = turn.stopped() => code.into(),
            () = self.0.desk.stopped() => Code::Unavailable.into(),
        }
    }

    async fn answer(
        &self,
        socket: &Socket,
        question: &Question,
        turn: &Turn,
        delivery: &mut Delivery,
    ) -> Result<Completion, Failure> {
        let config = &self.0.config;
        turn.begun().await;
        if question.typing {
            delivery.show_typing();
        }
        let place = timeout(config.max_wait, self.0.desk.place());
        let _place = place
            .await
            .map_err(|_| Failure::new(Code::Busy).saying(ALL_PLACES_TAKEN))?;
        let prompt = self.prompt(turn, question);
        let events = self.0.provider.answer(prompt);
        let answer = relay(events, socket, delivery, config.max_stall);
        timeout(config.max_duration, answer)
            .await
            .unwrap_or(Err(Code::Timeout.into()))
    }

    fn prompt(&self, turn: &Turn, question: &Question) -> Prompt {
        Prompt {
            turns: turn.prompt(&question.text),
            system: self.0.config.system.clone(),
            max_output_tokens: self.0.config.max_output_tokens,
        }
    }

    fn cancel(&self, socket: &Socket, args: &Args) -> bool {
        let which = match args.to() {
            Ok(All(values)) => Cancel::read(&values),
            Err(_) => Cancel::Nothing,
        };
        self.asker(socket).cancel(&which)
    }
}

impl fmt::Debug for Assistant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assistant")
            .field("model", &self.model())
            .field("config", &self.0.config)
            .finish_non_exhaustive()
    }
}

/// Brings what a provider says to the asker, no faster than the asker reads.
async fn relay(
    events: Answering,
    socket: &Socket,
    delivery: &mut Delivery,
    max_stall: Duration,
) -> Result<Completion, Failure> {
    let mut events = pin!(events);
    let mut on_the_way = 0;
    loop {
        let due = delivery.chunk_due();
        let wake = due.map(|due| sleep_until(clock::instant(due)));
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(Ok(Event::Delta(delta))) => {
                    if delivery.push(&delta, clock::now()) == Progress::Full {
                        return Ok(Completion { cut: true, usage: None });
                    }
                }
                Some(Ok(Event::Done(completion))) => return Ok(completion),
                Some(Err(failure)) => return Err(failure),
                // It ended without saying how.
                None => return Err(Code::BadResponse.into()),
            },
            () = maybe(wake) => {}
        }
        on_the_way += delivery.send_due(clock::now());
        if on_the_way >= WINDOW {
            let taken = timeout(max_stall, socket.flushed()).await;
            taken.map_err(|_| Code::Timeout)?;
            on_the_way = 0;
        }
    }
}

/// Waits for `future`, or for ever.
async fn maybe(future: Option<impl Future<Output = ()>>) {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ai::Role;

    #[test]
    fn every_prompt_holds_the_operators_words() {
        let config = Config {
            system: Some("Be brief.".into()),
            max_output_tokens: Some(9),
            ..Config::default()
        };
        let request = Request::read(vec![json!("hi")], false, "id", &config.rules.contract);
        let asker = Asker::new(&config);
        let turn = asker.ask(&request.address, clock::now()).unwrap();
        let assistant = Assistant::new(config, Offline::default());
        let prompt = assistant.prompt(&turn, &request.question.unwrap());
        let said: Vec<_> = prompt.turns.iter().map(|turn| turn.text.as_str()).collect();
        assert_eq!(said, ["hi"]);
        assert_eq!(prompt.turns[0].role, Role::User);
        assert_eq!(prompt.system.as_deref(), Some("Be brief."));
        assert_eq!(prompt.max_output_tokens, Some(9));
    }
}
