//! A server on a free port, and a provider that does what the question says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::{Semaphore, oneshot, watch};
use trunkline::ai::{Completion, Event, Failure, Prompt, Rate};
use trunkline::assistant::{Answering, Config, Offline, Provider};
use trunkline::{Assistant, Io, Server, Service};

use crate::client::{Client, soon};

/// A server of its own for each test; it stops when dropped.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) assistant: Assistant,
    _stop: oneshot::Sender<()>,
}

impl House {
    pub(crate) async fn build(config: Config, provider: impl Provider) -> House {
        let io = Io::builder().build();
        let assistant = Assistant::new(config, provider);
        assistant.attach(&io.of("/"));
        let service = Service::with_config(
            io,
            trunkline::server::Config {
                plain_json: Some("/".to_owned()),
                ..Default::default()
            },
        );
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(service, async {
            // Dropped or used, it says the same.
            let _ = stopped.await;
        }));
        House {
            address,
            assistant,
            _stop: stop,
        }
    }

    pub(crate) async fn offline() -> House {
        House::build(Config::default(), Offline::default()).await
    }

    pub(crate) async fn with(director: &Director) -> House {
        House::build(Config::default(), director.clone()).await
    }

    pub(crate) async fn client(&self) -> Client {
        Client::json(self.address).await
    }
}

/// A provider that does what the first word of the question says, and remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Director {
    /// How many answers were begun.
    pub(crate) begun: Arc<AtomicUsize>,
    /// How many are under way.
    live: watch::Sender<usize>,
    /// Lets one `wait` answer end for each permit.
    pub(crate) release: Arc<Semaphore>,
    /// How many bytes were said.
    pub(crate) said: Arc<AtomicUsize>,
}

impl Director {
    pub(crate) fn new() -> Director {
        Director {
            begun: Arc::default(),
            live: watch::Sender::new(0),
            release: Arc::new(Semaphore::new(0)),
            said: Arc::default(),
        }
    }

    pub(crate) async fn until_live(&self, count: usize) {
        let mut live = self.live.subscribe();
        let reached = live.wait_for(|live| *live == count);
        soon("answers to begin or end", reached).await.unwrap();
    }
}

/// Counts one answer for as long as its stream lives.
struct Alive(watch::Sender<usize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|live| *live -= 1);
    }
}

fn delta(text: &str) -> Result<Event, Failure> {
    Ok(Event::Delta(text.into()))
}

fn done() -> Result<Event, Failure> {
    Ok(Event::Done(Completion {
        cut: false,
        usage: None,
    }))
}

impl Provider for Director {
    fn model(&self) -> Arc<str> {
        "director".into()
    }

    fn answer(&self, prompt: Prompt) -> Answering {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.live.send_modify(|live| *live += 1);
        let alive = Alive(self.live.clone());
        let question = prompt.question().to_owned();
        let (order, rest) = question.split_once(' ').unwrap_or((&question, ""));
        let rest = rest.to_owned();
        let events: Answering = match order {
            "echo" => Box::pin(stream::iter([delta(&rest), done()])),
            // Says something, then waits to be let go.
            "wait" => {
                let release = self.release.clone();
                let last = stream::once(async move {
                    release.acquire().await.unwrap().forget();
                    done()
                });
                Box::pin(stream::iter([delta("begun ")]).chain(last))
            }
            "panic" => Box::pin(
                stream::iter([delta("so far ")])
                    .chain(stream::once(async { panic!("ordered by the test") })),
            ),
            "stop-short" => Box::pin(stream::iter([delta("half")])),
            "nothing" => Box::pin(stream::iter([done()])),
            "endless" => {
                let said = self.said.clone();
                let piece = "all work and no play ".repeat(48);
                Box::pin(stream::repeat_with(move || {
                    said.fetch_add(piece.len(), Ordering::SeqCst);
                    delta(&piece)
                }))
            }
            _ => Box::pin(stream::iter([delta("I do not know this order."), done()])),
        };
        Box::pin(events.inspect(move |_| {
            let _kept = &alive;
        }))
    }
}

pub(crate) fn no_limits() -> Config {
    let mut config = Config::default();
    config.rules.rate = Rate {
        burst: 1,
        interval: Duration::ZERO,
    };
    config
}
