//! The JSON of errors, with the fields of every provider.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Complaint, seconds};
use crate::ai::provider::lenient::{Gather, Gathered, OneOf, Perhaps};

/// A document that may be an error.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) error: Perhaps<&'a RawValue>,
    pub(super) object: Perhaps<String>,
    #[serde(rename = "type")]
    pub(super) kind: Perhaps<String>,
}

/// An error object: the fields of all providers.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ErrorObject {
    /// A status, or a word.
    code: Perhaps<OneOf<u16, String>>,
    #[serde(rename = "type")]
    kind: Perhaps<String>,
    status: Perhaps<String>,
    message: Perhaps<String>,
    /// Stands for `message` with servers written in Python, and in no other case.
    detail: Perhaps<String>,
    /// Gemini's list, or Anthropic's object.
    details: Perhaps<OneOf<Gathered<Details>, AnthropicDetails>>,
}

impl ErrorObject {
    pub(super) fn complaint(self) -> Complaint {
        let mut complaint = Complaint {
            message: self.message.0.or(self.detail.0).unwrap_or_default(),
            ..Complaint::default()
        };
        match self.code.0 {
            Some(OneOf::This(number)) => complaint.number = Some(number),
            Some(OneOf::That(word)) => complaint.add_word(Some(word)),
            None => {}
        }
        complaint.add_word(self.status.0);
        complaint.add_word(self.kind.0);
        match self.details.0 {
            Some(OneOf::This(Gathered(details))) => {
                complaint.add_word(details.reason);
                complaint.delay = details.delay;
                complaint.is_daily = details.is_daily;
            }
            Some(OneOf::That(details)) => complaint.add_word(details.error_code.0),
            None => {}
        }
        complaint
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnthropicDetails {
    error_code: Perhaps<String>,
}

/// What Gemini's details say together.
#[derive(Default)]
struct Details {
    reason: Option<String>,
    delay: Option<Duration>,
    is_daily: bool,
}

/// One of Gemini's details: the fields of all kinds.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    /// Of an `ErrorInfo`.
    reason: Perhaps<String>,
    /// Of a `RetryInfo`.
    retry_delay: Perhaps<String>,
    /// Of a `QuotaFailure`.
    violations: Perhaps<Gathered<Violations>>,
}

impl Gather for Details {
    type Item = Perhaps<Detail>;

    fn add(&mut self, detail: Perhaps<Detail>) {
        let detail = detail.or_default();
        let delay = detail.retry_delay.or_default();
        self.reason = self.reason.take().or(detail.reason.0);
        self.delay = self.delay.or(delay.strip_suffix('s').and_then(seconds));
        self.is_daily |= detail.violations.or_default().0.is_daily;
    }
}

#[derive(Default)]
struct Violations {
    is_daily: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Violation {
    quota_id: Perhaps<String>,
}

impl Gather for Violations {
    type Item = Perhaps<Violation>;

    fn add(&mut self, violation: Perhaps<Violation>) {
        self.is_daily |= violation
            .or_default()
            .quota_id
            .or_default()
            .contains("PerDay");
    }
}
