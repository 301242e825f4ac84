//! A client's place in one namespace.

use std::collections::VecDeque;

use bytestring::ByteString;

use crate::socketio::acks::Acks;
use crate::socketio::{Args, Namespace};
use crate::wire::SocketId;

/// A namespace that the client has joined or asks for.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) namespace: Namespace,
    pub(super) state: State,
    pub(super) acks: Acks,
}

#[derive(Debug)]
pub(super) enum State {
    /// CONNECT has come, and the application has not decided.
    Pending(Held),
    Joined {
        socket: SocketId,
    },
}

/// What came before the decision, in order, detached from the read buffer.
#[derive(Debug, Default)]
pub(super) struct Held {
    packets: VecDeque<Incoming>,
    bytes: usize,
}

/// A complete packet for a namespace.
#[derive(Debug)]
pub(super) enum Incoming {
    Event {
        name: ByteString,
        id: Option<u64>,
        args: Args,
    },
    Ack {
        id: Option<u64>,
        args: Args,
    },
    Disconnect,
}

impl Seat {
    pub(super) fn pending(namespace: Namespace) -> Seat {
        Seat {
            namespace,
            state: State::Pending(Held::default()),
            acks: Acks::default(),
        }
    }

    /// Turns a pending seat into a joined one and gives what was held.
    pub(super) fn join(&mut self, socket: SocketId) -> VecDeque<Incoming> {
        match std::mem::replace(&mut self.state, State::Joined { socket }) {
            State::Pending(held) => held.packets,
            State::Joined { .. } => VecDeque::new(),
        }
    }

    pub(super) fn held(&self) -> Option<&Held> {
        match &self.state {
            State::Pending(held) => Some(held),
            State::Joined { .. } => None,
        }
    }

    pub(super) fn socket(&self) -> Option<&SocketId> {
        match &self.state {
            State::Pending(_) => None,
            State::Joined { socket } => Some(socket),
        }
    }
}

impl Held {
    pub(super) fn push(&mut self, packet: Incoming) {
        self.bytes += packet.weight();
        self.packets.push_back(packet.detach());
    }

    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the client has already left again, so that nothing more may come.
    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.packets.back(), Some(Incoming::Disconnect))
    }
}

impl Incoming {
    pub(super) fn weight(&self) -> usize {
        match self {
            Incoming::Event { name, args, .. } => name.len() + args.weight(),
            Incoming::Ack { args, .. } => args.weight(),
            Incoming::Disconnect => 0,
        }
    }

    fn detach(self) -> Incoming {
        match self {
            Incoming::Event { name, id, args } => Incoming::Event {
                name: ByteString::from(&*name),
                id,
                args: args.detach(),
            },
            Incoming::Ack { id, args } => Incoming::Ack {
                id,
                args: args.detach(),
            },
            Incoming::Disconnect => Incoming::Disconnect,
        }
    }
}
