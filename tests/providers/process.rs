//! A server in a process of its own: this test program once more, with the one test in here.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use trunkline::ai::Api;

use crate::fake::Fake;
use crate::house::{Settings, serve};
use crate::journal;

/// How many answers it fetches at a time.
pub(crate) const PLACES: usize = 64;
/// Tells the server's process whom to ask, and with which key.
const ORDERS: &str = "TRUNKLINE_TEST_SERVER";
/// What the server's process says before its address.
const SERVING: &str = "serving on ";

/// The server itself, when a test has started this process; otherwise there is nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server() {
    let Ok(orders) = std::env::var(ORDERS) else {
        return;
    };
    journal::begin();
    let (base_url, key) = orders.split_once(' ').unwrap();
    let mut settings = Settings::new(Api::OpenAi, base_url.to_owned(), Some(key));
    settings.assistant.max_running = PLACES;
    settings.assistant.max_wait = Duration::from_secs(180);
    let (address, _assistant, _stop) = serve(settings).await;
    println!("{SERVING}{address}");
    let mut nothing = Vec::new();
    let end = tokio::task::spawn_blocking(move || std::io::stdin().read_to_end(&mut nothing));
    end.await.unwrap().unwrap();
    assert_eq!(journal::leaks(), Vec::<String>::new());
}

/// The server's process.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(fake: &Fake) -> Process {
        let orders = format!("{} {}", fake.base_url(), fake.key.as_deref().unwrap());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::the_server", "--nocapture"])
            .env(ORDERS, orders)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::with_capacity(1, child.stdout.as_mut().unwrap()).lines();
        let mut said = lines.map_while(Result::ok);
        let address = said.find_map(|line| {
            let (_, address) = line.split_once(SERVING)?;
            address.parse().ok()
        });
        Process {
            child,
            address: address.expect("the server says where it is"),
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

    /// Lets it go, and checks that it ends well.
    pub(crate) fn end(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
