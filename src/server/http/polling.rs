//! The GETs and POSTs of a session: what they bring to its driver, and what becomes of its answers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode, Uri};
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::time::timeout;

use crate::engine::{Body, Version};
use crate::server::body::{Upload, UploadError};
use crate::server::reply::{self, Rejection, Reply, Taste};
use crate::server::sessions::{Arrival, PollAnswer, PostAnswer, SessionHandle};
use crate::wire::Sid;

use super::{Answer, Exchange, unknown};

impl Exchange<'_> {
    /// A GET waits for packets.
    pub(super) async fn poll(
        &mut self,
        sid: &Sid,
        session: &SessionHandle,
    ) -> Result<Answer, Rejection> {
        let (sender, receiver) = oneshot::channel();
        // What is handed back is dropped, which reads as the end of the session below.
        let _ = session.arrive(Arrival::Poll(sender));
        let reply = self.payload(sid, receiver).await?;
        Ok(Answer {
            reply,
            first: false,
        })
    }

    /// Waits for the packets of a GET. Dropping this tells the driver that the client has gone.
    pub(super) async fn payload(
        &mut self,
        sid: &Sid,
        mut answer: oneshot::Receiver<PollAnswer>,
    ) -> Result<Reply, Rejection> {
        let compression = self.shared.config.compression;
        let (answer, taste) = match answer.try_recv() {
            Err(TryRecvError::Empty) => {
                let taste = Taste::of(&self.parts.headers, compression.is_some());
                self.forget_request();
                (answer.await.ok(), taste)
            }
            at_once => {
                let is_long = matches!(&at_once, Ok(PollAnswer::Payload(body, _, true))
                    if reply::is_long(body.bytes(), compression));
                (at_once.ok(), Taste::of(&self.parts.headers, is_long))
            }
        };
        match answer {
            Some(PollAnswer::Payload(body, held, compressible)) => {
                let compression = compression.filter(|_| compressible);
                let hold = |written| held.attach(written);
                Ok(reply::payload(body, taste, compression, hold).await)
            }
            Some(PollAnswer::Overlap) => Err(Rejection::Bare(StatusCode::BAD_REQUEST)),
            Some(PollAnswer::Ended) | None => Err(unknown(sid).into()),
        }
    }

    /// Lets go of what the request's parts are slices of, the connection's buffer, which it would
    /// have to make anew while this waits.
    fn forget_request(&mut self) {
        if !self.shared.config.hooks.want_requests() {
            self.parts.headers = HeaderMap::new();
            self.parts.uri = Uri::default();
        }
    }

    /// A POST brings packets.
    pub(super) async fn post<B>(
        &self,
        sid: &Sid,
        session: &SessionHandle,
        upload: &mut Upload<B>,
    ) -> Result<Answer, Rejection>
    where
        B: http_body::Body + Send,
        B::Data: Send,
    {
        let headers = &self.parts.headers;
        let max_payload = self.shared.engine.max_payload;
        let (sender, mut answer) = oneshot::channel();
        // Of all arrivals, what is handed back is dropped, which reads as the end of the session.
        let is_binary = is_binary(headers);
        if is_binary && session.version() == Version::V4 {
            let _ = session.arrive(Arrival::Post(sender, None));
            if session.arrive(Arrival::InvalidContent).is_ok() {
                // Whatever it says, the session is over when it says so, and the client may look.
                let _ = answer.await;
            }
            return Err(Rejection::Bare(StatusCode::BAD_REQUEST));
        }
        if upload.exceeds(max_payload) {
            let _ = session.arrive(Arrival::Post(sender, None));
            return Err(refuse(session, UploadError::TooLarge));
        }
        let mut reading = pin!(upload.read(max_payload));
        // Mostly the body comes along with the head.
        match poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
            Poll::Ready(Ok(body)) => {
                let body = body_of(body, is_binary);
                let _ = session.arrive(Arrival::Post(sender, Some(body)));
            }
            Poll::Ready(Err(error)) => {
                let _ = session.arrive(Arrival::Post(sender, None));
                return Err(refuse(session, error));
            }
            Poll::Pending => {
                let _ = session.arrive(Arrival::Post(sender, None));
                let in_time = Box::pin(timeout(self.shared.config.body_timeout, reading));
                let read = tokio::select! {
                    biased;
                    early = &mut answer => return posted(early.ok(), sid, headers),
                    read = in_time => read,
                };
                let read = read.map_err(|_| Rejection::Cut(StatusCode::REQUEST_TIMEOUT))?;
                let body = read.map_err(|error| refuse(session, error))?;
                // The driver sees the POST end when `answer` goes.
                if session
                    .arrive(Arrival::Body(body_of(body, is_binary)))
                    .is_err()
                {
                    return posted(None, sid, headers);
                }
            }
        }
        posted(answer.await.ok(), sid, headers)
    }
}

/// Whether a POST says that its body is binary, as it is in version 3 of the protocol alone.
fn is_binary(request: &HeaderMap) -> bool {
    let kind = request.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind == "application/octet-stream")
}

fn body_of(bytes: Bytes, is_binary: bool) -> Body {
    match is_binary {
        true => Body::Binary(bytes),
        false => Body::Text(bytes),
    }
}

/// Why a POST's body is not taken, which its session is told where the client goes on.
fn refuse(session: &SessionHandle, error: UploadError) -> Rejection {
    match error {
        UploadError::TooLarge => {
            // If it is handed back, the session is over anyway.
            let _ = session.arrive(Arrival::PostRefused);
            Rejection::Bare(StatusCode::PAYLOAD_TOO_LARGE)
        }
        UploadError::Broken => Rejection::Cut(StatusCode::BAD_REQUEST),
    }
}

/// The response to a POST; without an answer the session has ended.
fn posted(answer: Option<PostAnswer>, sid: &Sid, request: &HeaderMap) -> Result<Answer, Rejection> {
    match answer {
        Some(PostAnswer::Accepted) => Ok(Answer {
            reply: reply::accepted(Taste::of(request, false)),
            first: false,
        }),
        Some(PostAnswer::Malformed | PostAnswer::Overlap) => {
            Err(Rejection::Bare(StatusCode::BAD_REQUEST))
        }
        Some(PostAnswer::Cut) => Err(Rejection::Cut(StatusCode::BAD_REQUEST)),
        None => Err(unknown(sid).into()),
    }
}
