//! One connection, from its first request to its last.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;

use super::door::Guarded;
use super::heads::{Answering, Heads, Line};
use super::stop::{Notice, Stop};
use super::{BoxError, ListenerLimits};
use crate::server::forwarded::Peer;

/// Serves a connection until it or the server ends.
pub(super) fn serve<S, R>(
    mut stream: Guarded,
    peer: SocketAddr,
    service: S,
    limits: &ListenerLimits,
    stop: &Stop,
) -> impl Future<Output = ()> + use<S, R>
where
    S: Service<Request<Incoming>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + 'static,
    R::Error: Into<BoxError>,
{
    let line = Line::new(limits.head_timeout);
    stream.belong_to(&line);
    let max_head = limits.max_head.max(8192);
    let mut heads = Heads::new(line.clone());
    let mut stop = stop.listen();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let underway = line.begin();
        let extensions = request.extensions_mut();
        if extensions.is_empty() {
            *extensions = underway.extensions();
        }
        if extensions.get() != Some(&Peer(peer)) {
            extensions.insert(Peer(peer));
        }
        let answer = service.call(request);
        async move {
            let mut answer = answer.await?;
            underway.keep(answer.extensions_mut());
            Ok::<_, S::Error>(answer.map(|body| Answering::new(body, underway)))
        }
    });
    async move {
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(max_head)
            // A client that leaves while its GET is parked must be noticed at once.
            .half_close(false)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = poll_fn(|cx| {
            loop {
                if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                    return Poll::Ready(Some(ended));
                }
                match stop.poll_notice(cx) {
                    Poll::Ready(Notice::Finish) => connection.as_mut().graceful_shutdown(),
                    Poll::Ready(Notice::End) => return Poll::Ready(None),
                    Poll::Pending => return heads.poll_over(cx).map(|()| None),
                }
            }
        });
        match ended.await {
            Some(Ok(())) => {}
            // Clients leave in the middle of things every day.
            Some(Err(error)) => tracing::debug!(%error, "connection failed"),
            None => tracing::debug!("a connection was ended: its time was over, or the server's"),
        }
    }
}
