//! Ctrl-C: noticed at the next turn, so that servers that were started are ended on the way out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::fault::Fault;

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Takes over SIGINT and SIGTERM.
pub(crate) fn watch() -> Result<(), Fault> {
    let flag = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(flag))?;
    }
    Ok(())
}

/// Whether a signal has come.
pub(crate) fn asked() -> bool {
    ASKED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// # Errors
/// A signal has come.
pub(crate) fn check() -> Result<(), Fault> {
    match asked() {
        true => Err(Fault::new("interrupted")),
        false => Ok(()),
    }
}
