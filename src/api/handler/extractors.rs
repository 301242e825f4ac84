//! What handlers may take beside the event itself: who is asking, and by which way.

use std::sync::Arc;

use crate::engine::Transport;
use crate::wire::SocketId;

use super::{Call, CallError, FromCall};
use crate::api::handshake::Handshake;
use crate::api::namespace::Namespace;

/// What is known about a disconnection beside its [reason](crate::DisconnectReason), in disconnect
/// handlers: which rule the client broke, or what failed. For people; the words may change.
///
/// None where the reason says it all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisconnectDetail(pub Option<String>);

impl FromCall for DisconnectDetail {
    fn from_call(call: &mut Call) -> Result<DisconnectDetail, CallError> {
        Ok(DisconnectDetail(call.detail().map(str::to_owned)))
    }
}

impl FromCall for Arc<Handshake> {
    fn from_call(call: &mut Call) -> Result<Arc<Handshake>, CallError> {
        Ok(call.socket.shared_handshake().clone())
    }
}

impl FromCall for Transport {
    fn from_call(call: &mut Call) -> Result<Transport, CallError> {
        Ok(call.socket.transport())
    }
}

impl FromCall for SocketId {
    fn from_call(call: &mut Call) -> Result<SocketId, CallError> {
        Ok(call.socket.id().clone())
    }
}

impl FromCall for Namespace {
    fn from_call(call: &mut Call) -> Result<Namespace, CallError> {
        let inner = call.socket.namespace_inner().clone();
        Ok(Namespace::new(call.socket.io(), inner))
    }
}
