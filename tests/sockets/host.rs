//! The hosts: our own server, plain hyper, axum, each on a free port of this machine.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trunkline::server::{Config, ListenerLimits};
use trunkline::{Io, Peer, Server, Service};

/// Our own server, for as long as the test's runtime lives.
pub(super) async fn serve(service: Service) -> SocketAddr {
    serve_with(service, ListenerLimits::default()).await
}

pub(super) async fn serve_with(service: Service, limits: ListenerLimits) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0")
        .await
        .unwrap()
        .with_limits(limits);
    let address = server.local_addr().unwrap();
    tokio::spawn(server.run(service, std::future::pending()));
    address
}

pub(super) async fn serve_io(io: &Io) -> SocketAddr {
    serve(Service::new(io)).await
}

pub(super) async fn serve_config(io: &Io, config: Config) -> SocketAddr {
    serve(Service::with_config(io, config)).await
}

/// A plain hyper server around the service, with [`application`] behind it.
pub(super) async fn serve_hyper(service: Service, upgrades: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let service = service.clone().with_application(service_fn(application));
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                hyper::service::Service::call(&service, request)
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if upgrades {
                tokio::spawn(connection.with_upgrades());
            } else {
                tokio::spawn(connection);
            }
        }
    });
    address
}

pub(super) async fn serve_axum(application: axum::Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let application = application.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, application).await });
    address
}

/// Says which path was asked for, and upgrades `/next` to a protocol of its own: each byte comes
/// back plus one.
async fn application(
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let text = format!("{} {}", request.method(), request.uri().path());
    let mut response = Response::new(Full::from(text));
    if request.uri().path() != "/next" {
        return Ok(response);
    }
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
        .headers_mut()
        .insert("upgrade", "next".parse().unwrap());
    response
        .headers_mut()
        .insert("connection", "upgrade".parse().unwrap());
    *response.body_mut() = Full::default();
    tokio::spawn(async move {
        let mut stream = TokioIo::new(hyper::upgrade::on(&mut request).await.unwrap());
        while let Ok(byte) = stream.read_u8().await {
            stream.write_u8(byte + 1).await.unwrap();
        }
    });
    Ok(response)
}
