//! Engine.IO servers with other options than the usual ones, each under a path of its own, for the
//! tests that compare them with the reference server. All send back what they get.
//!
//! `--port N`, 3000 without it; binds 127.0.0.1, port 0 takes a free one and prints it. It shows at
//! the same time how several services share one port: each hands on what is not under its path.

#[path = "fixture/port.rs"]
mod port;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use trunkline::engine::{Config as EngineConfig, Transports};
use trunkline::server::{
    AllowOrigin, Compression, Config, Cookie, Cors, Hooks, PerMessageDeflate, SameSite,
};
use trunkline::{Engine, EngineSocket, Frame, Handshake, Server, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut configurations = with_other_headers();
    configurations.extend(with_other_transports());
    configurations.extend(with_hooks());
    let services: Arc<[(&str, Service)]> = configurations
        .into_iter()
        .map(|(path, engine, config)| {
            let own = path.to_owned();
            let config = Config {
                path: own,
                ..config
            };
            (path, Service::with_config(echo(engine), config))
        })
        .collect();
    let server = Server::bind(("127.0.0.1", port::port()?)).await?;
    println!("listening on http://{}", server.local_addr()?);
    let service = service_fn(move |request: Request<Incoming>| {
        let path = request.uri().path();
        let found = services.iter().find(|(own, _)| path.starts_with(own));
        // Whichever service is asked for a path that is nobody's answers 404.
        let (_, service) = found.unwrap_or(&services[0]);
        service.call(request)
    });
    server.run(service, std::future::pending()).await;
    Ok(())
}

fn echo(config: EngineConfig) -> Engine {
    Engine::builder()
        .config(config)
        .on_message(async |socket: EngineSocket, message: Frame| {
            socket.send(message);
        })
        .build()
}

type Configuration = (&'static str, EngineConfig, Config);

/// Cookies, CORS, compression.
fn with_other_headers() -> Vec<Configuration> {
    let http = |path, config| (path, EngineConfig::default(), config);
    let cors = |cors| Config {
        cors: Some(cors),
        ..Config::default()
    };
    let one = HeaderValue::from_static("http://one.example");
    let two = HeaderValue::from_static("http://two.example");
    let listed = Cors {
        origin: AllowOrigin::List(vec![one.clone(), two]),
        credentials: true,
        methods: vec![Method::GET, Method::POST],
        allowed_headers: Some(["x-one", "x-two"].map(HeaderName::from_static).to_vec()),
        exposed_headers: vec![HeaderName::from_static("x-three")],
        max_age: Some(Duration::from_secs(600)),
        ..Cors::default()
    };
    let fixed = Cors {
        origin: AllowOrigin::Fixed(one),
        options_success_status: StatusCode::OK,
        ..Cors::default()
    };
    let mirror = Cors {
        origin: AllowOrigin::Reflect,
        ..Cors::default()
    };
    let dressed = Cookie {
        name: "sid".to_owned(),
        path: Some("/dressed".to_owned()),
        http_only: false,
        same_site: Some(SameSite::Strict),
        secure: true,
        domain: Some("example.org".to_owned()),
        max_age: Some(Duration::from_secs(60)),
        expires: None,
    };
    let cookie = |cookie| Config {
        cookie: Some(cookie),
        ..Config::default()
    };
    let compression = |compression| Config {
        compression,
        ..Config::default()
    };
    let deflate = Config {
        per_message_deflate: Some(PerMessageDeflate {
            threshold: 10,
            ..PerMessageDeflate::default()
        }),
        ..Config::default()
    };
    vec![
        http("/cookie", cookie(Cookie::default())),
        http("/dressed", cookie(dressed)),
        http("/listed", cors(listed)),
        http("/fixed", cors(fixed)),
        http("/mirror", cors(mirror)),
        http("/plain", compression(None)),
        http("/large", compression(Some(Compression { threshold: 10 }))),
        http("/deflate", deflate),
    ]
}

/// Transports, upgrades, the first message, the end of the path.
fn with_other_transports() -> Vec<Configuration> {
    let engine = |path, config| (path, config, Config::default());
    let only = |polling, websocket| EngineConfig {
        transports: Transports { polling, websocket },
        ..EngineConfig::default()
    };
    let still = EngineConfig {
        allow_upgrades: false,
        ..EngineConfig::default()
    };
    let first = EngineConfig {
        initial_packet: Some(Frame::from_static("welcome")),
        ..EngineConfig::default()
    };
    let bare = Config {
        trailing_slash: false,
        ..Config::default()
    };
    vec![
        engine("/polling", only(true, false)),
        engine("/websocket", only(false, true)),
        engine("/still", still),
        engine("/first", first),
        ("/bare", EngineConfig::default(), bare),
    ]
}

/// Ids of the application's own, and its header fields.
fn with_hooks() -> Vec<Configuration> {
    let count = Arc::new(AtomicUsize::new(0));
    let named = Hooks::default().generate_id(async move |handshake: Arc<Handshake>| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        match handshake.query("fail") {
            Some(_) => Err("no id"),
            None => Ok(format!(
                "named-{}",
                count.fetch_add(1, Ordering::Relaxed) + 1
            )),
        }
    });
    let yes = HeaderValue::from_static("yes");
    let again = yes.clone();
    let headed = Hooks::default()
        .initial_headers(move |headers, _| {
            headers.insert("x-first", yes.clone());
        })
        .headers(move |headers, _| {
            headers.insert("x-every", again.clone());
        });
    [("/named", named), ("/headed", headed)]
        .map(|(path, hooks)| {
            let config = Config {
                hooks,
                ..Config::default()
            };
            (path, EngineConfig::default(), config)
        })
        .into()
}
