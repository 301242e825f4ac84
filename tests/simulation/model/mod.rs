//! Worlds of clients in virtual time.
//!
//! A [`World`](world::World) holds hosts. Each [`Host`](host::Host) is one client, the network
//! between it and the server, and its `Connection` with a shell that does what the real driver
//! does. The [`client`] is well-behaved or not, the [`application`] accepts, refuses, emits and
//! closes. Every choice comes from the [`Dice`](dice::Dice), so a history can be played again from
//! its seed or from a fuzzer's bytes. After every step the [`law`]s are checked; a
//! [`fault`] breaks something on purpose, to see that they notice.

pub(crate) mod acks;
pub(crate) mod acts;
pub(crate) mod application;
pub(crate) mod client;
pub(crate) mod dice;
pub(crate) mod ending;
pub(crate) mod fault;
pub(crate) mod host;
pub(crate) mod law;
pub(crate) mod ledger;
pub(crate) mod mischief;
pub(crate) mod network;
pub(crate) mod rooms;
pub(crate) mod speech;
pub(crate) mod transmit;
pub(crate) mod upgrade;
pub(crate) mod world;
