//! Why a question got no answer, or only a part of one: what the asker is told about it.
//!
//! What the provider said stays with the provider: every sentence here is written by us, by type.

use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

/// The cause of a failure, as the `code` of an error on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request has no usable shape.
    InvalidRequest,
    /// Too many questions are open: in this chat, of this socket, or on the whole server.
    Busy,
    /// Too many questions in a short time, by our limit or the provider's.
    RateLimited,
    /// The provider has too much to do.
    Overloaded,
    /// The provider, or the asker while reading, took too long.
    Timeout,
    /// The provider's rules forbid this question or its answer.
    Blocked,
    /// The conversation is longer than the provider accepts.
    TooLong,
    /// The provider's answer could not be read, or was empty.
    BadResponse,
    /// The provider cannot be reached, or the server is stopping.
    Unavailable,
    /// The operator has to act: a key, a model's name, a bill.
    Misconfigured,
    /// The asker took the question back.
    Cancelled,
    /// A fault of our own.
    Internal,
}

impl Code {
    /// Every code there is.
    pub const ALL: [Code; 12] = [
        Code::InvalidRequest,
        Code::Busy,
        Code::RateLimited,
        Code::Overloaded,
        Code::Timeout,
        Code::Blocked,
        Code::TooLong,
        Code::BadResponse,
        Code::Unavailable,
        Code::Misconfigured,
        Code::Cancelled,
        Code::Internal,
    ];

    /// The code as it is spelt on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidRequest => "invalid_request",
            Code::Busy => "busy",
            Code::RateLimited => "rate_limited",
            Code::Overloaded => "overloaded",
            Code::Timeout => "timeout",
            Code::Blocked => "blocked",
            Code::TooLong => "too_long",
            Code::BadResponse => "bad_response",
            Code::Unavailable => "unavailable",
            Code::Misconfigured => "misconfigured",
            Code::Cancelled => "cancelled",
            Code::Internal => "internal",
        }
    }

    /// A sentence that may be shown to anybody.
    pub fn message(self) -> &'static str {
        match self {
            Code::InvalidRequest => "The request could not be understood.",
            Code::Busy => "Earlier questions are still being answered.",
            Code::RateLimited => "Too many questions in a short time.",
            Code::Overloaded => "The assistant has too much to do at the moment.",
            Code::Timeout => "The answer took too long.",
            Code::Blocked => "The assistant must not answer this.",
            Code::TooLong => "The conversation is too long for the assistant.",
            Code::BadResponse => "The assistant gave no usable answer.",
            Code::Unavailable => "The assistant is not available at the moment.",
            Code::Misconfigured => "The assistant is not set up correctly.",
            Code::Cancelled => "The answer was cancelled.",
            Code::Internal => "Something went wrong on the server.",
        }
    }

    /// Whether asking the same again later can help.
    pub fn retryable(self) -> bool {
        match self {
            Code::Busy
            | Code::RateLimited
            | Code::Overloaded
            | Code::Timeout
            | Code::BadResponse
            | Code::Unavailable => true,
            Code::InvalidRequest
            | Code::Blocked
            | Code::TooLong
            | Code::Misconfigured
            | Code::Cancelled
            | Code::Internal => false,
        }
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        let same = |code: &Code| code.as_str() == text;
        Code::ALL.into_iter().find(same).ok_or(UnknownCode)
    }
}

/// The text is not the spelling of a [`Code`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a failure code")]
pub struct UnknownCode;

/// One failure: a [`Code`], with what its particular case adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The cause.
    pub code: Code,
    /// What the asker reads. It is static, so nothing of a provider's text can get in.
    pub message: &'static str,
    /// Whether asking again later can help: the code's own answer unless the case is
    /// [`lasting`](Failure::lasting).
    pub retryable: bool,
    /// How long to wait before asking again, where that is known.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// The ordinary case of `code`.
    pub fn new(code: Code) -> Failure {
        Failure {
            code,
            message: code.message(),
            retryable: code.retryable(),
            retry_after: None,
        }
    }

    /// Says when asking again can help.
    pub fn after(self, wait: Duration) -> Failure {
        Failure {
            retry_after: Some(wait),
            ..self
        }
    }

    /// Says that asking again will not help, as when a day's quota is used up.
    pub fn lasting(self) -> Failure {
        Failure {
            retryable: false,
            retry_after: None,
            ..self
        }
    }

    /// Says it with a sentence that fits the case better than the code's own.
    pub fn saying(self, message: &'static str) -> Failure {
        Failure { message, ..self }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure::new(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_spelt_the_same_everywhere() {
        let spelt: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            spelt.join(", "),
            "invalid_request, busy, rate_limited, overloaded, timeout, blocked, too_long, \
             bad_response, unavailable, misconfigured, cancelled, internal"
        );
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!("oops".parse::<Code>(), Err(UnknownCode));
    }

    #[test]
    fn every_message_is_one_short_sentence() {
        for code in Code::ALL {
            let message = code.message();
            assert!(message.len() < 60 && message.ends_with('.'), "{message}");
        }
    }

    #[test]
    fn a_lasting_failure_promises_no_later_moment() {
        let failure = Failure::new(Code::RateLimited).after(Duration::from_secs(3));
        assert!(failure.retryable && failure.retry_after.is_some());
        let lasting = failure.lasting();
        assert!(!lasting.retryable && lasting.retry_after.is_none());
    }
}
