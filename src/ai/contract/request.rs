//! Reads what a client sent: a question, or a request to take questions back.

use serde_json::{Map, Value};

use super::response::{Address, ChatName};
use super::{Config, Key};
use crate::ai::failure::{Code, Failure};
use crate::ai::text::Text;

/// The keys under which the text of a question is looked for; the first that holds a string wins.
const TEXT_KEYS: [&str; 4] = ["content", "prompt", "message", "text"];
/// The keys under which the request's id is looked for.
const ID_KEYS: [&str; 2] = ["id", "requestId"];

/// What an `ai-message` event asks for, and how to answer it in either case.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom to answer, and in which shape; known for refused requests too.
    pub address: Address,
    /// What is asked.
    pub question: Result<Question, Rejection>,
}

/// A question that may be put to a provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The question: neither blank nor longer than the limit.
    pub text: Text,
    /// Whether the answer is wanted in chunks.
    pub stream: bool,
    /// Whether to say when the answer is being written; always so for a streamed one.
    pub typing: bool,
}

/// Why an `ai-message` event is not a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rejection {
    /// There is no data at all.
    NoArgument,
    /// There is more than one argument besides the acknowledgement.
    TooManyArguments {
        /// How many came.
        count: usize,
    },
    /// There are binary attachments.
    Attachments,
    /// The argument is neither a text nor an object.
    NeitherTextNorObject,
    /// The object holds no text under a known key.
    NoText,
    /// The text is empty or white space alone.
    Blank,
    /// The text is longer than the limit.
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The chat key is neither a short text nor a number.
    UnusableChat,
    /// The request id is neither a short text nor a number.
    UnusableId,
}

impl Rejection {
    /// A sentence for the one who wrote the client.
    pub fn message(self) -> &'static str {
        match self {
            Rejection::NoArgument => "The request holds no message.",
            Rejection::TooManyArguments { .. } => "The request holds more than one argument.",
            Rejection::Attachments => "Binary data cannot be sent to the assistant.",
            Rejection::NeitherTextNorObject => "The request must be a text or an object.",
            Rejection::NoText => {
                "The request holds no text under \"prompt\", \"content\", \"message\" or \"text\"."
            }
            Rejection::Blank => "The message is empty.",
            Rejection::TooLong { .. } => "The message is too long.",
            Rejection::UnusableChat => "The chat must be a short text or a number.",
            Rejection::UnusableId => "The id must be a short text or a number.",
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        Failure::new(Code::InvalidRequest).saying(rejection.message())
    }
}

impl Request {
    /// Reads the data arguments of an `ai-message` event.
    ///
    /// `attachments` says whether binary data came along; `own_id` names the request if the
    /// client does not.
    pub fn read(
        arguments: Vec<Value>,
        attachments: bool,
        own_id: &str,
        config: &Config,
    ) -> Request {
        let count = arguments.len();
        let shape = Shape::of(arguments.into_iter().next(), config);
        let (address, labelled) = shape.address(own_id);
        let question = if attachments {
            Err(Rejection::Attachments)
        } else if count > 1 {
            Err(Rejection::TooManyArguments { count })
        } else {
            labelled.and_then(|()| shape.question(config))
        };
        Request { address, question }
    }
}

/// The shape in which a request came.
enum Shape {
    Nothing,
    Text(String),
    /// An object, or a text that is the JSON of one with a text in it.
    Object(Map<String, Value>),
    Other,
}

impl Shape {
    fn of(argument: Option<Value>, config: &Config) -> Shape {
        match argument {
            None => Shape::Nothing,
            Some(Value::Object(object)) => Shape::Object(object),
            Some(Value::String(text)) => match object_in(&text, config) {
                Some(object) => Shape::Object(object),
                None => Shape::Text(text),
            },
            Some(_) => Shape::Other,
        }
    }

    /// Whom to answer. Keys that cannot be used are left out, and reported.
    fn address(&self, own_id: &str) -> (Address, Result<(), Rejection>) {
        let Shape::Object(object) = self else {
            let bare = matches!(self, Shape::Text(_));
            return (Address::new(own_id.into(), None, bare), Ok(()));
        };
        let id = first_key(object, ID_KEYS, |name| name);
        let chat = first_key(object, ChatName::ALL, ChatName::as_str);
        let rejected = match (&id, &chat) {
            (Err(_), _) => Err(Rejection::UnusableId),
            (_, Err(_)) => Err(Rejection::UnusableChat),
            (Ok(_), Ok(_)) => Ok(()),
        };
        let id = id
            .ok()
            .flatten()
            .map_or_else(|| own_id.into(), |(_, id)| id);
        (Address::new(id, chat.ok().flatten(), false), rejected)
    }

    fn question(self, config: &Config) -> Result<Question, Rejection> {
        let (text, stream, typing) = match self {
            Shape::Nothing => return Err(Rejection::NoArgument),
            Shape::Other => return Err(Rejection::NeitherTextNorObject),
            Shape::Text(text) => (Text::from(text), false, false),
            Shape::Object(object) => {
                let wants = |name| object.get(name) == Some(&Value::Bool(true));
                let text = text_in(&object).ok_or(Rejection::NoText)?;
                (text.into(), wants("stream"), wants("typing"))
            }
        };
        if text.trim().is_empty() {
            return Err(Rejection::Blank);
        }
        if text.len() > config.max_input_bytes {
            return Err(Rejection::TooLong { bytes: text.len() });
        }
        Ok(Question {
            text,
            stream,
            typing: typing || stream,
        })
    }
}

/// The object that a text is the JSON of, if it holds a text itself.
fn object_in(text: &str, config: &Config) -> Option<Map<String, Value>> {
    // JSON spells a byte with six at most: anything much longer holds no question of legal length.
    let longest = config
        .max_input_bytes
        .saturating_mul(6)
        .saturating_add(4 * 1024);
    if text.len() > longest || !text.trim_start().starts_with('{') {
        return None;
    }
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    text_in(&object).is_some().then_some(object)
}

fn text_in(object: &Map<String, Value>) -> Option<&str> {
    TEXT_KEYS
        .iter()
        .find_map(|name| object.get(*name)?.as_str())
}

/// The first of `names` that holds a key, with that key.
fn first_key<N: Copy>(
    object: &Map<String, Value>,
    names: impl IntoIterator<Item = N>,
    spelling: impl Fn(N) -> &'static str,
) -> Result<Option<(N, Key)>, super::UnusableKey> {
    for name in names {
        if let Some(key) = Key::read(object.get(spelling(name)))? {
            return Ok(Some((name, key)));
        }
    }
    Ok(None)
}

/// Which of a socket's questions are taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cancel {
    /// All of them: no id was given.
    All,
    /// Those with this id.
    One(Key),
    /// None: what was given is no id. A slip must not end everything.
    Nothing,
}

impl Cancel {
    /// Reads the data arguments of an `ai-message-cancel` event: nothing, `{id}` or the id itself.
    pub fn read(arguments: &[Value]) -> Cancel {
        let key = match arguments.first() {
            Some(Value::Object(object)) => {
                first_key(object, ID_KEYS, |name| name).map(|found| found.map(|(_, key)| key))
            }
            other => Key::read(other),
        };
        match key {
            Ok(None) => Cancel::All,
            Ok(Some(key)) => Cancel::One(key),
            Err(_) => Cancel::Nothing,
        }
    }

    /// Whether a question with this id is taken back.
    pub fn names(&self, id: &Key) -> bool {
        match self {
            Cancel::All => true,
            Cancel::One(key) => key == id,
            Cancel::Nothing => false,
        }
    }
}
