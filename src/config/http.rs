//! From settings to the HTTP side: access, CORS, the cookie, compression, WebSockets, the listener.
//!
//! Like its neighbours it fills no structure up with `..`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::StatusCode;
use ipnet::IpNet;
use trunkline::server::{
    self, Access, AllowOrigin, ClientFiles, Compression, Cookie, Cors, Hooks, HostPolicy,
    ListenerLimits, Origin, OriginPolicy, PerMessageDeflate, SameSite,
};

use super::listen::host_name;
use super::values::Values;
use super::wrong::Wrong;

const HINT: &str = "whoever runs the server can admit it with --origin URL";
/// Stands for "none" where a text can be left out that has a default.
const OFF: &str = "off";

/// The HTTP side, but for what depends on the addresses that were bound.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Complete but for `access`, and for whom CORS admits.
    config: server::Config,
    limits: ListenerLimits,
    gate: Gate,
    /// Whether CORS admits the pages that `access` admits.
    admitted: bool,
}

/// Whose pages are welcome.
#[derive(Clone, Debug)]
struct Gate {
    kind: Kind,
    origins: Vec<Origin>,
    hosts: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Auto,
    Loopback,
    SameHost,
    Listed,
    Any,
}

impl Http {
    /// Reads the settings.
    pub(super) fn compose(values: &Values) -> Result<Http, Wrong> {
        let gate = Gate::compose(values)?;
        let admitted = values.list("cors.allow_origin") == ["admitted"];
        let compression = values.switch("http.compression").then(|| Compression {
            threshold: values.size("http.compression_threshold"),
        });
        let path = path_of(values, "http.path")?;
        let plain_json = match values.text("http.plain_json") {
            OFF => None,
            _ => Some(path_of(values, "http.plain_json")?),
        };
        if plain_json.as_deref().map(bare) == Some(bare(&path)) {
            return Err(Wrong::refused(format!(
                "http.path and http.plain_json are both {path}: a WebSocket there could mean either"
            )));
        }
        let config = server::Config {
            path,
            trailing_slash: values.switch("http.trailing_slash"),
            plain_json,
            cors: cors(values, &gate)?,
            cookie: cookie(values)?,
            compression,
            per_message_deflate: per_message_deflate(values),
            client_files: client_files(values)?,
            access: Access::default(),
            trusted_proxies: networks(values, "http.trusted_proxies")?,
            body_timeout: values.duration("http.body_timeout"),
            retry_after: values.duration("http.retry_after"),
            // Code, which no setting can say.
            hooks: Hooks::default(),
            peer: None,
        };
        Ok(Http {
            config,
            limits: limits(values),
            gate,
            admitted,
        })
    }

    /// Whose pages are welcome on a server that listens on these addresses.
    pub(crate) fn access(&self, addresses: &[SocketAddr]) -> Access {
        self.gate.access(addresses)
    }

    /// The HTTP side with this access.
    pub(crate) fn server(&self, access: Access) -> server::Config {
        let mut config = self.config.clone();
        if let (Some(cors), true) = (&mut config.cors, self.admitted) {
            let policy = access.origins.clone();
            cors.origin = match policy {
                OriginPolicy::Any => AllowOrigin::Any,
                policy => AllowOrigin::when(move |origin| policy.admits(origin)),
            };
        }
        config.access = access;
        config
    }

    /// The path of Socket.IO, with its slash.
    pub(crate) fn path(&self) -> String {
        format!("{}/", bare(&self.config.path))
    }

    /// The path of plain JSON, if it is served.
    pub(crate) fn plain_json(&self) -> Option<&str> {
        self.config.plain_json.as_deref()
    }

    /// The listener.
    pub(crate) fn limits(&self) -> ListenerLimits {
        self.limits.clone()
    }
}

impl Gate {
    fn compose(values: &Values) -> Result<Gate, Wrong> {
        let listed = values.list("origin");
        let mut origins = Vec::new();
        for origin in listed.iter().filter(|origin| *origin != "*") {
            let read = origin.parse();
            origins.push(read.map_err(|_| values.wrong("origin", origin))?);
        }
        let all = listed.iter().any(|origin| origin == "*");
        let kind = match values.text("http.access") {
            _ if all => Kind::Any,
            "loopback" => Kind::Loopback,
            "same-host" => Kind::SameHost,
            "listed" => Kind::Listed,
            "any" => Kind::Any,
            _ => Kind::Auto,
        };
        if all && !matches!(values.text("http.access"), "auto" | "any") {
            return Err(Wrong::refused(format!(
                "origin is *, which welcomes all pages, and http.access is {}, which does not",
                values.text("http.access")
            )));
        }
        let hosts = values.list("http.hosts").iter().map(|host| {
            let name = host_name(host).ok_or_else(|| values.wrong("http.hosts", host))?;
            // As it stands in a request.
            let is_v6 = name.parse::<Ipv6Addr>().is_ok();
            Ok(if is_v6 { format!("[{name}]") } else { name })
        });
        Ok(Gate {
            kind,
            origins,
            hosts: hosts.collect::<Result<_, Wrong>>()?,
        })
    }

    fn access(&self, addresses: &[SocketAddr]) -> Access {
        let is_loopback = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        let origins = self.origins.clone();
        let mut access = match self.kind {
            Kind::Auto if addresses.iter().all(is_loopback) => Access::loopback(origins),
            Kind::Loopback => Access::loopback(origins),
            Kind::Auto | Kind::SameHost => Access::same_host(origins),
            Kind::Listed => Access {
                origins: OriginPolicy::Allow(origins),
                ..Access::default()
            },
            Kind::Any => Access::default(),
        };
        if !self.hosts.is_empty() {
            let mut hosts = Access::loopback(self.origins.clone()).hosts;
            if let HostPolicy::LoopbackAnd(names) = &mut hosts {
                names.extend(self.hosts.iter().cloned());
            }
            access.hosts = hosts;
        }
        access.hint = Some(HINT.to_owned());
        access
    }
}

fn cors(values: &Values, gate: &Gate) -> Result<Option<Cors>, Wrong> {
    if !values.switch("cors.enabled") {
        return Ok(None);
    }
    let origin = match values.list("cors.allow_origin") {
        [one] if one == "admitted" && gate.kind == Kind::Any => AllowOrigin::Any,
        // Replaced when the addresses are known.
        [one] if one == "admitted" => AllowOrigin::List(Vec::new()),
        [one] if one == "*" => AllowOrigin::Any,
        [one] if one == "reflect" => AllowOrigin::Reflect,
        _ => {
            let policy = OriginPolicy::Allow(values.items("cors.allow_origin")?);
            AllowOrigin::when(move |origin| policy.admits(origin))
        }
    };
    let everybody = matches!(origin, AllowOrigin::Any);
    let credentials = values.optional_switch("cors.credentials");
    if everybody && credentials == Some(true) {
        return Err(Wrong::refused(
            "cors.credentials is true and everybody may read (*): browsers refuse this; list the \
             origins, or set cors.allow_origin to reflect",
        ));
    }
    let allowed: Vec<http::HeaderName> = values.items("cors.allowed_headers")?;
    let status = values.count("cors.options_success_status");
    Ok(Some(Cors {
        origin,
        methods: values.items("cors.methods")?,
        allowed_headers: (!allowed.is_empty()).then_some(allowed),
        exposed_headers: values.items("cors.exposed_headers")?,
        credentials: credentials.unwrap_or(!everybody),
        max_age: values.optional_duration("cors.max_age"),
        preflight_continue: values.switch("cors.preflight_continue"),
        options_success_status: u16::try_from(status)
            .ok()
            .and_then(|status| StatusCode::from_u16(status).ok())
            .expect("the table bounds it"),
    }))
}

fn cookie(values: &Values) -> Result<Option<Cookie>, Wrong> {
    let Some(name) = values.optional_text("cookie.name") else {
        return Ok(None);
    };
    let of_a_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(of_a_token) {
        return Err(values.wrong("cookie.name", name));
    }
    let attribute = |key: &str| match values.optional_text(key) {
        None | Some(OFF) => Ok(None),
        Some(text) if text.contains([';', ',']) && key != "cookie.expires" => {
            Err(values.wrong(key, text))
        }
        Some(text) if text.chars().all(|c| matches!(c, ' '..='~') && c != ';') => {
            Ok(Some(text.to_owned()))
        }
        Some(text) => Err(values.wrong(key, text)),
    };
    let same_site = match values.text("cookie.same_site") {
        "strict" => Some(SameSite::Strict),
        "lax" => Some(SameSite::Lax),
        "none" => Some(SameSite::None),
        _ => None,
    };
    let secure = values.switch("cookie.secure");
    if same_site == Some(SameSite::None) && !secure {
        return Err(Wrong::refused(
            "cookie.same_site is none and cookie.secure is false: browsers refuse such a cookie",
        ));
    }
    Ok(Some(Cookie {
        name: name.to_owned(),
        path: attribute("cookie.path")?,
        http_only: values.switch("cookie.http_only"),
        same_site,
        max_age: values.optional_duration("cookie.max_age"),
        domain: attribute("cookie.domain")?,
        expires: attribute("cookie.expires")?,
        secure,
    }))
}

fn client_files(values: &Values) -> Result<Option<ClientFiles>, Wrong> {
    let folder = values.optional_text("http.client_files");
    let read = folder.map(ClientFiles::read).transpose();
    read.map_err(|error| Wrong::refused(format!("http.client_files: {error}")))
}

fn per_message_deflate(values: &Values) -> Option<PerMessageDeflate> {
    let small = |key: &str| u8::try_from(values.count(key)).expect("the table bounds it");
    values
        .switch("websocket.compression")
        .then(|| PerMessageDeflate {
            threshold: values.size("websocket.compression_threshold"),
            level: small("websocket.compression_level"),
            window_bits: small("websocket.window_bits"),
            context_takeover: values.switch("websocket.context_takeover"),
        })
}

fn limits(values: &Values) -> ListenerLimits {
    ListenerLimits {
        head_timeout: values.duration("listener.head_timeout"),
        max_head: values.size("listener.max_head"),
        send_timeout: values.duration("listener.send_timeout"),
        max_connections: values.size("listener.max_connections"),
        drain_timeout: values.duration("listener.drain_timeout"),
    }
}

/// Networks; a bare address is a network of one.
fn networks(values: &Values, key: &str) -> Result<Vec<IpNet>, Wrong> {
    let read = |text: &String| {
        let one = text.parse::<IpAddr>().map(IpNet::from);
        one.or_else(|_| text.parse())
            .map_err(|_| values.wrong(key, text))
    };
    values.list(key).iter().map(read).collect()
}

/// A path of requests: it begins with a slash, and holds what a path may hold.
fn path_of(values: &Values, key: &str) -> Result<String, Wrong> {
    let text = values.text(key);
    let is_plain = text
        .chars()
        .all(|c| matches!(c, '!'..='~') && !matches!(c, '?' | '#'));
    if text.starts_with('/') && is_plain {
        return Ok(text.to_owned());
    }
    Err(values.wrong(key, text))
}

fn bare(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}
