//! Socket.IO as a client reads and writes it: a second implementation, to hold the first against.

use bytes::Bytes;
use serde_json::Value;
use trunkline::wire::Frame;

use super::ledger::{NAMESPACES, Say, UNKNOWN};

/// The bytes that belong to a number, so that mixed up attachments are noticed.
pub(crate) fn attachment(number: u32) -> Bytes {
    let times = 1 + (number % 5) as usize;
    number.to_be_bytes().repeat(times).into()
}

/// The header of a packet for a namespace.
pub(crate) fn header(kind: &str, namespace: usize, id: Option<u64>) -> String {
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    match namespace {
        0 => format!("4{kind}{id}"),
        _ => format!("4{kind}{},{id}", NAMESPACES[namespace]),
    }
}

/// An event as a client sends it.
pub(crate) fn event(namespace: usize, number: u32, id: Option<u64>, binary: bool) -> Vec<Frame> {
    if !binary {
        let text = header("2", namespace, id) + &format!(r#"["m",{number}]"#);
        return vec![text.into()];
    }
    let json = format!(r#"["m",{number},{{"_placeholder":true,"num":0}}]"#);
    let text = header("51-", namespace, id) + &json;
    vec![text.into(), attachment(number).into()]
}

/// The answer to an event of the server.
pub(crate) fn answer(namespace: usize, id: u64) -> Frame {
    (header("3", namespace, Some(id)) + &format!("[{id}]")).into()
}

/// Reads what the server says, one message at a time.
#[derive(Default)]
pub(crate) struct Ear {
    /// A packet that waits for its attachments, with how many.
    waiting: Option<(usize, Say)>,
}

impl Ear {
    /// Takes a message; gives what was said once it is complete.
    pub(crate) fn hear(&mut self, message: &Frame) -> Result<Option<Say>, String> {
        match (message, self.waiting.take()) {
            (Frame::Text(text), None) => {
                let (missing, say) = read(text).ok_or_else(|| format!("unreadable: {text}"))?;
                if missing == 0 {
                    return Ok(Some(say));
                }
                self.waiting = Some((missing, say));
                Ok(None)
            }
            (Frame::Binary(part), Some((missing, say))) => {
                if let Say::Event { number, .. } = say
                    && *part != attachment(number)
                {
                    return Err(format!("the attachment of {say:?} is {part:?}"));
                }
                if missing == 1 {
                    return Ok(Some(say));
                }
                self.waiting = Some((missing - 1, say));
                Ok(None)
            }
            (message, waiting) => Err(format!("{message:?} while {waiting:?} waits")),
        }
    }
}

fn read(text: &str) -> Option<(usize, Say)> {
    let kind = text.chars().next()?;
    let mut rest = &text[1..];
    let mut attachments = 0;
    if let '5' | '6' = kind {
        let (count, after) = rest.split_once('-')?;
        attachments = count.parse().ok()?;
        rest = after;
    }
    let mut namespace = 0;
    if rest.starts_with('/') {
        let (name, after) = rest.split_once(',')?;
        let known = NAMESPACES.iter().position(|known| *known == name);
        namespace = known.unwrap_or(UNKNOWN);
        rest = after;
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let id = rest[..digits].parse().ok();
    let json: Option<Value> = match &rest[digits..] {
        "" => None,
        json => Some(serde_json::from_str(json).ok()?),
    };
    let say = match (kind, json) {
        ('0', Some(json)) => Say::Connected {
            namespace,
            socket: json["sid"].as_str()?.to_owned(),
        },
        ('1', None) => Say::Left { namespace },
        ('4', Some(json)) if json["message"].is_string() => Say::Refused { namespace },
        ('2' | '5', Some(json)) if json[0] == "m" => Say::Event {
            namespace,
            number: u32::try_from(json[1].as_u64()?).ok()?,
            ack: id,
        },
        ('3' | '6', Some(_)) => Say::Answer { namespace, id: id? },
        _ => return None,
    };
    Some((attachments, say))
}
