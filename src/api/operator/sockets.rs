//! What a selection's sockets can be made to do, and which they are, on all nodes.

use std::sync::Arc;

use crate::adapter::{Content, Gathering, Part};
use crate::api::cluster::{NODES_TIMEOUT, gather, record};
use crate::api::remote::RemoteSocket;
use crate::api::socket::Socket;
use crate::rooms::Room;
use crate::wire::SocketId;

use super::{Broadcast, Incomplete, RoomNames, names};

impl Broadcast {
    /// The selected sockets of this server, in no particular order.
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.roster.select(&self.selection)
    }

    /// The selected sockets of all nodes, this one's first, as they are at this moment.
    ///
    /// Without other nodes it answers at once.
    ///
    /// # Errors
    /// When a node has not answered within the [`timeout`](Broadcast::timeout), 5 s by default: the
    /// error has the sockets of all others, and says who is missing.
    ///
    /// ```
    /// # async fn show(io: trunkline::Io) {
    /// let sockets = match io.to("lobby").fetch_sockets().await {
    ///     Ok(sockets) => sockets,
    ///     Err(some) => {
    ///         println!("without those of {:?}", some.missing.nodes);
    ///         some.answers
    ///     }
    /// };
    /// for socket in sockets {
    ///     println!("{} from {:?}", socket.id(), socket.handshake().address);
    /// }
    /// # }
    /// ```
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, Incomplete<RemoteSocket>> {
        let describe = |record| RemoteSocket::new(self.namespace.clone(), record);
        let here = self.sockets();
        let mut answers: Vec<_> = here.iter().map(record).map(describe).collect();
        let Some(cluster) = self.cluster() else {
            return Ok(answers);
        };
        let gathering = Arc::new(Gathering::new());
        let request = cluster.request(&gathering, |request| {
            let selection = self.selection.clone();
            self.message(Content::Fetch { request, selection })
        });
        let timeout = self.wishes.timeout.unwrap_or(NODES_TIMEOUT);
        let name = &self.namespace.name;
        let (parts, missing) = gather(&request, name, &gathering, timeout).await;
        answers.extend(parts.into_iter().filter_map(|part| match part {
            Part::Record(record) => Some(describe(*record)),
            Part::Socket(..) | Part::Node(..) => None,
        }));
        match missing.is_empty() {
            true => Ok(answers),
            false => Err(Incomplete { answers, missing }),
        }
    }

    /// The ids of the selected sockets of all nodes (`allSockets` of the JavaScript API, where it is
    /// deprecated); [`fetch_sockets`](Broadcast::fetch_sockets) says more for the same price.
    ///
    /// # Errors
    /// As [`fetch_sockets`](Broadcast::fetch_sockets).
    pub async fn all_sockets(&self) -> Result<Vec<SocketId>, Incomplete<SocketId>> {
        let ids = |sockets: Vec<RemoteSocket>| {
            let ids = sockets.iter().map(|socket| socket.id().clone());
            ids.collect()
        };
        self.fetch_sockets()
            .await
            .map(ids)
            .map_err(|some| Incomplete {
                answers: ids(some.answers),
                missing: some.missing,
            })
    }

    /// Lets every selected socket join a room, or several.
    ///
    /// On this server it is done when this returns; other nodes do it when they hear of it.
    pub fn sockets_join(&self, rooms: impl RoomNames) {
        let rooms = names(rooms);
        if let Some(cluster) = self.cluster() {
            let (selection, rooms) = (self.selection.clone(), rooms.clone());
            cluster.publish(self.message(Content::Join { selection, rooms }));
        }
        self.join_here(&rooms);
    }

    /// Lets every selected socket leave a room, or several; when, as
    /// [`sockets_join`](Broadcast::sockets_join).
    pub fn sockets_leave(&self, rooms: impl RoomNames) {
        let rooms = names(rooms);
        if let Some(cluster) = self.cluster() {
            let (selection, rooms) = (self.selection.clone(), rooms.clone());
            cluster.publish(self.message(Content::Leave { selection, rooms }));
        }
        self.leave_here(&rooms);
    }

    /// Disconnects every selected socket from the namespace; with `close` each client's whole
    /// connection is closed, with all its namespaces.
    pub fn disconnect_sockets(&self, close: bool) {
        if let Some(cluster) = self.cluster() {
            let selection = self.selection.clone();
            cluster.publish(self.message(Content::Disconnect { selection, close }));
        }
        self.disconnect_here(close);
    }

    /// The same as [`sockets_join`](Broadcast::sockets_join).
    pub fn join(&self, rooms: impl RoomNames) {
        self.sockets_join(rooms);
    }

    /// The same as [`sockets_leave`](Broadcast::sockets_leave).
    pub fn leave(&self, rooms: impl RoomNames) {
        self.sockets_leave(rooms);
    }

    /// Disconnects every selected socket from the namespace:
    /// [`disconnect_sockets(false)`](Broadcast::disconnect_sockets).
    pub fn disconnect(&self) {
        self.disconnect_sockets(false);
    }

    pub(crate) fn join_here(&self, rooms: &[Room]) {
        for socket in self.sockets() {
            socket.join(rooms);
        }
    }

    pub(crate) fn leave_here(&self, rooms: &[Room]) {
        for socket in self.sockets() {
            socket.leave(rooms);
        }
    }

    pub(crate) fn disconnect_here(&self, close: bool) {
        for socket in self.sockets() {
            match close {
                true => socket.disconnect_all(),
                false => socket.disconnect(),
            }
        }
    }
}
