//! What the operating system says to end the program.

use std::fmt;
use std::io;

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

/// A wish for the program's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What service managers and `kill` send.
    Terminate,
}

impl Signal {
    /// The exit code by which shells tell that a signal ended a program.
    pub(crate) fn exit_code(self) -> i32 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "interrupted",
            Signal::Terminate => "asked to terminate",
        })
    }
}

impl Signals {
    /// Ends the program at once when another signal comes.
    pub(crate) fn exit_at_the_next(mut self) {
        // Nobody waits for this task: it ends the program, or the program ends.
        tokio::spawn(async move {
            let signal = self.next().await;
            tracing::warn!("{signal} again: ended at once, connections are cut off");
            std::process::exit(signal.exit_code());
        });
    }
}

/// Receives signals; none is lost from [`listen`](Signals::listen) on.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// Receives Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> io::Result<Signals> {
        Ok(Signals)
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            // It cannot be listened to, so it never comes.
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}
