//! A Socket.IO server: Engine.IO v4 and Socket.IO v5 on any HTTP server, on one port.
//!
//! ```no_run
//! use trunkline::{Error, Io, Server, Service, Socket};
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! let io = Io::builder().build();
//! io.of("/").on("chat", async |socket: Socket, (text,): (String,)| -> Result<(), Error> {
//!     socket.broadcast().emit("chat", (text,))?;
//!     Ok(())
//! });
//!
//! let server = Server::bind("127.0.0.1:3000").await?;
//! server.run(Service::new(io), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Io`] is the server as an application sees it, with [`Namespace`]s, [`Socket`]s and handlers.
//! [`Service`] takes the requests of its path off an HTTP server and hands every other request to
//! the application's own service: see its examples for hyper and axum. [`Server`] is an HTTP server
//! for those who have none. [`Engine`] is Engine.IO alone.
//!
//! # The map
//!
//! How a message travels: the HTTP side (`server`) brings requests and WebSockets to the one task
//! that owns the client (`server::driver`). The task feeds its [`Connection`](connection::Connection),
//! a value without I/O in which an Engine.IO [`Session`](engine::Session) and a Socket.IO
//! [`Client`](socketio::Client) meet, and starts the application's handlers for the events that come
//! out. What handlers emit goes through the recipient's mailbox (`registry`) to the recipient's task,
//! into its `Connection`, and out again as frames.
//!
//! The modules in reading order; those up to [`websocket`] do no I/O and build without the feature
//! `server`:
//!
//! - [`wire`]: frames, ids, moments
//! - [`engine`]: Engine.IO as a state machine
//! - [`socketio`]: Socket.IO as a state machine, arguments, acknowledgements
//! - [`dialect`]: plain JSON frames for raw WebSockets
//! - [`connection`]: one client, the only type that the shell drives
//! - [`rooms`]: who is in which room
//! - [`recovery`]: what clients missed while they were away
//! - [`ai`]: the rules of the assistant that the server program offers, and the HTTP APIs of AI
//!   providers
//! - [`websocket`]: the WebSocket protocol without I/O
//! - [`adapter`]: how the servers of a cluster speak with each other
//! - `registry`, `api`, [`server`]: what clients share, what applications see, what touches the
//!   network
//! - [`assistant`]: the `ai-message` route, an application of the public API, and the providers that
//!   answer it
//!
//! # Features
//!
//! `server` (sockets and tasks), `assistant` (the `ai-message` route, with an HTTP client for AI
//! providers), `cli` (the program), `macros` (the derive macro of [`Event`](trait@Event)), all on by
//! default; `axum` reads the peer's address from axum's `ConnectInfo`; `typescript` writes the types
//! of declared events for clients; `jemalloc` is another allocator for the program.
#![forbid(unsafe_code)]

pub mod ai;
pub mod connection;
pub mod dialect;
pub mod engine;
pub mod recovery;
pub mod rooms;
pub mod socketio;
pub mod websocket;
pub mod wire;

#[cfg(feature = "server")]
pub mod adapter;
#[cfg(feature = "server")]
mod api;
#[cfg(feature = "assistant")]
pub mod assistant;
#[cfg(feature = "server")]
mod clock;
#[cfg(feature = "server")]
mod registry;
#[cfg(feature = "server")]
pub mod server;

pub use connection::{Dialect, Pace, Rate};
pub use engine::{CloseReason, Transport};
pub use recovery::Config as Recovery;
pub use socketio::parser::MsgpackParser;
pub use socketio::{
    AckError, All, Args, Binary, ConnectError, DisconnectReason, EncodeError as EmitError,
    FromArgs, IntoArgs, SlowClient,
};
pub use wire::{Frame, SocketId};

#[cfg(feature = "server")]
pub use api::{
    Ack, Answer, AnswerError, Application, Auth, Broadcast, Builder, Call, CallError, Config,
    CrowdConfig, DisconnectDetail, DispatchConfig, DropReason, EmitWithAck, Emitted, Engine,
    EngineBuilder, EngineSocket, Error, EventName, FromCall, Handler, HandlerError, Handshake,
    HandshakeRecord, Incoming, IntoAdmission, IntoAnswer, IntoVerdict, Io, Lag, Limits, ListenerId,
    Namespace, NamespacesConfig, ParentBroadcast, ParentNamespace, Parts, RefusedConnect,
    RoomNames, Socket, State, States, WeakIo,
};
#[cfg(feature = "server")]
pub use api::{
    Acknowledges, AnswerTo, Ask, AskAll, Event, EventAck, NoAck, TypedHandler, WithAck, WithoutAck,
};
#[cfg(feature = "server")]
pub use api::{
    BroadcastAnswer, BroadcastWithAck, Incomplete, NodeAnswer, RemoteSocket, RemoteWithAck,
    RequestError, ServerSideWithAck, SocketOperator,
};
#[cfg(feature = "typescript")]
pub use api::{Contract, ContractError, Listens, Signature, Unhandled};
#[cfg(feature = "assistant")]
pub use assistant::Assistant;
#[cfg(feature = "server")]
pub use server::{Layer, Peer, Server, Service};
/// Makes a type an [`Event`](trait@Event).
#[cfg(all(feature = "macros", feature = "server"))]
pub use trunkline_macros::Event;

/// The code in the README is compiled by the tests.
#[cfg(all(doctest, feature = "assistant"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// So is the guide's.
#[cfg(all(doctest, feature = "assistant", feature = "macros"))]
#[doc = include_str!("../docs/guide.md")]
struct Guide;
