//! Requests and answers of HTTP/1.1, as far as long-polling needs them.

use crate::fault::{Fault, excerpt};

/// Between the packets of one body.
pub(crate) const SEPARATOR: u8 = 0x1e;

/// A GET of the session `sid`; the handshake if that is empty.
pub(crate) fn get(sid: &str, extra: &str) -> Vec<u8> {
    format!(
        "GET /socket.io/?EIO=4&transport=polling{} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n",
        session(sid)
    )
    .into_bytes()
}

/// The head of a POST up to the length of its body.
pub(crate) fn post(sid: &str, extra: &str) -> Vec<u8> {
    format!(
        "POST /socket.io/?EIO=4&transport=polling{} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: ",
        session(sid)
    )
    .into_bytes()
}

/// Ends the head of a POST and adds the body.
pub(crate) fn put_body(head: &[u8], body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(head);
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

fn session(sid: &str) -> String {
    match sid {
        "" => String::new(),
        sid => format!("&sid={sid}"),
    }
}

/// The body of the first answer in `bytes` and the length of the whole, once it is complete.
///
/// # Errors
/// The status is not 200; the answer has no length.
pub(crate) fn answer(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Fault> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end];
    if !head.starts_with(b"HTTP/1.1 200") {
        let seen = &bytes[..bytes.len().min(end + 40)];
        return Err(Fault::new(format!("refused: {}", excerpt(seen))));
    }
    let length = head
        .split(|byte| *byte == b'\n')
        .find_map(length_in)
        .ok_or_else(|| Fault::new(format!("no length: {}", excerpt(head))))?;
    let start = end + 4;
    let body = bytes.get(start..start + length);
    Ok(body.map(|body| (body, start + length)))
}

fn length_in(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

/// The session id of an open packet.
pub(crate) fn sid(open: &[u8]) -> Result<String, Fault> {
    let text = std::str::from_utf8(open).unwrap_or_default();
    let sid = text
        .strip_prefix("0{")
        .and_then(|text| text.split_once(r#""sid":""#))
        .and_then(|(_, rest)| rest.split_once('"'));
    match sid {
        Some((sid, _)) => Ok(sid.to_owned()),
        None => Err(Fault::new(format!("no open packet: {}", excerpt(open)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_once_it_is_whole() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP";
        let (body, length) = answer(bytes).unwrap().unwrap();
        assert_eq!((body, length), (&b"ok"[..], bytes.len() - 4));
        assert!(answer(&bytes[..length - 1]).unwrap().is_none());
        assert!(answer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").is_err());
    }

    #[test]
    fn the_sid_is_found_among_other_members() {
        assert_eq!(sid(br#"0{"a":1,"sid":"x_Y","b":2}"#).unwrap(), "x_Y");
        assert!(sid(br#"40{"sid":"x"}"#).is_err());
    }
}
