//! Where a page comes from, and the names of hosts: how they are written.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderValue;

/// Where a page comes from: scheme, host and port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// In lower case, as is the host.
    pub(super) scheme: String,
    pub(super) host: String,
    /// The scheme's own where none is written.
    pub(super) port: Option<u16>,
}

/// The text is not `scheme://host` or `scheme://host:port`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not an origin; expected scheme://host or scheme://host:port")]
pub struct OriginSyntaxError(String);

impl Origin {
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https") && is_loopback(&self.host)
    }
}

impl FromStr for Origin {
    type Err = OriginSyntaxError;

    /// Reads an origin; one slash at the end is forgiven, a path is not.
    fn from_str(text: &str) -> Result<Origin, OriginSyntaxError> {
        let parse = || {
            let (scheme, rest) = text.split_once("://")?;
            let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest))?;
            let scheme = scheme.to_ascii_lowercase();
            let port = port.or_else(|| default_port(&scheme));
            let host = host.to_ascii_lowercase();
            (!scheme.is_empty()).then_some(Origin { scheme, host, port })
        };
        parse().ok_or_else(|| OriginSyntaxError(text.to_owned()))
    }
}

/// The origin of a page's address.
pub(super) fn origin_of(address: &HeaderValue) -> Option<HeaderValue> {
    let (scheme, rest) = address.to_str().ok()?.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    HeaderValue::try_from(format!("{scheme}://{host}")).ok()
}

pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// `name`, `name:port`, `[v6]` or `[v6]:port`.
pub(super) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let name_end = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        0
    };
    let (name, port) = match text[name_end..].split_once(':') {
        Some((rest, port)) => (&text[..name_end + rest.len()], Some(port.parse().ok()?)),
        None => (text, None),
    };
    let stray = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '@');
    (!name.is_empty() && !name.contains(stray)).then_some((name, port))
}

pub(super) fn is_loopback(name: &str) -> bool {
    let bare = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // Browsers resolve this name and all below it to the loopback by themselves (RFC 6761).
        Err(_) => {
            let name = bare.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for text in [
            "http://a",
            "http://a/",
            "https://a.b:1",
            "capacitor://localhost",
        ] {
            assert!(text.parse::<Origin>().is_ok(), "{text}");
        }
        for text in [
            "a.com",
            "http://",
            "://a",
            "http://a/b",
            "http://a:b",
            "http://a b",
            "*",
        ] {
            let error = text.parse::<Origin>().unwrap_err();
            assert!(error.to_string().contains(text), "{text}");
        }
    }
}
