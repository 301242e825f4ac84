//! Who the client is: its address, and whether it came over TLS.
//!
//! The connection says so, or, where the operator trusts the proxy at its other end, the headers
//! that this proxy wrote.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{Extensions, HeaderMap};
use ipnet::IpNet;

use super::reply::Reply;

/// The other end of the TCP connection: a request extension that [`Server`](super::Server) sets.
///
/// Behind a proxy that is the proxy; the handshake's address looks through trusted ones. In the
/// handshake it is the field `peer`, and is not among the extensions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer(pub SocketAddr);

/// Lets the listener have a request's extensions again, by way of the response, if there is but
/// the [`Peer`] in them. To make and drop them for every request costs as much as to read its head.
pub(super) fn give_back(request: &mut Extensions, response: &mut Reply) {
    if request.len() == 1 && request.get::<Peer>().is_some() {
        std::mem::swap(request, response.extensions_mut());
    }
}

/// Finds the peer's address among what another HTTP server attached to a request.
pub type PeerLookup = Arc<dyn Fn(&Extensions) -> Option<SocketAddr> + Send + Sync>;

/// What is known about where a request came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Client {
    pub(super) address: Option<IpAddr>,
    pub(super) secure: bool,
}

/// The TCP peer, from our own listener, the application's lookup, or axum.
pub(super) fn peer(extensions: &Extensions, lookup: Option<&PeerLookup>) -> Option<SocketAddr> {
    extensions
        .get::<Peer>()
        .map(|peer| peer.0)
        .or_else(|| lookup.and_then(|lookup| lookup(extensions)))
        .or_else(|| connect_info(extensions))
}

#[cfg(feature = "axum")]
fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    extensions
        .get::<axum::extract::ConnectInfo<SocketAddr>>()
        .map(|info| info.0)
}

#[cfg(not(feature = "axum"))]
fn connect_info(_: &Extensions) -> Option<SocketAddr> {
    None
}

impl Client {
    /// `secure`: the request itself came over TLS. The headers count only when `peer` is trusted.
    pub(super) fn find(
        headers: &HeaderMap,
        peer: Option<SocketAddr>,
        secure: bool,
        trusted: &[IpNet],
    ) -> Client {
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        let Some(proxy) = peer.filter(is_trusted) else {
            return Client {
                address: peer,
                secure,
            };
        };
        // Each proxy appends whom it heard from. From the right: who is trusted is believed about
        // the one before; the first stranger is the client, whatever he claims about others. An
        // entry that is no address ends the chain.
        let mut address = proxy;
        for entry in entries(headers, "x-forwarded-for").into_iter().rev() {
            let Some(entry) = parse_address(entry) else {
                break;
            };
            address = entry;
            if !is_trusted(&address) {
                break;
            }
        }
        let scheme = entries(headers, "x-forwarded-proto").pop();
        let secure = scheme.map_or(secure, |scheme| scheme.eq_ignore_ascii_case("https"));
        Client {
            address: Some(address),
            secure,
        }
    }
}

/// All comma-separated entries of all lines of a header, in order.
fn entries<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    // What a client has put before a proxy's entry may be no text, and must not hide it.
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|entry| str::from_utf8(entry).unwrap_or_default().trim())
        .collect()
}

/// An address, which some proxies write with its port.
fn parse_address(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    let address = bare
        .parse()
        .ok()
        .or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn find(peer: &str, lines: &[&'static str], trusted: &[&str]) -> String {
        let headers = lines.iter().map(|line| {
            (
                "x-forwarded-for".parse().unwrap(),
                HeaderValue::from_static(line),
            )
        });
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        let peer = Some(peer.parse().unwrap());
        let client = Client::find(&headers.collect(), peer, false, &trusted);
        client.address.unwrap().to_string()
    }

    #[test]
    fn what_is_no_text_hides_no_entry_behind_it() {
        let line = HeaderValue::from_bytes(b"\xff, 9.9.9.9").unwrap();
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), line)]);
        let (peer, trusted) = (
            "127.0.0.1:1".parse().unwrap(),
            "127.0.0.1/32".parse().unwrap(),
        );
        let client = Client::find(&headers, Some(peer), false, &[trusted]);
        assert_eq!(client.address, Some("9.9.9.9".parse().unwrap()));
    }

    #[test]
    fn the_client_is_the_rightmost_stranger() {
        let inner: &[&str] = &["10.0.0.0/8", "::1/128"];
        let rows: &[(&str, &[&str], &[&str], &str)] = &[
            // Nobody is trusted, so nobody is believed.
            ("10.0.0.1:1", &["1.1.1.1"], &[], "10.0.0.1"),
            ("9.9.9.9:1", &["1.1.1.1"], inner, "9.9.9.9"),
            ("10.0.0.1:1", &[], inner, "10.0.0.1"),
            ("10.0.0.1:1", &["1.1.1.1"], inner, "1.1.1.1"),
            // The client wrote the left part itself.
            ("10.0.0.1:1", &["6.6.6.6, 1.1.1.1"], inner, "1.1.1.1"),
            ("10.0.0.1:1", &["6.6.6.6", "1.1.1.1"], inner, "1.1.1.1"),
            ("10.0.0.1:1", &["1.1.1.1, 10.0.0.2"], inner, "1.1.1.1"),
            ("10.0.0.1:1", &["10.0.0.3, 10.0.0.2"], inner, "10.0.0.3"),
            (
                "10.0.0.1:1",
                &["1.1.1.1, unknown, 10.0.0.2"],
                inner,
                "10.0.0.2",
            ),
            ("10.0.0.1:1", &["1.1.1.1:4711"], inner, "1.1.1.1"),
            ("[::1]:1", &["[2001:db8::1]:80"], inner, "2001:db8::1"),
            ("[::1]:1", &["[2001:db8::1]"], inner, "2001:db8::1"),
            ("[::1]:1", &["2001:db8::1"], inner, "2001:db8::1"),
            // A dual-stack socket shows IPv4 peers as mapped addresses.
            ("[::ffff:10.0.0.1]:1", &["::ffff:1.1.1.1"], inner, "1.1.1.1"),
        ];
        for (peer, lines, trusted, expected) in rows {
            assert_eq!(find(peer, lines, trusted), *expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_scheme_is_the_trusted_proxys() {
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(
                "x-forwarded-proto".parse().unwrap(),
                HeaderValue::from_static(value),
            )])
        };
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let secure = |value, peer: &str, secure| {
            Client::find(
                &headers(value),
                Some(peer.parse().unwrap()),
                secure,
                &trusted,
            )
            .secure
        };
        assert!(secure("https", "10.0.0.1:1", false));
        assert!(secure("http, HTTPS", "10.0.0.1:1", false));
        assert!(!secure("http", "10.0.0.1:1", true));
        assert!(!secure("https", "9.9.9.9:1", false));
        assert!(secure("http", "9.9.9.9:1", true));
    }

    #[test]
    fn our_own_listener_knows_the_peer_best() {
        let listener: SocketAddr = "1.1.1.1:1".parse().unwrap();
        let lookup: PeerLookup = Arc::new(|_| Some("2.2.2.2:2".parse().unwrap()));
        let mut extensions = Extensions::new();
        assert_eq!(peer(&extensions, None), None);
        assert_eq!(
            peer(&extensions, Some(&lookup)),
            Some("2.2.2.2:2".parse().unwrap())
        );
        extensions.insert(Peer(listener));
        assert_eq!(peer(&extensions, Some(&lookup)), Some(listener));
    }
}
