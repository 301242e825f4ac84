//! Writes what a client is sent, in the shape it expects.

use std::sync::Arc;

use serde::Serialize;

use super::{Form, Key};
use crate::ai::answer::Chunk;
use crate::ai::failure::{Code, Failure};
use crate::ai::provider::Usage;
use crate::ai::reply::{Finish, Reply};
use crate::ai::text::Text;

/// Whom to answer, and in which shape: everything that is sent about a request is made here.
#[derive(Clone, Debug)]
pub struct Address {
    labels: Labels,
    /// The request was a bare text.
    bare: bool,
}

impl Address {
    pub(super) fn new(id: Key, chat: Option<(ChatName, Key)>, bare: bool) -> Address {
        let mut labels = Labels {
            id,
            chat: None,
            chat_id: None,
            conversation_id: None,
        };
        if let Some((name, key)) = chat {
            match name {
                ChatName::Chat => {}
                ChatName::ChatId => labels.chat_id = Some(key.clone()),
                ChatName::ConversationId => labels.conversation_id = Some(key.clone()),
            }
            labels.chat = Some(key);
        }
        Address { labels, bare }
    }

    /// The request's id: the client's, or the one we made.
    pub fn id(&self) -> &Key {
        &self.labels.id
    }

    /// The chat the request belongs to, if it names one.
    pub fn chat(&self) -> Option<&Key> {
        self.labels.chat.as_ref()
    }

    /// The final reply, for the reply event and for the acknowledgement.
    pub fn response(&self, reply: &Reply, model: &Arc<str>, form: Form) -> Response {
        let bare = match form {
            Form::Mirror => self.bare,
            Form::String => true,
            Form::Object => false,
        };
        if bare {
            return Response::Text(reply.text.clone());
        }
        Response::Object(Box::new(ResponseObject {
            labels: self.labels.clone(),
            response: reply.text.clone(),
            content: reply.text.clone(),
            finish: reply.finish,
            model: Arc::clone(model),
            usage: reply.usage,
            error: reply.failure.as_ref().map(ErrorBody::from),
        }))
    }

    /// A streamed piece of the answer.
    pub fn chunk(&self, chunk: Chunk) -> ChunkEvent {
        ChunkEvent {
            labels: self.labels.clone(),
            seq: chunk.seq,
            delta: chunk.delta,
        }
    }

    /// The error event that accompanies a reply with a failure.
    pub fn error(&self, failure: &Failure) -> ErrorEvent {
        ErrorEvent {
            labels: self.labels.clone(),
            error: failure.into(),
        }
    }

    /// Whether the answer is being written.
    pub fn typing(&self, typing: bool) -> TypingEvent {
        TypingEvent {
            labels: self.labels.clone(),
            typing,
        }
    }
}

/// The names under which clients send their chat's key, in the order in which they are tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum ChatName {
    Chat,
    ChatId,
    ConversationId,
}

impl ChatName {
    pub(super) const ALL: [ChatName; 3] =
        [ChatName::Chat, ChatName::ChatId, ChatName::ConversationId];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            ChatName::Chat => "chat",
            ChatName::ChatId => "chatId",
            ChatName::ConversationId => "conversationId",
        }
    }
}

/// What everything sent about a request begins with. The chat's key appears as `chat`, and also
/// under the name the client gave it.
#[derive(Clone, Debug, Serialize)]
struct Labels {
    id: Key,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat: Option<Key>,
    #[serde(rename = "chatId", skip_serializing_if = "Option::is_none")]
    chat_id: Option<Key>,
    #[serde(rename = "conversationId", skip_serializing_if = "Option::is_none")]
    conversation_id: Option<Key>,
}

/// The final reply as it goes out.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// The text alone.
    Text(Text),
    /// An object that suits all clients that send objects.
    Object(Box<ResponseObject>),
}

/// The final reply as an object; it is only ever serialised.
#[derive(Clone, Debug, Serialize)]
pub struct ResponseObject {
    #[serde(flatten)]
    labels: Labels,
    response: Text,
    content: Text,
    finish: Finish,
    model: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
}

/// The payload of `ai-message-chunk`.
#[derive(Clone, Debug, Serialize)]
pub struct ChunkEvent {
    #[serde(flatten)]
    labels: Labels,
    seq: u64,
    delta: Text,
}

/// The payload of `ai-message-error`.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorEvent {
    #[serde(flatten)]
    labels: Labels,
    error: ErrorBody,
}

/// The payload of `ai-typing`.
#[derive(Clone, Debug, Serialize)]
pub struct TypingEvent {
    #[serde(flatten)]
    labels: Labels,
    typing: bool,
}

/// The acknowledgement of `ai-message-cancel`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct CancelAck {
    /// Whether any question was taken back.
    pub ok: bool,
}

/// A failure as it goes out.
#[derive(Clone, Debug, Serialize)]
struct ErrorBody {
    code: Code,
    message: &'static str,
    retryable: bool,
    #[serde(rename = "retryAfterMs", skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl From<&Failure> for ErrorBody {
    fn from(failure: &Failure) -> ErrorBody {
        // Rounded up, so that whoever waits that long has waited long enough.
        let millis = |wait: std::time::Duration| wait.as_nanos().div_ceil(1_000_000);
        let wait = failure.retry_after.map(millis);
        ErrorBody {
            code: failure.code,
            message: failure.message,
            retryable: failure.retryable,
            retry_after_ms: wait.map(|millis| u64::try_from(millis).unwrap_or(u64::MAX)),
        }
    }
}
