//! A selection of sockets in all namespaces of a rule.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::api::EmitError;
use crate::api::operator::{Broadcast, BroadcastWithAck, RoomNames, names};
use crate::api::socket::Socket;
use crate::socketio::{FromArgs, IntoArgs, Outgoing, SlowClient};

use super::ParentInner;

/// The same selection in every namespace of a rule; made by
/// [`ParentNamespace`](super::ParentNamespace).
///
/// It is looked at anew with each call: namespaces and sockets that came meanwhile are reached.
/// Namespaces that only other nodes of the cluster have are not.
#[derive(Clone)]
#[must_use = "a selection does nothing by itself"]
pub struct ParentBroadcast {
    parent: Arc<ParentInner>,
    /// The selection in the rule's template, where nobody ever is.
    every: Broadcast,
}

impl ParentBroadcast {
    pub(super) fn new(parent: Arc<ParentInner>) -> ParentBroadcast {
        let every = Broadcast::new(parent.template.clone());
        ParentBroadcast { parent, every }
    }

    fn with(self, change: impl FnOnce(Broadcast) -> Broadcast) -> ParentBroadcast {
        ParentBroadcast {
            every: change(self.every),
            ..self
        }
    }

    /// Adds the members of a room, or of several.
    pub fn to(self, rooms: impl RoomNames) -> ParentBroadcast {
        self.with(|every| every.to(rooms))
    }

    /// The same as [`to`](ParentBroadcast::to) (`in` of the JavaScript API).
    pub fn within(self, rooms: impl RoomNames) -> ParentBroadcast {
        self.to(rooms)
    }

    /// Leaves out the members of a room, or of several.
    pub fn except(self, rooms: impl RoomNames) -> ParentBroadcast {
        self.with(|every| every.except(rooms))
    }

    /// As [`Broadcast::volatile`].
    pub fn volatile(self) -> ParentBroadcast {
        self.with(Broadcast::volatile)
    }

    /// As [`Broadcast::compress`].
    pub fn compress(self, compress: bool) -> ParentBroadcast {
        self.with(|every| every.compress(compress))
    }

    /// As [`Broadcast::local`].
    pub fn local(self) -> ParentBroadcast {
        self.with(Broadcast::local)
    }

    /// As [`Broadcast::timeout`].
    pub fn timeout(self, timeout: Duration) -> ParentBroadcast {
        self.with(|every| every.timeout(timeout))
    }

    /// As [`Broadcast::coalesce`]; the key holds within each namespace.
    pub fn coalesce(self, key: &str) -> ParentBroadcast {
        self.with(|every| every.coalesce(key))
    }

    /// As [`Broadcast::when_slow`].
    pub fn when_slow(self, policy: SlowClient) -> ParentBroadcast {
        self.with(|every| every.when_slow(policy))
    }

    /// Sends an event to every selected socket and says how many took it. Its arguments are written
    /// once, however many namespaces there are.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        let mut reached = 0;
        for (child, outgoing) in self.write(name, &args)? {
            child.publish(&outgoing)?;
            reached += child.deliver(outgoing);
        }
        Ok(reached)
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn send(&self, args: impl IntoArgs) -> Result<usize, EmitError> {
        self.emit("message", args)
    }

    /// Sends an event to every selected socket and waits for their acknowledgements, as
    /// [`Broadcast::emit_with_ack`]: all answers of all namespaces come back together.
    pub fn emit_with_ack<T: FromArgs>(
        &self,
        name: &str,
        args: impl IntoArgs,
    ) -> BroadcastWithAck<T> {
        BroadcastWithAck::new(self.write(name, &args))
    }

    /// The selected sockets of this server, in no particular order.
    pub fn sockets(&self) -> Vec<Socket> {
        let children = self.each().into_iter();
        children.flat_map(|child| child.sockets()).collect()
    }

    /// Lets every selected socket join a room, or several; as [`Broadcast::sockets_join`].
    pub fn sockets_join(&self, rooms: impl RoomNames) {
        let rooms = names(rooms);
        for child in self.each() {
            child.sockets_join(&rooms[..]);
        }
    }

    /// Lets every selected socket leave a room, or several; as [`Broadcast::sockets_leave`].
    pub fn sockets_leave(&self, rooms: impl RoomNames) {
        let rooms = names(rooms);
        for child in self.each() {
            child.sockets_leave(&rooms[..]);
        }
    }

    /// Disconnects every selected socket from its namespace; with `close` each client's whole
    /// connection is closed.
    pub fn disconnect_sockets(&self, close: bool) {
        for child in self.each() {
            child.disconnect_sockets(close);
        }
    }

    /// The same as [`sockets_join`](ParentBroadcast::sockets_join).
    pub fn join(&self, rooms: impl RoomNames) {
        self.sockets_join(rooms);
    }

    /// The same as [`sockets_leave`](ParentBroadcast::sockets_leave).
    pub fn leave(&self, rooms: impl RoomNames) {
        self.sockets_leave(rooms);
    }

    /// Disconnects every selected socket from its namespace:
    /// [`disconnect_sockets(false)`](ParentBroadcast::disconnect_sockets).
    pub fn disconnect(&self) {
        self.disconnect_sockets(false);
    }

    /// An event for each of the namespaces. What cannot be written is an error also where nobody
    /// would get it.
    fn write(
        &self,
        name: &str,
        args: &impl IntoArgs,
    ) -> Result<Vec<(Broadcast, Outgoing)>, EmitError> {
        let outgoing = self.every.write(name, args)?;
        let addressed = |child: Broadcast| {
            let outgoing = child.address(&outgoing);
            (child, outgoing)
        };
        Ok(self.each().into_iter().map(addressed).collect())
    }

    /// The selection in each of the namespaces.
    fn each(&self) -> Vec<Broadcast> {
        let children = self.parent.children().into_iter();
        let select = |child| self.every.in_namespace(child);
        children.map(select).collect()
    }
}

impl fmt::Debug for ParentBroadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentBroadcast")
            .field("rule", &self.parent.text())
            .field("every", &self.every)
            .finish()
    }
}
