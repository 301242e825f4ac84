//! Many WebSocket clients of one server.

use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::net::Net;
use crate::process::Process;
use crate::sockets::{Sockets, Work};

/// Clients that arrive at the same time.
const AT_ONCE: usize = 128;
/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest wait between two looks at the clock.
const TICK: Duration = Duration::from_millis(20);

/// Header lines that a browser sends with a request for a WebSocket, about 800 bytes.
pub(crate) const BROWSER: &str = "Pragma: no-cache\r\nCache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0\r\n\
    Origin: http://127.0.0.1\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,en-US;q=0.8,de;q=0.7,fr;q=0.6\r\n\
    Cookie: session=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpv\
    aG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0.KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30; \
    theme=dark; consent=necessary%2Cstatistics; visited=2026-11-21T08%3A15%3A30.000Z\r\n\
    Sec-Fetch-Dest: websocket\r\nSec-Fetch-Mode: websocket\r\nSec-Fetch-Site: same-origin\r\n\
    DNT: 1\r\n";

/// Clients, and the connections they speak on.
pub(crate) struct Fleet<W> {
    pub(crate) net: Net,
    pub(crate) sockets: Sockets<W>,
}

impl<W: Work> Fleet<W> {
    /// A fleet without clients, whose requests will carry `extra` header lines.
    pub(crate) fn new(process: &Process, work: W, extra: &str) -> Result<Self, Fault> {
        Ok(Self {
            net: Net::new(process.address)?,
            sockets: Sockets::new(work, extra),
        })
    }

    pub(crate) fn work(&mut self) -> &mut W {
        &mut self.sockets.work
    }

    /// Something happens, or up to 20 ms pass.
    pub(crate) fn turn(&mut self) -> Result<(), Fault> {
        self.net.turn(TICK, &mut self.sockets)
    }

    /// Runs for a while.
    pub(crate) fn run(&mut self, duration: Duration) -> Result<(), Fault> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.turn()?;
        }
        Ok(())
    }

    /// Lets `count` more clients join.
    pub(crate) fn join(&mut self, count: usize) -> Result<(), Fault> {
        let aim = self.sockets.ready + count;
        let (mut seen, mut last) = (self.sockets.ready, Instant::now());
        while self.sockets.ready < aim {
            let coming = self.net.open_lines() - self.sockets.ready;
            let wanted = aim - self.net.open_lines();
            for _ in 0..wanted.min(AT_ONCE.saturating_sub(coming)) {
                self.net.open()?;
            }
            self.turn()?;
            if self.sockets.ready > seen {
                (seen, last) = (self.sockets.ready, Instant::now());
            } else if last.elapsed() > PATIENCE {
                return Err(Fault::new(format!(
                    "only {seen} of {aim} clients could join"
                )));
            }
        }
        Ok(())
    }

    /// Lets the clients `0..count` leave and waits until the server has taken notice of each.
    pub(crate) fn leave(&mut self, count: usize) -> Result<(), Fault> {
        let (aim, mut last) = (self.sockets.left + count as u64, Instant::now());
        let mut seen = self.sockets.left;
        let mut out = Vec::new();
        for id in 0..count {
            out.clear();
            self.sockets.leave(id, &mut out);
            self.net.send(id, &out)?;
            if id % AT_ONCE == 0 {
                self.turn()?;
            }
        }
        while self.sockets.left < aim {
            self.turn()?;
            if self.sockets.left > seen {
                (seen, last) = (self.sockets.left, Instant::now());
            } else if last.elapsed() > PATIENCE {
                let missing = aim - seen;
                return Err(Fault::new(format!("{missing} clients cannot leave")));
            }
        }
        Ok(())
    }
}
