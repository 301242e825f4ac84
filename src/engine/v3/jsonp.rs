//! JSONP: polls as scripts that call a function, POSTs as forms.
//!
//! It is for pages that may read no answers of another origin. The answer of a poll is
//! `___eio[n]("…");`, with the payload as a string. Its content type is that of other polls, so no
//! `X-Content-Type-Options: nosniff` may stand beside it: browsers would not run it.

use bytes::Bytes;

use super::super::encoding::Callback;
use crate::wire::query;

/// The field of a form that holds the payload.
const FIELD: &str = "d";

/// Wraps a payload, which is text, in a script.
pub(in crate::engine) fn script(payload: &Bytes, Callback(number): Callback) -> Bytes {
    let payload = String::from_utf8_lossy(payload);
    // Line ends in JSON's strings, but not in those of older JavaScript (ECMA-262, 5th edition, 7.3).
    let string = serde_json::Value::from(&*payload)
        .to_string()
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    format!("___eio[{number}]({string});").into()
}

/// The payload of a form: the value of its one field `d`, with the line ends that the client hid
/// from its browser.
pub(super) fn payload(form: &[u8]) -> Option<String> {
    let form = String::from_utf8_lossy(form);
    let mut values = query::pairs(&form).filter(|(name, _)| name == FIELD);
    let (_, value) = values.next()?;
    // Of several the reference makes a list, which is no payload.
    values.next().is_none().then(|| unescape(&value))
}

/// `\n` is a line end, and `\\n` what is left of a `\n` that was none (reference: engine.io 6.6,
/// `polling-jsonp`; engine.io-client 3.5).
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let (said, length) = match rest.as_bytes() {
            [_, b'n', ..] => ("\n", 2),
            [_, b'\\', b'n', ..] => ("\\n", 3),
            _ => ("\\", 1),
        };
        text.push_str(said);
        rest = &rest[length..];
    }
    text.push_str(rest);
    text
}
