//! How every server is started: `--port N --threads T`, a runtime, a listener, one line that says
//! where it listens. SIGTERM ends it, as it ends any program.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;

/// What a server's program gives back.
pub type Outcome = Result<(), Box<dyn Error>>;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4096;

/// How long a client may leave a ping unanswered.
pub const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest message taken, in bytes.
pub const MAX_PAYLOAD: u32 = 1_000_000;

/// Runs a server on the port and the runtime that the command line asks for: with one thread (the
/// default) a current-thread runtime, with more a multi-threaded one with as many workers.
///
/// # Errors
/// The command line is wrong, the runtime cannot be built, or the server failed.
pub fn run<F: Future<Output = Outcome>>(serve: impl FnOnce(u16) -> F) -> Outcome {
    let (port, threads) = arguments(std::env::args().skip(1))?;
    let mut builder = match threads {
        1 => runtime::Builder::new_current_thread(),
        _ => runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(port))
}

/// Accepts connections on 127.0.0.1 for ever, each with Nagle's algorithm off and in a task of its
/// own; port 0 takes a free one.
///
/// # Errors
/// The port is taken, or no more connections can be accepted.
pub async fn serve<F>(port: u16, mut connection: impl FnMut(TcpStream) -> F) -> Outcome
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = listen(port)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream));
    }
}

/// Listens and says where on the standard output.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let listener = socket.listen(BACKLOG)?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}

/// The heartbeat's interval: `PING_INTERVAL_MS` of the environment, 25 s without it.
///
/// # Errors
/// It is not a number of milliseconds.
pub fn ping_interval() -> Result<Duration, Box<dyn Error>> {
    let millis = match std::env::var("PING_INTERVAL_MS") {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("PING_INTERVAL_MS={text}: not a number of milliseconds"))?,
        Err(_) => 25_000,
    };
    Ok(Duration::from_millis(millis))
}

/// The port (default: 0) and the number of threads (default: 1).
fn arguments(mut given: impl Iterator<Item = String>) -> Result<(u16, usize), String> {
    let (mut port, mut threads) = (0, 1);
    while let Some(name) = given.next() {
        let value = given
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        let wrong = |_| format!("{name} {value}: not a number that fits");
        match name.as_str() {
            "--port" => port = value.parse().map_err(wrong)?,
            "--threads" => threads = value.parse().map_err(wrong)?,
            _ => return Err(format!("{name}: there is --port N and --threads T")),
        }
    }
    match threads {
        0 => Err("--threads 0: at least one is needed".to_owned()),
        _ => Ok((port, threads)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(u16, usize), String> {
        arguments(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read_in_any_order() {
        assert_eq!(parsed(""), Ok((0, 1)));
        assert_eq!(parsed("--threads 2 --port 3000"), Ok((3000, 2)));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for text in ["--port", "--port 65536", "--threads 0", "--thread 1", "x 1"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
