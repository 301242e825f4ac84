//! The server that the official Engine.IO client suite talks to: `--port N`, 3000 without it.
//!
//! It greets, echoes, answers three messages in its own way, refuses handshakes whose query has a
//! parameter `deny`, and sets cookies with the first response of each session. A message is told the
//! header fields of the POST that brought it by a small service around ours, which notes them before
//! the POST is served: what an application does that needs more of a request than the handshake.
//! Binds 127.0.0.1; port 0 takes a free one and prints it.

#[path = "fixture/port.rs"]
mod port;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Method, Request};
use trunkline::server::{Config, Hooks};
use trunkline::{Engine, EngineSocket, Frame, Handshake, Server, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let posts = Posts::default();
    let config = Config {
        path: "/engine.io".to_owned(),
        hooks: hooks(posts.clone()),
        ..Config::default()
    };
    let server = Server::bind(("127.0.0.1", port::port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    let service = Noting {
        inner: Service::with_config(engine(posts.clone()), config),
        posts,
    };
    server.run(service, std::future::pending()).await;
    Ok(())
}

fn engine(posts: Posts) -> Engine {
    let config = trunkline::engine::Config {
        ping_interval: Duration::from_millis(500),
        max_payload: 100,
        ..Default::default()
    };
    Engine::builder()
        .config(config)
        .on_connect(async |socket: EngineSocket| {
            socket.send(Frame::from_static("hi"));
        })
        .on_message(async |socket: EngineSocket, message: Frame| {
            let answer = match &message {
                Frame::Text(text) => match &text[..] {
                    "give binary" => Frame::Binary(vec![0, 1, 2, 3, 4].into()),
                    "give utf8" => Frame::from_static("пойду спать всем спокойной ночи"),
                    "sendHeaders" => Frame::from(last_post(&socket)),
                    _ => message,
                },
                Frame::Binary(_) => message,
            };
            socket.send(answer);
        })
        .on_close(async move |socket: EngineSocket, _| posts.forget(socket.handshake()))
        .build()
}

fn hooks(posts: Posts) -> Hooks {
    Hooks::default()
        .allow_request(
            async |handshake: Arc<Handshake>| match handshake.query("deny") {
                Some(_) => Err(String::new()),
                None => Ok(()),
            },
        )
        .generate_id(async move |handshake: Arc<Handshake>| {
            let sid = format!("{:032x}", rand::random::<u128>());
            posts.open(sid.clone(), &handshake);
            Ok::<_, String>(sid)
        })
        .initial_headers(|headers, _| {
            let now = http_date();
            for cookie in [
                "1=1; Max-Age=86400",
                "2=2; Path=/; HttpOnly; Secure; SameSite=Strict",
                "3=3; Max-Age=0",
                &format!("4=4; Expires={now}"),
            ] {
                // A date and these words always are a header's value.
                headers.extend(HeaderValue::from_str(cookie).map(|value| (SET_COOKIE, value)));
            }
        })
}

#[expect(
    clippy::disallowed_methods,
    reason = "an application has its own clock"
)]
fn http_date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

/// The session's id and the header fields of its last POST; an extension of the first request.
#[derive(Clone, Default)]
struct LastPost(Arc<Mutex<(String, HeaderMap)>>);

/// What is noted for each session.
#[derive(Clone, Default)]
struct Posts(Arc<Mutex<HashMap<String, LastPost>>>);

impl Posts {
    fn open(&self, sid: String, handshake: &Handshake) {
        if let Some(last) = handshake.extensions.get::<LastPost>() {
            lock(&last.0).0.clone_from(&sid);
            lock(&self.0).insert(sid, last.clone());
        }
    }

    fn note(&self, sid: &str, headers: &HeaderMap) {
        let last = lock(&self.0).get(sid).cloned();
        if let Some(last) = last {
            lock(&last.0).1.clone_from(headers);
        }
    }

    fn forget(&self, handshake: &Handshake) {
        if let Some(last) = handshake.extensions.get::<LastPost>() {
            lock(&self.0).remove(&lock(&last.0).0);
        }
    }
}

/// The header fields of the session's last POST as a JSON object.
fn last_post(socket: &EngineSocket) -> String {
    let last = socket.handshake().extensions.get::<LastPost>();
    let headers = last.map(|last| lock(&last.0).1.clone()).unwrap_or_default();
    let fields: BTreeMap<&str, String> = headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes()).into(),
            )
        })
        .collect();
    serde_json::json!(fields).to_string()
}

/// The service, and before it a look at each POST.
#[derive(Clone)]
struct Noting {
    inner: Service,
    posts: Posts,
}

impl<B> hyper::service::Service<Request<B>> for Noting
where
    Service: hyper::service::Service<Request<B>>,
{
    type Response = <Service as hyper::service::Service<Request<B>>>::Response;
    type Error = <Service as hyper::service::Service<Request<B>>>::Error;
    type Future = <Service as hyper::service::Service<Request<B>>>::Future;

    fn call(&self, mut request: Request<B>) -> Self::Future {
        let query = request.uri().query().unwrap_or_default();
        let sid = query.split('&').find_map(|pair| pair.strip_prefix("sid="));
        match sid {
            Some(sid) if request.method() == Method::POST => {
                self.posts.note(sid, request.headers());
            }
            Some(_) => {}
            None => drop(request.extensions_mut().insert(LastPost::default())),
        }
        hyper::service::Service::call(&self.inner, request)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
