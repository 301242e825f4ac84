//! The events of a namespace, listed: which clients send and which the server does.

use std::fmt;

use crate::api::namespace::Namespace;
use crate::api::parent::ParentNamespace;

use super::Event;
use super::typescript::{self, Declarations, Form, Signature};

/// The events that the clients of a namespace send and get, as a list of types.
///
/// It writes what a client in TypeScript needs to know of them, and finds events that nobody handles.
/// The types that come with events derive `TS` of the crate [`ts-rs`](ts_rs), which minds serde's
/// attributes.
///
/// ```
/// # #[cfg(feature = "macros")]
/// # mod events {
/// use serde::{Deserialize, Serialize};
/// use trunkline::{Contract, Event};
/// use ts_rs::TS;
///
/// #[derive(Event, Deserialize, TS)]
/// #[event(name = "ask", ack = Reply)]
/// struct Question { text: String }
///
/// #[derive(Serialize, TS)]
/// struct Reply { text: String }
///
/// #[derive(Event, Serialize, TS)]
/// #[event(name = "typing")]
/// struct Typing { on: bool }
///
/// fn write() -> Result<(), Box<dyn std::error::Error>> {
///     let contract = Contract::new().client::<Question>().server::<Typing>();
///     std::fs::write("events.d.ts", contract.typescript()?)?;
///     Ok(())
/// }
/// # }
/// ```
///
/// A client then says
/// `const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();`.
#[derive(Clone, Default)]
pub struct Contract {
    client: Vec<Declared>,
    server: Vec<Declared>,
}

/// One event in one direction.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    pub(super) name: &'static str,
    pub(super) describe: fn(&mut Declarations) -> Form,
}

impl Contract {
    /// A contract without events.
    pub fn new() -> Contract {
        Contract::default()
    }

    /// Adds an event that clients send.
    #[must_use]
    pub fn client<E>(mut self) -> Contract
    where
        E: Event<Args: Signature, Ack: Signature> + 'static,
    {
        self.client.push(Declared::new::<E>());
        self
    }

    /// Adds an event that the server sends.
    #[must_use]
    pub fn server<E>(mut self) -> Contract
    where
        E: Event<Args: Signature, Ack: Signature> + 'static,
    {
        self.server.push(Declared::new::<E>());
        self
    }

    /// The text of a TypeScript file with `ClientToServerEvents` and `ServerToClientEvents`, in the
    /// form that `socket.io-client` takes, and with every type that they name.
    ///
    /// It says what is on the wire: a handler that fails answers `{ error }`, so every
    /// acknowledgement by the server is what the event declares, or a `HandlerFailure`. Integers of
    /// 64 bits and more are `number`, as they are in JSON; beyond 2⁵³ a client sees them rounded.
    /// [`Binary`](crate::Binary) is `ArrayBuffer | Uint8Array`.
    ///
    /// # Errors
    /// When one name would be declared twice.
    pub fn typescript(&self) -> Result<String, ContractError> {
        typescript::write(&self.client, &self.server)
    }

    /// Looks whether the namespace, or the rule for namespaces, has a handler for each event that
    /// clients send; to be called when all are registered. Handlers of single sockets are not seen.
    ///
    /// # Errors
    /// The names of the events that nobody handles.
    pub fn check(&self, namespace: &impl Listens) -> Result<(), Unhandled> {
        let names = self.client.iter().map(|event| event.name);
        let unheard: Vec<_> = names.filter(|name| !namespace.listens(name)).collect();
        if unheard.is_empty() {
            return Ok(());
        }
        Err(Unhandled {
            namespace: namespace.title().to_owned(),
            events: unheard,
        })
    }
}

/// What has handlers: a [`Namespace`], or a [`ParentNamespace`].
pub trait Listens {
    /// Whether one of its handlers listens to an event of this name.
    fn listens(&self, event: &str) -> bool;

    /// What it is called in errors.
    fn title(&self) -> &str;
}

impl Listens for Namespace {
    fn listens(&self, event: &str) -> bool {
        self.listener_count(event) > 0
    }

    fn title(&self) -> &str {
        self.name()
    }
}

impl Listens for ParentNamespace {
    fn listens(&self, event: &str) -> bool {
        self.listener_count(event) > 0
    }

    fn title(&self) -> &str {
        self.rule()
    }
}

impl Declared {
    fn new<E>() -> Declared
    where
        E: Event<Args: Signature, Ack: Signature> + 'static,
    {
        Declared {
            name: E::NAME,
            describe: Form::of::<E>,
        }
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |events: &[Declared]| events.iter().map(|event| event.name).collect::<Vec<_>>();
        f.debug_struct("Contract")
            .field("client", &names(&self.client))
            .field("server", &names(&self.server))
            .finish()
    }
}

/// Why a contract cannot be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// An event is listed twice for one direction.
    #[error("the event {0:?} is declared twice for one direction")]
    SameEvent(String),
    /// Two types would have one name.
    #[error("two types are named {0} in TypeScript; rename one with `#[ts(rename = \"…\")]`")]
    SameType(String),
}

/// Events of a contract that no handler listens to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{namespace} has no handler for {}", events.join(", "))]
pub struct Unhandled {
    namespace: String,
    events: Vec<&'static str>,
}

impl Unhandled {
    /// The names of the events.
    pub fn events(&self) -> &[&'static str] {
        &self.events
    }
}
