//! A selection of sockets in all namespaces of a rule.

use std::fmt;
use std::sync::Arc;

use crate::api::EmitError;
use crate::api::operator::{Broadcast, RoomNames};
use crate::api::socket::Socket;
use crate::rooms::Selection;
use crate::socketio::{IntoArgs, Outgoing};

use super::ParentInner;

/// The same selection in every namespace of a rule; made by
/// [`ParentNamespace`](super::ParentNamespace).
///
/// It is looked at anew with each call: namespaces and sockets that came meanwhile are reached.
#[derive(Clone)]
pub struct ParentBroadcast {
    parent: Arc<ParentInner>,
    selection: Selection,
}

impl ParentBroadcast {
    pub(super) fn new(parent: Arc<ParentInner>) -> ParentBroadcast {
        let selection = Selection::default();
        ParentBroadcast { parent, selection }
    }

    /// Adds the members of a room, or of several.
    #[must_use]
    pub fn to(mut self, rooms: impl RoomNames) -> ParentBroadcast {
        rooms.add_to(&mut self.selection.rooms);
        self
    }

    /// The same as [`to`](ParentBroadcast::to) (`in` of the JavaScript API).
    #[must_use]
    pub fn within(self, rooms: impl RoomNames) -> ParentBroadcast {
        self.to(rooms)
    }

    /// Leaves out the members of a room, or of several.
    #[must_use]
    pub fn except(mut self, rooms: impl RoomNames) -> ParentBroadcast {
        rooms.add_to(&mut self.selection.except);
        self
    }

    /// Sends an event to every selected socket and says how many took it. It is written once for
    /// each namespace, whose name is in it.
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit(&self, name: &str, args: impl IntoArgs) -> Result<usize, EmitError> {
        let children = self.each();
        if children.is_empty() {
            // What cannot be written is an error also where nobody would get it.
            Outgoing::event(&self.parent.template.name, name, &args)?;
        }
        let reached = children.iter().map(|child| child.emit_ref(name, &args));
        reached.sum()
    }

    /// The selected sockets, in no particular order.
    pub fn sockets(&self) -> Vec<Socket> {
        let children = self.each().into_iter();
        children.flat_map(|child| child.sockets()).collect()
    }

    /// Lets every selected socket join a room, or several.
    pub fn join(&self, rooms: impl RoomNames + Clone) {
        for child in self.each() {
            child.join(rooms.clone());
        }
    }

    /// Lets every selected socket leave a room, or several.
    pub fn leave(&self, rooms: impl RoomNames + Clone) {
        for child in self.each() {
            child.leave(rooms.clone());
        }
    }

    /// Disconnects every selected socket from its namespace.
    pub fn disconnect(&self) {
        for child in self.each() {
            child.disconnect();
        }
    }

    /// The selection in each of the namespaces.
    fn each(&self) -> Vec<Broadcast> {
        let children = self.parent.children().into_iter();
        let select = |child| {
            Broadcast::new(child)
                .to(&self.selection.rooms[..])
                .except(&self.selection.except[..])
        };
        children.map(select).collect()
    }
}

impl fmt::Debug for ParentBroadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParentBroadcast")
            .field("rule", &self.parent.text())
            .field("selection", &self.selection)
            .finish()
    }
}
