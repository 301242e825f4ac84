//! What the fake does with one request, byte by byte.

use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// The answer to one request: a head or none, parts of a body, and what comes of the connection.
#[derive(Clone)]
pub(crate) struct Script {
    head: Option<Head>,
    parts: Vec<Part>,
    pub(super) then: Then,
}

#[derive(Clone)]
struct Head {
    status: u16,
    headers: Vec<(&'static str, String)>,
    /// Every part is a chunk of its own; otherwise the parts are the body as they are.
    chunked: bool,
}

#[derive(Clone)]
enum Part {
    /// One write, which is one chunk and one segment.
    Bytes(Bytes),
    /// The same again and again, until the peer goes.
    ForEver(Bytes, Duration),
    Pause(Duration),
    /// Waits until the test lets it go on.
    Gate(Arc<Semaphore>),
}

/// What comes of the connection when the script is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Then {
    /// The response is complete; another request may come.
    KeepAlive,
    /// The response is complete, and the connection is closed.
    Close,
    /// The connection is closed without completing the response.
    Fin,
    /// The same, by a reset.
    Reset,
    /// Silence, until the peer goes.
    Stall,
}

impl Script {
    /// No byte at all.
    pub(crate) fn nothing(then: Then) -> Script {
        Script {
            head: None,
            parts: Vec::new(),
            then,
        }
    }

    /// Bytes that may be no response at all.
    pub(crate) fn raw(bytes: impl Into<Bytes>) -> Script {
        Script::nothing(Then::KeepAlive).bytes(bytes)
    }

    /// A response with a length that is said in advance.
    pub(crate) fn whole(status: u16, content_type: &str, body: impl Into<Bytes>) -> Script {
        let body = body.into();
        Script::open_length(status, content_type, body.len()).bytes(body)
    }

    /// The beginning of a response that will have this length, as it says.
    pub(crate) fn open_length(status: u16, content_type: &str, length: usize) -> Script {
        Script::open(status, content_type, false).header("content-length", length)
    }

    /// The same with JSON.
    pub(crate) fn json(status: u16, body: impl ToString) -> Script {
        Script::whole(status, "application/json", body.to_string())
    }

    /// The beginning of a 200 with events; each part is a chunk.
    pub(crate) fn events() -> Script {
        Script::open(200, "text/event-stream", true)
    }

    /// The beginning of any response in chunks.
    pub(crate) fn chunked(status: u16, content_type: &str) -> Script {
        Script::open(status, content_type, true)
    }

    fn open(status: u16, content_type: &str, chunked: bool) -> Script {
        let mut headers = vec![("content-type", content_type.to_owned())];
        if chunked {
            headers.push(("transfer-encoding", "chunked".to_owned()));
        }
        let head = Head {
            status,
            headers,
            chunked,
        };
        Script {
            head: Some(head),
            parts: Vec::new(),
            then: Then::KeepAlive,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Script {
        let head = self.head.as_mut().expect("a script with a head");
        head.headers.push((name, value.to_string()));
        self
    }

    pub(crate) fn bytes(self, bytes: impl Into<Bytes>) -> Script {
        self.part(Part::Bytes(bytes.into()))
    }

    pub(crate) fn all(self, pieces: impl IntoIterator<Item = impl Into<Bytes>>) -> Script {
        pieces.into_iter().fold(self, Script::bytes)
    }

    pub(crate) fn pause(self, pause: Duration) -> Script {
        self.part(Part::Pause(pause))
    }

    pub(crate) fn for_ever(self, bytes: impl Into<Bytes>, gap: Duration) -> Script {
        self.part(Part::ForEver(bytes.into(), gap))
    }

    pub(crate) fn gate(self, gate: &Arc<Semaphore>) -> Script {
        self.part(Part::Gate(gate.clone()))
    }

    pub(crate) fn then(self, then: Then) -> Script {
        Script { then, ..self }
    }

    fn part(mut self, part: Part) -> Script {
        self.parts.push(part);
        self
    }

    /// Writes everything; `written` counts the bytes that the peer's system has taken.
    pub(super) async fn perform(
        &self,
        out: &mut (impl AsyncWriteExt + Unpin),
        written: &AtomicU64,
    ) -> io::Result<()> {
        let chunked = self.head.as_ref().is_some_and(|head| head.chunked);
        if let Some(head) = &self.head {
            send(out, head.spelt().as_bytes(), written).await?;
        }
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => send(out, &framed(bytes, chunked), written).await?,
                Part::ForEver(bytes, gap) => loop {
                    send(out, &framed(bytes, chunked), written).await?;
                    if !gap.is_zero() {
                        sleep(*gap).await;
                    }
                },
                Part::Pause(pause) => sleep(*pause).await,
                Part::Gate(gate) => gate.acquire().await.expect("never closed").forget(),
            }
        }
        if chunked && matches!(self.then, Then::KeepAlive | Then::Close) {
            send(out, b"0\r\n\r\n", written).await?;
        }
        Ok(())
    }
}

impl Head {
    fn spelt(&self) -> String {
        let mut text = format!("HTTP/1.1 {} Whatever\r\n", self.status);
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").expect("a string takes everything");
        }
        text + "\r\n"
    }
}

fn framed(bytes: &Bytes, chunked: bool) -> Bytes {
    if !chunked {
        return bytes.clone();
    }
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk.into()
}

async fn send(
    out: &mut (impl AsyncWriteExt + Unpin),
    mut bytes: &[u8],
    written: &AtomicU64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let count = out.write(bytes).await?;
        written.fetch_add(count as u64, Ordering::SeqCst);
        bytes = &bytes[count..];
    }
    Ok(())
}
