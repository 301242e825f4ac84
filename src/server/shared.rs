//! What all requests and all clients of one server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::config::Config;
use super::crowd::Crowd;
use super::places::Places;
use super::route::Routes;
use super::sessions::Sessions;
use crate::api::{Application, BoxFuture, CrowdConfig, DispatchConfig, Host};
use crate::connection::PlainConfig;
use crate::engine;
use crate::socketio;

/// One server, behind an `Arc` that every service, layer and driver holds.
pub(crate) struct Shared {
    pub(crate) application: Application,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) crowd: Crowd,
    pub(crate) places: Places,
    pub(crate) config: Config,
    pub(crate) engine: Arc<engine::Config>,
    pub(crate) socketio: Arc<socketio::Config>,
    pub(crate) plain: Arc<PlainConfig>,
    pub(crate) dispatch: DispatchConfig,
    pub(crate) crowding: CrowdConfig,
    pub(super) routes: Routes,
    draining: AtomicBool,
    closing: AtomicBool,
}

impl Shared {
    pub(crate) fn new(application: Application, config: Config) -> Arc<Shared> {
        let layers = match &application {
            Application::SocketIo(io) => io.config().clone(),
            Application::Engine(engine) => engine.inner().layers.clone(),
        };
        let routes = Routes::new(&config);
        let mut plain = layers.plain;
        // Whoever types Socket.IO frames at the wrong path is told the right one.
        plain.socket_io_path = routes.engine_path();
        let shared = Arc::new(Shared {
            application,
            sessions: Arc::default(),
            crowd: Crowd::default(),
            places: Places::default(),
            routes,
            config,
            engine: Arc::new(layers.engine),
            socketio: Arc::new(layers.socketio),
            plain: Arc::new(plain),
            dispatch: layers.dispatch,
            crowding: layers.crowd,
            draining: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        });
        shared.application.hosts().add(&shared);
        shared
    }

    /// From now on newcomers get 503 with `Retry-After`; known sessions are served as before.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether every client is to be closed, those too that were on their way in.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Closes every client's connection, and waits for that as long as `grace`. Newcomers are
    /// turned away.
    pub(crate) async fn close(&self, grace: Duration) {
        self.drain();
        // A client enters the crowd before it looks at this, so one or the other tells it.
        self.closing.store(true, Ordering::SeqCst);
        self.crowd.shut_down();
        if tokio::time::timeout(grace, self.crowd.empty())
            .await
            .is_err()
        {
            tracing::warn!(left = self.crowd.len(), "clients are left behind");
        }
    }
}

impl Host for Shared {
    fn client_count(&self) -> usize {
        self.crowd.len()
    }

    fn close(self: Arc<Self>, grace: Duration) -> BoxFuture<()> {
        Box::pin(async move { Shared::close(&self, grace).await })
    }

    fn drain(&self) {
        Shared::drain(self);
    }
}
