//! Arguments without attachments, read one by one from behind the event's name.
//!
//! Reading the whole array would read the name again, which was read when the packet came.

use serde::de::{Deserialize, Error as _, IgnoredAny};
use serde_json::{Deserializer, Error};

use super::List;
use crate::socketio::json;

/// The text of an array of which a part has been read.
pub(super) struct PlainList<'de> {
    /// What has not been read, at first from behind the bracket or the name.
    rest: &'de str,
    /// Whether what comes next follows nothing, so that no comma stands before it.
    is_first: bool,
}

impl<'de> PlainList<'de> {
    /// The array `json`, of which the arguments stand after `start`.
    pub(super) fn new(json: &'de str, start: usize) -> PlainList<'de> {
        PlainList {
            rest: json.get(start..).unwrap_or_default(),
            is_first: start == 1,
        }
    }

    /// Reads to the end, and says whether all that was left is valid.
    #[inline]
    pub(super) fn finish(mut self) -> bool {
        self.rest == "]" || self.finish_list()
    }

    fn finish_list(&mut self) -> bool {
        loop {
            match self.next() {
                Ok(Some(IgnoredAny)) => {}
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        let after = self.rest.strip_prefix(']');
        after.is_some_and(|after| after.trim_start_matches(json::WHITESPACE).is_empty())
    }

    #[inline]
    fn skip_whitespace(&mut self) {
        if let Some(b' ' | b'\t' | b'\n' | b'\r') = self.rest.as_bytes().first() {
            self.rest = self.rest.trim_start_matches(json::WHITESPACE);
        }
    }
}

impl<'de> List<'de> for PlainList<'de> {
    type Error = Error;

    #[inline(always)]
    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Error> {
        self.skip_whitespace();
        if self.rest.starts_with(']') {
            return Ok(None);
        }
        if !std::mem::take(&mut self.is_first) {
            let rest = self.rest.strip_prefix(',');
            self.rest = rest.ok_or_else(|| Error::custom("expected a comma"))?;
        }
        let mut values = Deserializer::from_str(self.rest).into_iter();
        let value = values.next();
        self.rest = self.rest.get(values.byte_offset()..).unwrap_or_default();
        match value {
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(error)) => Err(error),
            None => Err(Error::custom("expected a value")),
        }
    }
}
