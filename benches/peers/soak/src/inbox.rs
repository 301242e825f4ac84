//! Where everything that a client receives goes, whatever the transport.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::ledger::{Ledger, Phase};
use crate::packet::{self, Outgoing, Packet, stamp};
use crate::tally::Kind;

/// Why a client lost its connection without leaving.
#[derive(Debug)]
pub(crate) struct CutOff(pub(crate) String);

impl<E: fmt::Display> From<E> for CutOff {
    fn from(error: E) -> CutOff {
        CutOff(error.to_string())
    }
}

impl CutOff {
    /// The transport ended, and nothing says why.
    pub(crate) fn early() -> CutOff {
        CutOff("the transport ended".to_owned())
    }
}

/// One client's reader.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    pub(crate) ledger: Arc<Ledger>,
    /// What is put here is sent.
    pub(crate) outgoing: UnboundedSender<Outgoing>,
}

impl Inbox {
    /// Sends a packet; what is sent to a client that has ended is forgotten.
    pub(crate) fn reply(&self, packet: impl Into<Outgoing>) {
        let _ = self.outgoing.send(packet.into());
    }

    /// Takes a text packet.
    pub(crate) fn text(&self, text: &str) -> Result<(), CutOff> {
        match packet::read(text) {
            Packet::Open(_) => self.reply("40".to_owned()),
            Packet::Connected => {
                // The first event follows the reply at once; it must not be too early for anybody.
                let number = self.ledger.send(Kind::Echo);
                self.reply(Outgoing::echo(&stamp(self.ledger.client, number)));
                self.ledger.reach(Phase::Connected);
            }
            Packet::Echo(text) => self.ledger.came(Kind::Echo, text),
            Packet::Chat(text) => self.ledger.came(Kind::Chat, text),
            Packet::Ack(id, text) => self.ledger.acknowledged(id, text),
            Packet::BinaryHead => self.ledger.expect_attachment(),
            Packet::Ping => self.reply("3".to_owned()),
            Packet::Noop => {}
            Packet::Farewell => return Err(CutOff(format!("the server said {text}"))),
            Packet::Unknown => self.ledger.unreadable(text),
        }
        Ok(())
    }

    /// Takes an attachment.
    pub(crate) fn attachment(&self, bytes: &[u8]) {
        self.ledger.attachment(bytes);
    }
}
