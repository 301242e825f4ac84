//! What the program serves beside Socket.IO: the page, and an answer for health checks.

use std::convert::Infallible;
use std::future::{Ready, ready};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use trunkline::server::Access;

const TEXT: &str = "text/plain; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The page loads nothing but its own script and style, and talks to nobody but this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The program's own pages.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    access: Access,
}

impl Site {
    /// Answers under the host names that `access` admits.
    pub(crate) fn new(access: Access) -> Site {
        Site { access }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if let Err(foreign) = self.access.check_host(request.headers(), request.uri()) {
            return plain(StatusCode::FORBIDDEN, format!("{foreign}\n"));
        }
        let Some((kind, content)) = find(request.uri().path()) else {
            let mut response = plain(StatusCode::NOT_FOUND, "not found\n");
            if request.headers().contains_key(UPGRADE) {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            return response;
        };
        // HTTP itself leaves the content out of the answer to a HEAD.
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        respond(StatusCode::OK, kind, content)
    }
}

impl<B> hyper::service::Service<Request<B>> for Site {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}

/// What is behind a path: its type and its content.
fn find(path: &str) -> Option<(&'static str, &'static str)> {
    let found = match path {
        "/" => ("text/html; charset=utf-8", include_str!("page/page.html")),
        "/page.js" => (SCRIPT, include_str!("page/page.js")),
        "/link.js" => (SCRIPT, include_str!("page/link.js")),
        "/text.js" => (SCRIPT, include_str!("page/text.js")),
        "/page.css" => ("text/css; charset=utf-8", include_str!("page/page.css")),
        "/icon.svg" => ("image/svg+xml", include_str!("page/icon.svg")),
        "/healthz" => (TEXT, "ok"),
        _ => return None,
    };
    Some(found)
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    respond(status, TEXT, text)
}

fn respond(
    status: StatusCode,
    kind: &'static str,
    content: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    *response.status_mut() = status;
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, path: &str, host: &str) -> Response<Full<Bytes>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host);
        Site::new(Access::loopback(Vec::new())).answer(&request.body(()).unwrap())
    }

    #[test]
    fn each_path_has_its_status() {
        let rows = [
            ("GET", "/", 200),
            ("HEAD", "/", 200),
            ("GET", "/?a=b", 200),
            ("POST", "/", 405),
            ("GET", "/healthz", 200),
            ("HEAD", "/healthz", 200),
            ("DELETE", "/healthz", 405),
            ("GET", "/page.js", 200),
            ("GET", "/link.js", 200),
            ("GET", "/text.js", 200),
            ("GET", "/page.css", 200),
            ("GET", "/icon.svg", 200),
            ("GET", "/page.html", 404),
            ("GET", "/socket.io", 404),
            ("POST", "/nothing", 404),
        ];
        for (method, path, status) in rows {
            let response = ask(method, path, "localhost:3000");
            assert_eq!(response.status(), status, "{method} {path}");
            assert!(response.headers().contains_key(CONTENT_SECURITY_POLICY));
            assert_eq!(response.headers().contains_key(ALLOW), status == 405);
        }
    }

    #[test]
    fn a_foreign_name_gets_no_page() {
        assert_eq!(ask("GET", "/", "evil.example").status(), 403);
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        for path in ["/", "/page.js", "/link.js", "/text.js", "/page.css"] {
            let (_, content) = find(path).unwrap();
            assert!(!content.contains("://"), "{path}");
        }
        let (_, page) = find("/").unwrap();
        assert!(page.contains("page.js") && page.contains("page.css"));
        // An image cannot load anything; its one address is the name of its format.
        let (_, icon) = find("/icon.svg").unwrap();
        assert_eq!(icon.matches("://").count(), 1);
    }
}
