//! Taking ports: one address, several, or the machine's own.

use std::io;
use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel holds until they are accepted; it may allow fewer. Generous, as all
/// clients come back at once after a restart.
const BACKLOG: u32 = 4096;
/// How often a port that the system chose for one address may turn out to be taken at another.
const TRIES: usize = 16;

/// Listens at one address; `[::]` takes IPv4 as well.
pub(super) fn one(address: SocketAddr) -> io::Result<TcpListener> {
    listen(address, true)
}

/// Listens at all of the addresses. Those with port 0 get one port, the first one's choice.
pub(super) fn all(addresses: impl IntoIterator<Item = SocketAddr>) -> io::Result<Vec<TcpListener>> {
    let mut wanted: Vec<SocketAddr> = Vec::new();
    for address in addresses {
        if !wanted.contains(&address) {
            wanted.push(address);
        }
    }
    if wanted.is_empty() {
        let problem = "there is no address to listen at";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    until_free(&wanted, |address, dual| {
        let listener = listen(address, dual)?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    })
}

/// The loopback addresses that this machine has; both when it seems to have none, so that binding
/// them tells the reason.
pub(super) fn localhost(port: u16) -> Vec<SocketAddr> {
    // Whatever port it is: an address at which no port can be taken is not there.
    present(port, |address| net::TcpListener::bind((address, 0)).is_ok())
}

fn present(port: u16, exists: impl Fn(IpAddr) -> bool) -> Vec<SocketAddr> {
    let both = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let mut found: Vec<IpAddr> = both.into_iter().filter(|one| exists(*one)).collect();
    if found.is_empty() {
        found = both.to_vec();
    }
    found
        .into_iter()
        .map(|address| SocketAddr::new(address, port))
        .collect()
}

/// Tries again when somebody has at one address the port that the system chose at another.
///
/// `take` binds an address, `[::]` for IPv4 as well or not, and tells the port.
fn until_free<L>(
    wanted: &[SocketAddr],
    mut take: impl FnMut(SocketAddr, bool) -> io::Result<(L, u16)>,
) -> io::Result<Vec<L>> {
    let mut tries = 1;
    loop {
        match attempt(wanted, &mut take) {
            Ok(taken) => return Ok(taken),
            Err(Failed { clash: true, .. }) if tries < TRIES => tries += 1,
            Err(Failed { address, error, .. }) => {
                return Err(io::Error::new(error.kind(), format!("{address}: {error}")));
            }
        }
    }
}

/// The address that could not be bound.
struct Failed {
    address: SocketAddr,
    error: io::Error,
    /// Whether the system had chosen its port, at an address where that was free.
    clash: bool,
}

fn attempt<L>(
    wanted: &[SocketAddr],
    take: &mut impl FnMut(SocketAddr, bool) -> io::Result<(L, u16)>,
) -> Result<Vec<L>, Failed> {
    let mut taken = Vec::with_capacity(wanted.len());
    let mut choice = None;
    for asked in wanted {
        let follows = choice.filter(|_| asked.port() == 0);
        let mut address = *asked;
        address.set_port(follows.unwrap_or(asked.port()));
        let (listener, port) = take(address, is_dual(asked, wanted)).map_err(|error| Failed {
            address,
            clash: follows.is_some() && error.kind() == io::ErrorKind::AddrInUse,
            error,
        })?;
        if asked.port() == 0 {
            choice = Some(port);
        }
        taken.push(listener);
    }
    Ok(taken)
}

/// Whether an IPv6 address takes IPv4 too. `[::]` leaves it to the IPv4 addresses of the same port
/// when there are any: they would find it taken.
fn is_dual(asked: &SocketAddr, wanted: &[SocketAddr]) -> bool {
    let beside = |other: &SocketAddr| other.is_ipv4() && other.port() == asked.port();
    !(asked.ip().is_unspecified() && wanted.iter().any(beside))
}

fn listen(address: SocketAddr, dual: bool) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if address.is_ipv6() {
        // Systems differ in what they do by themselves, and some never take IPv4 here: there it
        // fails, and IPv6 alone is what can be had.
        let _ = SockRef::from(&socket).set_only_v6(!dual);
    }
    // Otherwise a restart fails while connections of the last run still fade out. Elsewhere than
    // on Unix the option means that others may take the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests;
