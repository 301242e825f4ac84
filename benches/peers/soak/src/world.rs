//! What all clients share: where the server is, the totals, and what is still to be waited for.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};

use crate::tally::Tally;

/// Every client comes from one of so many addresses, so that ports do not run out.
const SOURCES: u64 = 16;
/// How long the server leaves a ping unanswered: the contract of all servers.
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// By how much it may be late.
const LENIENCY: Duration = Duration::from_secs(5);

/// What all clients share.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) server: SocketAddr,
    pub(crate) tally: Arc<Tally>,
    ping_interval: Duration,
    is_over: AtomicBool,
    errands: AtomicUsize,
    clients: AtomicU64,
}

impl World {
    pub(crate) fn new(server: SocketAddr, ping_interval: Duration) -> World {
        World {
            server,
            tally: Arc::default(),
            ping_interval,
            is_over: AtomicBool::new(false),
            errands: AtomicUsize::new(0),
            clients: AtomicU64::new(0),
        }
    }

    /// A number that no client had before.
    pub(crate) fn number(&self) -> u64 {
        self.clients.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the clients are to leave for good.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Lets the clients leave after the round that they are in.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// By when the server must have noticed that a client fell silent.
    pub(crate) fn silence(&self) -> Duration {
        self.ping_interval + PING_TIMEOUT + LENIENCY
    }

    /// How many errands are not done.
    pub(crate) fn errands(&self) -> usize {
        self.errands.load(Ordering::Relaxed)
    }

    /// Runs an errand beside everything else: the end of a client, or the watch over a silent one.
    pub(crate) fn beside(self: &Arc<World>, errand: impl Future<Output = ()> + Send + 'static) {
        let world = self.clone();
        world.errands.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            errand.await;
            world.errands.fetch_sub(1, Ordering::Relaxed);
        });
    }

    /// Connects to the server, for this client.
    pub(crate) async fn connect(&self, client: u64) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        let source = Ipv4Addr::new(127, 0, 0, 1 + (client % SOURCES) as u8);
        socket.bind((source, 0).into())?;
        let stream = socket.connect(self.server).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
