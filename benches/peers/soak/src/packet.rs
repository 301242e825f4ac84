//! The packets that the soak's clients read and write, and the stamp that every message carries.

use bytes::Bytes;

/// The id under which a client asks to join its room; its acknowledged events count from 1.
pub(crate) const JOIN_ID: u64 = 0;

/// What a server sends.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Packet<'a> {
    /// The session is open and has this id.
    Open(&'a str),
    /// The client is in the namespace.
    Connected,
    /// An echo of this text.
    Echo(&'a str),
    /// This text was said in the room.
    Chat(&'a str),
    /// The event with this id is acknowledged with this text.
    Ack(u64, &'a str),
    /// An echo whose bytes come next.
    BinaryHead,
    /// The heartbeat.
    Ping,
    /// Answers a GET without saying anything.
    Noop,
    /// The server ends the session or the connection to the namespace.
    Farewell,
    /// None of these.
    Unknown,
}

/// Reads a text packet.
pub(crate) fn read(text: &str) -> Packet<'_> {
    let argument = |start: &str| text.strip_prefix(start)?.strip_suffix(r#""]"#);
    if let Some(text) = argument(r#"42["echo",""#) {
        return Packet::Echo(text);
    }
    if let Some(text) = argument(r#"42["chat",""#) {
        return Packet::Chat(text);
    }
    if let Some(rest) = text.strip_prefix("43") {
        return acknowledgement(rest).unwrap_or(Packet::Unknown);
    }
    if text.starts_with(r#"451-["bin","#) {
        return Packet::BinaryHead;
    }
    match text.as_bytes() {
        [b'0', ..] => session_id(text).map_or(Packet::Unknown, Packet::Open),
        [b'4', b'0', ..] => Packet::Connected,
        b"2" => Packet::Ping,
        b"6" => Packet::Noop,
        b"1" | [b'4', b'1', ..] => Packet::Farewell,
        _ => Packet::Unknown,
    }
}

fn acknowledgement(rest: &str) -> Option<Packet<'_>> {
    let (id, arguments) = rest.split_at(rest.find('[')?);
    let text = arguments.strip_prefix(r#"[""#);
    let text = text.and_then(|text| text.strip_suffix(r#""]"#));
    Some(Packet::Ack(id.parse().ok()?, text.unwrap_or_default()))
}

fn session_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(r#""sid":""#)?;
    Some(rest.split_once('"')?.0)
}

/// What a client sends.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) text: String,
    pub(crate) attachment: Option<Bytes>,
}

impl From<String> for Outgoing {
    fn from(text: String) -> Outgoing {
        Outgoing {
            text,
            attachment: None,
        }
    }
}

impl Outgoing {
    /// Asks for the same text.
    pub(crate) fn echo(stamp: &str) -> Outgoing {
        format!(r#"42["echo","{stamp}"]"#).into()
    }

    /// Asks for an acknowledgement with the same text.
    pub(crate) fn ack(id: u64, stamp: &str) -> Outgoing {
        format!(r#"42{id}["ack","{stamp}"]"#).into()
    }

    /// Asks for the same bytes.
    pub(crate) fn binary(stamp: String) -> Outgoing {
        Outgoing {
            text: r#"451-["bin",{"_placeholder":true,"num":0}]"#.to_owned(),
            attachment: Some(stamp.into()),
        }
    }

    /// Enters a room.
    pub(crate) fn join(room: &str) -> Outgoing {
        format!(r#"42{JOIN_ID}["join","{room}"]"#).into()
    }

    /// Says something in a room.
    pub(crate) fn chat(room: &str, stamp: &str) -> Outgoing {
        format!(r#"42["chat","{room}","{stamp}"]"#).into()
    }
}

/// The text of a client's message with this number: who, which one, and filler whose length both
/// decide, so that a text that was cut or mixed up is noticed.
pub(crate) fn stamp(client: u64, number: u64) -> String {
    let mixed = client.wrapping_mul(31).wrapping_add(number.wrapping_mul(7)) % 97;
    // One in 97 is larger than the buffers on the way.
    let filler = if mixed == 0 {
        20_000
    } else {
        mixed as usize * 3
    };
    format!("{client}:{number}:{:x<filler$}", "")
}

/// Who sent this message, and its number; none unless it is exactly what was sent.
pub(crate) fn read_stamp(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.splitn(3, ':');
    let client = parts.next()?.parse().ok()?;
    let number = parts.next()?.parse().ok()?;
    (text == stamp(client, number)).then_some((client, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_apart() {
        let rows = [
            (r#"0{"sid":"abc","upgrades":[]}"#, Packet::Open("abc")),
            (r#"40{"sid":"x"}"#, Packet::Connected),
            (r#"42["echo","1:2:"]"#, Packet::Echo("1:2:")),
            (r#"42["chat","1:2:x"]"#, Packet::Chat("1:2:x")),
            (r#"4317["1:2:"]"#, Packet::Ack(17, "1:2:")),
            ("430[]", Packet::Ack(0, "")),
            (
                r#"451-["bin",{"_placeholder":true,"num":0}]"#,
                Packet::BinaryHead,
            ),
            ("2", Packet::Ping),
            ("6", Packet::Noop),
            ("1", Packet::Farewell),
            ("41", Packet::Farewell),
            ("44{}", Packet::Unknown),
            (r#"42["other","x"]"#, Packet::Unknown),
        ];
        for (text, packet) in rows {
            assert_eq!(read(text), packet, "{text}");
        }
    }

    #[test]
    fn a_stamp_that_was_changed_is_refused() {
        for number in 0..200 {
            let text = stamp(5, number);
            assert_eq!(read_stamp(&text), Some((5, number)));
            assert_eq!(read_stamp(&format!("{text}x")), None);
        }
        assert_eq!(read_stamp("5:1"), None);
    }
}
