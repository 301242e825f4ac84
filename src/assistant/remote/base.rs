//! Where a provider's service is: its base URL, and the paths below it.

use std::net::IpAddr;

use reqwest::Url;

use super::config::ConfigError;

/// A checked base URL.
#[derive(Clone, Debug)]
pub(super) struct Base {
    url: Url,
    loopback: bool,
}

impl Base {
    /// Reads a base URL; plain `http` leads to this machine alone unless it `may_leave`.
    pub(super) fn parse(text: &str, may_leave: bool) -> Result<Base, ConfigError> {
        let url = Url::parse(text).map_err(|_| ConfigError::BaseUrl)?;
        let Some(host) = url.host_str() else {
            return Err(ConfigError::BaseUrl);
        };
        let loopback = is_loopback(host);
        match url.scheme() {
            "https" => {}
            "http" if loopback || may_leave => {}
            "http" => return Err(ConfigError::PlainHttp),
            _ => return Err(ConfigError::BaseUrl),
        }
        // The parser forgets an empty user name, so the text itself is asked.
        let authority = text.split(['/', '\\']).nth(2).unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err(ConfigError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::Query);
        }
        Ok(Base { url, loopback })
    }

    /// The URL of a path below the base; the path begins with a slash and may have a query.
    pub(super) fn join(&self, path: &str) -> Url {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// Whether the service is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether the connection is encrypted.
    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_joined_without_doubling_or_losing_a_slash() {
        let table = [
            ("https://a.example", "/v1/m:go", "https://a.example/v1/m:go"),
            ("https://a.example/", "/v1/m", "https://a.example/v1/m"),
            ("https://a.example/v1", "/m", "https://a.example/v1/m"),
            ("https://a.example/v1/", "/m", "https://a.example/v1/m"),
            ("https://a.example/v1//", "/m", "https://a.example/v1/m"),
            (
                "https://a.example:8443/x/y",
                "/m?alt=sse",
                "https://a.example:8443/x/y/m?alt=sse",
            ),
            (
                "https://a.example/x%20y",
                "/a%2Fb",
                "https://a.example/x%20y/a%2Fb",
            ),
            ("http://[::1]:1/v1", "/m", "http://[::1]:1/v1/m"),
        ];
        for (base, path, expected) in table {
            let base = Base::parse(base, false).unwrap();
            assert_eq!(base.join(path).as_str(), expected);
        }
    }

    #[test]
    fn what_may_be_a_base_url() {
        let table = [
            ("https://api.example/v1", Ok(false)),
            ("HTTPS://API.EXAMPLE", Ok(false)),
            ("https://127.0.0.1", Ok(true)),
            ("http://127.0.0.1:11434/v1", Ok(true)),
            ("http://127.9.9.9", Ok(true)),
            ("http://localhost:8080", Ok(true)),
            ("http://[::1]:8080/", Ok(true)),
            ("http://[::ffff:127.0.0.1]/", Ok(true)),
            ("http://api.example", Err(ConfigError::PlainHttp)),
            ("http://192.168.0.2", Err(ConfigError::PlainHttp)),
            ("http://0.0.0.0", Err(ConfigError::PlainHttp)),
            ("http://localhost.example", Err(ConfigError::PlainHttp)),
            ("http://127.0.0.1.example", Err(ConfigError::PlainHttp)),
            ("http://localhost@api.example", Err(ConfigError::PlainHttp)),
            ("", Err(ConfigError::BaseUrl)),
            ("api.example", Err(ConfigError::BaseUrl)),
            ("/v1", Err(ConfigError::BaseUrl)),
            ("https://", Err(ConfigError::BaseUrl)),
            ("ftp://api.example", Err(ConfigError::BaseUrl)),
            ("file:///etc/passwd", Err(ConfigError::BaseUrl)),
            ("localhost:8080", Err(ConfigError::BaseUrl)),
            ("https://me:pw@api.example", Err(ConfigError::Credentials)),
            ("https://me@api.example", Err(ConfigError::Credentials)),
            ("https://@api.example", Err(ConfigError::Credentials)),
            ("https://api.example/?key=1", Err(ConfigError::Query)),
            ("https://api.example/?", Err(ConfigError::Query)),
            ("https://api.example/#v1", Err(ConfigError::Query)),
        ];
        for (text, expected) in table {
            let base = Base::parse(text, false);
            match (base, expected) {
                (Ok(base), Ok(loopback)) => assert_eq!(base.is_loopback(), loopback, "{text}"),
                (Err(error), Err(expected)) => {
                    assert_eq!(error.to_string(), expected.to_string(), "{text}");
                }
                (base, _) => panic!("{text}: {base:?}"),
            }
        }
        assert!(Base::parse("http://api.example", true).is_ok());
    }
}
