//! The one final reply to a request, before it is given a shape on the wire.

use serde::Serialize;

use super::failure::{Code, Failure};
use super::provider::Usage;
use super::text::Text;

/// How an answer ended, as the `finish` of a reply on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finish {
    /// The assistant said all it had to say.
    Stop,
    /// The answer was cut at its greatest length.
    Length,
    /// The provider's rules forbid the answer, or the rest of it.
    Blocked,
    /// The asker took the question back.
    Cancelled,
    /// The answer failed.
    Error,
}

impl From<Code> for Finish {
    fn from(code: Code) -> Finish {
        match code {
            Code::Blocked => Finish::Blocked,
            Code::Cancelled => Finish::Cancelled,
            Code::InvalidRequest
            | Code::Busy
            | Code::RateLimited
            | Code::Overloaded
            | Code::Timeout
            | Code::TooLong
            | Code::BadResponse
            | Code::Unavailable
            | Code::Misconfigured
            | Code::Internal => Finish::Error,
        }
    }
}

/// The final reply to one request.
///
/// There is always some text: where the assistant said nothing, a sentence of ours stands in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// What the asker reads.
    pub text: Text,
    /// How the answer ended.
    pub finish: Finish,
    /// What it cost, if that is known.
    pub usage: Option<Usage>,
    /// What went wrong: present unless `finish` is `Stop` or `Length`. A reply that has it is
    /// accompanied by an error event.
    pub failure: Option<Failure>,
}

impl Reply {
    /// The reply to a question that no provider was asked, or none began to answer.
    pub fn refused(failure: Failure) -> Reply {
        Reply::failed(failure.message.into(), failure)
    }

    /// The reply that keeps what the assistant had said before it failed.
    pub fn failed(text: Text, failure: Failure) -> Reply {
        Reply {
            text,
            finish: failure.code.into(),
            usage: None,
            failure: Some(failure),
        }
    }
}
