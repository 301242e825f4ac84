//! What a client says and what it must hear, as bytes made once; only two numbers in them change.

use crate::fault::Wrongs;
use crate::frame::{self, BINARY, MASK, TEXT};

/// Digits of a number in a message.
const DIGITS: usize = 8;
/// Numbers begin here, so that all have the same number of digits and none begins with a zero.
const FIRST: u32 = 10_000_000;
/// How many numbers there are.
const NUMBERS: u32 = 90_000_000;

/// What stands in a message in place of the client's number and of the message's number.
pub(crate) const CLIENT: &str = "cccccccc";
pub(crate) const NUMBER: &str = "nnnnnnnn";

/// A string argument of `length` bytes that carries both numbers.
pub(crate) fn argument(length: usize) -> String {
    let mut text = format!("{CLIENT}-{NUMBER}-");
    text.extend(('a'..='z').cycle().take(length - text.len()));
    text
}

/// One frame, ready to be stamped and sent or compared.
struct Part {
    opcode: u8,
    payload: Vec<u8>,
    masked: Vec<u8>,
    /// Where the payload begins in `masked`.
    start: usize,
    client: Vec<usize>,
    number: Vec<usize>,
}

/// How an answer differs from the one that was due.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is the one that was due.
    Due,
    /// It is this other answer to the same client.
    Other(u32),
    /// It is none; the kind as [`Wrongs`] calls it.
    Wrong(&'static str),
}

/// What is asked and what is answered, a frame for each packet and each attachment.
pub(crate) struct Exchange {
    asked: Vec<Part>,
    answered: Vec<Part>,
}

fn places(payload: &[u8], mark: &str) -> Vec<usize> {
    payload
        .windows(DIGITS)
        .enumerate()
        .filter(|(_, window)| *window == mark.as_bytes())
        .map(|(at, _)| at)
        .collect()
}

fn digits(number: u32) -> [u8; DIGITS] {
    let mut rest = FIRST + number % NUMBERS;
    let mut digits = [0; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// A number as it stands in a message.
pub(crate) fn shown(number: u32) -> String {
    String::from_utf8_lossy(&digits(number)).into_owned()
}

fn number(digits: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(digits).ok()?;
    text.parse::<u32>().ok()?.checked_sub(FIRST)
}

impl Part {
    fn new(opcode: u8, payload: &[u8]) -> Self {
        let mut masked = Vec::new();
        let start = frame::put(&mut masked, opcode, payload);
        Self {
            opcode,
            payload: payload.to_vec(),
            masked,
            start,
            client: places(payload, CLIENT),
            number: places(payload, NUMBER),
        }
    }

    #[inline]
    fn stamp(&mut self, client: u32, number: u32) {
        for (places, value) in [(&self.client, client), (&self.number, number)] {
            if places.is_empty() {
                continue;
            }
            let value = digits(value);
            for &at in places {
                self.payload[at..at + DIGITS].copy_from_slice(&value);
            }
        }
    }

    #[inline]
    fn put(&mut self, client: u32, number: u32, out: &mut Vec<u8>) {
        for (places, value) in [(&self.client, client), (&self.number, number)] {
            if places.is_empty() {
                continue;
            }
            let value = digits(value);
            for &at in places {
                for (offset, digit) in value.iter().enumerate() {
                    self.masked[self.start + at + offset] = digit ^ MASK[(at + offset) % 4];
                }
            }
        }
        out.extend_from_slice(&self.masked);
    }

    /// The numbers in a payload that is otherwise like this one.
    fn read(&mut self, payload: &[u8]) -> Option<(Option<u32>, Option<u32>)> {
        if payload.len() != self.payload.len() {
            return None;
        }
        let of = |places: &[usize]| match places {
            [at, ..] => number(&payload[*at..*at + DIGITS]).map(Some),
            [] => Some(None),
        };
        let (client, number) = (of(&self.client)?, of(&self.number)?);
        self.stamp(client.unwrap_or(0), number.unwrap_or(0));
        (self.payload == payload).then_some((client, number))
    }
}

impl Exchange {
    /// Made of `(opcode, payload)` of every frame asked and answered.
    pub(crate) fn new(asked: &[(u8, String)], answered: &[(u8, String)]) -> Self {
        let parts = |frames: &[(u8, String)]| {
            frames
                .iter()
                .map(|(opcode, payload)| Part::new(*opcode, payload.as_bytes()))
                .collect()
        };
        Self {
            asked: parts(asked),
            answered: parts(answered),
        }
    }

    /// `event` with a string of `length` bytes comes back as it went.
    pub(crate) fn event(event: &str, length: usize) -> Self {
        let text = format!(r#"42["{event}","{}"]"#, argument(length));
        Self::new(&[(TEXT, text.clone())], &[(TEXT, text)])
    }

    /// `ack` is acknowledged with the same string.
    pub(crate) fn acknowledgement(length: usize) -> Self {
        let text = argument(length);
        Self::new(
            &[(TEXT, format!(r#"42{NUMBER}["ack","{text}"]"#))],
            &[(TEXT, format!(r#"43{NUMBER}["{text}"]"#))],
        )
    }

    /// `bin` with an attachment of `length` bytes comes back as it went.
    pub(crate) fn binary(length: usize) -> Self {
        let head = r#"451-["bin",{"_placeholder":true,"num":0}]"#.to_owned();
        let frames = [(TEXT, head), (BINARY, argument(length))];
        Self::new(&frames, &frames)
    }

    /// Frames of an answer.
    pub(crate) fn parts(&self) -> usize {
        self.answered.len()
    }

    /// Appends question `number` of `client`, masked.
    #[inline]
    pub(crate) fn ask(&mut self, client: u32, number: u32, out: &mut Vec<u8>) {
        for part in &mut self.asked {
            part.put(client, number, out);
        }
    }

    /// Appends question `number` of `client` as it stands in the body of a POST.
    pub(crate) fn say(&mut self, client: u32, number: u32, out: &mut Vec<u8>) {
        for part in &mut self.asked {
            part.stamp(client, number);
            out.extend_from_slice(&part.payload);
        }
    }

    /// Client and number of an answer, whoever asked for it, if its first frame is right otherwise.
    pub(crate) fn read(&mut self, payload: &[u8]) -> Option<(u32, u32)> {
        match self.answered[0].read(payload) {
            Some((Some(client), Some(number))) => Some((client, number)),
            _ => None,
        }
    }

    /// Compares the frame with part `part` of the answer to question `number` of `client`.
    #[inline]
    pub(crate) fn check(
        &mut self,
        part: usize,
        client: u32,
        number: u32,
        opcode: u8,
        payload: &[u8],
    ) -> Verdict {
        let part = &mut self.answered[part];
        part.stamp(client, number);
        if part.payload == payload && part.opcode == opcode {
            return Verdict::Due;
        }
        match part.read(payload) {
            Some((found, _)) if found.is_some_and(|found| found != client) => {
                Verdict::Wrong(Wrongs::CROSSED)
            }
            Some((_, Some(found))) if part.opcode == opcode => Verdict::Other(found),
            _ => Verdict::Wrong(Wrongs::ALTERED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(exchange: &mut Exchange, client: u32, number: u32) -> Vec<u8> {
        let part = &mut exchange.answered[0];
        part.stamp(client, number);
        part.payload.clone()
    }

    #[test]
    fn every_way_in_which_an_answer_can_be_wrong_is_told_apart() {
        let mut exchange = Exchange::event("echo", 64);
        let right = payload(&mut exchange, 3, 7);
        let later = payload(&mut exchange, 3, 9);
        let foreign = payload(&mut exchange, 4, 7);
        let mut altered = right.clone();
        altered[40] ^= 1;
        for (given, expected) in [
            (&right, Verdict::Due),
            (&later, Verdict::Other(9)),
            (&foreign, Verdict::Wrong(Wrongs::CROSSED)),
            (&altered, Verdict::Wrong(Wrongs::ALTERED)),
            (&right[1..].to_vec(), Verdict::Wrong(Wrongs::ALTERED)),
        ] {
            assert_eq!(exchange.check(0, 3, 7, TEXT, given), expected);
        }
        let verdict = exchange.check(0, 3, 7, BINARY, &right);
        assert_eq!(verdict, Verdict::Wrong(Wrongs::ALTERED));
    }

    #[test]
    fn what_is_asked_unmasks_to_what_is_answered() {
        let mut exchange = Exchange::event("echo", 1024);
        let mut sent = Vec::new();
        exchange.ask(12, 345, &mut sent);
        let start = exchange.asked[0].start;
        let plain: Vec<u8> = sent[start..]
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(b, m)| b ^ m)
            .collect();
        assert_eq!(exchange.check(0, 12, 345, TEXT, &plain), Verdict::Due);
        assert!(plain.starts_with(br#"42["echo","10000012-10000345-abc"#));
    }

    #[test]
    fn an_argument_has_the_length_that_was_asked_for() {
        assert_eq!(argument(64).len(), 64);
        assert_eq!(argument(1024).len(), 1024);
    }
}
