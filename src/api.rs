//! What an application sees: the server, namespaces, sockets, handlers, acknowledgements.
//!
//! Reading order: [`Io`] (the server), [`Namespace`] (who may join, what happens), [`Socket`] (one
//! client in one namespace), [`Broadcast`] (a selection of sockets), [`Handler`] and [`FromCall`]
//! (async functions and where their arguments come from), [`IntoAnswer`] (return values as
//! acknowledgements), [`Incoming`] (events, as middlewares may change them), [`Event`] (events as
//! types). [`Engine`] is Engine.IO alone, without any of these.
//!
//! Nothing here touches a socket or a task. What an application does ends in a client's mailbox
//! ([`registry`](crate::registry)); what a client does is brought here by its task in the server.

mod ack;
mod answer;
mod cluster;
mod engine;
mod handler;
mod handshake;
mod hosts;
mod incoming;
mod io;
mod limits;
mod listeners;
mod namespace;
mod namespaces;
mod operator;
mod parent;
mod recovery;
mod remote;
mod server_side;
mod slow;
mod socket;
mod state;
mod typed;
mod wishes;

pub use ack::{Ack, AnswerError, EmitWithAck};
pub use answer::{Answer, Error, IntoAdmission, IntoAnswer};
pub use engine::{Engine, EngineBuilder, EngineSocket};
pub use handler::{Auth, Call, CallError, DisconnectDetail, EventName, FromCall, Handler, Parts};
pub(crate) use handshake::Circumstances;
pub use handshake::Handshake;
pub use incoming::{Incoming, IntoVerdict};
pub use io::{Builder, Config, DispatchConfig, HandlerError, Io, RefusedConnect, WeakIo};
pub use limits::{CrowdConfig, Limits};
pub use listeners::ListenerId;
pub use namespace::Namespace;
pub use namespaces::NamespacesConfig;
pub use operator::{
    Broadcast, BroadcastAnswer, BroadcastWithAck, Incomplete, RequestError, RoomNames,
};
pub use parent::{ParentBroadcast, ParentNamespace};
pub use remote::{RemoteSocket, RemoteWithAck};
pub use server_side::{NodeAnswer, ServerSideWithAck};
pub use socket::{Emitted, Socket, SocketOperator};
pub use state::{State, States};
pub use typed::{
    Acknowledges, AnswerTo, Ask, AskAll, Event, EventAck, NoAck, TypedHandler, WithAck, WithoutAck,
};
#[cfg(feature = "typescript")]
pub use typed::{Contract, ContractError, Listens, Signature, Unhandled};

pub use crate::adapter::HandshakeRecord;
pub use crate::registry::{DropReason, Lag};

use crate::connection::Dialect;
use crate::engine::Transport;
use crate::socketio::EncodeError as EmitError;

pub(crate) use ack::Wish;
pub(crate) use engine::PacketHooks;
pub(crate) use handler::{BoxFuture, ErasedHandler, Leaving};
pub(crate) use hosts::{Host, Hosts};
pub(crate) use incoming::Verdict;
pub(crate) use io::Lookup;
pub(crate) use listeners::{EventHandler, EventMiddleware, Listener, Listeners, handlers};
pub(crate) use namespace::NamespaceInner;
pub(crate) use parent::ParentInner;
pub(crate) use recovery::{Data as SessionData, Entry, Keeper, Parting, Return, Terms};
pub(crate) use socket::{Arrival, Live};

/// What a server is made for: Socket.IO, or Engine.IO alone.
#[derive(Clone, Debug)]
pub enum Application {
    /// Namespaces, events and acknowledgements.
    SocketIo(Io),
    /// Bare messages.
    Engine(Engine),
}

impl Application {
    /// The servers that bring clients to it.
    pub(crate) fn hosts(&self) -> &Hosts {
        match self {
            Application::SocketIo(io) => &io.inner().hosts,
            Application::Engine(engine) => &engine.inner().hosts,
        }
    }

    /// What wants to know of its clients' packets.
    pub(crate) fn packet_hooks(&self) -> &PacketHooks {
        match self {
            Application::SocketIo(io) => io.packet_hooks(),
            Application::Engine(engine) => &engine.inner().packet_hooks,
        }
    }
}

impl From<Io> for Application {
    fn from(io: Io) -> Application {
        Application::SocketIo(io)
    }
}

impl From<&Io> for Application {
    fn from(io: &Io) -> Application {
        Application::SocketIo(io.clone())
    }
}

impl From<Engine> for Application {
    fn from(engine: Engine) -> Application {
        Application::Engine(engine)
    }
}
