//! The server under test: a program that is started, watched and ended.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::Sample;
use crate::tally::Tally;

/// How long it may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many of its last lines are kept.
const KEPT_LINES: usize = 20;

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    id: u32,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program and waits until it says where it listens. What it logs goes to the tally.
    pub(crate) async fn start(
        program: &Path,
        threads: usize,
        ping_interval: Duration,
    ) -> io::Result<(Server, ChildStderr)> {
        let log = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
        let mut child = Command::new(program)
            .args(["--port", "0", "--threads", &threads.to_string()])
            .env("PING_INTERVAL_MS", ping_interval.as_millis().to_string())
            .env("RUST_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(id), Some(stdout), Some(stderr)) =
            (child.id(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the server ended at once"));
        };
        let mut lines = BufReader::new(stdout).lines();
        let address = timeout(PATIENCE, address(&mut lines)).await??;
        // It is not to fail because nobody reads.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let server = Server { child, id, address };
        Ok((server, stderr))
    }

    /// What the system says of it.
    pub(crate) fn sample(&self) -> io::Result<Sample> {
        Sample::of(self.id)
    }

    /// Whether it ended by itself.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end; false if it does not.
    pub(crate) async fn end(mut self) -> bool {
        if self.has_ended().is_some() {
            return true;
        }
        let id = self.id.to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().await;
        asked.is_ok_and(|status| status.success())
            && timeout(PATIENCE, self.child.wait()).await.is_ok()
    }
}

async fn address(lines: &mut Lines<BufReader<ChildStdout>>) -> io::Result<SocketAddr> {
    while let Some(line) = lines.next_line().await? {
        let address = line.split_once("http://").map(|(_, rest)| rest.trim());
        if let Some(Ok(address)) = address.map(str::parse) {
            return Ok(address);
        }
    }
    Err(io::Error::other("the server did not say where it listens"))
}

/// Reads a log to its end: errors and panics are faults. Gives the last lines.
pub(crate) async fn watch_log(log: ChildStderr, tally: Arc<Tally>) -> VecDeque<String> {
    let mut lines = BufReader::new(log).lines();
    let mut last = VecDeque::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("ERROR") || line.contains("panicked at") {
            tally.fault("error in the log", line.clone());
        } else if line.contains("WARN") {
            tally.deed("warnings in the log");
        }
        if last.len() == KEPT_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    last
}
