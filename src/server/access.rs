//! Who may come in: whose pages, and under which host names.
//!
//! A browser lets any page open a WebSocket to any server and only tells that server the page's
//! `Origin`, so a server on the user's own machine must look at it. It must look at `Host` as well:
//! a foreign site can point its own name at 127.0.0.1 (DNS rebinding), and then its pages are of
//! the same origin. What pages may *read* is another question, see `cors`.

use std::fmt;

use http::header::{HOST, ORIGIN, REFERER};
use http::{HeaderMap, HeaderValue, Uri};

use super::origin::{Origin, default_port, is_loopback, origin_of, split_port};

/// The policy for `Origin` and `Host`. The default admits everybody.
///
/// It is applied to every request of ours except preflights; an application can ask
/// [`check_host`](Access::check_host) for its own pages.
#[derive(Clone, Default, Debug)]
pub struct Access {
    /// Whose pages are admitted.
    pub origins: OriginPolicy,
    /// Under which host names the server answers.
    pub hosts: HostPolicy,
    /// Added to each refusal's text and log line: what the operator can do about it, such as
    /// `start with --origin URL`.
    pub hint: Option<String>,
}

/// Whose pages are admitted. A request without `Origin` comes from no page, and is always admitted;
/// but for one that begins a session of scripts (JSONP, for old clients alone): by its `Referer` it
/// must say whose page it is from, unless everybody's are admitted.
#[derive(Clone, Default, Debug)]
pub enum OriginPolicy {
    /// Everybody's.
    #[default]
    Any,
    /// Only these.
    Allow(Vec<Origin>),
    /// Those of this machine, whatever their port, and these.
    LoopbackAnd(Vec<Origin>),
    /// Those of the very host and port that they make their requests to, and these.
    SameHostAnd(Vec<Origin>),
}

/// Under which host names the server answers.
#[derive(Clone, Default, Debug)]
pub enum HostPolicy {
    /// Whatever the client says.
    #[default]
    Any,
    /// The names and addresses of this machine's loopback, and these, whatever the port.
    LoopbackAnd(Vec<String>),
}

/// Why a request was turned away, as a text for its sender: what was wrong, and the hint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Foreign {
    what: &'static str,
    hint: Option<String>,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} not allowed", self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl Access {
    /// The policy of a server that is bound to a loopback address: this machine's pages and host
    /// names, and the given origins with their host names.
    pub fn loopback(origins: Vec<Origin>) -> Access {
        let hosts = origins.iter().map(|origin| origin.host.clone()).collect();
        Access {
            origins: OriginPolicy::LoopbackAnd(origins),
            hosts: HostPolicy::LoopbackAnd(hosts),
            hint: None,
        }
    }

    /// The policy of a server that everybody can reach: pages of the host name and port under
    /// which they reach it, and the given origins.
    ///
    /// Which host names are ours is not known here, so it does not stop a site that points its
    /// own name at this server (DNS rebinding).
    pub fn same_host(origins: Vec<Origin>) -> Access {
        Access {
            origins: OriginPolicy::SameHostAnd(origins),
            hosts: HostPolicy::Any,
            hint: None,
        }
    }

    /// Checks both the host name and the origin of a request.
    ///
    /// # Errors
    /// The request came from a foreign page or under a foreign name.
    pub fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Foreign> {
        self.check_host(headers, uri)?;
        if matches!(self.origins, OriginPolicy::Any) {
            return Ok(());
        }
        match headers
            .get_all(ORIGIN)
            .iter()
            .find(|origin| !self.origins.admits(origin) && !self.is_at_home(origin, headers, uri))
        {
            Some(origin) => Err(self.foreign("Origin", origin)),
            None => Ok(()),
        }
    }

    /// Checks a request whose answer is a script. Browsers run scripts for every page, and send no
    /// `Origin` with them; so the `Referer` must say whose the page is.
    ///
    /// # Errors
    /// The request came from a foreign page, or does not say from which.
    pub(super) fn check_script(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Foreign> {
        if matches!(self.origins, OriginPolicy::Any) || headers.contains_key(ORIGIN) {
            return Ok(());
        }
        let referer = headers.get(REFERER);
        let origin = referer.and_then(origin_of);
        let is_admitted =
            |origin| self.origins.admits(origin) || self.is_at_home(origin, headers, uri);
        match origin.as_ref().is_some_and(is_admitted) {
            true => Ok(()),
            false => Err(self.foreign("Referer", &referer)),
        }
    }

    /// Checks the host name of a request, for pages and other routes of the application.
    ///
    /// # Errors
    /// The request was made under a foreign name.
    pub fn check_host(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Foreign> {
        if matches!(self.hosts, HostPolicy::Any) {
            return Ok(());
        }
        // The authority of an absolute target outranks the header (RFC 9112, 3.2.2); both must
        // pass. Browsers always say one, so a request without any is none of theirs.
        if let Some(authority) = uri.authority().filter(|a| !self.hosts.admits(a.as_str())) {
            return Err(self.foreign("Host", &authority));
        }
        let foreign = headers
            .get_all(HOST)
            .iter()
            .find(|host| host.to_str().map_or(true, |host| !self.hosts.admits(host)));
        match foreign {
            Some(host) => Err(self.foreign("Host", host)),
            None => Ok(()),
        }
    }

    /// Whether the page comes from the host and port that the request is made to.
    fn is_at_home(&self, origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
        let same = || {
            let origin: Origin = origin.to_str().ok()?.parse().ok()?;
            let host = match uri.authority() {
                Some(authority) => authority.as_str(),
                None => headers.get(HOST)?.to_str().ok()?,
            };
            let (name, port) = split_port(host)?;
            // Behind a proxy that ends TLS the scheme is not known here; the port tells.
            let port = port.or_else(|| default_port(&origin.scheme));
            Some(name.eq_ignore_ascii_case(&origin.host) && port == origin.port)
        };
        matches!(self.origins, OriginPolicy::SameHostAnd(_)) && same() == Some(true)
    }

    fn foreign(&self, what: &'static str, value: &dyn fmt::Debug) -> Foreign {
        let refusal = Foreign {
            what,
            hint: self.hint.clone(),
        };
        // The value is the sender's: it goes into the log, escaped, and never into the answer.
        tracing::warn!(?value, "request refused: {refusal}");
        refusal
    }
}

impl OriginPolicy {
    /// Whether pages of this origin are admitted, whatever they ask for; also fit for
    /// [`AllowOrigin::when`](super::AllowOrigin::when).
    pub fn admits(&self, origin: &HeaderValue) -> bool {
        let parsed = || origin.to_str().ok()?.parse::<Origin>().ok();
        match self {
            OriginPolicy::Any => true,
            OriginPolicy::Allow(list) | OriginPolicy::SameHostAnd(list) => {
                parsed().is_some_and(|origin| list.contains(&origin))
            }
            OriginPolicy::LoopbackAnd(list) => {
                parsed().is_some_and(|origin| origin.is_loopback() || list.contains(&origin))
            }
        }
    }
}

impl HostPolicy {
    /// Whether the server answers under this name; `host` may end in a port.
    fn admits(&self, host: &str) -> bool {
        let HostPolicy::LoopbackAnd(list) = self else {
            return true;
        };
        let Some((name, _)) = split_port(host) else {
            return false;
        };
        is_loopback(name) || list.iter().any(|listed| listed.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    fn own() -> Access {
        let listed = vec!["https://chat.example".parse().unwrap()];
        Access {
            hint: Some("start with --origin URL".to_owned()),
            ..Access::loopback(listed)
        }
    }

    #[test]
    fn foreign_pages_are_told_from_our_own() {
        let rows = [
            ("http://localhost:3000", true),
            ("http://localhost", true),
            ("https://LOCALHOST:1", true),
            ("http://app.localhost:3000", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:5173", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("https://chat.example", true),
            ("https://chat.example:443", true),
            ("https://CHAT.example", true),
            ("http://chat.example", false),
            ("https://chat.example:444", false),
            ("https://chat.example.evil", false),
            ("http://evil.example", false),
            ("http://localhost.evil", false),
            ("http://notlocalhost", false),
            ("http://127.0.0.1.evil", false),
            ("http://10.0.0.1", false),
            ("http://evil@localhost", false),
            ("null", false),
            ("", false),
            ("file://", false),
        ];
        for (origin, admitted) in rows {
            let result = own().check(&headers(ORIGIN, origin), &Uri::default());
            assert_eq!(result.is_ok(), admitted, "{origin:?}");
        }
        assert_eq!(own().check(&HeaderMap::new(), &Uri::default()), Ok(()));
    }

    #[test]
    fn scripts_are_for_pages_that_say_who_they_are() {
        let rows = [
            ("http://localhost:3000/page?a#b", true),
            ("http://localhost", true),
            ("https://chat.example/", true),
            ("https://chat.example?a", true),
            ("https://evil.example/", false),
            ("https://evil.example/http://localhost/", false),
            ("https://localhost@evil.example/", false),
            ("https://evil.example?://localhost", false),
            ("localhost", false),
            ("", false),
        ];
        for (referer, admitted) in rows {
            let result = own().check_script(&headers(REFERER, referer), &Uri::default());
            assert_eq!(result.is_ok(), admitted, "{referer:?}");
        }
        let (none, uri) = (HeaderMap::new(), Uri::default());
        assert!(own().check_script(&none, &uri).is_err());
        assert!(Access::default().check_script(&none, &uri).is_ok());
        let at_home = Access::same_host(Vec::new());
        let mut both = headers(REFERER, "https://example.org/page");
        both.insert(HOST, HeaderValue::from_static("example.org"));
        assert!(at_home.check_script(&both, &uri).is_ok());
        both.insert(HOST, HeaderValue::from_static("example.com"));
        assert!(at_home.check_script(&both, &uri).is_err());
    }

    #[test]
    fn foreign_host_names_are_refused() {
        let rows = [
            ("localhost:3000", true),
            ("127.0.0.1:3000", true),
            ("[::1]:3000", true),
            ("[::1]", true),
            ("chat.example", true),
            ("Chat.Example:8443", true),
            ("evil.example:3000", false),
            ("192.168.1.5:3000", false),
            ("localhost:x", false),
            ("", false),
        ];
        for (host, admitted) in rows {
            let result = own().check_host(&headers(HOST, host), &Uri::from_static("/"));
            assert_eq!(result.is_ok(), admitted, "{host:?}");
        }
        let absolute = Uri::from_static("http://evil.example/");
        assert!(
            own()
                .check_host(&headers(HOST, "localhost"), &absolute)
                .is_err()
        );
        assert!(
            own()
                .check_host(&HeaderMap::new(), &Uri::from_static("/"))
                .is_ok()
        );
    }

    #[test]
    fn a_page_of_the_host_that_it_asks_is_at_home() {
        let access = Access::same_host(vec!["https://app.example".parse().unwrap()]);
        let rows = [
            ("http://10.0.0.7:3000", "10.0.0.7:3000", true),
            ("http://Chat.example", "chat.Example", true),
            ("http://chat.example", "chat.example:80", true),
            ("https://chat.example", "chat.example", true),
            ("https://app.example", "chat.example", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://chat.example:3000", "chat.example", false),
            ("http://chat.example:3000", "chat.example:3001", false),
            ("http://localhost:5173", "localhost:3000", false),
            ("https://evil.example", "chat.example", false),
            ("null", "null", false),
            ("", "", false),
        ];
        for (origin, host, admitted) in rows {
            let mut headers = headers(ORIGIN, origin);
            headers.insert(HOST, host.parse().unwrap());
            let result = access.check(&headers, &Uri::from_static("/"));
            assert_eq!(result.is_ok(), admitted, "{origin:?} at {host:?}");
        }
        let absolute = Uri::from_static("http://chat.example/");
        let mut headers = headers(ORIGIN, "http://evil.example");
        headers.insert(HOST, HeaderValue::from_static("evil.example"));
        assert!(access.check(&headers, &absolute).is_err());
    }

    #[test]
    fn a_fixed_list_admits_nobody_else() {
        let policy = OriginPolicy::Allow(vec!["http://a.com:80".parse().unwrap()]);
        assert!(policy.admits(&HeaderValue::from_static("http://a.com")));
        assert!(!policy.admits(&HeaderValue::from_static("http://localhost")));
        assert!(OriginPolicy::Any.admits(&HeaderValue::from_static("null")));
    }

    #[test]
    fn a_refusal_names_the_way_out() {
        let refusal = own()
            .check(&headers(ORIGIN, "http://evil"), &Uri::default())
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Origin not allowed; start with --origin URL"
        );
        let refusal = own()
            .check(&headers(HOST, "evil"), &Uri::default())
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "Host not allowed; start with --origin URL"
        );
        let quiet = Access::loopback(Vec::new());
        let refusal = quiet
            .check(&headers(HOST, "evil"), &Uri::default())
            .unwrap_err();
        assert_eq!(refusal.to_string(), "Host not allowed");
    }
}
