//! The service that takes the requests of its path and leaves all others to the application.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use pin_project_lite::pin_project;

use super::body::Body;
use super::config::Config;
use super::http::serve;
use super::reply::Reply;
use super::route::Route;
use super::shared::Shared;
use super::upgrade;
use crate::api::Application;

/// Serves Socket.IO under its path; hands every other request, upgrades included, untouched to the
/// application's own service.
///
/// It is a tower service around tower services and a hyper service around hyper services, for any
/// request body. Clones share everything. The HTTP connection must be served with upgrades
/// (`.with_upgrades()` in hyper), or WebSockets cannot work.
#[derive(Clone)]
pub struct Service<A = NotFound> {
    shared: Arc<Shared>,
    application: A,
}

impl Service {
    /// A service with the default configuration, for an [`Io`](crate::Io) or an
    /// [`Engine`](crate::Engine).
    ///
    /// ```
    /// let io = trunkline::Io::builder().build();
    /// let service = trunkline::Service::new(io);
    /// ```
    pub fn new(application: impl Into<Application>) -> Service {
        Service::with_config(application, Config::default())
    }

    /// A service with its own path, CORS, cookie and so on.
    pub fn with_config(application: impl Into<Application>, config: Config) -> Service {
        Service {
            shared: Shared::new(application.into(), config),
            application: NotFound,
        }
    }

    /// Puts an application behind the path.
    #[must_use]
    pub fn with_application<A>(self, application: A) -> Service<A> {
        Service {
            shared: self.shared,
            application,
        }
    }
}

impl<A> Service<A> {
    /// From now on newcomers are turned away with 503 and `Retry-After`, while the clients that
    /// are here are served as before.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// Closes every client's connection (`server shutting down`) and waits until all are gone, as
    /// long as `grace`. Newcomers are turned away.
    pub async fn close(&self, grace: Duration) {
        self.shared.close(grace).await;
    }

    /// How many clients are connected.
    pub fn client_count(&self) -> usize {
        self.shared.crowd.len()
    }

    /// A layer that puts this service in front of an application.
    pub fn layer(&self) -> Layer {
        Layer {
            shared: self.shared.clone(),
        }
    }
}

/// Answers a request with ours, or with what `application` makes of it.
fn answer<B, F>(
    shared: &Arc<Shared>,
    request: Request<B>,
    application: impl FnOnce(Request<B>) -> F,
) -> ResponseFuture<F>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    let upgrade = upgrade::is_requested(request.headers());
    match shared.routes.find(request.uri().path(), upgrade) {
        Route::Application => ResponseFuture::application(application(request)),
        route => ResponseFuture::ours(Box::pin(serve(shared.clone(), route, upgrade, request))),
    }
}

impl<A, B, R> tower_service::Service<Request<B>> for Service<A>
where
    A: tower_service::Service<Request<B>, Response = Response<R>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body<R>>;
    type Error = A::Error;
    type Future = ResponseFuture<A::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), A::Error>> {
        self.application.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Service {
            shared,
            application,
        } = self;
        answer(shared, request, |request| application.call(request))
    }
}

impl<A, B, R> hyper::service::Service<Request<B>> for Service<A>
where
    A: hyper::service::Service<Request<B>, Response = Response<R>>,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body<R>>;
    type Error = A::Error;
    type Future = ResponseFuture<A::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let application = |request| self.application.call(request);
        answer(&self.shared, request, application)
    }
}

/// Puts a [`Service`] around an application's tower service.
#[derive(Clone)]
pub struct Layer {
    shared: Arc<Shared>,
}

impl<A> tower_layer::Layer<A> for Layer {
    type Service = Service<A>;

    fn layer(&self, application: A) -> Service<A> {
        Service {
            shared: self.shared.clone(),
            application,
        }
    }
}

type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

pin_project! {
    /// The response to come, of ours or of the application.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Inner<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum Inner<F> {
        Ours { answer: Answering },
        Application { #[pin] answer: F },
    }
}

impl<F> ResponseFuture<F> {
    fn ours(answer: Answering) -> ResponseFuture<F> {
        ResponseFuture {
            inner: Inner::Ours { answer },
        }
    }

    fn application(answer: F) -> ResponseFuture<F> {
        ResponseFuture {
            inner: Inner::Application { answer },
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<Body<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().inner.project() {
            Projected::Ours { answer } => answer
                .as_mut()
                .poll(cx)
                .map(|reply: Response<Full<Bytes>>| Ok(reply.map(Body::ours))),
            Projected::Application { answer } => answer
                .poll(cx)
                .map_ok(|response| response.map(Body::application)),
        }
    }
}

/// The application of a server that has none: 404 with an empty body.
///
/// A WebSocket request is told that its connection ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotFound;

impl NotFound {
    fn answer<B>(request: &Request<B>) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = StatusCode::NOT_FOUND;
        if upgrade::is_requested(request.headers()) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        ready(Ok(response))
    }
}

impl<B> tower_service::Service<Request<B>> for NotFound {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        NotFound::answer(&request)
    }
}

impl<B> hyper::service::Service<Request<B>> for NotFound {
    type Response = Response<Empty<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        NotFound::answer(&request)
    }
}

impl<A> fmt::Debug for Service<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("clients", &self.client_count())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("clients", &self.shared.crowd.len())
            .finish_non_exhaustive()
    }
}
