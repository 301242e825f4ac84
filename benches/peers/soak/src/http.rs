//! As much HTTP/1.1 as long-polling needs: one request at a time, over one connection that is kept.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clock;
use crate::world::World;

/// A connection that was idle for so long is not used again: the server may be closing it, and a
/// POST must not be lost to that.
const MAX_IDLE: Duration = Duration::from_secs(4);

/// A connection for requests.
#[derive(Debug)]
pub(crate) struct Http {
    world: Arc<World>,
    client: u64,
    stream: Option<TcpStream>,
    used: Duration,
    buffer: Vec<u8>,
}

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// What the head of an answer says.
struct Head {
    status: u16,
    length: Length,
    is_last: bool,
}

/// Where the body ends.
enum Length {
    Known(usize),
    Chunked,
}

impl Http {
    pub(crate) fn new(world: Arc<World>, client: u64) -> Http {
        Http {
            world,
            client,
            stream: None,
            used: Duration::ZERO,
            buffer: Vec::new(),
        }
    }

    /// Gives the connection away, if there is one.
    pub(crate) fn take(&mut self) -> Option<TcpStream> {
        self.stream.take()
    }

    /// Asks; the connection is made first if need be.
    pub(crate) async fn request(
        &mut self,
        method: &str,
        query: &str,
        body: &str,
    ) -> io::Result<Response> {
        if clock::now() > self.used + MAX_IDLE {
            self.stream = None;
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(self.world.connect(self.client).await?),
        };
        let request = format!(
            "{method} /socket.io/?EIO=4&transport=polling{query} HTTP/1.1\r\nhost: {}\r\n\
             content-type: text/plain;charset=UTF-8\r\ncontent-length: {}\r\n\r\n{body}",
            self.world.server,
            body.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let (head, end) = loop {
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break (Head::read(&self.buffer[..end])?, end + 4);
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let (body, end) = loop {
            if let Some(found) = head.length.body(&self.buffer[end..]) {
                break (found.0, end + found.1);
            }
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        self.buffer.drain(..end);
        self.used = clock::now();
        if head.is_last {
            self.stream = None;
            self.buffer.clear();
        }
        let body = String::from_utf8(body).map_err(|_| invalid("a body that is not UTF-8"))?;
        let status = head.status;
        Ok(Response { status, body })
    }
}

impl Head {
    fn read(head: &[u8]) -> io::Result<Head> {
        let text = std::str::from_utf8(head).map_err(|_| invalid("a head that is not UTF-8"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let (mut length, mut is_last) = (None, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok().map(Length::Known),
                "transfer-encoding" => length = Some(Length::Chunked),
                "connection" => is_last = value.trim().eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        Ok(Head {
            status: status.ok_or_else(|| invalid("no status"))?,
            length: length.ok_or_else(|| invalid("an answer without a length"))?,
            is_last,
        })
    }
}

impl Length {
    /// The body, and how many bytes it took; none when it is not complete.
    fn body(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        match self {
            Length::Known(length) => Some((bytes.get(..*length)?.to_vec(), *length)),
            Length::Chunked => chunks(bytes),
        }
    }
}

/// Puts chunks together (RFC 9112, 7.1); trailers are not known here.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = bytes[at..].windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let start = at + line + 2;
        at = start + size + 2;
        body.extend_from_slice(bytes.get(start..at)?.get(..size)?);
        if size == 0 {
            return Some((body, at));
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_once_all_have_come() {
        let bytes = b"3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\nnext";
        let end = bytes.len() - 4;
        assert_eq!(chunks(bytes), Some((b"abc0123456789".to_vec(), end)));
        for short in 0..end {
            assert_eq!(chunks(&bytes[..short]), None, "{short}");
        }
    }
}
