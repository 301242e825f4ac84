//! Cross-origin headers, by the rules of the Express `cors` middleware that the reference uses.
//!
//! They only tell a browser what a page may read. Who may come in is decided in `access`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

/// What browsers are told about pages of other origins.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Whose pages may read our answers. Default: everybody's.
    pub origin: AllowOrigin,
    /// Named in preflight answers. Default: GET, HEAD, PUT, PATCH, POST and DELETE.
    pub methods: Vec<Method>,
    /// Request headers that a page may set. Default: whichever it asks for.
    pub allowed_headers: Option<Vec<HeaderName>>,
    /// Response headers that a page may read beyond the usual ones. Default: none.
    pub exposed_headers: Vec<HeaderName>,
    /// Whether a page may send cookies along. Default: no.
    pub credentials: bool,
    /// How long a browser may remember a preflight answer. Default: it decides.
    pub max_age: Option<Duration>,
    /// Whether OPTIONS requests go on to Engine.IO, which refuses them, instead of being answered
    /// here. Default: no.
    pub preflight_continue: bool,
    /// The status of a preflight answer; some old devices insist on 200. Default: 204.
    pub options_success_status: StatusCode,
}

/// The value of `Access-Control-Allow-Origin`.
#[derive(Clone)]
pub enum AllowOrigin {
    /// `*`.
    Any,
    /// This one, whoever asks.
    Fixed(HeaderValue),
    /// The asker's own.
    Reflect,
    /// The asker's own if it is in the list.
    List(Vec<HeaderValue>),
    /// The asker's own if the function says so.
    When(Arc<dyn Fn(&HeaderValue) -> bool + Send + Sync>),
}

impl AllowOrigin {
    /// Reflects the origins for which `admits` is true.
    pub fn when(admits: impl Fn(&HeaderValue) -> bool + Send + Sync + 'static) -> AllowOrigin {
        AllowOrigin::When(Arc::new(admits))
    }
}

impl Cors {
    /// The headers of any answer but a preflight's.
    pub(super) fn answer(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = self.common(request);
        self.expose(&mut headers);
        headers
    }

    /// The headers of the answer to an OPTIONS request.
    pub(super) fn preflight(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = self.common(request);
        if let Some(methods) = list(self.methods.iter().map(Method::as_str)) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        let allowed = match &self.allowed_headers {
            Some(allowed) => list(allowed.iter().map(HeaderName::as_str)),
            None => {
                let vary = match headers.contains_key(VARY) {
                    true => "Origin, Access-Control-Request-Headers",
                    false => "Access-Control-Request-Headers",
                };
                headers.insert(VARY, HeaderValue::from_static(vary));
                request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned()
            }
        };
        if let Some(allowed) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        }
        if let Some(max_age) = self.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, max_age.as_secs().into());
        }
        self.expose(&mut headers);
        headers
    }

    fn common(&self, request: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let asker = request.get(ORIGIN);
        let allowed = match &self.origin {
            AllowOrigin::Any => Some(HeaderValue::from_static("*")),
            AllowOrigin::Fixed(origin) => Some(origin.clone()),
            AllowOrigin::Reflect => asker.cloned(),
            AllowOrigin::List(list) => asker.filter(|asker| list.contains(asker)).cloned(),
            AllowOrigin::When(admits) => asker.filter(|asker| admits(asker)).cloned(),
        };
        if let Some(allowed) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        }
        if !matches!(self.origin, AllowOrigin::Any) {
            headers.insert(VARY, HeaderValue::from_static("Origin"));
        }
        if self.credentials {
            headers.insert(
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        headers
    }

    fn expose(&self, headers: &mut HeaderMap) {
        if let Some(exposed) = list(self.exposed_headers.iter().map(HeaderName::as_str)) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

/// The names with commas between them; nothing for none.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> Option<HeaderValue> {
    let joined = names.collect::<Vec<_>>().join(",");
    // Method and header names are tokens, which are header values too.
    HeaderValue::from_str(&joined)
        .ok()
        .filter(|value| !value.is_empty())
}

impl Default for Cors {
    fn default() -> Cors {
        use Method as M;
        Cors {
            origin: AllowOrigin::Any,
            methods: vec![M::GET, M::HEAD, M::PUT, M::PATCH, M::POST, M::DELETE],
            allowed_headers: None,
            exposed_headers: Vec::new(),
            credentials: false,
            max_age: None,
            preflight_continue: false,
            options_success_status: StatusCode::NO_CONTENT,
        }
    }
}

impl fmt::Debug for AllowOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllowOrigin::Any => f.write_str("Any"),
            AllowOrigin::Fixed(origin) => f.debug_tuple("Fixed").field(origin).finish(),
            AllowOrigin::Reflect => f.write_str("Reflect"),
            AllowOrigin::List(list) => f.debug_tuple("List").field(list).finish(),
            AllowOrigin::When(_) => f.write_str("When(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(origin: Option<&'static str>) -> HeaderMap {
        origin
            .map(|origin| (ORIGIN, HeaderValue::from_static(origin)))
            .into_iter()
            .collect()
    }

    fn text(headers: &HeaderMap, name: &HeaderName) -> String {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect();
        values.join(", ")
    }

    #[test]
    fn the_allowed_origin_follows_the_policy() {
        let a = HeaderValue::from_static("http://a.com");
        let when = AllowOrigin::when(|origin| origin.as_bytes().ends_with(b".com"));
        let list = AllowOrigin::List(vec![a.clone()]);
        // (policy, Origin, Access-Control-Allow-Origin, Vary)
        let rows = [
            (AllowOrigin::Any, Some("http://b.com"), "*", ""),
            (AllowOrigin::Any, None, "*", ""),
            (
                AllowOrigin::Fixed(a),
                Some("http://b.com"),
                "http://a.com",
                "Origin",
            ),
            (
                AllowOrigin::Reflect,
                Some("http://b.com"),
                "http://b.com",
                "Origin",
            ),
            (AllowOrigin::Reflect, None, "", "Origin"),
            (list.clone(), Some("http://a.com"), "http://a.com", "Origin"),
            (list, Some("http://b.com"), "", "Origin"),
            (when.clone(), Some("http://b.com"), "http://b.com", "Origin"),
            (when, Some("http://b.org"), "", "Origin"),
        ];
        for (origin, asker, allowed, vary) in rows {
            let row = format!("{origin:?} {asker:?}");
            let headers = Cors {
                origin,
                ..Cors::default()
            }
            .answer(&asking(asker));
            assert_eq!(
                text(&headers, &ACCESS_CONTROL_ALLOW_ORIGIN),
                allowed,
                "{row}"
            );
            assert_eq!(text(&headers, &VARY), vary, "{row}");
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_METHODS), None, "{row}");
        }
    }

    #[test]
    fn a_preflight_echoes_what_is_asked_for() {
        let mut request = asking(Some("http://a.com"));
        request.insert(
            ACCESS_CONTROL_REQUEST_HEADERS,
            HeaderValue::from_static("x-a,x-b"),
        );
        let cors = Cors {
            origin: AllowOrigin::Reflect,
            ..Cors::default()
        };
        let headers = cors.preflight(&request);
        assert_eq!(
            text(&headers, &ACCESS_CONTROL_ALLOW_METHODS),
            "GET,HEAD,PUT,PATCH,POST,DELETE"
        );
        assert_eq!(text(&headers, &ACCESS_CONTROL_ALLOW_HEADERS), "x-a,x-b");
        assert_eq!(
            text(&headers, &VARY),
            "Origin, Access-Control-Request-Headers"
        );
        assert_eq!(headers.get(ACCESS_CONTROL_MAX_AGE), None);
    }

    #[test]
    fn every_option_has_its_header() {
        let cors = Cors {
            methods: vec![Method::GET, Method::POST],
            allowed_headers: Some(vec![HeaderName::from_static("x-in")]),
            exposed_headers: vec![HeaderName::from_static("x-out")],
            credentials: true,
            max_age: Some(Duration::from_secs(123)),
            ..Cors::default()
        };
        let preflight = cors.preflight(&asking(None));
        assert_eq!(text(&preflight, &ACCESS_CONTROL_ALLOW_METHODS), "GET,POST");
        assert_eq!(text(&preflight, &ACCESS_CONTROL_ALLOW_HEADERS), "x-in");
        assert_eq!(text(&preflight, &ACCESS_CONTROL_MAX_AGE), "123");
        assert_eq!(text(&preflight, &VARY), "");
        for headers in [preflight, cors.answer(&asking(None))] {
            assert_eq!(text(&headers, &ACCESS_CONTROL_EXPOSE_HEADERS), "x-out");
            assert_eq!(text(&headers, &ACCESS_CONTROL_ALLOW_CREDENTIALS), "true");
        }
    }
}
