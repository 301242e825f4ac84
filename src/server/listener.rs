//! A server of its own: bind, accept, serve HTTP/1.1 until told to stop.
//!
//! What is served is any hyper service, with or without ours in it. However many addresses it
//! listens at, there is one loop, one limit of connections and one end.

mod bind;
mod door;
mod heads;
mod serving;
mod stop;

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::net::{TcpListener, ToSocketAddrs, lookup_host};

use door::Door;
use serving::serve;
use stop::Stop;

pub(super) use door::Guarded;

type BoxError = Box<dyn Error + Send + Sync>;

/// The limits of a [`Server`].
#[derive(Clone, Debug)]
pub struct ListenerLimits {
    /// How long a client may take to send the head of a request, and how long a connection may
    /// stay idle before the next one. It is idle once its answer has been handed over, also if
    /// the application still reads the request's body. Default: 10 s.
    pub head_timeout: Duration,
    /// How many bytes of a request's head are buffered, at least 8192. A head that is not
    /// complete by then is refused with 431; the buffer fills by whole reads, so a head that is
    /// a little longer may still pass. Default: 32 KiB.
    pub max_head: usize,
    /// How long a client may read nothing while there is something for it; then its connection is
    /// cut off, so that what waits for it does not wait for ever. Default: 60 s.
    pub send_timeout: Duration,
    /// Connections at a time, WebSockets included; more wait in the kernel's queue until one ends.
    /// Default: 65 536.
    pub max_connections: usize,
    /// How long requests under way may take once the server stops; then they are cut off.
    /// Default: 10 s.
    pub drain_timeout: Duration,
}

impl Default for ListenerLimits {
    fn default() -> ListenerLimits {
        ListenerLimits {
            head_timeout: Duration::from_secs(10),
            max_head: 32 * 1024,
            send_timeout: Duration::from_secs(60),
            max_connections: 65_536,
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Bound TCP ports: one, or several that are served as one.
#[derive(Debug)]
pub struct Server {
    /// At least one.
    listeners: Vec<TcpListener>,
    limits: ListenerLimits,
}

impl Server {
    /// Binds the first of the addresses that can be bound; port 0 lets the system choose.
    ///
    /// `[::]` takes IPv4 as well where the system allows it, whatever its default is.
    ///
    /// # Errors
    /// The address cannot be resolved, or none can be bound.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "there is no such address");
        for address in lookup_host(address).await? {
            match bind::one(address) {
                Ok(listener) => return Ok(Server::of(vec![listener])),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Binds all of the addresses; an address that comes twice is bound once.
    ///
    /// Port 0 lets the system choose for the first such address; the others with port 0 take the
    /// same. If that is not free for them, the choice is repeated, several times. `[::]` takes IPv4
    /// as well, as in [`bind`](Server::bind), unless there are IPv4 addresses with the same port
    /// among the others: then these say where IPv4 is served.
    ///
    /// ```no_run
    /// # async fn run() -> std::io::Result<()> {
    /// use trunkline::Server;
    ///
    /// let addresses = ["127.0.0.1:3000", "[::1]:3000"].map(|one| one.parse().unwrap());
    /// let server = Server::bind_all(addresses).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// There is no address, or one of them cannot be bound: the message names it, and none is.
    #[expect(
        clippy::unused_async,
        reason = "like `bind`: within a runtime, and free to wait"
    )]
    pub async fn bind_all(addresses: impl IntoIterator<Item = SocketAddr>) -> io::Result<Server> {
        bind::all(addresses).map(Server::of)
    }

    /// Binds what `localhost` may mean to a client: `127.0.0.1` and `[::1]`, on the same port. A
    /// machine that has only one of them listens there.
    ///
    /// # Errors
    /// The port is taken at one of them, or the machine has neither.
    pub async fn bind_localhost(port: u16) -> io::Result<Server> {
        Server::bind_all(Server::localhost_addrs(port)).await
    }

    /// The addresses that [`bind_localhost`](Server::bind_localhost) binds, for
    /// [`bind_all`](Server::bind_all) with others: those of `127.0.0.1` and `[::1]` that this
    /// machine has, or both if it seems to have none.
    pub fn localhost_addrs(port: u16) -> Vec<SocketAddr> {
        bind::localhost(port)
    }

    fn of(listeners: Vec<TcpListener>) -> Server {
        Server {
            listeners,
            limits: ListenerLimits::default(),
        }
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: ListenerLimits) -> Server {
        self.limits = limits;
        self
    }

    /// Where it listens; the first address if there are several.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listeners[0].local_addr()
    }

    /// All the addresses where it listens, in the order in which they were given.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Serves until `shutdown` is over; then it stops listening, lets requests under way finish
    /// within the drain timeout, and returns.
    ///
    /// WebSockets are the service's by then and are not waited for.
    pub async fn run<S, R>(self, service: S, shutdown: impl Future<Output = ()>)
    where
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<BoxError>,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let Server { listeners, limits } = self;
        let mut door = Door::new(listeners, &limits);
        let stop = Stop::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = door.accept() => accepted,
            };
            // Whoever stops the server waits for these tasks, or ends them.
            tokio::spawn(serve(stream, peer, service.clone(), &limits, &stop));
        }
        drop(door);
        stop.finish(limits.drain_timeout).await;
    }
}
