//! What the operating system says to end the program.

use std::fmt;
use std::io;

#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows;

/// A wish for the program's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What service managers and `kill` send; on Windows, Ctrl-Break, a closed console, the end of
    /// the session.
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

/// Receives what Windows sends to programs; none is lost from [`listen`](Signals::listen) on.
#[cfg(windows)]
pub(crate) struct Signals {
    interrupt: windows::CtrlC,
    interrupt_group: windows::CtrlBreak,
    close: windows::CtrlClose,
    shutdown: windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    pub(crate) fn listen() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: windows::ctrl_c()?,
            interrupt_group: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            shutdown: windows::ctrl_shutdown()?,
        })
    }

    /// The next signal. After the end of its console or of the session, Windows leaves a program a
    /// few seconds only, whatever it still has to do.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.interrupt_group.recv() => Signal::Terminate,
            _ = self.close.recv() => Signal::Terminate,
            _ = self.shutdown.recv() => Signal::Terminate,
        }
    }
}
