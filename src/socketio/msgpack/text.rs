//! JSON as it is written while a message is read, in the spelling of `serde_json`.
//!
//! The arguments of applications have a writer of their own, which is tuned for what handlers send;
//! this one shares no code with it, so that neither slows the other.

use bytes::Bytes;

use crate::socketio::json;
use crate::socketio::parser::ParserError;

/// JSON text, and the binary values beside it.
#[derive(Default)]
pub(super) struct Text {
    /// UTF-8.
    json: Vec<u8>,
    pub(super) attachments: Vec<Bytes>,
}

impl Text {
    /// How many bytes of text there are.
    pub(super) fn len(&self) -> usize {
        self.json.len()
    }

    /// Takes back the text from `length` on, in which there is no placeholder.
    pub(super) fn truncate(&mut self, length: usize) {
        self.json.truncate(length);
    }

    /// Appends text as it is.
    pub(super) fn push(&mut self, text: &str) {
        self.json.extend_from_slice(text.as_bytes());
    }

    /// Appends a whole number.
    pub(super) fn push_number(&mut self, number: impl itoa::Integer) {
        self.push(itoa::Buffer::new().format(number));
    }

    /// Appends a number; NaN and infinities are `null`.
    pub(super) fn push_float(&mut self, number: f64) -> Result<(), ParserError> {
        serde_json::to_writer(&mut self.json, &number).map_err(|error| failed(&error))
    }

    /// Appends a string token.
    pub(super) fn push_token(&mut self, text: &str) -> Result<(), ParserError> {
        if json::needs_escapes(text) {
            return serde_json::to_writer(&mut self.json, text).map_err(|error| failed(&error));
        }
        self.json.reserve(text.len() + 2);
        self.json.push(b'"');
        self.push(text);
        self.json.push(b'"');
        Ok(())
    }

    /// Appends a placeholder for a binary value.
    pub(super) fn push_attachment(&mut self, bytes: Bytes) {
        self.push(r#"{"_placeholder":true,"num":"#);
        self.push_number(self.attachments.len());
        self.push("}");
        self.attachments.push(bytes);
    }

    /// The whole text and the binary values.
    pub(super) fn finish(self) -> Result<(String, Vec<Bytes>), ParserError> {
        let json = String::from_utf8(self.json);
        let json = json.map_err(|error| ParserError::new(error.to_string()))?;
        Ok((json, self.attachments))
    }
}

#[cold]
fn failed(error: &serde_json::Error) -> ParserError {
    ParserError::new(error.to_string())
}
