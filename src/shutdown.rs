//! How the program ends: who is waited for, how long, and what the operator is told meanwhile.

use std::io;
use std::time::Duration;

use tokio::runtime::Runtime;
use trunkline::{Assistant, Service};

use crate::signals::Signals;
use crate::site::Status;

/// How often the operator hears that the end is still awaited.
const PROGRESS: Duration = Duration::from_secs(3);

/// Runs `work` to its end, and waits for nothing else.
///
/// The system's look-up of a name cannot be broken off and may take minutes; the program's end must
/// not wait for one that nobody wants any more.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Runtime::new()?;
    let output = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(output)
}

/// Everybody who is told about the end.
pub(crate) struct Farewell {
    pub(crate) clients: Service,
    pub(crate) assistant: Assistant,
    pub(crate) status: Status,
    /// How long open questions may take.
    pub(crate) grace: Duration,
    /// How long connections may take to close.
    pub(crate) closing: Duration,
}

impl Farewell {
    /// Waits for a signal, then lets open questions finish and closes the connections.
    ///
    /// Newcomers are refused meanwhile; another signal ends the program at once.
    pub(crate) async fn when_told(self, mut signals: Signals) {
        let signal = signals.next().await;
        self.status.drain();
        self.clients.drain();
        tracing::info!(
            clients = self.clients.client_count(),
            questions = self.assistant.open_questions(),
            "{signal}: no newcomers from now on; open questions are finished first, for up to {}; \
             another signal ends the program at once",
            humantime::format_duration(self.grace)
        );
        signals.exit_at_the_next();
        tokio::select! {
            () = self.assistant.drain(self.grace) => {}
            () = self.report() => {}
        }
        // Whether questions were left behind, the assistant has said.
        tracing::info!(
            clients = self.clients.client_count(),
            "closing connections, for up to {}",
            humantime::format_duration(self.closing)
        );
        self.clients.close(self.closing).await;
        // Otherwise the service has said who is left behind.
        if self.clients.client_count() == 0 {
            tracing::info!("all connections are closed");
        }
    }

    /// Tells again and again how many are waited for, and never ends.
    async fn report(&self) {
        let mut left = self.grace;
        loop {
            tokio::time::sleep(PROGRESS).await;
            left = left.saturating_sub(PROGRESS);
            tracing::info!(
                clients = self.clients.client_count(),
                questions = self.assistant.open_questions(),
                "still waiting for open questions, for up to {} more",
                humantime::format_duration(left)
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};

    use tokio::task::spawn_blocking;

    use super::*;

    #[test]
    fn the_end_does_not_wait_for_what_cannot_be_broken_off() {
        let (release, released) = channel::<()>();
        let (tell, told) = channel();
        let work = async {
            let (begin, begun) = tokio::sync::oneshot::channel();
            spawn_blocking(move || {
                begin.send(()).unwrap();
                tell.send(released.recv_timeout(Duration::from_secs(10)))
            });
            begun.await.unwrap();
            7
        };
        assert_eq!(run(work).unwrap(), 7);
        drop(release);
        assert_eq!(told.recv().unwrap(), Err(RecvTimeoutError::Disconnected));
    }
}
