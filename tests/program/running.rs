//! The program as a process, for tests.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::soon;

/// The program, running on a free port; killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// The first address that it listens on.
    pub(crate) address: SocketAddr,
    /// All of them.
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Program {
    pub(crate) fn start(flags: &[&str]) -> Program {
        Program::run(&mut command(flags))
    }

    /// Starts what a command says, on a free port.
    pub(crate) fn run(command: &mut Command) -> Program {
        let mut child = command.args(["--port", "0"]).spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        // Byte by byte, so that nothing of the rest is swallowed.
        while !line.ends_with('\n') {
            let mut byte = [0];
            stdout.read_exact(&mut byte).unwrap();
            line.push(byte[0].into());
        }
        let (_, listens) = line.trim_end().split_once("http://").unwrap();
        let addresses = listens.split(" and http://");
        let addresses: Vec<SocketAddr> = addresses.map(|one| one.parse().unwrap()).collect();
        Program {
            child,
            address: addresses[0],
            addresses,
        }
    }

    /// Sends an HTTP request without a body and reads the whole response.
    pub(crate) async fn ask(&self, head: &str) -> String {
        self.ask_at(self.address, head).await
    }

    /// The same at one of its addresses.
    pub(crate) async fn ask_at(&self, address: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{head}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        let read = stream.read_to_string(&mut response);
        soon("a response", read).await.unwrap();
        response
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits until stderr says this.
    pub(crate) fn await_log(&mut self, expected: &str) {
        let stderr = self.child.stderr.as_mut().unwrap();
        let found = BufReader::with_capacity(1, stderr)
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains(expected));
        assert!(found, "{expected}");
    }

    /// The exit code, and what is left of stdout and stderr.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        let stdout = self.child.stdout.take();
        let stderr = self.child.stderr.take();
        let pipes = [
            stdout.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            // A test may have put something else there.
            stderr.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ];
        for mut pipe in pipes.into_iter().flatten() {
            let read = tokio::task::spawn_blocking(move || {
                let mut text = String::new();
                pipe.read_to_string(&mut text).map(|_| text)
            });
            log += &soon("the program's end", read).await.unwrap().unwrap();
        }
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program with these flags, and none of its variables from outside.
pub(crate) fn command(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let is_ours = text.starts_with("TRUNKLINE_") || text.starts_with("AI_");
        if is_ours || text.ends_with("_API_KEY") || text == "HOST" || text == "PORT" {
            command.env_remove(name);
        }
    }
    command
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a program says that ends at once: its exit code, stdout and stderr.
pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}
