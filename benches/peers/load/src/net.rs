//! TCP connections to one server on one thread: connect, read, write, close. Knows no protocol.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::fault::Fault;
use crate::interrupt;

/// Source addresses 127.0.0.2 … that connections take in turn: each has its own 28,000 ports.
const SOURCES: u32 = 200;

/// Read at once; more than the kernel's default receive buffer ever holds.
const READ: usize = 256 * 1024;

/// What a protocol does with what arrives. `id` is the connection's number; numbers of closed
/// connections are used again, the lowest first.
pub(crate) trait Handler {
    /// The connection stands; what is put into `out` is sent.
    fn connected(&mut self, id: usize, out: &mut Vec<u8>);

    /// `bytes` is everything that was not consumed yet. Returns how much of it is.
    fn received(&mut self, id: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<Step, Fault>;

    /// The server closed the connection.
    fn closed(&mut self, id: usize) -> Result<(), Fault>;
}

/// What to do after bytes have arrived.
pub(crate) struct Step {
    /// Bytes that are done with.
    pub(crate) consumed: usize,
    /// Whether to close the connection.
    pub(crate) close: bool,
}

struct Line {
    stream: TcpStream,
    connected: bool,
    /// Received, but not a whole frame yet.
    kept: Vec<u8>,
    /// Did not fit into the socket's buffer.
    unsent: Vec<u8>,
}

/// All connections to one server.
pub(crate) struct Net {
    poll: Poll,
    events: Events,
    lines: Vec<Option<Line>>,
    free: std::collections::BTreeSet<usize>,
    read: Box<[u8]>,
    out: Vec<u8>,
    server: SocketAddr,
    source: u32,
}

impl Net {
    pub(crate) fn new(server: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            lines: Vec::new(),
            free: std::collections::BTreeSet::new(),
            read: vec![0; READ].into_boxed_slice(),
            out: Vec::with_capacity(READ),
            server,
            source: 0,
        })
    }

    /// Connections that are open or being opened.
    pub(crate) fn open_lines(&self) -> usize {
        self.lines.len() - self.free.len()
    }

    /// Begins a connection and returns its number.
    pub(crate) fn open(&mut self) -> Result<usize, Fault> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        let last = 2 + self.source % SOURCES;
        self.source += 1;
        let source = Ipv4Addr::from(0x7f00_0000 + last);
        socket.bind(&SocketAddr::new(IpAddr::V4(source), 0).into())?;
        match socket.connect(&self.server.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
            Err(error) => return Err(Fault::new(format!("cannot connect: {error}"))),
        }
        let id = self.free.pop_first().unwrap_or_else(|| {
            self.lines.push(None);
            self.lines.len() - 1
        });
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(
            &mut stream,
            Token(id),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        self.lines[id] = Some(Line {
            stream,
            connected: false,
            kept: Vec::new(),
            unsent: Vec::new(),
        });
        Ok(id)
    }

    /// Closes a connection; nothing is said to the handler.
    pub(crate) fn close(&mut self, id: usize) {
        if self.lines[id].take().is_some() {
            self.free.insert(id);
        }
    }

    /// Sends `bytes` on a connection that stands.
    pub(crate) fn send(&mut self, id: usize, bytes: &[u8]) -> Result<(), Fault> {
        match &mut self.lines[id] {
            Some(line) => line.send(bytes),
            None => Err(Fault::new(format!("connection {id} is closed"))),
        }
    }

    /// Waits up to `patience` for something to happen and gives it to the handler.
    ///
    /// # Errors
    /// What the handler returns; a connection that breaks; Ctrl-C.
    pub(crate) fn turn(
        &mut self,
        patience: Duration,
        handler: &mut impl Handler,
    ) -> Result<(), Fault> {
        interrupt::check()?;
        match self.poll.poll(&mut self.events, Some(patience)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        for event in &self.events {
            let id = event.token().0;
            let Some(line) = self.lines[id].as_mut() else {
                continue;
            };
            if event.is_writable() {
                line.writable(id, handler, &mut self.out)?;
            }
            if event.is_readable()
                && !line.readable(
                    id,
                    event.is_read_closed(),
                    handler,
                    &mut self.read,
                    &mut self.out,
                )?
            {
                self.lines[id] = None;
                self.free.insert(id);
            }
        }
        Ok(())
    }
}

impl Line {
    fn writable(
        &mut self,
        id: usize,
        handler: &mut impl Handler,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        if !self.connected {
            if let Some(error) = self.stream.take_error()? {
                return Err(Fault::new(format!("cannot connect: {error}")));
            }
            if self.stream.peer_addr().is_err() {
                return Ok(());
            }
            self.connected = true;
            out.clear();
            handler.connected(id, out);
            return self.send(out);
        }
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.send(&unsent)
    }

    /// Reads until there is no more; `false` when the connection is over.
    fn readable(
        &mut self,
        id: usize,
        over: bool,
        handler: &mut impl Handler,
        read: &mut [u8],
        out: &mut Vec<u8>,
    ) -> Result<bool, Fault> {
        loop {
            let count = match self.stream.read(read) {
                Ok(0) => {
                    handler.closed(id)?;
                    return Ok(false);
                }
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    handler.closed(id)?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            };
            out.clear();
            let step = if self.kept.is_empty() {
                let step = handler.received(id, &read[..count], out)?;
                self.kept.extend_from_slice(&read[step.consumed..count]);
                step
            } else {
                self.kept.extend_from_slice(&read[..count]);
                let step = handler.received(id, &self.kept, out)?;
                self.kept.drain(..step.consumed);
                step
            };
            self.send(out)?;
            if step.close {
                return Ok(false);
            }
            // A short read has emptied the socket; the next arrival is the next event.
            if count < read.len() && !over {
                return Ok(true);
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while self.unsent.is_empty() && !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::new(format!("cannot send: {error}"))),
            }
        }
        self.unsent.extend_from_slice(bytes);
        Ok(())
    }
}
