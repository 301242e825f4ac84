//! A server in one line, for programs that are nothing else.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::ToSocketAddrs;

use crate::api::Io;

use super::listener::Server;
use super::service::Service;

/// How long clients may take to leave after Ctrl-C.
const GRACE: Duration = Duration::from_secs(10);

impl Io {
    /// Serves on an address until Ctrl-C, then says goodbye to the clients (up to 10 s).
    ///
    /// Everything but Socket.IO is answered 404. What needs more than that (pages, CORS, another way
    /// to stop) puts a [`Service`] behind a [`Server`], or behind hyper or axum.
    ///
    /// ```no_run
    /// # #[tokio::main]
    /// # async fn main() -> std::io::Result<()> {
    /// let io = trunkline::Io::new();
    /// io.listen("127.0.0.1:3000").await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The address cannot be bound, or Ctrl-C cannot be noticed.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.listen_until(address, tokio::signal::ctrl_c()).await
    }

    /// The same for programs without a runtime: makes one for the time that it serves.
    ///
    /// ```no_run
    /// fn main() -> std::io::Result<()> {
    ///     let io = trunkline::Io::new();
    ///     io.run("127.0.0.1:3000")
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`listen`](Io::listen), or the runtime cannot be made.
    ///
    /// # Panics
    /// Within a runtime; use [`listen`](Io::listen) there.
    pub fn run(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        tokio::runtime::Runtime::new()?.block_on(self.listen(address))
    }

    async fn listen_until(
        &self,
        address: impl ToSocketAddrs,
        told: impl Future<Output = io::Result<()>>,
    ) -> io::Result<()> {
        let server = Server::bind(address).await?;
        tracing::info!("listening on {}", server.local_addr()?);
        let service = Service::new(self);
        let mut outcome = Ok(());
        let stop = async {
            outcome = told.await;
            service.close(GRACE).await;
        };
        server.run(service.clone(), stop).await;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_cannot_be_bound_is_an_error() {
        let taken = Server::bind("127.0.0.1:0").await.unwrap();
        let io = Io::new();
        let error = io.listen(taken.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn it_ends_when_told() {
        let io = Io::new();
        io.listen_until("127.0.0.1:0", async { Ok(()) })
            .await
            .unwrap();
        let failed = async { Err(io::Error::other("no signals here")) };
        let error = io.listen_until("127.0.0.1:0", failed).await.unwrap_err();
        assert_eq!(error.to_string(), "no signals here");
    }
}
