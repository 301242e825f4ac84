//! What all requests and all clients of one server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::config::Config;
use super::route::Routes;
use super::sessions::Sessions;
use crate::api::Application;
use crate::engine;

/// One server, behind an `Arc` that every service, layer and driver holds.
pub(crate) struct Shared {
    pub(crate) app: Application,
    pub(crate) sessions: Sessions,
    pub(crate) config: Config,
    pub(crate) engine: Arc<engine::Config>,
    pub(super) routes: Routes,
    draining: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        app: Application,
        config: Config,
        engine: Arc<engine::Config>,
    ) -> Arc<Shared> {
        Arc::new(Shared {
            app,
            sessions: Sessions::default(),
            routes: Routes::new(&config),
            config,
            engine,
            draining: AtomicBool::new(false),
        })
    }

    /// From now on newcomers get 503 with `Retry-After`; known sessions are served as before.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
