//! The assistant's rules without its network.
//!
//! What `ai-message` may carry, what is answered, what is remembered, in which order and how much:
//! plain values and functions. The shell brings the sockets, the provider's connection, ids and
//! the time (as [`Moment`](crate::wire::Moment) or Unix seconds; nothing here asks a clock). The
//! one import from the crate is [`wire`](crate::wire).
//!
//! A question's way through, in reading order:
//!
//! 1. [`Request::read`] turns the event's arguments into an [`Address`] (whom to answer, and how)
//!    and a [`Question`] or a [`Rejection`].
//! 2. [`Bucket::take`] says whether this socket may ask now, and [`Buckets::take`] whether its
//!    address may.
//! 3. [`Conversations::ask`] gives the question its place in its chat's line;
//!    [`Conversations::turns`] gives what the provider is shown, once it is its turn.
//! 4. A provider answers with [`Event`]s or a [`Failure`]; [`offline`] is the one that is always
//!    there. For the others, [`Api::request`] writes what is to be posted, a [`Reader`] makes events
//!    of the answer's body (streams are taken apart by [`sse`]), and [`Api::refusal`] judges every
//!    status but 200. An attempt that failed is a [`Fault`]; a [`retry::Policy`] says whether and
//!    when the next one follows. Carrying the bytes, waiting, and keeping the key is the shell's
//!    work.
//! 5. [`Answer`] gathers the pieces, hands them on as [`Chunk`]s, and becomes a [`Reply`].
//! 6. [`Conversations::finish`] remembers the exchange and says who is next; the [`Address`] gives
//!    the reply its shape on the wire.
//!
//! Prompts and answers are [`Text`], which does not print what it holds.
//!
//! ```
//! use serde_json::json;
//! use trunkline::ai::*;
//! use trunkline::wire::Moment;
//!
//! let (config, now) = (Config::default(), Moment::default());
//! let mut bucket = Bucket::new(config.rate);
//! let mut chats = Conversations::new(config.conversations);
//!
//! let data = vec![json!({"chat": "lobby", "content": "echo well met", "stream": true})];
//! let Request { address, question } = Request::read(data, false, "id-1", &config.contract);
//! let question = question.expect("a question in a known form");
//! bucket.take(now).expect("the first question of this socket");
//!
//! let handle = "whatever wakes or stops this question";
//! let (ticket, place) = chats.ask(address.chat().cloned(), address.id().clone(), handle)?;
//! assert_eq!(place, Place::Running);
//!
//! let prompt = Prompt::new(chats.turns(&ticket, &question.text));
//! let scene = offline::Scene { unix_seconds: 0, seed: 0 };
//! let mut answer = Answer::new(config.answer, question.stream);
//! let mut end = Err(Failure::new(Code::BadResponse));
//! for event in offline::answer(&prompt, scene, &config.offline) {
//!     match event {
//!         Ok(Event::Delta(delta)) => assert_eq!(answer.push(&delta, now), Progress::More),
//!         Ok(Event::Done(completion)) => end = Ok(completion),
//!         Err(failure) => end = Err(failure),
//!     }
//!     assert_eq!(answer.poll_chunk(now), None, "chunks wait for 1 KiB or 40 ms");
//! }
//!
//! let Ended { chunks, reply, remembered } = answer.finish(end);
//! assert_eq!(chunks.len(), 1);
//! let exchange = remembered.map(|answer| Exchange { question: question.text, answer });
//! assert_eq!(chats.finish(&ticket, exchange), None, "nobody waits");
//!
//! let response = address.response(&reply, &offline::MODEL.into(), config.contract.form);
//! let sent = serde_json::to_value(response).expect("plain data");
//! assert_eq!(sent["chat"], "lobby");
//! assert_eq!(sent["content"], "well met");
//! # Ok::<(), Busy>(())
//! ```

pub mod answer;
pub mod contract;
pub mod conversations;
pub mod failure;
pub mod fault;
pub mod history;
pub mod provider;
pub mod rate;
pub mod reply;
pub mod retry;
pub mod sse;
pub mod text;

pub use answer::{Answer, Chunk, Ended, Progress};
pub use contract::{
    Address, Cancel, CancelAck, ChunkEvent, ErrorEvent, Form, Key, Question, Rejection, Request,
    Response, TypingEvent,
};
pub use conversations::{Busy, Conversations, Place, Ticket};
pub use failure::{Code, Failure};
pub use fault::{Fault, Retry};
pub use history::{Exchange, History};
pub use provider::{Api, Completion, Event, Prompt, Reader, Role, Turn, Usage, offline};
pub use rate::{Bucket, Buckets, Rate};
pub use reply::{Finish, Reply};
pub use text::Text;

/// Everything the assistant's rules can be told, with the documented defaults.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The shape of requests and replies.
    pub contract: contract::Config,
    /// How many questions one socket may ask.
    pub rate: Rate,
    /// How many chats and waiting questions one socket may have, and what is remembered of them.
    pub conversations: conversations::Limits,
    /// How an answer is cut into chunks, and how long it may be.
    pub answer: answer::Limits,
    /// The provider that needs no network.
    pub offline: offline::Config,
}
