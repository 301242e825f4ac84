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
//! 2. [`Bucket::take`] says whether this socket may ask now.
//! 3. [`Conversations::ask`] gives the question its place in its chat's line;
//!    [`Conversations::turns`] gives what the provider is shown, once it is its turn.
//! 4. A provider answers with [`Event`]s or a [`Failure`]; reaching it over the network
//!    is the shell's work.
//! 5. [`Answer`] gathers the pieces, hands them on as [`Chunk`]s, and becomes a [`Reply`].
//! 6. [`Conversations::finish`] remembers the exchange and says who is next; the [`Address`] gives
//!    the reply its shape on the wire.
//!
//! Prompts and answers are [`Text`], which does not print what it holds.

pub mod answer;
pub mod contract;
pub mod conversations;
pub mod failure;
pub mod history;
pub mod provider;
pub mod rate;
pub mod reply;
pub mod text;

pub use answer::{Answer, Chunk, Ended, Progress};
pub use contract::{
    Address, Cancel, CancelAck, ChunkEvent, ErrorEvent, Form, Key, Question, Rejection, Request,
    Response, TypingEvent,
};
pub use conversations::{Busy, Conversations, Place, Ticket};
pub use failure::{Code, Failure};
pub use history::{Exchange, History};
pub use provider::{Completion, Event, Prompt, Role, Turn, Usage};
pub use rate::{Bucket, Rate};
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
}
