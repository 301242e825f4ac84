//! One client with its connection, and the shell around that: what the driver's task holds and does.

use std::sync::Arc;

use trunkline::connection::Connection;
use trunkline::engine::{CloseReason, Gone, Transmit, Transport};
use trunkline::socketio::Outgoing;
use trunkline::wire::{Frame, Moment};

use super::application::Seat;
use super::client::Client;
use super::fault::Fault;
use super::law::Law;
use super::ledger::Ledger;
use super::network::{
    GetDown, GetUp, Lane, Network, Number, PostDown, PostUp, SocketDown, SocketUp,
};
use super::world::World;

/// A client, its connection, and what is between them.
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) is_bare: bool,
    pub(crate) opened: Moment,
    pub(crate) connection: Connection,
    /// The lanes, as the driver holds them.
    pub(crate) parked: Option<Number>,
    pub(crate) post: Option<Post>,
    pub(crate) socket: Option<Number>,
    /// The application's side.
    pub(crate) seats: Vec<Seat>,
    /// It has joined a namespace, once.
    pub(crate) has_joined: bool,
    pub(crate) mail: Lane<Mail>,
    pub(crate) later: Lane<Later>,
    /// The application takes no events for a while.
    pub(crate) busy: Option<Busy>,
    /// The WebSocket takes no frames until then.
    pub(crate) blocked_until: Option<Moment>,
    /// When the application began to close the connection.
    pub(crate) closing_since: Option<Moment>,
    /// What is queued leaves before that close.
    pub(crate) is_graceful: bool,
    pub(crate) closed_at: Option<Moment>,
    /// The client's side.
    pub(crate) network: Network,
    pub(crate) client: Client,
    pub(crate) ledger: Ledger,
}

/// A POST whose body may not have come yet.
pub(crate) struct Post {
    pub(crate) number: Number,
    pub(crate) has_body: bool,
}

/// How long the application takes no events, and whether that is too long.
pub(crate) struct Busy {
    pub(crate) until: Moment,
    pub(crate) stalls: bool,
}

/// What the application's other parts want of a client.
pub(crate) enum Mail {
    Emit {
        packet: Arc<Outgoing>,
        namespace: usize,
        number: u32,
    },
}

/// What the application will do for a client in a while.
pub(crate) enum Later {
    Decide { namespace: usize, welcome: bool },
    Answer { namespace: usize, id: u64 },
}

impl Host {
    /// Whether the driver would read events now.
    pub(crate) fn has_room(&self) -> bool {
        self.busy.is_none()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.closed_at.is_some()
    }

    /// Whether neither the client nor the application has given a reason to end the connection.
    pub(crate) fn is_healthy(&self) -> bool {
        self.client.excuse.is_none() && self.closing_since.is_none()
    }
}

impl World {
    /// Something about a GET reaches the server.
    pub(super) fn get_arrives(&mut self, at: usize, up: &GetUp) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        match *up {
            GetUp::Asks(number) => match host.connection.handle_poll() {
                Ok(()) => {
                    let doubled = host.parked.replace(number);
                    self.laws.hold(Law::AnsweredOnce, doubled.is_none(), || {
                        "a second GET is parked".to_owned()
                    });
                    let over = self.hosts[at].is_over();
                    self.laws
                        .hold(Law::ClosedIsSilent, !over, || "a GET is parked".to_owned());
                }
                Err(_) => host.network.get_down.push(due, GetDown::Refused(number)),
            },
            GetUp::Drops(number) if host.parked == Some(number) => {
                host.parked = None;
                self.cut(at);
                self.hosts[at].connection.handle_poll_gone();
            }
            GetUp::Drops(_) => {}
        }
        self.settle(at);
    }

    /// Something about a POST reaches the server.
    pub(super) fn post_arrives(&mut self, at: usize, up: PostUp) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        let current = |number| host.post.as_ref().is_some_and(|post| post.number == number);
        match up {
            PostUp::Begins(number) => match host.connection.handle_post() {
                Ok(()) => {
                    let has_body = false;
                    host.post = Some(Post { number, has_body });
                }
                Err(_) => {
                    host.network.post_down.push(due, PostDown::Refused(number));
                    if host.connection.closed().is_some()
                        && let Some(cut) = host.post.take()
                    {
                        host.network
                            .post_down
                            .push(due, PostDown::Refused(cut.number));
                    }
                }
            },
            PostUp::Body(number, body) if current(number) => {
                host.post = Some(Post {
                    number,
                    has_body: true,
                });
                host.connection.handle_body(body);
            }
            PostUp::Drops(number) if current(number) => {
                host.post = None;
                self.cut(at);
                self.hosts[at].connection.handle_post_gone();
            }
            PostUp::TooLarge(number) if current(number) => {
                self.tally.count("POST too large");
                host.post = None;
                host.connection.handle_post_refused();
                host.network.post_down.push(due, PostDown::Refused(number));
            }
            PostUp::InvalidContent(number) => {
                host.connection.handle_invalid_content();
                host.network.post_down.push(due, PostDown::Refused(number));
            }
            PostUp::Body(..) | PostUp::Drops(_) | PostUp::TooLarge(_) => {}
        }
        self.settle(at);
    }

    /// Something on a WebSocket reaches the server.
    pub(super) fn socket_arrives(&mut self, at: usize, up: SocketUp) {
        let (now, due, limit) = (self.now, self.latency(at), self.engine.max_payload);
        let host = &mut self.hosts[at];
        match up {
            SocketUp::Opens(number) => match host.connection.handle_websocket(now) {
                Ok(()) => {
                    let doubled = host.socket.replace(number);
                    self.laws.hold(Law::OneWebSocket, doubled.is_none(), || {
                        "a second WebSocket is taken".to_owned()
                    });
                }
                Err(refused) => {
                    self.tally
                        .count_in("WebSocket refused", super::world::refused(refused));
                    let end = SocketDown::Ends(number);
                    self.hosts[at].network.socket_down.push(due, end);
                }
            },
            SocketUp::Frame(number, frame) if host.socket == Some(number) => {
                if frame.len() > limit {
                    self.cut(at);
                    self.hosts[at]
                        .connection
                        .handle_websocket_gone(Gone::TooLarge);
                } else {
                    host.connection.handle_frame(now, frame);
                    return self.settle_candidate(at, "upgrade failed");
                }
            }
            SocketUp::Ends(number, gone) if host.socket == Some(number) => {
                host.socket = None;
                host.blocked_until = None;
                self.cut(at);
                self.hosts[at].connection.handle_websocket_gone(gone);
            }
            SocketUp::Frame(_, frame) if frame == Frame::from_static("5") => {
                self.tally.count("5 of a WebSocket that was given up");
            }
            SocketUp::Frame(..) | SocketUp::Ends(..) => {}
        }
        self.settle(at);
    }

    /// Settles; a candidate that is hung up meanwhile, in a session that goes on, counts as `why`.
    pub(super) fn settle_candidate(&mut self, at: usize, why: &'static str) {
        let host = &self.hosts[at];
        let is_polling = host.connection.transport() == Transport::Polling;
        let is_candidate = is_polling && host.socket.is_some();
        self.settle(at);
        let host = &self.hosts[at];
        if is_candidate && host.socket.is_none() && !host.is_over() {
            self.tally.count(why);
        }
    }

    /// A lane is about to be cut.
    fn cut(&mut self, at: usize) {
        if self.hosts[at].connection.queued_bytes() > 0 {
            self.tally.count("cut with data queued");
        }
    }

    /// After each input: what the driver does.
    pub(super) fn settle(&mut self, at: usize) {
        while self.hosts[at].has_room()
            && let Some(event) = self.hosts[at].connection.poll_event(self.now)
        {
            self.handle_event(at, event);
            // What one packet caused leaves before the next one can end the session.
            self.perform(at);
        }
        self.answer_post(at);
        self.perform(at);
        self.note_transport(at);
        if self.hosts[at].connection.closed().is_some() && !self.hosts[at].is_over() {
            self.leave(at);
        }
        self.collect_answers();
    }

    fn answer_post(&mut self, at: usize) {
        let due = self.latency(at);
        let host = &mut self.hosts[at];
        let Some(post) = host.post.take_if(|_| !host.connection.is_posting()) else {
            return;
        };
        let accepted = post.has_body && host.connection.closed() != Some(&CloseReason::ParseError);
        host.network.post_down.push(
            due,
            match accepted {
                true => PostDown::Accepted(post.number),
                false => PostDown::Refused(post.number),
            },
        );
    }

    fn note_transport(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        if host.connection.transport() == Transport::WebSocket && !host.client.was_websocket {
            host.client.was_websocket = true;
            host.client.has_upgraded = true;
            self.tally.count("upgrade completed");
        }
    }

    /// The connection is over: the client is on no list from now on.
    fn leave(&mut self, at: usize) {
        let (now, due) = (self.now, self.latency(at));
        let reason = self.hosts[at].connection.closed().copied();
        self.count_close(reason);
        self.hosts[at].mail.clear();
        while let Some(event) = self.hosts[at].connection.poll_event(now) {
            self.handle_event(at, event);
        }
        let host = &mut self.hosts[at];
        host.closed_at = Some(now);
        if let Some(cut) = host.post.take() {
            host.network
                .post_down
                .push(due, PostDown::Refused(cut.number));
        }
        self.laws
            .note(b'C', reason.map_or("", |reason| reason.as_str()).as_bytes());
        self.laws.hold(Law::HealthyLives, !host.is_healthy(), || {
            format!("{}: closed for {reason:?}", host.name)
        });
        let idle = host.parked.is_none() && host.socket.is_none();
        self.laws.hold(Law::AnsweredOnce, idle, || {
            format!("{}: somebody waits for a closed session", host.name)
        });
        let (queued, timeout) = (
            host.connection.queued_bytes(),
            host.connection.poll_timeout(),
        );
        self.laws
            .hold(Law::QueueIsExact, queued == 0, || format!("{queued} bytes"));
        self.laws.hold(Law::ClosedIsSilent, timeout.is_none(), || {
            format!("a deadline at {timeout:?}")
        });
        let seats = &host.seats;
        self.laws
            .hold(Law::ConnectsAreDisconnects, seats.is_empty(), || {
                format!("{}: nobody was told that {seats:?} are left", host.name)
            });
        if self.shim.strikes(Fault::SendAfterClose) {
            self.transmit(at, Transmit::Frame("4late".into()));
        }
    }
}
