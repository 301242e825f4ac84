//! What the program serves beside Socket.IO: the page, and how the server is.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, UPGRADE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;
use trunkline::server::Access;

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const JSON: &str = "application/json";
/// The page loads nothing but its own script and style, and talks to nobody but this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Whether newcomers are welcome, and who answers. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Status(Arc<State>);

#[derive(Debug)]
struct State {
    draining: AtomicBool,
    provider: String,
    model: String,
}

impl Status {
    /// A server that is ready.
    pub(crate) fn new(provider: &str, model: &str) -> Status {
        Status(Arc::new(State {
            draining: AtomicBool::new(false),
            provider: provider.to_owned(),
            model: model.to_owned(),
        }))
    }

    /// From now on the server is about to end.
    pub(crate) fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether newcomers are welcome: the status of `/readyz`, and the word for it.
    fn readiness(&self) -> (StatusCode, &'static str) {
        if self.0.draining.load(Ordering::Relaxed) {
            (StatusCode::SERVICE_UNAVAILABLE, "draining")
        } else {
            (StatusCode::OK, "ready")
        }
    }

    fn json(&self) -> String {
        let (_, word) = self.readiness();
        let status = json!({
            "name": "trunkline",
            "version": env!("CARGO_PKG_VERSION"),
            "status": word,
            "provider": self.0.provider,
            "model": self.0.model,
        });
        status.to_string()
    }
}

/// The page with the addresses that it and its reader's own clients connect to.
#[derive(Clone, Debug)]
pub(crate) struct Page(Bytes);

impl Page {
    /// The page of a server with these paths of Socket.IO, with a slash behind it, and of plain
    /// JSON, if it speaks that.
    pub(crate) fn new(socketio: &str, plain_json: Option<&str>) -> Page {
        let page = include_str!("page/page.html")
            .replace("{socketio}", &escaped(socketio))
            .replace("{plain_json}", &escaped(plain_json.unwrap_or_default()));
        Page(page.into())
    }
}

/// A text as the value of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

/// The program's own pages.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    access: Access,
    status: Status,
    page: Page,
}

impl Site {
    /// Answers under the host names that `access` admits; probes are answered under any, as they
    /// ask for addresses.
    pub(crate) fn new(access: Access, status: Status, page: Page) -> Site {
        Site {
            access,
            status,
            page,
        }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let is_probe = matches!(path, "/healthz" | "/readyz");
        let admitted = self.access.check_host(request.headers(), request.uri());
        if let (Err(foreign), false) = (admitted, is_probe) {
            return plain(StatusCode::FORBIDDEN, format!("{foreign}\n"));
        }
        let Some(found) = self.find(path) else {
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
        found
    }

    /// What is behind a path.
    fn find(&self, path: &str) -> Option<Response<Full<Bytes>>> {
        let found = match path {
            "/healthz" => plain(StatusCode::OK, "ok"),
            "/readyz" => {
                let (status, word) = self.status.readiness();
                plain(status, word)
            }
            "/status" => respond(StatusCode::OK, JSON, self.status.json()),
            "/" => respond(StatusCode::OK, HTML, self.page.0.clone()),
            _ => {
                let (kind, content) = part(path)?;
                respond(StatusCode::OK, kind, content)
            }
        };
        Some(found)
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

/// A part of the page: its type and its content.
fn part(path: &str) -> Option<(&'static str, &'static str)> {
    let found = match path {
        "/page.js" => (SCRIPT, include_str!("page/page.js")),
        "/link.js" => (SCRIPT, include_str!("page/link.js")),
        "/text.js" => (SCRIPT, include_str!("page/text.js")),
        "/page.css" => ("text/css; charset=utf-8", include_str!("page/page.css")),
        "/icon.svg" => ("image/svg+xml", include_str!("page/icon.svg")),
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
    use http_body_util::BodyExt;

    use super::*;

    fn site() -> Site {
        Site::new(
            Access::loopback(Vec::new()),
            Status::new("offline", "offline"),
            Page::new("/socket.io/", Some("/")),
        )
    }

    fn ask_of(site: &Site, method: &str, path: &str, host: &str) -> Response<Full<Bytes>> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", host);
        site.answer(&request.body(()).unwrap())
    }

    fn ask(method: &str, path: &str, host: &str) -> Response<Full<Bytes>> {
        ask_of(&site(), method, path, host)
    }

    async fn text(response: Response<Full<Bytes>>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
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
            ("GET", "/readyz", 200),
            ("POST", "/readyz", 405),
            ("GET", "/status", 200),
            ("POST", "/status", 405),
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
        for (path, status) in [
            ("/", 403),
            ("/status", 403),
            ("/healthz", 200),
            ("/readyz", 200),
        ] {
            assert_eq!(ask("GET", path, "evil.example").status(), status, "{path}");
        }
    }

    #[tokio::test]
    async fn a_draining_server_lives_and_is_not_ready() {
        let site = site();
        let status = || async { text(ask_of(&site, "GET", "/status", "localhost")).await };
        let ready: serde_json::Value = serde_json::from_str(&status().await).unwrap();
        let expected = json!({
            "name": "trunkline", "version": env!("CARGO_PKG_VERSION"), "status": "ready",
            "provider": "offline", "model": "offline",
        });
        assert_eq!(ready, expected);
        site.status.drain();
        assert!(status().await.contains(r#""status":"draining""#));
        for (path, code, word) in [("/healthz", 200, "ok"), ("/readyz", 503, "draining")] {
            let response = ask_of(&site, "GET", path, "10.0.0.7");
            assert_eq!(response.status(), code, "{path}");
            assert_eq!(text(response).await, word);
        }
    }

    #[test]
    fn the_page_is_told_where_to_connect() {
        let page = |plain_json| Page::new("/a\"&b/", plain_json).0;
        let expected = |plain: &str| {
            format!(r#"<html lang="en" data-socketio="/a&quot;&amp;b/" data-plain="{plain}">"#)
        };
        for (plain_json, plain) in [(Some("/ws"), "/ws"), (None, "")] {
            let page = String::from_utf8(page(plain_json).to_vec()).unwrap();
            assert_eq!(page.lines().nth(1), Some(&*expected(plain)));
        }
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        let html = include_str!("page/page.html");
        assert!(!html.contains("://"));
        for path in ["/page.js", "/link.js", "/text.js", "/page.css"] {
            let (_, content) = part(path).unwrap();
            assert!(!content.contains("://"), "{path}");
        }
        assert!(html.contains("page.js") && html.contains("page.css"));
        // An image cannot load anything; its one address is the name of its format.
        let (_, icon) = part("/icon.svg").unwrap();
        assert_eq!(icon.matches("://").count(), 1);
    }
}
