//! What a floor answers: a table from the first bytes of a frame to the answer.
//!
//! A frame is an Engine.IO packet: one digit for its type, then, in a message, one for the type of
//! the Socket.IO packet.

/// What a floor does with a text frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer<'a> {
    /// Sends it back as it came: an event, or the head of one with attachments.
    Echo,
    /// Acknowledges with the same arguments: `43`, these digits, `[`, this rest.
    Ack(&'a str, &'a str),
    /// Sends it to everybody.
    Broadcast,
    /// Lets the client into the namespace.
    Welcome,
    /// Answers the probe of an upgrade.
    Probe,
    /// The client has upgraded.
    Upgraded,
    /// The client leaves.
    Goodbye,
    /// Does nothing: the answer to a ping.
    Nothing,
}

/// Looks the answer up.
pub fn answer(frame: &str) -> Answer<'_> {
    let Some(event) = frame.strip_prefix("42") else {
        return match frame.as_bytes() {
            [b'4', b'0', ..] => Answer::Welcome,
            [b'4', b'1', ..] | [b'1', ..] => Answer::Goodbye,
            [b'4' | b'b', ..] => Answer::Echo,
            b"2probe" => Answer::Probe,
            [b'5', ..] => Answer::Upgraded,
            _ => Answer::Nothing,
        };
    };
    if event.starts_with('[') {
        return match event.starts_with(r#"["broadcast","#) {
            true => Answer::Broadcast,
            false => Answer::Echo,
        };
    }
    let (id, arguments) = match event.find('[') {
        Some(start) => event.split_at(start),
        None => return Answer::Nothing,
    };
    // What follows the event's name, which has no comma in it.
    let rest = arguments.split_once(',').map_or("]", |(_, rest)| rest);
    Answer::Ack(id, rest)
}

/// The answer to the handshake.
pub fn open_packet(sid: &str, upgrades: &str) -> String {
    let limits = r#""pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000"#;
    format!(r#"0{{"sid":"{sid}","upgrades":[{upgrades}],{limits}}}"#)
}

/// The packet that lets a client into the namespace.
pub fn welcome(sid: &str) -> String {
    format!(r#"40{{"sid":"{sid}"}}"#)
}

/// The packet that acknowledges.
pub fn ack(id: &str, rest: &str) -> String {
    let mut packet = String::with_capacity(3 + id.len() + rest.len());
    packet.extend(["43", id, "[", rest]);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_its_answer() {
        let rows = [
            ("40", Answer::Welcome),
            (r#"40{"token":1}"#, Answer::Welcome),
            (r#"42["echo","x"]"#, Answer::Echo),
            (r#"42["broadcast","x"]"#, Answer::Broadcast),
            (r#"4217["ack","x"]"#, Answer::Ack("17", r#""x"]"#)),
            (r#"420["ack"]"#, Answer::Ack("0", "]")),
            (r#"451-["bin",{"_placeholder":true,"num":0}]"#, Answer::Echo),
            ("bAAEC", Answer::Echo),
            ("2probe", Answer::Probe),
            ("5", Answer::Upgraded),
            ("3", Answer::Nothing),
            ("41", Answer::Goodbye),
            ("1", Answer::Goodbye),
            ("", Answer::Nothing),
        ];
        for (frame, expected) in rows {
            assert_eq!(answer(frame), expected, "{frame}");
        }
    }

    #[test]
    fn an_acknowledgement_repeats_the_arguments() {
        assert_eq!(ack("17", r#""x"]"#), r#"4317["x"]"#);
    }
}
