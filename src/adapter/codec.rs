//! The written form of messages, for transports that carry bytes and have no form of their own.
//!
//! A byte for the version, four for the length of the head (big endian), the head as JSON, then the
//! attachments, each behind its length in four bytes.

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::NodeId;
use super::message::{Content, MAX_MESSAGE_BYTES, Message, MessageError};
use crate::socketio::{Binary, MAX_ATTACHMENTS, Namespace};

const VERSION: u8 = 1;

#[derive(Serialize)]
struct Head<'a> {
    from: &'a NodeId,
    namespace: &'a Namespace,
    content: &'a Content,
}

#[derive(Deserialize)]
struct OwnedHead {
    from: NodeId,
    namespace: Namespace,
    content: Content,
}

impl Message {
    /// The written form of what node `from` says.
    ///
    /// # Errors
    /// When it would be too long, or has too many attachments.
    pub fn encode(&self, from: &NodeId) -> Result<Bytes, MessageError> {
        let Message {
            namespace,
            content,
            attachments,
        } = self;
        if attachments.len() > MAX_ATTACHMENTS {
            return Err(MessageError::TooManyAttachments(attachments.len()));
        }
        let head = Head {
            from,
            namespace,
            content,
        };
        let head =
            serde_json::to_vec(&head).map_err(|error| MessageError::Syntax(error.to_string()))?;
        let of_attachments: usize = attachments.iter().map(|part| 4 + part.0.len()).sum();
        let length = 5 + head.len() + of_attachments;
        if length > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(length));
        }
        let mut bytes = BytesMut::with_capacity(length);
        bytes.put_u8(VERSION);
        put(&mut bytes, &head);
        for part in attachments {
            put(&mut bytes, &part.0);
        }
        Ok(bytes.freeze())
    }

    /// Reads what [`encode`](Message::encode) wrote, and who said it.
    ///
    /// # Errors
    /// When it is no such thing, or larger than it may be.
    pub fn decode(bytes: &[u8]) -> Result<(NodeId, Message), MessageError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        let (&version, mut rest) = bytes.split_first().ok_or(MessageError::Truncated)?;
        if version != VERSION {
            return Err(MessageError::Version(version));
        }
        let head: OwnedHead = serde_json::from_slice(take(&mut rest)?)
            .map_err(|error| MessageError::Syntax(error.to_string()))?;
        let mut attachments = Vec::new();
        while !rest.is_empty() {
            if attachments.len() == MAX_ATTACHMENTS {
                return Err(MessageError::TooManyAttachments(MAX_ATTACHMENTS + 1));
            }
            attachments.push(Binary(Bytes::copy_from_slice(take(&mut rest)?)));
        }
        let OwnedHead {
            from,
            namespace,
            content,
        } = head;
        let message = Message {
            namespace,
            content,
            attachments,
        };
        Ok((from, message))
    }
}

fn put(bytes: &mut BytesMut, part: &[u8]) {
    // The whole is shorter than 16 MiB.
    bytes.put_u32(u32::try_from(part.len()).unwrap_or(u32::MAX));
    bytes.put_slice(part);
}

fn take<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], MessageError> {
    let (length, behind) = rest
        .split_first_chunk::<4>()
        .ok_or(MessageError::Truncated)?;
    let length = u32::from_be_bytes(*length);
    let length = usize::try_from(length).map_err(|_| MessageError::Truncated)?;
    let (part, behind) = behind
        .split_at_checked(length)
        .ok_or(MessageError::Truncated)?;
    *rest = behind;
    Ok(part)
}
