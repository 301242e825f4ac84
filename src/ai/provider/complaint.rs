//! What a provider complains about: the errors of all three APIs, in all the forms in which they
//! and those who imitate them write them, and what each means for the asker and for a next attempt.

mod document;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::value::RawValue;

use super::lenient::{First, OneOf, Perhaps};
use crate::ai::failure::{Code, Failure};
use crate::ai::fault::{Fault, Retry};
use document::{Body, ErrorObject};

/// An HTTP answer whose status is not 200.
#[derive(Clone, Copy)]
pub struct Refusal<'a> {
    /// The status.
    pub status: u16,
    /// The header `retry-after`: seconds or an HTTP date.
    pub retry_after: Option<&'a str>,
    /// The header `retry-after-ms`: milliseconds.
    pub retry_after_ms: Option<&'a str>,
    /// The header `x-should-retry`: `true` or `false`.
    pub should_retry: Option<&'a str>,
    /// The time, in seconds since 1970 began, in UTC; HTTP dates are compared with it.
    pub unix_now: u64,
    /// The body, or its beginning.
    pub body: &'a [u8],
}

/// Codes of bills that are not paid or spend limits that are reached. Waiting does not help.
const BILLING: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "enforced_spend_limit_reached",
    "billing_error",
];

/// Codes of conversations that are too long.
const TOO_LONG: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size_error",
    "request_too_large",
];

/// Phrases, in lower case, of messages that complain about too long a conversation: most servers
/// have no code for it.
const TOO_LONG_PHRASES: &[&str] = &[
    "context length",
    "context window",
    "context size",
    "context limit",
    "input token count",
    "maximum number of tokens",
    "prompt is too long",
    "too many tokens",
];

/// What is said to the asker when a day's quota is used up.
const NOTHING_MORE_TODAY: &str = "The assistant may answer no more questions today.";

/// The longest wait that is passed on: beyond the numbers that clients can wait for, they would
/// come back at once.
const LONGEST_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many codes of one complaint are kept.
const MAX_WORDS: usize = 8;

/// How much of a body that is no JSON is looked at.
const MAX_RAW: usize = 1024;

/// An error object.
#[derive(Debug, Default)]
struct Complaint {
    /// A numeric code: an HTTP status, as a rule.
    number: Option<u16>,
    /// Codes, types and statuses.
    words: Vec<String>,
    message: String,
    /// After which time the provider wants to be asked again.
    delay: Option<Duration>,
    /// Whether a day's quota is used up.
    is_daily: bool,
}

/// What an HTTP answer with another status than 200 means.
pub(super) fn refused(refusal: &Refusal<'_>) -> Fault {
    let status = refusal.status;
    let body = refusal.body.trim_ascii();
    let complaint = std::str::from_utf8(body).ok().and_then(Complaint::read);
    let complaint = complaint.unwrap_or_else(|| {
        let raw = &body[..body.len().min(MAX_RAW)];
        Complaint {
            message: String::from_utf8_lossy(raw).into_owned(),
            ..Complaint::default()
        }
    });
    let (failure, mut may_retry) = complaint.judge(Some(status));
    // The server's own word on it; but to a redirect the same request would go again.
    if status >= 400 {
        match refusal.should_retry.map(str::trim) {
            Some("true") => may_retry = true,
            Some("false") => may_retry = false,
            _ => {}
        }
    }
    let delay = header_delay(refusal).or(complaint.delay);
    let detail = format!("HTTP {status} {}", complaint.detail());
    complete(failure, may_retry, delay, &detail)
}

/// The error that `json`, a document of an answer with status 200, is; `None` if it is none.
pub(super) fn found(json: &str) -> Option<Fault> {
    Complaint::find(json).map(Complaint::fault)
}

/// What a text means that is an error by its place in the stream, whatever its form.
pub(super) fn told(text: &str) -> Fault {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    let json = values.next().and_then(Result::ok).map(RawValue::get);
    let complaint = json.and_then(Complaint::read).unwrap_or_else(|| Complaint {
        message: text.to_owned(),
        ..Complaint::default()
    });
    complaint.fault()
}

fn complete(failure: Failure, may_retry: bool, delay: Option<Duration>, detail: &str) -> Fault {
    let delay = delay.map(|delay| delay.min(LONGEST_DELAY));
    let failure = match delay {
        Some(delay) if failure.retryable => failure.after(delay),
        _ => failure,
    };
    let retry = match delay {
        _ if !may_retry => Retry::Never,
        Some(delay) => Retry::After(delay),
        None => Retry::Backoff,
    };
    Fault::new(failure, retry, detail)
}

impl Complaint {
    /// The error that `json` is by its form, if it is one: it has an `error`, or calls itself one.
    fn find(json: &str) -> Option<Complaint> {
        let json = json.trim_start();
        if json.starts_with('[') {
            let wrapped: First<&RawValue> = serde_json::from_str(json).ok()?;
            let inner = wrapped.0?.get();
            return if inner.starts_with('{') {
                Complaint::find(inner)
            } else {
                None
            };
        }
        let body: Body<'_> = serde_json::from_str(json).ok()?;
        if let Some(error) = body.error.0 {
            let error = error.get();
            if !matches!(error, "null" | "false" | "\"\"") {
                return Some(Complaint::of_error(error));
            }
        }
        let is_error = |name: &Perhaps<String>| name.0.as_deref() == Some("error");
        (is_error(&body.object) || is_error(&body.kind)).then(|| Complaint::of_error(json))
    }

    /// The error that `json` is for certain, in whatever form. `None` if it is no JSON object.
    fn read(json: &str) -> Option<Complaint> {
        let found = Complaint::find(json);
        found.or_else(|| {
            json.trim_start()
                .starts_with('{')
                .then(|| Complaint::of_error(json))
        })
    }

    /// Reads what stands in `error`: an object, a text, or a list that begins with an object.
    fn of_error(json: &str) -> Complaint {
        let error: Result<OneOf<String, OneOf<First<ErrorObject>, ErrorObject>>, _> =
            serde_json::from_str(json);
        match error {
            Ok(OneOf::This(message)) => Complaint {
                message,
                ..Complaint::default()
            },
            Ok(OneOf::That(OneOf::This(first))) => first.0.unwrap_or_default().complaint(),
            Ok(OneOf::That(OneOf::That(object))) => object.complaint(),
            Err(_) => Complaint::default(),
        }
    }

    /// What it means within an answer whose status was 200.
    fn fault(self) -> Fault {
        let status = self.number.filter(|number| (400..600).contains(number));
        let status = status.or_else(|| self.words.iter().find_map(|word| status_of(word)));
        let (failure, may_retry) = self.judge(status);
        complete(failure, may_retry, self.delay, &self.detail())
    }

    /// What the asker is told, and whether another attempt can help.
    fn judge(&self, status: Option<u16>) -> (Failure, bool) {
        if self.has_word(BILLING) {
            return (Code::Misconfigured.into(), false);
        }
        let code = match status {
            Some(400 | 422) | None if self.is_too_long() => Code::TooLong,
            Some(413) => Code::TooLong,
            // A redirect is a wrong base URL: the key must not follow it.
            Some(300..=399 | 400..=404 | 422) => Code::Misconfigured,
            Some(429) if self.is_daily => {
                let failure = Failure::new(Code::RateLimited).lasting();
                return (failure.saying(NOTHING_MORE_TODAY), false);
            }
            Some(429) => Code::RateLimited,
            Some(503 | 529) => Code::Overloaded,
            // The model did not come to an end in the provider's time.
            Some(504) => Code::Timeout,
            Some(408 | 409 | 500..) => Code::Unavailable,
            Some(_) => return (Failure::new(Code::BadResponse).lasting(), false),
            None => Code::BadResponse,
        };
        let may_retry = match status {
            // An error in the midst of an answer that says nothing of use may have any cause.
            None => code == Code::BadResponse,
            Some(408 | 409 | 429 | 500..) => true,
            Some(_) => false,
        };
        (code.into(), may_retry)
    }

    fn is_too_long(&self) -> bool {
        let message = self.message.to_lowercase();
        let is_said = |phrase: &&str| message.contains(*phrase);
        self.has_word(TOO_LONG) || TOO_LONG_PHRASES.iter().any(is_said)
    }

    fn has_word(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    fn add_word(&mut self, word: Option<String>) {
        let Some(word) = word else { return };
        if let Ok(number) = word.parse() {
            self.number.get_or_insert(number);
        } else if self.words.len() < MAX_WORDS {
            self.words.push(word);
        }
    }

    /// The provider's own words.
    fn detail(&self) -> String {
        let number = self.number.map(|number| number.to_string());
        let words = number.iter().chain(&self.words).chain([&self.message]);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The HTTP status that stands for a code, where an error has no status of its own.
fn status_of(word: &str) -> Option<u16> {
    Some(match word {
        "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION"
        | "invalid_request_error"
        | "context_length_exceeded"
        | "exceed_context_size_error" => 400,
        "UNAUTHENTICATED" | "authentication_error" | "invalid_api_key" => 401,
        "billing_error" => 402,
        "PERMISSION_DENIED" | "permission_error" => 403,
        "NOT_FOUND" | "not_found_error" | "model_not_found" => 404,
        "request_too_large" => 413,
        "RESOURCE_EXHAUSTED" | "rate_limit_error" | "rate_limit_exceeded" | "slow_down" => 429,
        "INTERNAL" | "api_error" | "server_error" | "internal_server_error" => 500,
        "UNAVAILABLE" | "unavailable_error" | "server_is_overloaded" => 503,
        "DEADLINE_EXCEEDED" | "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

/// What the headers say about the next attempt. What cannot be read is as good as not there.
fn header_delay(refusal: &Refusal<'_>) -> Option<Duration> {
    let millis = refusal.retry_after_ms.and_then(seconds);
    let millis = millis.map(|delay| delay / 1000);
    millis.or_else(|| {
        let text = refusal.retry_after?;
        seconds(text).or_else(|| until(text, refusal.unix_now))
    })
}

/// Reads a decimal number of seconds.
fn seconds(text: &str) -> Option<Duration> {
    let number: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

/// Reads an HTTP date; one in the past means now.
fn until(text: &str, unix_now: u64) -> Option<Duration> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
    Some(since_1970.saturating_sub(Duration::from_secs(unix_now)))
}

impl fmt::Debug for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
