//! Bytes inside JSON text: `{"$binary":"<base64>"}` here, placeholders and attachments inside.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;

use super::Mistake;
use crate::socketio::json::{self, Cursor, Token};
use crate::socketio::placeholders::{self, Content};
use crate::socketio::{Args, Outgoing};

/// The one member of an object that stands for bytes, as it is spelled in a frame.
const BINARY: &str = r#""$binary""#;

/// The usual alphabet; padding may be left out by the client, and is written by us.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The arguments in `array`, which is checked JSON, as a Socket.IO packet would bring them.
pub(super) fn args(array: ByteString, max_attachments: usize) -> Result<Args, Mistake> {
    let (array, attachments) = match array.contains(BINARY) {
        true => take_out(array, max_attachments)?,
        // What looks like a placeholder is an ordinary object then, as in a packet without
        // attachments.
        false => (array, Vec::new()),
    };
    Args::new(array, 1, attachments).map_err(|_| Mistake::BinaryTooDeep)
}

/// Puts a placeholder in the place of each binary value.
fn take_out(
    array: ByteString,
    max_attachments: usize,
) -> Result<(ByteString, Vec<Bytes>), Mistake> {
    let mut text = String::with_capacity(array.len());
    let mut attachments = Vec::new();
    let mut copied = 0;
    let mut cursor = Cursor::new(&array);
    loop {
        let start = cursor.position();
        let Some(token) = cursor.token() else {
            break;
        };
        if token != Token::OpenObject {
            continue;
        }
        let Some((base64, end)) = binary_value(cursor.clone()) else {
            continue;
        };
        if attachments.len() == max_attachments {
            let limit = max_attachments;
            return Err(Mistake::TooManyBinaries { limit });
        }
        text.push_str(&array[copied..start]);
        let num = attachments.len();
        write!(text, r#"{{"_placeholder":true,"num":{num}}}"#)
            .expect("writing to a String does not fail");
        attachments.push(bytes(base64)?);
        copied = end;
        cursor.jump(end);
    }
    if attachments.is_empty() {
        return Ok((array, attachments));
    }
    // Beside real placeholders, the client's own would be taken for attachments.
    if placeholders::find(&array, 0).is_err() {
        return Err(Mistake::PlaceholderBesideBinary);
    }
    text.push_str(&array[copied..]);
    Ok((text.into(), attachments))
}

/// The base64 token of the object that `cursor` has just entered, and the object's end, if it is
/// a binary value.
fn binary_value(mut cursor: Cursor<'_>) -> Option<(&str, usize)> {
    let (Token::Key(BINARY), Token::Scalar(base64), Token::Close) =
        (cursor.token()?, cursor.token()?, cursor.token()?)
    else {
        return None;
    };
    base64.starts_with('"').then_some((base64, cursor.end()))
}

fn bytes(token: &str) -> Result<Bytes, Mistake> {
    let base64 = json::string_text(token).map_err(|_| Mistake::BinaryNotBase64)?;
    let bytes = BASE64.decode(base64.as_bytes());
    bytes.map(Bytes::from).map_err(|_| Mistake::BinaryNotBase64)
}

/// A packet's JSON with its attachments in their places.
pub(super) fn put_in(packet: &Outgoing) -> Cow<'_, str> {
    let (json, attachments) = (packet.json(), packet.attachments());
    if attachments.is_empty() {
        return Cow::Borrowed(json);
    }
    let Ok(spans) = placeholders::find(json, attachments.len()) else {
        // The application's own values look like placeholders without an attachment, and so
        // cannot be told from those that have one: it goes out as to a Socket.IO client.
        return Cow::Borrowed(json);
    };
    let mut text = String::with_capacity(json.len() + 4 * packet.weight() / 3);
    let mut copied = 0;
    for span in spans {
        let Content::Attachment(index) = span.content else {
            continue;
        };
        text.push_str(&json[copied..span.start]);
        text.push('{');
        text.push_str(BINARY);
        text.push_str(":\"");
        BASE64.encode_string(&attachments[index], &mut text);
        text.push_str("\"}");
        copied = span.end;
    }
    text.push_str(&json[copied..]);
    Cow::Owned(text)
}
