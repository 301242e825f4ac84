//! Where the program listens.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use trunkline::Server;

use super::values::Values;
use super::wrong::Wrong;

/// This machine, by whichever family.
const LOCALHOST: &str = "localhost";

/// Where the program listens: names and addresses, and one port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listen {
    /// At least one.
    hosts: Vec<String>,
    /// Where they came from, if anybody gave them.
    origin: Option<String>,
    port: u16,
}

impl Listen {
    /// Reads the settings.
    pub(super) fn compose(values: &Values) -> Result<Listen, Wrong> {
        let read = |host: &String| host_name(host).ok_or_else(|| values.wrong("host", host));
        let hosts: Vec<String> = values
            .list("host")
            .iter()
            .map(read)
            .collect::<Result<_, Wrong>>()?;
        if hosts.is_empty() {
            return Err(values.wrong("host", ""));
        }
        let port = u16::try_from(values.number("port")).expect("the table bounds it");
        let origin = values.place("host").origin();
        Ok(Listen {
            hosts,
            origin,
            port,
        })
    }

    /// Binds all addresses, or says in one line why that cannot be.
    pub(crate) async fn bind(&self) -> Result<Server, String> {
        let bound = match self.addresses().await {
            Ok(addresses) => Server::bind_all(addresses).await,
            Err(error) => Err(error),
        };
        bound.map_err(|error| self.explain(&error))
    }

    /// The addresses of all names, without those that another one covers.
    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let mut addresses = Vec::new();
        for host in &self.hosts {
            if host == LOCALHOST {
                addresses.extend(Server::localhost_addrs(self.port));
            } else {
                addresses.extend(tokio::net::lookup_host((host.as_str(), self.port)).await?);
            }
        }
        let covering: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
        let is_covered = |address: IpAddr| match address {
            IpAddr::V4(ip) => {
                !ip.is_unspecified() && covering.contains(&Ipv4Addr::UNSPECIFIED.into())
            }
            IpAddr::V6(ip) => {
                !ip.is_unspecified() && covering.contains(&Ipv6Addr::UNSPECIFIED.into())
            }
        };
        addresses.retain(|address| !is_covered(address.ip()));
        Ok(addresses)
    }

    /// Why the server cannot listen.
    fn explain(&self, error: &io::Error) -> String {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "the port is taken; choose another with --port",
            io::ErrorKind::PermissionDenied => {
                "the system does not allow this port; choose one above 1023 with --port"
            }
            _ => "--host takes an address or a name of this machine",
        };
        let mut hosts = self.hosts.join(", ");
        if let Some(origin) = &self.origin {
            hosts += &format!(" ({origin})");
        }
        format!(
            "cannot listen on {hosts} port {}: {advice} ({error})",
            self.port
        )
    }
}

/// An address without brackets or a host name in lower case; none if it is neither.
pub(super) fn host_name(text: &str) -> Option<String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let host = bare.unwrap_or(text);
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_name = !host.is_empty() && !host.starts_with('-') && host.chars().all(of_a_name);
    // Digits and dots alone are an address or a slip.
    let is_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if host.parse::<IpAddr>().is_ok() || is_name && !is_number {
        return Some(host.to_ascii_lowercase());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_address_is_listened_on_once_and_not_beside_one_that_covers_it() {
        let both = Server::localhost_addrs(7).into_iter();
        let both: Vec<String> = both.map(|address| address.ip().to_string()).collect();
        let both: Vec<&str> = both.iter().map(String::as_str).collect();
        assert!(!both.is_empty());
        let rows = [
            (&["localhost"][..], both.as_slice()),
            (&["10.0.0.7", "::1"], &["10.0.0.7", "::1"]),
            (&["127.0.0.1", "0.0.0.0"], &["0.0.0.0"]),
            (&["0.0.0.0", "::1"], &["0.0.0.0", "::1"]),
            (&["::1", "::", "10.0.0.7"], &["::", "10.0.0.7"]),
            (&["::", "0.0.0.0"], &["::", "0.0.0.0"]),
        ];
        for (hosts, expected) in rows {
            let listen = Listen {
                hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
                origin: None,
                port: 7,
            };
            let addresses = listen.addresses().await.unwrap();
            let found: Vec<String> = addresses.iter().map(|one| one.ip().to_string()).collect();
            assert_eq!(found, expected, "{hosts:?}");
            assert!(addresses.iter().all(|one| one.port() == 7));
        }
    }

    #[test]
    fn a_host_is_an_address_or_a_name() {
        let rows = [
            ("LocalHost", Some("localhost")),
            ("[::1]", Some("::1")),
            ("10.0.0.7", Some("10.0.0.7")),
            ("chat.example", Some("chat.example")),
            ("", None),
            ("-a", None),
            ("1.2.3", None),
            ("a b", None),
            ("[::1", None),
        ];
        for (text, expected) in rows {
            assert_eq!(host_name(text).as_deref(), expected, "{text}");
        }
    }
}
