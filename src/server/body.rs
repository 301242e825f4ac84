//! Bodies: the one that our responses and the application's share, and reading what a client
//! uploads, within limits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use pin_project_lite::pin_project;

/// How much of a refused upload is taken in, as a multiple of the payload limit, so that the
/// refusal is not lost: a connection that is closed with unread data is reset, and the client may
/// then never see the answer.
const DISCARD_FACTOR: usize = 16;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(5);

pin_project! {
    /// The body of a response: ours, or the application's.
    #[derive(Debug)]
    pub struct Body<B> {
        #[pin]
        inner: Inner<B>,
    }
}

pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum Inner<B> {
        Ours { body: Full<Bytes> },
        Application { #[pin] body: B },
    }
}

impl<B> Body<B> {
    pub(super) fn ours(body: Full<Bytes>) -> Body<B> {
        Body {
            inner: Inner::Ours { body },
        }
    }

    pub(super) fn application(body: B) -> Body<B> {
        Body {
            inner: Inner::Application { body },
        }
    }
}

impl<B> http_body::Body for Body<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().inner.project() {
            Projected::Ours { body } => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Projected::Application { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Ours { body } => body.is_end_stream(),
            Inner::Application { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Ours { body } => body.size_hint(),
            Inner::Application { body } => body.size_hint(),
        }
    }
}

/// What a client uploads; boxed, and only while something of it is left.
pub(super) struct Upload<B> {
    body: Option<Pin<Box<B>>>,
    /// The client sends nothing before it is told to, which the first read does.
    held_back: bool,
}

/// Why an upload was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UploadError {
    /// It is over the limit.
    TooLarge,
    /// The client left before its end.
    Broken,
}

impl<B: http_body::Body> Upload<B> {
    /// `held_back`: the client expects a 100 before it sends.
    pub(super) fn new(body: B, held_back: bool) -> Upload<B> {
        let body = (!body.is_end_stream()).then(|| Box::pin(body));
        Upload { body, held_back }
    }

    /// Whether it is known from the head that it is over `limit`.
    pub(super) fn exceeds(&self, limit: usize) -> bool {
        self.body
            .as_ref()
            .is_some_and(|body| body.size_hint().lower() > limit as u64)
    }

    /// Takes in the whole upload. One that comes in one piece is not copied.
    ///
    /// After an error, and when this is dropped halfway, the rest is still there to be discarded.
    pub(super) async fn read(&mut self, limit: usize) -> Result<Bytes, UploadError> {
        let (mut first, mut joined) = (Bytes::new(), BytesMut::new());
        while let Some(mut data) = self.next_data().await? {
            let size = data.remaining();
            if limit - first.len().max(joined.len()) < size {
                return Err(UploadError::TooLarge);
            }
            if first.is_empty() {
                first = data.copy_to_bytes(size);
                continue;
            }
            if joined.is_empty() {
                joined.extend_from_slice(&first);
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                joined.extend_from_slice(chunk);
                let taken = chunk.len();
                data.advance(taken);
            }
        }
        Ok(if joined.is_empty() {
            first
        } else {
            joined.freeze()
        })
    }

    async fn next_data(&mut self) -> Result<Option<B::Data>, UploadError> {
        self.held_back = false;
        while let Some(body) = &mut self.body {
            match poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
                Some(Err(_)) => {
                    self.body = None;
                    return Err(UploadError::Broken);
                }
                None => self.body = None,
            }
        }
        Ok(None)
    }

    async fn skip(&mut self, mut budget: usize) {
        while let Ok(Some(data)) = self.next_data().await {
            match budget.checked_sub(data.remaining()) {
                Some(left) => budget = left,
                None => return,
            }
        }
    }
}

impl<B> Upload<B>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    /// Takes in the rest in the background and throws it away: at most 16 times `max_payload` or
    /// for 5 s, after which the connection ends.
    pub(super) fn discard(mut self, max_payload: usize) {
        if self.body.is_none() || self.held_back {
            return;
        }
        let budget = max_payload.saturating_mul(DISCARD_FACTOR);
        // Nobody waits for this task: it ends with the connection or by its own limits.
        tokio::spawn(async move {
            // Running out of time is one of the ends it may come to.
            let _ = tokio::time::timeout(DISCARD_TIME, self.skip(budget)).await;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::StreamBody;

    use super::*;

    fn upload(
        chunks: &[&'static str],
    ) -> Upload<impl http_body::Body<Data = Bytes, Error = Infallible> + use<>> {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|chunk| Ok::<_, Infallible>(Frame::data(Bytes::from_static(chunk.as_bytes()))))
            .collect();
        Upload::new(StreamBody::new(stream::iter(chunks)), false)
    }

    #[tokio::test]
    async fn an_upload_up_to_the_limit_is_taken_in_any_pieces() {
        let rows: [(&[&'static str], Result<&str, UploadError>); 7] = [
            (&[], Ok("")),
            (&["abcde"], Ok("abcde")),
            (&["ab", "cde"], Ok("abcde")),
            (&["", "a", "", "b", "cde", ""], Ok("abcde")),
            (&["abcdef"], Err(UploadError::TooLarge)),
            (&["abc", "de", "f"], Err(UploadError::TooLarge)),
            (&["abcde", "", "f"], Err(UploadError::TooLarge)),
        ];
        for (chunks, expected) in rows {
            let read = upload(chunks).read(5).await;
            assert_eq!(
                read,
                expected.map(|text| Bytes::from_static(text.as_bytes())),
                "{chunks:?}"
            );
        }
    }

    #[test]
    fn a_size_that_is_announced_is_known_at_once() {
        let upload = Upload::new(Full::new(Bytes::from_static(b"abcdef")), false);
        assert!(upload.exceeds(5));
        assert!(!upload.exceeds(6));
        assert!(!Upload::new(Full::new(Bytes::new()), false).exceeds(0));
    }
}
