//! The program's configuration: flags first, then the environment, then defaults.
//!
//! Text becomes values here, once, or one line that names the key, the value and what was expected.
//! The configurations of the layers are composed here and nowhere else.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use tracing_subscriber::EnvFilter;
use trunkline::ai::offline;
use trunkline::assistant;
use trunkline::server::{self, Access, AllowOrigin, Cors, Limits, Origin};

/// How long clients and requests get to close once everything has been said.
pub(crate) const CLOSING: Duration = Duration::from_secs(2);

/// Which events are logged, unless the environment says otherwise.
const LOG: &str = "info";
const LOG_KEY: &str = "TRUNKLINE_LOG";
const HINT: &str = "whoever runs the server can admit it with --origin URL";
const PROVIDER: &str = "offline (answers by simple rules, without a network)";
const MAX_GRACE: u64 = 86_400;

/// A Socket.IO server that answers ai-message, on one port.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, after_help = AFTER_HELP)]
struct Flags {
    /// Address to listen on [env: HOST] [default: 127.0.0.1]
    #[arg(long, allow_negative_numbers = true)]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one and prints it [env: PORT] [default: 3000]
    #[arg(long, allow_negative_numbers = true)]
    port: Option<String>,
    /// Welcome the pages of this origin too, such as https://app.example; `*` welcomes all. May be
    /// repeated
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// How long open questions may take once the server is told to stop [default: 10]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    grace: Option<String>,
    /// Obey /fail, /slow and /long in questions to the offline provider
    #[arg(long, hide = true)]
    test_hooks: bool,
}

const AFTER_HELP: &str = "\
Whose pages are welcome: browsers say which page a connection comes from.
  On a loopback address: pages of this machine, whatever their port. Requests
    under another host name are refused, so that no web page can use your server.
  On any other address: pages of the very host name and port they connect to.
  Others are refused until --origin admits them; behind a proxy, or for a page on
  another address, set it. A page opened from a file has no address of its own and
  is admitted by `*` alone. Programs that are no browsers are always welcome.

Environment: HOST, PORT, and TRUNKLINE_LOG for what is logged, such as debug or
trunkline=debug (default: info). Flags win over the environment.";

/// What the program was called for.
pub(crate) enum Invocation {
    /// To serve.
    Serve {
        /// How.
        config: Config,
        /// What to log.
        log: Box<EnvFilter>,
    },
    /// To print this and end.
    Print(String),
}

/// How to serve.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Config {
    /// An address or a host name.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) grace: Duration,
    origins: Origins,
    test_hooks: bool,
}

/// Whose pages are welcome besides those that always are.
#[derive(Clone, PartialEq, Debug)]
enum Origins {
    Any,
    Listed(Vec<Origin>),
}

/// What is wrong with the configuration, in one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Wrong {
    /// A value that cannot be used.
    #[error("{key} {value:?}: expected {expected}")]
    Value {
        /// The flag or the variable.
        key: &'static str,
        value: String,
        expected: &'static str,
    },
    /// The flags as such.
    #[error("{0}; see --help")]
    Flags(String),
}

impl Config {
    /// Reads flags, the program's name first, and looks up environment variables.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = OsString>,
        lookup: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Invocation, Wrong> {
        let flags = match Flags::try_parse_from(arguments) {
            Ok(flags) => flags,
            Err(error) => return explain_flags(&error),
        };
        // An empty variable is one that somebody wanted to unset.
        let variable = |key| {
            let value = lookup(key)?.to_string_lossy().into_owned();
            Some(value).filter(|value| !value.is_empty())
        };
        let host = Given::first("--host", flags.host, "HOST", variable("HOST"));
        let port = Given::first("--port", flags.port, "PORT", variable("PORT"));
        let grace = flags.grace.map(|value| Given::new("--grace", value));
        let log = variable(LOG_KEY).map(|value| Given::new(LOG_KEY, value));
        let config = Config {
            host: host.map_or(Ok(Ipv4Addr::LOCALHOST.to_string()), Given::host)?,
            port: port.map_or(Ok(3000), Given::port)?,
            grace: grace.map_or(Ok(Duration::from_secs(10)), Given::seconds)?,
            origins: Origins::read(flags.origin)?,
            test_hooks: flags.test_hooks,
        };
        let log = Box::new(log.map_or_else(|| Ok(EnvFilter::new(LOG)), Given::log)?);
        Ok(Invocation::Serve { config, log })
    }

    /// Whose pages are welcome on a server that listens on `address`.
    pub(crate) fn access(&self, address: IpAddr) -> Access {
        let Origins::Listed(origins) = self.origins.clone() else {
            return Access::default();
        };
        let access = if address.to_canonical().is_loopback() {
            Access::loopback(origins)
        } else {
            Access::same_host(origins)
        };
        Access {
            hint: Some(HINT.to_owned()),
            ..access
        }
    }

    /// The HTTP side.
    pub(crate) fn server(&self, access: Access) -> server::Config {
        let cors = match self.origins {
            Origins::Any => Cors::default(),
            Origins::Listed(_) => {
                let policy = access.origins.clone();
                Cors {
                    origin: AllowOrigin::when(move |origin| policy.admits(origin)),
                    credentials: true,
                    ..Cors::default()
                }
            }
        };
        server::Config {
            plain_json: Some("/".to_owned()),
            cors: Some(cors),
            access,
            ..server::Config::default()
        }
    }

    /// The listener.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            drain_timeout: CLOSING,
            ..Limits::default()
        }
    }

    /// The assistant.
    pub(crate) fn assistant(&self) -> assistant::Config {
        assistant::Config::default()
    }

    /// The provider without a network.
    pub(crate) fn offline(&self) -> offline::Config {
        offline::Config {
            test_hooks: self.test_hooks,
            ..offline::Config::default()
        }
    }

    /// Where the server listens, who answers, and how to try it.
    pub(crate) fn greeting(&self, address: SocketAddr) -> String {
        let reachable = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let here = SocketAddr::new(reachable, address.port());
        let mut text = format!(
            "Trunkline {} listens on http://{address}\n\
             AI provider: {PROVIDER}\n\n\
             Try it:\n",
            env!("CARGO_PKG_VERSION")
        );
        let rows = [
            ("a page", format!("http://{here}/")),
            (
                "Socket.IO",
                format!("io(\"http://{here}\").emit(\"ai-message\", \"Hello AI\")"),
            ),
            ("raw WebSocket", format!("ws://{here}/")),
            (
                "  and send",
                r#"{"event":"ai-message","data":{"prompt":"Hello AI"}}"#.to_owned(),
            ),
            (
                "Engine.IO",
                format!("ws://{here}/socket.io/?EIO=4&transport=websocket"),
            ),
            (
                "  and send",
                r#"40 and then 42["ai-message","Hello AI"]"#.to_owned(),
            ),
        ];
        for (name, how) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<14}{how}");
        }
        text
    }

    /// Why the server cannot listen.
    pub(crate) fn explain(&self, error: &io::Error) -> String {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => "the port is taken; choose another with --port".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "the system does not allow this port; choose one above 1023 with --port".to_owned()
            }
            _ => format!("{error}; --host takes an address or a name of this machine"),
        };
        format!(
            "cannot listen on {} port {}: {advice}",
            self.host, self.port
        )
    }
}

/// Help and version are printed; of anything else the first line says it all.
fn explain_flags(error: &clap::Error) -> Result<Invocation, Wrong> {
    let text = error.to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return Ok(Invocation::Print(text));
    }
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    Err(Wrong::Flags(line.to_owned()))
}

impl Origins {
    fn read(values: Vec<String>) -> Result<Origins, Wrong> {
        let mut listed = Vec::new();
        let mut any = false;
        for value in values {
            if value == "*" {
                any = true;
            } else {
                listed.push(Given::new("--origin", value).origin()?);
            }
        }
        Ok(if any {
            Origins::Any
        } else {
            Origins::Listed(listed)
        })
    }
}

/// A value, and where it was given.
struct Given {
    key: &'static str,
    value: String,
}

impl Given {
    fn new(key: &'static str, value: String) -> Given {
        Given { key, value }
    }

    /// The flag's value, or else the variable's.
    fn first(
        flag: &'static str,
        flag_value: Option<String>,
        variable: &'static str,
        variable_value: Option<String>,
    ) -> Option<Given> {
        let flag = flag_value.map(|value| Given::new(flag, value));
        flag.or_else(|| variable_value.map(|value| Given::new(variable, value)))
    }

    fn host(self) -> Result<String, Wrong> {
        let bare = self
            .value
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = bare.unwrap_or(&self.value);
        if host.eq_ignore_ascii_case("localhost") {
            // The name may also stand for ::1, where not every client looks.
            return Ok(Ipv4Addr::LOCALHOST.to_string());
        }
        let of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let is_name = !host.is_empty() && !host.starts_with('-') && host.chars().all(of_a_name);
        // Digits and dots alone are an address or a slip.
        let is_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
        if host.parse::<IpAddr>().is_ok() || is_name && !is_number {
            return Ok(host.to_owned());
        }
        Err(self.wrong("an address such as 127.0.0.1, 0.0.0.0 or ::1, or a host name"))
    }

    fn port(self) -> Result<u16, Wrong> {
        let port = self.value.parse();
        port.map_err(|_| self.wrong("a number from 0 to 65535"))
    }

    fn seconds(self) -> Result<Duration, Wrong> {
        let seconds = self
            .value
            .parse()
            .ok()
            .filter(|seconds| *seconds <= MAX_GRACE);
        let seconds = seconds.ok_or_else(|| self.wrong("a number of seconds from 0 to 86400"))?;
        Ok(Duration::from_secs(seconds))
    }

    fn origin(self) -> Result<Origin, Wrong> {
        let origin = self.value.parse();
        origin.map_err(|_| self.wrong("an origin such as https://app.example:8443, or *"))
    }

    fn log(self) -> Result<EnvFilter, Wrong> {
        let filter = EnvFilter::try_new(&self.value);
        filter.map_err(|_| self.wrong("a filter such as info, debug or trunkline=debug"))
    }

    fn wrong(self, expected: &'static str) -> Wrong {
        let Given { key, value } = self;
        Wrong::Value {
            key,
            value,
            expected,
        }
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invocation::Serve { config, log } => write!(f, "Serve({config:?}, {log})"),
            Invocation::Print(_) => f.write_str("Print"),
        }
    }
}

#[cfg(test)]
mod tests;
