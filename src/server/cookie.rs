//! The session cookie: sent with a polling handshake for load balancers to read, never read back.

use std::fmt::Write;
use std::time::Duration;

use http::HeaderValue;

use crate::wire::Sid;

/// The attributes of the session cookie; the defaults give
/// `io=<sid>; Path=/; HttpOnly; SameSite=Lax`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cookie {
    /// The cookie's name. Default: `io`.
    pub name: String,
    /// Default: `/`. `None` leaves the attribute out.
    pub path: Option<String>,
    /// Hides the cookie from scripts. Default: yes.
    pub http_only: bool,
    /// Default: [`SameSite::Lax`]. `None` leaves the attribute out.
    pub same_site: Option<SameSite>,
    /// Default: left out.
    pub max_age: Option<Duration>,
    /// Default: left out.
    pub domain: Option<String>,
    /// An HTTP date, written as it stands. Default: left out.
    pub expires: Option<String>,
    /// Default: no.
    pub secure: bool,
}

/// When a browser sends the cookie along with a request from another site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SameSite {
    /// Never.
    Strict,
    /// With top-level navigation.
    Lax,
    /// Always; browsers demand [`Cookie::secure`] with it.
    None,
}

impl Cookie {
    /// The value of `Set-Cookie`; none if an attribute holds what no header may hold.
    pub(super) fn header(&self, sid: &Sid) -> Option<HeaderValue> {
        let mut text = format!("{}={}", self.name, sid.as_str());
        let max_age = self.max_age.map(|age| age.as_secs().to_string());
        let attributes = [
            ("Max-Age", max_age.as_deref()),
            ("Domain", self.domain.as_deref()),
            ("Path", self.path.as_deref()),
            ("Expires", self.expires.as_deref()),
        ];
        for (name, value) in attributes {
            if let Some(value) = value {
                write!(text, "; {name}={value}").expect("a String takes everything");
            }
        }
        if self.http_only {
            text.push_str("; HttpOnly");
        }
        if self.secure {
            text.push_str("; Secure");
        }
        text.push_str(match self.same_site {
            Some(SameSite::Strict) => "; SameSite=Strict",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            None => "",
        });
        HeaderValue::from_str(&text).ok()
    }
}

impl Default for Cookie {
    fn default() -> Cookie {
        Cookie {
            name: "io".to_owned(),
            path: Some("/".to_owned()),
            http_only: true,
            same_site: Some(SameSite::Lax),
            max_age: None,
            domain: None,
            expires: None,
            secure: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_in_the_order_of_the_reference() {
        let cookie = Cookie::default;
        let rows = [
            (cookie(), "io=S; Path=/; HttpOnly; SameSite=Lax"),
            (
                Cookie {
                    name: "n".into(),
                    ..cookie()
                },
                "n=S; Path=/; HttpOnly; SameSite=Lax",
            ),
            (
                Cookie {
                    path: Some("/c".into()),
                    ..cookie()
                },
                "io=S; Path=/c; HttpOnly; SameSite=Lax",
            ),
            (
                Cookie {
                    path: None,
                    ..cookie()
                },
                "io=S; HttpOnly; SameSite=Lax",
            ),
            (
                Cookie {
                    http_only: false,
                    ..cookie()
                },
                "io=S; Path=/; SameSite=Lax",
            ),
            (
                Cookie {
                    same_site: Some(SameSite::Strict),
                    ..cookie()
                },
                "io=S; Path=/; HttpOnly; SameSite=Strict",
            ),
            (
                Cookie {
                    same_site: None,
                    ..cookie()
                },
                "io=S; Path=/; HttpOnly",
            ),
            (
                Cookie {
                    max_age: Some(Duration::from_secs(9)),
                    domain: Some("a.com".into()),
                    expires: Some("Thu, 01 Jan 1970 00:00:00 GMT".into()),
                    secure: true,
                    same_site: Some(SameSite::None),
                    ..cookie()
                },
                "io=S; Max-Age=9; Domain=a.com; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; \
                 HttpOnly; Secure; SameSite=None",
            ),
        ];
        for (cookie, expected) in rows {
            assert_eq!(cookie.header(&Sid::new("S")).unwrap(), expected);
        }
    }

    #[test]
    fn an_attribute_cannot_break_the_header() {
        let cookie = Cookie {
            domain: Some("a\r\nx: y".into()),
            ..Cookie::default()
        };
        assert_eq!(cookie.header(&Sid::new("S")), None);
    }
}
