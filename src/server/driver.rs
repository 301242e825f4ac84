//! One task per client: wait for one thing, feed it to the [`Connection`], do what that asks for.
//!
//! The task owns everything of its client: the connection, the WebSocket, the parked GET, the
//! running handlers. A flush that has to wait is one of the things waited for, so a slow reader
//! freezes neither its own timers nor its handlers. When the connection is over, the client is
//! taken off every list at once, and the task lives on only for handlers that are still running.

mod bare;
mod crew;
mod desk;
mod dispatch;
mod lanes;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use crate::api::{Application, Handshake};
use crate::clock;
use crate::connection::{Connection, Event};
use crate::engine::{Fault, Gone, Session, Transport};
use crate::registry::Mailbox;
use crate::socketio::Client;
use crate::wire::{Moment, Sid};

use super::sessions::{Arrival, PollAnswer, PostAnswer, SessionHandle};
use super::shared::Shared;
use super::websocket;

use bare::Bare;
use desk::{Desk, Inbox};
use dispatch::Dispatch;
use lanes::{Input, Lanes};

/// How many inputs of one kind are taken before the others get their turn.
const TURN: usize = 32;

/// How many rounds a task takes before it lets others run.
const ROUNDS: usize = 16;

/// Opens a session whose handshake came as a GET; the GET is answered with the open packet.
pub(crate) fn open_polling(
    shared: &Arc<Shared>,
    sid: Sid,
    handshake: Arc<Handshake>,
    answer: oneshot::Sender<PollAnswer>,
) {
    let now = clock::now();
    let session = Session::open(&sid, Transport::Polling, shared.engine.clone(), now);
    let mut driver = Driver::new(shared, Some(sid), handshake, protocol(shared, session, now));
    driver.arrive(Arrival::Poll(answer), now);
    tokio::spawn(driver);
}

/// Opens a session on a WebSocket whose upgrade was just granted.
pub(crate) fn open_websocket(
    shared: &Arc<Shared>,
    sid: Sid,
    handshake: Arc<Handshake>,
    on_upgrade: OnUpgrade,
) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let upgraded = websocket::upgrade(on_upgrade, shared.engine.max_payload);
        let Some(websocket) = upgraded.await else {
            return;
        };
        let now = clock::now();
        let config = shared.engine.clone();
        let session = Session::open(&sid, Transport::WebSocket, config, now);
        let connection = protocol(&shared, session, now);
        let mut driver = Driver::new(&shared, Some(sid), handshake, connection);
        drop(shared);
        driver.lanes.attach(websocket);
        driver.await;
    });
}

/// Opens a connection that speaks plain JSON frames.
pub(crate) fn open_plain(shared: &Arc<Shared>, handshake: Arc<Handshake>, on_upgrade: OnUpgrade) {
    let shared = shared.clone();
    tokio::spawn(async move {
        let upgraded = websocket::upgrade(on_upgrade, shared.engine.max_payload);
        let Some(websocket) = upgraded.await else {
            return;
        };
        let now = clock::now();
        let config = shared.plain.clone();
        let connection = Connection::plain(config, &handshake.query, now);
        let mut driver = Driver::new(&shared, None, handshake, connection);
        drop(shared);
        driver.lanes.attach(websocket);
        driver.await;
    });
}

fn protocol(shared: &Shared, session: Session, now: Moment) -> Connection {
    match &shared.application {
        Application::SocketIo(_) => {
            let client = Client::new(shared.socketio.clone(), now, "4");
            Connection::socketio(session, client)
        }
        Application::Engine(_) => Connection::bare(session),
    }
}

struct Driver {
    shared: Arc<Shared>,
    seat: Seat,
    inbox: Inbox,
    connection: Connection,
    tenant: Tenant,
    lanes: Lanes,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when the client is not read because its events are not taken.
    stalled_until: Option<Moment>,
    /// What the mailbox was told last about the bytes held here.
    held: usize,
    transport: Transport,
    is_new: bool,
    is_over: bool,
}

/// Where the server's other parts find this client.
struct Seat {
    sid: Option<Sid>,
    handle: Option<Arc<SessionHandle>>,
    number: u64,
}

/// Whose client it is.
enum Tenant {
    SocketIo(Dispatch),
    Engine(Bare),
}

impl Driver {
    fn new(
        shared: &Arc<Shared>,
        sid: Option<Sid>,
        handshake: Arc<Handshake>,
        connection: Connection,
    ) -> Driver {
        let transport = connection.transport();
        let mailbox = Arc::new(Mailbox::new(shared.dispatch.max_backlog));
        mailbox.set_transport(number_of(transport));
        let handle = sid.as_ref().map(|sid| {
            let handle = SessionHandle::new(transport);
            // Whoever made the id has made sure that it is new.
            shared.sessions.insert(sid.clone(), handle.clone());
            handle
        });
        let tenant = match &shared.application {
            Application::SocketIo(io) => Tenant::SocketIo(Dispatch::new(
                io.clone(),
                mailbox.clone(),
                handshake,
                connection.dialect(),
            )),
            Application::Engine(engine) => {
                Tenant::Engine(Bare::new(engine.clone(), &mailbox, handshake))
            }
        };
        let number = shared.crowd.enter(&mailbox);
        Driver {
            shared: shared.clone(),
            seat: Seat {
                sid,
                handle,
                number,
            },
            inbox: Inbox::new(mailbox),
            connection,
            tenant,
            lanes: Lanes::default(),
            timer: None,
            stalled_until: None,
            held: 0,
            transport,
            is_new: true,
            is_over: false,
        }
    }

    /// The handshake's answer holds nothing but the open packet; what the application sends at
    /// once follows it.
    fn open(&mut self, cx: &mut Context<'_>) {
        self.is_new = false;
        self.settle(clock::now(), cx);
        if let Tenant::Engine(bare) = &mut self.tenant {
            bare.opened();
        }
    }

    /// One turn for every kind of input; whether there was any.
    fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let now = clock::now();
        self.check_stall(now);
        let mut busy = self.take_mail(now, cx);
        busy |= self.take_arrivals(now, cx);
        busy |= self.finish_handlers(now, cx);
        busy |= self.read(now, cx);
        if self
            .connection
            .poll_timeout()
            .is_some_and(|deadline| deadline <= now)
        {
            self.connection.handle_timeout(now);
            self.settle(now, cx);
            busy = true;
        }
        busy
    }

    fn take_mail(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let mut taken = self.desk(now).take_mail(TURN);
        if self.inbox.mailbox().is_overflowing() && !self.is_over {
            self.connection.fail(Fault::SlowConsumer);
            taken += 1;
        }
        if taken > 0 {
            self.settle(now, cx);
        }
        taken > 0
    }

    fn desk(&mut self, now: Moment) -> Desk<'_> {
        Desk {
            connection: &mut self.connection,
            inbox: &mut self.inbox,
            now,
        }
    }

    fn take_arrivals(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let Some(handle) = self.seat.handle.clone() else {
            return false;
        };
        let mut busy = false;
        while let Poll::Ready(arrival) = handle.poll_arrival(cx) {
            self.arrive(arrival, now);
            self.settle(now, cx);
            busy = true;
        }
        busy
    }

    /// Something came to the session by HTTP.
    fn arrive(&mut self, arrival: Arrival, now: Moment) {
        match arrival {
            Arrival::Poll(answer) => match self.connection.handle_poll() {
                Ok(()) => self.lanes.park_poll(answer),
                // Whoever asked may have gone.
                Err(_) => drop(answer.send(PollAnswer::Overlap)),
            },
            Arrival::Post(answer) => match self.connection.handle_post() {
                Ok(()) => self.lanes.begin_post(answer),
                Err(_) => {
                    // Whoever asked may have gone.
                    let _ = answer.send(PostAnswer::Overlap);
                    if self.connection.closed().is_some() {
                        self.lanes.cut_post();
                    }
                }
            },
            Arrival::Body(body) => {
                if self.lanes.post_has_body() {
                    self.connection.handle_body(body);
                }
            }
            Arrival::PostRefused => {
                self.lanes.forget_post();
                self.connection.handle_post_refused();
            }
            Arrival::InvalidContent => self.connection.handle_invalid_content(),
            Arrival::WebSocket(websocket) => match self.connection.handle_websocket(now) {
                Ok(()) => self.lanes.attach(websocket),
                Err(_) => self.lanes.turn_away(websocket),
            },
        }
    }

    fn finish_handlers(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let mut finished = 0;
        while finished < TURN {
            let mut desk = Desk {
                connection: &mut self.connection,
                inbox: &mut self.inbox,
                now,
            };
            let polled = match &mut self.tenant {
                Tenant::SocketIo(dispatch) => dispatch.poll(&mut desk, cx),
                Tenant::Engine(bare) => bare.poll(cx),
            };
            if polled.is_pending() {
                break;
            }
            finished += 1;
        }
        if finished > 0 {
            self.settle(now, cx);
        }
        finished > 0
    }

    fn read(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let mut inputs = 0;
        while inputs < TURN {
            let reading = self.has_room();
            let Poll::Ready(input) = self.lanes.poll_input(reading, cx) else {
                break;
            };
            match input {
                Input::Frame(frame) => self.connection.handle_frame(now, frame),
                Input::Pong => self.connection.handle_pong(now),
                Input::WebSocketGone(gone) => self.connection.handle_websocket_gone(gone),
                Input::PollGone => self.connection.handle_poll_gone(),
                Input::PostGone => self.connection.handle_post_gone(),
            }
            self.settle(now, cx);
            inputs += 1;
        }
        inputs > 0
    }

    /// After each input: starts handlers for what it brought, and sends what it asks for.
    fn settle(&mut self, now: Moment, cx: &mut Context<'_>) {
        while self.has_room()
            && let Some(event) = self.connection.poll_event(now)
        {
            self.handle(event, now);
            // What one packet caused leaves before the next one can end the session.
            self.lanes.perform(&mut self.connection, cx);
        }
        self.lanes.answer_post(&self.connection);
        self.lanes.perform(&mut self.connection, cx);
        self.note_transport();
        if self.connection.closed().is_some() && !self.is_over {
            self.leave(now);
        }
    }

    fn handle(&mut self, event: Event, now: Moment) {
        let mut desk = Desk {
            connection: &mut self.connection,
            inbox: &mut self.inbox,
            now,
        };
        match (&mut self.tenant, event) {
            (Tenant::SocketIo(dispatch), Event::SocketIo(event)) => {
                dispatch.handle(event, &mut desk);
            }
            (Tenant::Engine(bare), Event::Message(frame)) => bare.message(frame),
            // A connection is made for its tenant and gives no other events.
            (Tenant::SocketIo(_), Event::Message(_)) | (Tenant::Engine(_), Event::SocketIo(_)) => {}
        }
        // What the handlers emitted leaves before the next packet is looked at.
        desk.catch_up();
    }

    fn note_transport(&mut self) {
        let transport = self.connection.transport();
        if transport == self.transport {
            return;
        }
        self.transport = transport;
        self.inbox.mailbox().set_transport(number_of(transport));
        if let Some(handle) = &self.seat.handle {
            handle.set_transport(transport);
        }
        if let Tenant::Engine(bare) = &mut self.tenant {
            bare.upgraded();
        }
    }

    /// The connection is over: the client is on no list from now on.
    fn leave(&mut self, now: Moment) {
        self.is_over = true;
        self.seat.give_up(&self.shared);
        self.lanes.end();
        if let (Tenant::Engine(bare), Some(reason)) = (&mut self.tenant, self.connection.closed()) {
            bare.closed(*reason);
        }
        // Whatever still waited for room is dealt with now, the disconnects among it.
        while let Some(event) = self.connection.poll_event(now) {
            self.handle(event, now);
        }
        self.inbox.close();
    }

    fn has_room(&self) -> bool {
        match &self.tenant {
            Tenant::SocketIo(dispatch) => dispatch.has_room(),
            Tenant::Engine(bare) => bare.has_room(),
        }
    }

    fn is_idle(&self) -> bool {
        match &self.tenant {
            Tenant::SocketIo(dispatch) => dispatch.is_idle(),
            Tenant::Engine(bare) => bare.is_idle(),
        }
    }

    /// A client whose events are not taken is not read, is not asked for pongs meanwhile, and is
    /// closed when that lasts.
    fn check_stall(&mut self, now: Moment) {
        match (self.has_room() || self.is_over, self.stalled_until) {
            (true, Some(_)) => {
                self.stalled_until = None;
                self.connection.resume(now);
            }
            (false, None) => {
                self.connection.pause(now);
                self.stalled_until = Some(now + self.shared.dispatch.stall_limit);
            }
            (false, Some(limit)) if limit <= now => {
                self.connection.fail(Fault::Stalled);
            }
            (true, None) | (false, Some(_)) => {}
        }
    }

    /// Before sleeping: one flush for all that was sent, the accounts, the timer.
    fn rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.lanes.poll_flush(cx).is_ready() {
            self.connection.handle_websocket_gone(Gone::Failed);
            self.settle(clock::now(), cx);
            cx.waker().wake_by_ref();
        }
        let held = self.connection.queued_bytes() + self.lanes.unflushed();
        self.inbox.mailbox().account(self.held, held);
        self.held = held;
        if held == 0 {
            self.inbox.tell_flushed();
        }
        if self.is_over && self.is_idle() && self.lanes.is_deserted() {
            return Poll::Ready(());
        }
        if !self.inbox.mailbox().sleep(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        self.arm_timer(cx);
        Poll::Pending
    }

    fn arm_timer(&mut self, cx: &mut Context<'_>) {
        let deadline = [self.connection.poll_timeout(), self.stalled_until]
            .into_iter()
            .flatten();
        let Some(deadline) = deadline.min().filter(|_| !self.is_over) else {
            self.timer = None;
            return;
        };
        let deadline = clock::instant(deadline);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // A timer that is early costs one idle turn; moving it at every message costs more.
        if timer.deadline() > deadline || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                cx.waker().wake_by_ref();
                return;
            }
            timer.as_mut().reset(deadline);
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driver = self.get_mut();
        if driver.is_new {
            driver.open(cx);
        }
        for _ in 0..ROUNDS {
            if !driver.round(cx) {
                return driver.rest(cx);
            }
        }
        // There is more, but others want to run too.
        cx.waker().wake_by_ref();
        driver.rest(cx)
    }
}

impl Seat {
    fn give_up(&mut self, shared: &Shared) {
        if let Some(sid) = self.sid.take() {
            shared.sessions.remove(&sid);
        }
        shared.crowd.leave(self.number);
    }
}

impl Drop for Driver {
    /// Also after a panic, nobody finds this client any more.
    fn drop(&mut self) {
        self.seat.give_up(&self.shared);
        self.inbox.close();
    }
}

/// How a transport is noted in the mailbox, which does not know transports.
fn number_of(transport: Transport) -> u8 {
    match transport {
        Transport::Polling => 0,
        Transport::WebSocket => 1,
    }
}
