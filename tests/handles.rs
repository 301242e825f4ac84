//! What the types of the public API can do beside their own work: be sent to other tasks, be printed,
//! be an error. It is checked by the compiler.

use std::fmt::Debug;

use trunkline::adapter::{Hub, MessageError, Missing, Node, SendError};
use trunkline::socketio::parser::ParserError;
use trunkline::{
    Ack, AckError, Answer, AnswerError, Broadcast, BroadcastWithAck, Builder, Call, CallError,
    ConnectError, EmitError, EmitWithAck, Engine, EngineBuilder, EngineSocket, Error, Handshake,
    HandshakeRecord, Incoming, Incomplete, Io, Layer, Namespace, ParentBroadcast, ParentNamespace,
    RemoteSocket, RemoteWithAck, RequestError, ServerSideWithAck, Service, Socket, SocketOperator,
    State, WeakIo,
};

/// May be kept anywhere and used from any task.
fn handle<T: Clone + Debug + Send + Sync + 'static>() {}

/// May be sent to another task and printed.
fn value<T: Debug + Send + 'static>() {}

/// Can be returned by `?` into a `Box<dyn Error + Send + Sync>`.
fn error<T: std::error::Error + Send + Sync + 'static>() {}

/// May be awaited in a task of its own.
fn question<T: IntoFuture<IntoFuture: Send> + Debug + Send + 'static>() {}

#[test]
fn handles_can_be_kept_and_used_anywhere() {
    handle::<Io>();
    handle::<WeakIo>();
    handle::<Namespace>();
    handle::<ParentNamespace>();
    handle::<Socket>();
    handle::<SocketOperator>();
    handle::<Broadcast>();
    handle::<ParentBroadcast>();
    handle::<RemoteSocket>();
    handle::<Engine>();
    handle::<EngineSocket>();
    handle::<Service>();
    handle::<Layer>();
    handle::<Call>();
    handle::<Incoming>();
    handle::<HandshakeRecord>();
    handle::<State<String>>();
    handle::<Hub>();
    handle::<Node>();
    handle::<Missing>();
}

#[test]
fn what_is_used_once_can_be_sent_and_printed() {
    value::<Builder>();
    value::<EngineBuilder>();
    value::<Ack>();
    value::<Answer>();
    value::<Handshake>();
    question::<EmitWithAck<(u8,)>>();
    question::<BroadcastWithAck<(u8,)>>();
    question::<RemoteWithAck<(u8,)>>();
    question::<ServerSideWithAck<(u8,)>>();
}

#[test]
fn errors_are_errors() {
    error::<Error>();
    error::<ConnectError>();
    error::<EmitError>();
    error::<AckError>();
    error::<AnswerError>();
    error::<CallError>();
    error::<RequestError<u8>>();
    error::<Incomplete<u8>>();
    error::<SendError>();
    error::<MessageError>();
    error::<ParserError>();
}
