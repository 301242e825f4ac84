//! A server of its own for each test: its assistant asks the fake.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use trunkline::ai::{Api, Rate};
use trunkline::assistant::{Assistant, Config, Remote, remote};
use trunkline::{Io, Server, Service};

use crate::answer::Answer;
use crate::client::Client;
use crate::fake::{Attempt, Fake, MODEL, Request, Script};
use crate::journal;

/// The server, and the provider that it asks.
///
/// When it is dropped it checks what must be true after every test: no request broke a law, and no
/// log line holds a key.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) fake: Fake,
    pub(crate) assistant: Assistant,
    _stop: oneshot::Sender<()>,
}

/// What a test may set.
pub(crate) struct Settings {
    pub(crate) assistant: Config,
    pub(crate) remote: remote::Config,
}

impl House {
    /// The fake plays these scripts one after the other, the last one again and again.
    pub(crate) async fn playing(api: Api, scripts: impl Into<Vec<Script>>) -> House {
        House::tuned(api, scripts, |_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn tuned(
        api: Api,
        scripts: impl Into<Vec<Script>>,
        tune: impl FnOnce(&mut Settings),
    ) -> House {
        House::of(Fake::playing(api, scripts.into()).await, tune).await
    }

    /// The fake does as `play` says.
    pub(crate) async fn directed(
        api: Api,
        play: impl Fn(&Request, usize) -> Script + Send + Sync + 'static,
        tune: impl FnOnce(&mut Settings),
    ) -> House {
        House::of(Fake::new(api, play).await, tune).await
    }

    /// The provider wants no key.
    pub(crate) async fn keyless(api: Api, scripts: impl Into<Vec<Script>>) -> House {
        let fake = Fake::keyless(api, scripts.into()).await;
        House::of(fake, |settings| settings.remote.key = None).await
    }

    async fn of(fake: Fake, tune: impl FnOnce(&mut Settings)) -> House {
        let mut settings = Settings::new(fake.api, fake.base_url(), fake.key.as_deref());
        tune(&mut settings);
        let (address, assistant, stop) = serve(settings).await;
        House {
            address,
            fake,
            assistant,
            _stop: stop,
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// A socket of its own asks one question.
    pub(crate) async fn ask(&self, text: &str) -> Answer {
        self.client().await.ask(text).await
    }

    /// That so many requests have come, and no more.
    pub(crate) fn expect_attempts(&self, count: usize) -> Vec<Attempt> {
        let attempts = self.fake.attempts();
        assert_eq!(attempts.len(), count, "attempts");
        attempts
    }

    /// That a question asked now gets an answer, and shows the provider nothing but itself: what
    /// went before has left nothing in the history.
    pub(crate) async fn expect_forgotten(&self, client: &mut Client) {
        let before = self.fake.attempts().len();
        client.ask("and now?").await;
        let attempts = self.fake.attempts();
        assert!(attempts.len() > before, "the provider was not asked");
        assert_eq!(attempts[before].request.said(), ["and now?"]);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let faults = self.fake.faults();
        assert!(faults.is_empty(), "{faults:#?}");
        let leaks = journal::leaks();
        assert!(leaks.is_empty(), "the log holds a key: {leaks:#?}");
        let debug = format!("{:?}", self.assistant);
        assert!(!debug.contains(journal::MARK), "{debug}");
    }
}

impl Settings {
    /// No limit that a busy machine could run into, and short waits between attempts.
    pub(crate) fn new(api: Api, base_url: String, key: Option<&str>) -> Settings {
        let mut assistant = Config::default();
        assistant.rules.rate = Rate {
            burst: 1,
            interval: Duration::ZERO,
        };
        let mut remote = remote::Config::new(api, MODEL);
        remote.base_url = base_url;
        remote.key = key.map(|key| remote::Key::new(key).unwrap());
        remote.retry.first_wait = Duration::from_millis(10);
        remote.retry.max_wait = Duration::from_millis(40);
        Settings { assistant, remote }
    }
}

/// Serves on a free port until the last of what it returns is dropped.
pub(crate) async fn serve(settings: Settings) -> (SocketAddr, Assistant, oneshot::Sender<()>) {
    let remote = Remote::new(settings.remote).unwrap();
    let assistant = Assistant::new(settings.assistant, remote);
    let io = Io::builder().build();
    assistant.attach(&io.of("/"));
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.run(Service::new(io), async {
        // Dropped or used, it says the same.
        let _ = stopped.await;
    }));
    (address, assistant, stop)
}

/// What usage is said to be in everything that the fake answers.
pub(crate) fn usage() -> Value {
    serde_json::json!({"input": 7, "output": 5, "unit": "tokens"})
}
