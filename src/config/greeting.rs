//! What is said at the start, for people.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Config;

impl Config {
    /// Where the server listens, who answers, what was read, and how to try it.
    pub(crate) fn greeting(&self, addresses: &[SocketAddr]) -> String {
        let urls: Vec<String> = addresses
            .iter()
            .map(|address| format!("http://{address}"))
            .collect();
        let mut text = format!(
            "Trunkline {} listens on {}\nAI provider: {}\n",
            env!("CARGO_PKG_VERSION"),
            urls.join(" and "),
            self.provider_line
        );
        match &self.file {
            Some(path) => text += &format!("Configuration: {path}\n"),
            None => text += "Configuration: no file; --help tells what can be set\n",
        }
        text += "\nTry it:\n";
        for (name, how) in self.examples(&reachable(addresses)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<14}{how}");
        }
        text
    }

    fn examples(&self, here: &str) -> Vec<(&'static str, String)> {
        let path = self.http.path();
        let option = match path.as_str() {
            "/socket.io/" => String::new(),
            other => format!(", {{ path: {other:?} }}"),
        };
        let mut rows = vec![
            ("a page", format!("http://{here}/")),
            (
                "Socket.IO",
                format!("io(\"http://{here}\"{option}).emit(\"ai-message\", \"Hello AI\")"),
            ),
        ];
        if let Some(plain) = self.http.plain_json() {
            let frame = r#"{"event":"ai-message","data":{"prompt":"Hello AI"}}"#;
            rows.push(("raw WebSocket", format!("ws://{here}{plain}")));
            rows.push(("  and send", frame.to_owned()));
        }
        let url = format!("ws://{here}{path}?EIO=4&transport=websocket");
        rows.push(("Engine.IO", url));
        let frames = r#"40 and then 42["ai-message","Hello AI"]"#;
        rows.push(("  and send", frames.to_owned()));
        rows
    }
}

/// A name or an address under which this machine can reach the server.
fn reachable(addresses: &[SocketAddr]) -> String {
    let is_loopback = |address: &SocketAddr| address.ip().is_loopback();
    let has = |v4: bool| addresses.iter().any(|address| address.is_ipv4() == v4);
    let Some(first) = addresses.first() else {
        return "localhost".to_owned();
    };
    if addresses.iter().all(is_loopback) && has(true) && has(false) {
        return format!("localhost:{}", first.port());
    }
    let ip = match first.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, first.port()).to_string()
}
