//! What an application may add to the handling of requests: admission, ids, headers, a report of
//! each refusal. When they run is decided in `http`.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::Arc;

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
        F: Fn(Arc<Handshake>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.admit = Some(Arc::new(move |handshake| Box::pin(decide(handshake))));
        self
    }

    /// Makes the ids of new sessions: 1 to 128 characters of `A-Z a-z 0-9 - . _ ~`.
    ///
    /// They are credentials, so they must be unguessable. An error, an id in use or one of another
    /// form refuses the client with code 3. The default is 120 random bits as 20 characters.
    #[must_use]
    pub fn generate_id<F, R, E>(mut self, make: F) -> Hooks
    where
        F: Fn(Arc<Handshake>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<String, E>> + Send + 'static,
        E: Display,
    {
        self.make_id = Some(Arc::new(move |handshake| {
            let made = make(handshake);
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

    pub(super) async fn run_admission(&self, handshake: &Arc<Handshake>) -> Result<(), String> {
        match &self.admit {
            Some(admit) => admit(handshake.clone()).await,
            None => Ok(()),
        }
    }

    /// The application's id, if it makes them.
    pub(super) async fn run_id(
        &self,
        handshake: &Arc<Handshake>,
    ) -> Option<Result<String, String>> {
        match &self.make_id {
            Some(make) => Some(make(handshake.clone()).await),
            None => None,
        }
    }

    pub(super) fn run_headers(&self, headers: &mut HeaderMap, parts: &Parts, first: bool) {
        let initial = self.initial_headers.as_ref().filter(|_| first);
        for edit in initial.into_iter().chain(&self.headers) {
            edit(headers, parts);
        }
    }

    pub(super) fn run_report(&self, refusal: &Refusal, parts: &Parts) {
        if let Some(report) = &self.report {
            report(refusal, parts);
        }
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
