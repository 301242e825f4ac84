//! What can be wrong with a frame, in words that help.

use std::borrow::Cow;

use thiserror::Error;

use crate::socketio::json;

/// The most characters of a client's own text that are shown to it.
const SHOWN: usize = 64;

/// Why a client's frame was not understood.
///
/// The text says what is wrong; [`Mistake::hint`] shows a frame that is right.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Mistake {
    /// A packet of Socket.IO or Engine.IO.
    #[error("the frame looks like Socket.IO, but this connection speaks plain JSON")]
    SocketIo,
    /// A binary message.
    #[error("binary messages are not understood here")]
    Binary,
    /// Text that is not JSON.
    #[error("the frame is not valid JSON: {problem}")]
    NotJson {
        /// What the parser says.
        problem: String,
    },
    /// JSON that is not an object.
    #[error("the frame is JSON, but not an object")]
    NotObject,
    /// An object that is neither event nor answer.
    #[error("the frame has neither \"event\" nor \"ack\"")]
    NeitherEventNorAck,
    /// A member that has no meaning.
    #[error("the key {key:?} is unknown")]
    UnknownKey {
        /// Its name, shortened.
        key: String,
    },
    /// A member that is there twice.
    #[error("the key {key:?} is there more than once")]
    DuplicateKey {
        /// Its name.
        key: &'static str,
    },
    /// Both ways to give arguments at once.
    #[error("the frame has both \"data\" and \"args\"")]
    DataAndArgs,
    /// `args` is not a list.
    #[error("\"args\" is not an array")]
    ArgsNotArray,
    /// `event` is not a text.
    #[error("\"event\" is not a string")]
    EventNotText,
    /// The event's name belongs to the protocol.
    #[error("the event name {name:?} is reserved")]
    ReservedEvent {
        /// The name.
        name: String,
    },
    /// The event's name is above the limit.
    #[error("the event name is longer than {limit} bytes")]
    EventNameTooLong {
        /// The most bytes.
        limit: usize,
    },
    /// Arrays and objects are nested above the limit.
    #[error("the arguments are nested deeper than {limit} levels")]
    TooDeep {
        /// The most levels.
        limit: usize,
    },
    /// A leave-taking with arguments, or one that wants an answer.
    #[error("\"disconnect\" takes no arguments and is not answered")]
    DisconnectWithMore,
    /// `ack` is not an id.
    #[error("\"ack\" is not a whole number from 0 to {}", u64::MAX)]
    AckNotWholeNumber,
    /// `$binary` holds something else.
    #[error("\"$binary\" is not base64")]
    BinaryNotBase64,
    /// More binary values than one frame may have.
    #[error("the frame has more than {limit} binary values")]
    TooManyBinaries {
        /// The most that are accepted.
        limit: usize,
    },
    /// A binary value inside more arrays and objects than are followed.
    #[error("a binary value is nested too deeply")]
    BinaryTooDeep,
    /// An object that would be taken for an attachment.
    #[error("an object with \"_placeholder\":true cannot stand beside a binary value")]
    PlaceholderBesideBinary,
    /// More before the server's first frame than is kept.
    #[error("more than {limit} {unit} before the connection was accepted")]
    TooEarly {
        /// The most that is kept.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
}

impl Mistake {
    /// How the frame would be right.
    ///
    /// `socket_io_path` is where this server speaks Socket.IO, for those who meant that.
    pub fn hint(&self, socket_io_path: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Mistake::SocketIo => {
                return Cow::Owned(format!(
                    "a Socket.IO client connects to {socket_io_path}?EIO=4&transport=websocket; \
                     here, send for example {{\"event\":\"chat\",\"data\":\"hello\"}}"
                ));
            }
            Mistake::NotJson { .. } | Mistake::NotObject => {
                r#"send one JSON object per message, for example {"event":"chat","data":"hello"}"#
            }
            Mistake::NeitherEventNorAck => {
                r#"send an event, {"event":"chat","data":"hello"}, or answer one, {"ack":7,"data":"hello"}"#
            }
            Mistake::UnknownKey { .. } => {
                r#"the keys are event, data, args and ack; put the rest into data: {"event":"chat","data":{"text":"hello"}}"#
            }
            Mistake::DuplicateKey { .. } => {
                r#"give each key once: {"event":"chat","data":"hello"}"#
            }
            Mistake::DataAndArgs | Mistake::ArgsNotArray => {
                r#"send one argument as data, {"event":"chat","data":"hello"}, several as args, {"event":"chat","args":["hello",2]}"#
            }
            Mistake::EventNotText => {
                r#"name the event with a string: {"event":"chat","data":"hello"}"#
            }
            Mistake::TooDeep { .. } => {
                r#"send flatter data: {"event":"chat","data":{"text":"hello"}}"#
            }
            Mistake::ReservedEvent { .. } | Mistake::EventNameTooLong { .. } => {
                r#"choose another name: {"event":"chat","data":"hello"}"#
            }
            Mistake::DisconnectWithMore => r#"to leave, send {"event":"disconnect"}"#,
            Mistake::AckNotWholeNumber => {
                r#"choose a number to be answered under, {"event":"chat","data":"hello","ack":7}, or repeat the one to answer, {"ack":7,"data":"hello"}"#
            }
            Mistake::Binary
            | Mistake::BinaryNotBase64
            | Mistake::TooManyBinaries { .. }
            | Mistake::BinaryTooDeep
            | Mistake::PlaceholderBesideBinary => {
                r#"send bytes as base64 inside a text frame: {"event":"chat","data":{"$binary":"AQID"}}"#
            }
            Mistake::TooEarly { .. } => {
                r#"wait for {"event":"connect","data":{"sid":"…"}}, then send {"event":"chat","data":"hello"}"#
            }
        })
    }
}

/// What is wrong with text that does not even begin as an object.
pub(super) fn no_object(text: &str) -> Mistake {
    if is_like_socket_io(text) {
        return Mistake::SocketIo;
    }
    match json::check(text) {
        Ok(()) => Mistake::NotObject,
        Err(error) => Mistake::NotJson {
            problem: error.to_string(),
        },
    }
}

/// The beginning of a text of the client.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether it is a packet: of Engine.IO (`2probe`, `40`, `42["x"]`, `451-[…]`), or of Socket.IO
/// without the transport's digit (`0{…}`, `2["x"]`, `51-[…]`). Other numbers are just numbers.
fn is_like_socket_io(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(|c| matches!(c, '0'..='6')) else {
        return false;
    };
    let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    matches!(rest, "" | "probe")
        || after_digits.starts_with(['[', '{', '/'])
        || after_digits.starts_with("-[")
        || after_digits.starts_with("-/")
        || (text.starts_with('4') && rest.starts_with(|c| matches!(c, '0'..='6')))
}
