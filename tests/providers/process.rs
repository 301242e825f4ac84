//! The program itself, in a process of its own, asking a fake provider.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::fake::Fake;
use crate::journal::MARK;

/// How many answers it fetches at a time.
pub(crate) const PLACES: usize = 64;

/// The program's process.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Reads what it logs; an unread log would stop it.
    log: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts it with `filter` for its log.
    pub(crate) fn start(fake: &Fake, filter: &str) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TRUNKLINE_") || text.starts_with("AI_") {
                command.env_remove(name);
            }
        }
        let places = PLACES.to_string();
        let mut child = command
            .args(["--host", "127.0.0.1", "--port", "0", "--log", filter])
            .args(["--assistant-max-running", &places])
            .args(["--assistant-max-wait", "3m"])
            .env("AI_PROVIDER", "openai")
            .env("AI_MODEL", "fake")
            .env("AI_BASE_URL", fake.base_url())
            .env("AI_API_KEY", fake.key.as_deref().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut greeting = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut greeting).unwrap();
        let (_, address) = greeting.trim_end().split_once("http://").unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        Process {
            address: address.parse().unwrap(),
            child,
            log: Some(log),
        }
    }

    /// A figure of its memory in KiB, where the system tells.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let figure = line.and_then(|line| line.split_whitespace().nth(1));
        figure.map_or(0, |figure| figure.parse().unwrap())
    }

    /// Tells it to end, checks that it ends well and that no key is in its log; gives the log.
    pub(crate) fn end(&mut self) -> String {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(told.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let log = self.log.take().unwrap().join().unwrap();
        let leak = log.lines().find(|line| line.contains(MARK));
        assert_eq!(leak, None, "a key was logged");
        log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
