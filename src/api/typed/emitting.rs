//! Listening to and emitting events as types, for each of the API's handles.

use crate::api::EmitError;
use crate::api::ListenerId;
use crate::api::io::Io;
use crate::api::namespace::Namespace;
use crate::api::operator::Broadcast;
use crate::api::parent::{ParentBroadcast, ParentNamespace};
use crate::api::remote::RemoteSocket;
use crate::api::socket::{Emitted, Socket, SocketOperator};
use crate::socketio::{FromArgs, IntoArgs};

use super::ask::{Ask, AskAll};
use super::handler::{ByEvent, OnEvent};
use super::{AckValues, Acknowledges, AnswerTo, Event, TypedHandler, WithAck, WithoutAck};

impl Namespace {
    /// Handles an event of every socket of this namespace; the event is the handler's first argument.
    ///
    /// What the handler returns is the acknowledgement that the event declares. All else is as with
    /// [`on`](Namespace::on), and several handlers of one event may be of both kinds.
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_event<M: 'static, H>(&self, handler: H) -> &Namespace
    where
        H: TypedHandler<M>,
        H::Event: Event<Args: FromArgs> + 'static,
        H::Output: Acknowledges<AnswerTo<H::Event>>,
        AckValues<H::Event>: IntoArgs + Send + 'static,
    {
        self.on::<ByEvent<M>, _>(H::Event::NAME, OnEvent(handler));
        self
    }
}

impl ParentNamespace {
    /// Handles an event in every namespace of the rule. As [`Namespace::on_event`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on_event<M: 'static, H>(&self, handler: H) -> &ParentNamespace
    where
        H: TypedHandler<M>,
        H::Event: Event<Args: FromArgs> + 'static,
        H::Output: Acknowledges<AnswerTo<H::Event>>,
        AckValues<H::Event>: IntoArgs + Send + 'static,
    {
        self.on::<ByEvent<M>, _>(H::Event::NAME, OnEvent(handler));
        self
    }
}

/// Gives handles the methods that give the listener's id.
macro_rules! listen_event {
    ($($doc:literal $handle:ty: $method:ident as $untyped:ident;)*) => {
        $(impl $handle {
            #[doc = $doc]
            ///
            /// # Panics
            /// As [`Namespace::on`].
            pub fn $method<M: 'static, H>(&self, handler: H) -> ListenerId
            where
                H: TypedHandler<M>,
                H::Event: Event<Args: FromArgs> + 'static,
                H::Output: Acknowledges<AnswerTo<H::Event>>,
                AckValues<H::Event>: IntoArgs + Send + 'static,
            {
                self.$untyped::<ByEvent<M>, _>(H::Event::NAME, OnEvent(handler))
            }
        })*
    };
}

listen_event! {
    "As [`on_event`](Namespace::on_event), and says how to take the handler off."
    Namespace: listen_event as listen;
    "As [`on_event`](ParentNamespace::on_event), and says how to take the handler off."
    ParentNamespace: listen_event as listen;
    "As [`on_event`](Socket::on_event), and says how to take the handler off."
    Socket: listen_event as listen;
    "Handles the next such event of this socket, and no other; see [`once`](Socket::once)."
    Socket: once_event as once;
}

/// Gives handles the methods that send an event, and what each of them gives back.
macro_rules! emit_event {
    ($($handle:ty => $emitted:ty, $asking:ident::$way:ident; $sends:literal $asks:literal)*) => {
        $(impl $handle {
            #[doc = $sends]
            ///
            /// # Errors
            /// As [`Socket::emit`].
            pub fn emit_event<'a, E>(&self, event: &'a E) -> Result<$emitted, EmitError>
            where
                E: Event<Ack: WithoutAck, Values<'a>: IntoArgs>,
            {
                self.emit(E::NAME, event.values())
            }

            #[doc = $asks]
            pub fn ask<'a, E>(&self, event: &'a E) -> $asking<E>
            where
                E: Event<Ack: WithAck, Values<'a>: IntoArgs>,
                AckValues<E>: FromArgs,
            {
                $asking::$way(self.emit_with_ack(E::NAME, event.values()))
            }
        })*
    };
}

emit_event! {
    Io => usize, AskAll::new;
    "Sends an event to every socket of `/` and says how many were there."
    "As [`emit_event`](Broadcast::emit_event) of an event that declares an acknowledgement, and waits for all; see [`Broadcast::emit_with_ack`]."
    Namespace => usize, AskAll::new;
    "Sends an event to every socket of the namespace and says how many were there."
    "As [`emit_event`](Broadcast::emit_event) of an event that declares an acknowledgement, and waits for all; see [`Broadcast::emit_with_ack`]."
    Broadcast => usize, AskAll::new;
    "Sends an event to every selected socket and says how many took it."
    "As [`emit_event`](Broadcast::emit_event) of an event that declares an acknowledgement, and waits for all; see [`Broadcast::emit_with_ack`]."
    ParentNamespace => usize, AskAll::new;
    "Sends an event to every socket in every namespace of the rule and says how many were there."
    "As [`emit_event`](Broadcast::emit_event) of an event that declares an acknowledgement, and waits for all; see [`Broadcast::emit_with_ack`]."
    ParentBroadcast => usize, AskAll::new;
    "Sends an event to every selected socket and says how many took it."
    "As [`emit_event`](Broadcast::emit_event) of an event that declares an acknowledgement, and waits for all; see [`Broadcast::emit_with_ack`]."
    SocketOperator => Emitted, Ask::here;
    "Sends an event to this socket."
    "Sends an event that declares an acknowledgement, and waits for it; see [`Socket::ask`]."
    RemoteSocket => (), Ask::somewhere;
    "Sends an event to this socket."
    "Sends an event that declares an acknowledgement, and waits for it; see [`Socket::ask`]."
}

impl Io {
    /// Handles an event in `/`. As [`Namespace::on_event`].
    ///
    /// # Panics
    /// As [`Namespace::on`].
    pub fn on_event<M: 'static, H>(&self, handler: H) -> &Io
    where
        H: TypedHandler<M>,
        H::Event: Event<Args: FromArgs> + 'static,
        H::Output: Acknowledges<AnswerTo<H::Event>>,
        AckValues<H::Event>: IntoArgs + Send + 'static,
    {
        self.of("/").on_event(handler);
        self
    }
}

impl Socket {
    /// Handles an event of this socket only, beside the namespace's own handlers. As
    /// [`Namespace::on_event`].
    ///
    /// # Panics
    /// As [`on`](Namespace::on).
    pub fn on_event<M: 'static, H>(&self, handler: H)
    where
        H: TypedHandler<M>,
        H::Event: Event<Args: FromArgs> + 'static,
        H::Output: Acknowledges<AnswerTo<H::Event>>,
        AckValues<H::Event>: IntoArgs + Send + 'static,
    {
        self.on::<ByEvent<M>, _>(H::Event::NAME, OnEvent(handler));
    }

    /// Sends an event to this client. Returns at once: the event waits in the client's queue.
    ///
    /// # Errors
    /// As [`emit`](Socket::emit).
    pub fn emit_event<'a, E>(&self, event: &'a E) -> Result<Emitted, EmitError>
    where
        E: Event<Ack: WithoutAck, Values<'a>: IntoArgs>,
    {
        self.emit(E::NAME, event.values())
    }

    /// Sends an event that declares an acknowledgement, and waits for it.
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # mod events {
    /// use std::time::Duration;
    /// use trunkline::{AnswerError, Event, Socket};
    ///
    /// #[derive(Event, serde::Serialize)]
    /// #[event(name = "pick", ack = String)]
    /// struct Pick { of: Vec<String> }
    ///
    /// async fn pick(socket: Socket) -> Result<String, AnswerError> {
    ///     let pick = Pick { of: vec!["tea".to_owned(), "coffee".to_owned()] };
    ///     socket.ask(&pick).timeout(Duration::from_secs(30)).await
    /// }
    /// # }
    /// ```
    pub fn ask<'a, E>(&self, event: &'a E) -> Ask<E>
    where
        E: Event<Ack: WithAck, Values<'a>: IntoArgs>,
        AckValues<E>: FromArgs,
    {
        Ask::here(self.emit_with_ack(E::NAME, event.values()))
    }
}
