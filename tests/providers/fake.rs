//! A provider on a port of its own that does what the test says, down to the single write.
//!
//! It speaks HTTP/1.1 by hand, so that every border between chunks, every reset and every silence
//! is the test's choice. It records each request, and how and when its connection ended, and holds
//! every request against the laws in [`Request::faults`].

mod request;
mod script;
mod speech;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Instant, SystemTime};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use trunkline::ai::Api;

use crate::client::soon;
use crate::journal;

pub(crate) use request::Request;
pub(crate) use script::{Script, Then};
pub(crate) use speech::{Event, Finish, OWN_WORDS, Speech};

/// The model that is asked for, unless the test names another.
pub(crate) const MODEL: &str = "fake-1";

/// Decides what to do with a request; the number counts from 0.
type Play = Box<dyn Fn(&Request, usize) -> Script + Send + Sync>;

/// The fake provider. Dropping it stops it.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) api: Api,
    pub(crate) key: Option<String>,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

struct Shared {
    api: Api,
    key: Option<String>,
    play: Play,
    state: Mutex<State>,
    /// Moves on with every change of the state.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    attempts: Vec<Attempt>,
    faults: Vec<String>,
    connections: Count,
    under_way: Count,
}

/// How many at present, and at most.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Count {
    pub(crate) now: usize,
    pub(crate) most: usize,
}

impl Count {
    fn come(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

/// One request, and what became of it.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) request: Request,
    pub(crate) at: Instant,
    pub(crate) wall: SystemTime,
    /// How many bytes of the response the peer's system has taken.
    pub(crate) written: Arc<AtomicU64>,
    pub(crate) end: Option<Ending>,
}

/// How a response ended, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) how: How,
    pub(crate) at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    /// The script came to its end.
    Played,
    /// The peer closed or reset the connection before that.
    PeerLeft,
}

impl Fake {
    /// Plays the scripts one after the other, and the last one from then on.
    pub(crate) async fn playing(api: Api, scripts: Vec<Script>) -> Fake {
        Fake::new(api, in_turn(scripts)).await
    }

    /// The same for a provider that wants no key.
    pub(crate) async fn keyless(api: Api, scripts: Vec<Script>) -> Fake {
        Fake::with_key(api, None, in_turn(scripts)).await
    }

    pub(crate) async fn new(
        api: Api,
        play: impl Fn(&Request, usize) -> Script + Send + Sync + 'static,
    ) -> Fake {
        Fake::with_key(api, Some(journal::new_key()), play).await
    }

    async fn with_key(
        api: Api,
        key: Option<String>,
        play: impl Fn(&Request, usize) -> Script + Send + Sync + 'static,
    ) -> Fake {
        journal::begin();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            api,
            key: key.clone(),
            play: Box::new(play),
            state: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Fake {
            address,
            api,
            key,
            shared,
            listening,
        }
    }

    /// Where its API begins.
    pub(crate) fn base_url(&self) -> String {
        let address = self.address;
        match self.api {
            Api::Gemini | Api::Anthropic => format!("http://{address}"),
            // With a slash too many, which must not be doubled.
            Api::OpenAi => format!("http://{address}/v1/"),
        }
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.shared.state().attempts.clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn until_asked(&self, count: usize) {
        self.until("requests", |state| state.attempts.len() >= count)
            .await;
    }

    /// Waits until the response to a request has ended, and says how.
    pub(crate) async fn ended(&self, number: usize) -> Ending {
        self.until("the end of a response", |state| {
            let attempt = state.attempts.get(number);
            attempt.is_some_and(|attempt| attempt.end.is_some())
        })
        .await;
        let attempt = &self.attempts()[number];
        attempt.end.expect("it has ended")
    }

    pub(crate) fn written(&self, number: usize) -> u64 {
        self.attempts()[number].written.load(Ordering::SeqCst)
    }

    /// How many connections were open.
    pub(crate) fn connections(&self) -> Count {
        self.shared.state().connections
    }

    /// How many requests were being answered.
    pub(crate) fn under_way(&self) -> Count {
        self.shared.state().under_way
    }

    /// Which laws requests have broken.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.shared.state().faults.clone()
    }

    async fn until(&self, what: &str, reached: impl Fn(&State) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        let reached = changed.wait_for(|_| reached(&self.shared.state()));
        soon(what, reached).await.expect("the sender lives");
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_modify(|version| *version += 1);
        result
    }

    fn begin(&self, request: Request) -> (usize, Script, Arc<AtomicU64>) {
        let mut faults = request.faults(self.api, MODEL, self.key.as_deref());
        let written = Arc::new(AtomicU64::new(0));
        let attempt = Attempt {
            request: request.clone(),
            at: Instant::now(),
            wall: SystemTime::now(),
            written: written.clone(),
            end: None,
        };
        let number = self.change(|state| {
            state.faults.append(&mut faults);
            state.under_way.come();
            state.attempts.push(attempt);
            state.attempts.len() - 1
        });
        (number, (self.play)(&request, number), written)
    }

    fn end(&self, number: usize, how: How) {
        let at = Instant::now();
        self.change(|state| {
            state.under_way.now -= 1;
            state.attempts[number].end = Some(Ending { how, at });
        });
    }
}

/// The scripts one after the other, and the last one from then on.
fn in_turn(scripts: Vec<Script>) -> impl Fn(&Request, usize) -> Script {
    move |_, number| scripts[number.min(scripts.len() - 1)].clone()
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                shared.change(|state| state.connections.come());
                let shared = shared.clone();
                connections.spawn(async move {
                    serve(stream, &shared).await;
                    shared.change(|state| state.connections.now -= 1);
                });
            }
            Some(ended) = connections.join_next() => ended.unwrap(),
        }
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).unwrap();
    let then = {
        let (read, mut write) = stream.split();
        let mut read = BufReader::new(read);
        loop {
            // A connection that breaks before a request is whole asked nothing.
            let Ok(Some(request)) = Request::read(&mut read, shared.api).await else {
                break Then::Close;
            };
            let (number, script, written) = shared.begin(request);
            let how = tokio::select! {
                played = script.perform(&mut write, &written) => match (played, script.then) {
                    (Ok(()), Then::Stall) => {
                        peer_leaves(&mut read).await;
                        How::PeerLeft
                    }
                    (Ok(()), _) => How::Played,
                    (Err(_), _) => How::PeerLeft,
                },
                () = peer_leaves(&mut read) => How::PeerLeft,
            };
            shared.end(number, how);
            if how == How::PeerLeft || script.then != Then::KeepAlive {
                break script.then;
            }
        }
    };
    if then == Then::Reset {
        stream.set_zero_linger().unwrap();
    }
}

/// Waits until the peer closes or resets the connection; what it may still say is left unread.
async fn peer_leaves(read: &mut (impl AsyncBufReadExt + Unpin)) {
    if read.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty()) {
        std::future::pending::<()>().await;
    }
}
