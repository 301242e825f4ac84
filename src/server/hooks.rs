//! What an application may add to the handling of requests: admission, ids, headers, a report of
//! each refusal. When they run is decided in `http`.

use std::fmt::{self, Display};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use http::HeaderMap;
use http::request::Parts;

use crate::api::Handshake;
use crate::engine::Refusal;

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Admit = dyn Fn(Arc<Handshake>) -> Later<Result<(), String>> + Send + Sync;
type MakeId = dyn Fn(Arc<Handshake>) -> Later<Result<String, String>> + Send + Sync;
type EditHeaders = dyn Fn(&mut HeaderMap, &Parts) + Send + Sync;
type Report = dyn Fn(&Refusal, &Parts) + Send + Sync;

/// The application's hooks; each may be absent.
#[derive(Clone, Default)]
pub struct Hooks {
    admit: Option<Arc<Admit>>,
    make_id: Option<Arc<MakeId>>,
    initial_headers: Option<Arc<EditHeaders>>,
    headers: Option<Arc<EditHeaders>>,
    report: Option<Arc<Report>>,
}

impl Hooks {
    /// Decides about each new session; an error refuses it with 403, code 4 and that text
    /// (`Forbidden` when it is empty).
    #[must_use]
    pub fn allow_request<F, R>(mut self, decide: F) -> Hooks
    where
        F: FnOnce(Arc<Handshake>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.admit = Some(Arc::new(move |handshake| {
            Box::pin(decide.clone()(handshake))
        }));
        self
    }

    /// Makes the ids of new sessions: 1 to 128 characters of `A-Z a-z 0-9 - . _ ~`.
    ///
    /// They are credentials, so they must be unguessable. An error, an id in use or one of another
    /// form refuses the client with code 3. The default is 120 random bits as 20 characters.
    #[must_use]
    pub fn generate_id<F, R, E>(mut self, make: F) -> Hooks
    where
        F: FnOnce(Arc<Handshake>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<String, E>> + Send + 'static,
        E: Display,
    {
        self.make_id = Some(Arc::new(move |handshake| {
            let made = make.clone()(handshake);
            Box::pin(async move { made.await.map_err(|error| error.to_string()) })
        }));
        self
    }

    /// Edits the headers of the first response of each session: the polling handshake, or the 101
    /// of a session that starts as a WebSocket.
    #[must_use]
    pub fn initial_headers<F>(mut self, edit: F) -> Hooks
    where
        F: Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    {
        self.initial_headers = Some(Arc::new(edit));
        self
    }

    /// Edits the headers of every GET, POST and 101 response, after
    /// [`initial_headers`](Hooks::initial_headers). Refusals are left alone.
    #[must_use]
    pub fn headers<F>(mut self, edit: F) -> Hooks
    where
        F: Fn(&mut HeaderMap, &Parts) + Send + Sync + 'static,
    {
        self.headers = Some(Arc::new(edit));
        self
    }

    /// Is told of each refused request: the refusal has a code, a message and a context.
    #[must_use]
    pub fn connection_error<F>(mut self, report: F) -> Hooks
    where
        F: Fn(&Refusal, &Parts) + Send + Sync + 'static,
    {
        self.report = Some(Arc::new(report));
        self
    }

    pub(super) async fn run_admission(&self, handshake: &Arc<Handshake>) -> Result<(), Refusal> {
        let Some(admit) = &self.admit else {
            return Ok(());
        };
        match survive("allow_request", || admit(handshake.clone())).await {
            Some(Ok(())) => Ok(()),
            Some(Err(text)) => {
                let message = Some(text).filter(|text| !text.is_empty());
                Err(Refusal::Forbidden { message })
            }
            None => Err(Refusal::Middleware),
        }
    }

    /// The application's id, if it makes them.
    pub(super) async fn run_id(
        &self,
        handshake: &Arc<Handshake>,
    ) -> Option<Result<String, String>> {
        let make = self.make_id.as_ref()?;
        let made = survive("generate_id", || make(handshake.clone())).await;
        Some(made.unwrap_or_else(|| Err("the hook panicked".to_owned())))
    }

    pub(super) fn run_headers(&self, headers: &mut HeaderMap, parts: &Parts, first: bool) {
        let initial = self.initial_headers.as_ref().filter(|_| first);
        for edit in initial.into_iter().chain(&self.headers) {
            outlive("headers", || edit(headers, parts));
        }
    }

    /// Whether one of them looks at requests that have been answered.
    pub(super) fn want_requests(&self) -> bool {
        self.initial_headers.is_some() || self.headers.is_some() || self.report.is_some()
    }

    pub(super) fn run_report(&self, refusal: &Refusal, parts: &Parts) {
        if let Some(report) = &self.report {
            outlive("connection_error", || report(refusal, parts));
        }
    }
}

/// Runs a hook so that its panic refuses this one request and is logged; none if it panicked.
async fn survive<T>(hook: &'static str, start: impl FnOnce() -> Later<T>) -> Option<T> {
    let run = AssertUnwindSafe(async move { start().await });
    let outcome = run.catch_unwind().await;
    if outcome.is_err() {
        tracing::error!(hook, "a hook panicked");
    }
    outcome.ok()
}

/// Runs a hook whose panic is logged and changes nothing else.
fn outlive(hook: &'static str, run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!(hook, "a hook panicked");
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("allow_request", &self.admit.is_some())
            .field("generate_id", &self.make_id.is_some())
            .field("initial_headers", &self.initial_headers.is_some())
            .field("headers", &self.headers.is_some())
            .field("connection_error", &self.report.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Circumstances;
    use crate::clock;

    fn handshake() -> Arc<Handshake> {
        let circumstances = Circumstances {
            address: None,
            peer: None,
            time: clock::wall_time(),
            secure: false,
            extensions: http::Extensions::new(),
        };
        let uri = http::Uri::from_static("/socket.io/");
        Arc::new(Handshake::new(&uri, &HeaderMap::new(), circumstances))
    }

    #[tokio::test]
    async fn a_hook_that_panics_refuses_only_its_request() {
        async fn admit(_: Arc<Handshake>) -> Result<(), String> {
            panic!("no")
        }
        async fn make(_: Arc<Handshake>) -> Result<String, String> {
            panic!("no")
        }
        let hooks = Hooks::default().allow_request(admit).generate_id(make);
        let refused = hooks.run_admission(&handshake()).await;
        assert_eq!(refused.unwrap_err().code(), 3);
        assert!(hooks.run_id(&handshake()).await.unwrap().is_err());
    }

    #[test]
    fn a_hook_that_only_looks_on_may_panic() {
        let (parts, ()) = http::Request::new(()).into_parts();
        let hooks = Hooks::default()
            .initial_headers(|_, _| panic!("no"))
            .headers(|headers, _| {
                headers.insert("x-edited", http::HeaderValue::from_static("yes"));
            })
            .connection_error(|_, _| panic!("no"));
        let mut headers = HeaderMap::new();
        hooks.run_headers(&mut headers, &parts, true);
        assert_eq!(headers["x-edited"], "yes");
        hooks.run_report(&Refusal::Middleware, &parts);
    }

    #[tokio::test]
    async fn a_refusal_carries_the_applications_text() {
        for (text, message) in [("no token", "no token"), ("", "Forbidden")] {
            let hooks = Hooks::default().allow_request(async move |_| Err(text.to_owned()));
            let refused = hooks.run_admission(&handshake()).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (4, message));
        }
    }
}
