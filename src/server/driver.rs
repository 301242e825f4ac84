//! One task per client: wait for one thing, feed it to the [`Connection`], do what that asks for.
//!
//! The task owns everything of its client: the connection, the WebSocket, the parked GET, the
//! running handlers. A flush that has to wait is one of the things waited for, so a slow reader
//! freezes neither its own timers nor its handlers. When the connection is over, the client is
//! taken off every list at once, and the task lives on only for handlers that are still running.
//!
//! Read `lanes` (what touches the network), `dispatch` and `calls` (what starts handlers), `desk`
//! (what keeps their effects in order), then the loop below.

mod arrivals;
mod bare;
mod calls;
mod crew;
mod desk;
mod dispatch;
mod lanes;
mod members;
mod names;
mod observer;
mod open;
mod pace;
mod seat;
mod tenant;
mod timer;
mod watches;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::api::Handshake;
use crate::clock;
use crate::connection::{Connection, Meter};
use crate::engine::{Fault, Transport};
use crate::registry::{ENVELOPE, Mailbox};
use crate::wire::Moment;

use super::places::Place;
use super::sessions::Booking;

pub(crate) use open::{open_plain, open_polling, open_websocket};

use desk::{Desk, Inbox};
use lanes::{Input, Lanes};
use names::Names;
use pace::Stall;
use seat::Seat;
use tenant::Tenant;
use timer::Timer;

/// How many inputs of one kind are taken before the others get their turn.
const TURN: usize = 32;

/// How many rounds a task takes before it lets others run.
const ROUNDS: usize = 16;

/// With this many bytes of mail taken, what has left is counted off without waiting for the end of
/// the turn.
const ACCOUNT_AT: usize = 64 * 1024;

struct Driver {
    seat: Seat,
    inbox: Inbox,
    connection: Connection,
    tenant: Tenant,
    lanes: Lanes,
    timer: Timer,
    stall: Stall,
    /// None if the client may talk as fast as it likes.
    meter: Option<Box<Meter>>,
    /// Whether the client has talked too fast and is not read for a while.
    is_throttled: bool,
    transport: Transport,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The handshake is not answered yet.
    New,
    Open,
    /// The connection is over; handlers may be running still.
    Over,
}

impl Driver {
    fn new(
        place: Place,
        session: Option<Booking>,
        handshake: Arc<Handshake>,
        mut connection: Connection,
    ) -> Driver {
        let shared = place.shared().clone();
        let transport = connection.transport();
        let mailbox = Arc::new(
            Mailbox::new(shared.dispatch.max_backlog).with_policy(shared.socketio.slow_client),
        );
        let names = Names::of(&connection, session.as_ref());
        let seat = Seat::take(place, session, transport, &mailbox);
        let dialect = connection.dialect();
        if let Some(observer) = observer::observer(&shared.application, &mailbox, &handshake) {
            connection.observe(observer);
        }
        let tenant = Tenant::new(
            &shared.application,
            mailbox.clone(),
            handshake,
            dialect,
            names,
        );
        Driver {
            seat,
            lanes: Lanes::new(mailbox.clone()),
            inbox: Inbox::new(mailbox),
            connection,
            tenant,
            timer: Timer::default(),
            stall: Stall {
                limit: shared.dispatch.stall_limit,
                until: None,
            },
            meter: Meter::new(shared.dispatch.pace).map(Box::new),
            is_throttled: false,
            transport,
            phase: Phase::New,
        }
    }

    /// The handshake's answer holds nothing but the open packet; what the application sends at
    /// once follows it. It hears of the connection before a client joins that need not ask for it.
    fn open(&mut self, cx: &mut Context<'_>) {
        self.phase = Phase::Open;
        self.lanes.perform(&mut self.connection, cx);
        self.tenant.opened();
        self.settle(clock::now(), cx);
    }

    /// One turn for every kind of input; whether more may be waiting. What said that there is
    /// nothing more wakes the task when there is.
    fn round(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        self.throttle(now);
        let mut busy = self.check_stall(now, cx);
        busy |= self.send_on(now, cx);
        busy |= self.take_mail(now, cx);
        busy |= self.take_arrivals(now, cx);
        busy |= self.finish_handlers(now, cx);
        busy |= self.read(now, cx);
        busy |= self.tenant.is_fresh() || self.is_stalled() != self.stall.until.is_some();
        // What its own handlers wrote may have been too much.
        busy |= self.phase != Phase::Over && self.inbox.mailbox().is_overflowing();
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
        if self.phase != Phase::Over && self.inbox.mailbox().is_overflowing() {
            self.make_room();
            taken += 1;
        }
        if taken > 0 {
            self.settle(now, cx);
        }
        taken >= TURN
    }

    /// Too much waits for the client: drops what may be lost, and closes it if that is not enough.
    #[cold]
    fn make_room(&mut self) {
        if !self.inbox.mailbox().is_given_up() {
            self.account();
            if !self.inbox.mailbox().is_overflowing() {
                // It left meanwhile.
                return;
            }
            let excess = self.inbox.mailbox().excess();
            let shed = self.connection.shed(excess, ENVELOPE);
            self.inbox.mailbox().count_lost(shed.packets);
            self.account();
        }
        if self.inbox.is_hopeless() {
            self.connection.fail(Fault::SlowConsumer);
        }
    }

    fn finish_handlers(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let mut finished = 0;
        while finished < TURN {
            let mut desk = Desk {
                connection: &mut self.connection,
                inbox: &mut self.inbox,
                lanes: &self.lanes,
                now,
            };
            if self.tenant.poll(&mut desk, cx).is_pending() {
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
            let reading = self.tenant.has_room() && !self.is_throttled;
            let Poll::Ready(input) = self.lanes.poll_input(reading, cx) else {
                break;
            };
            match input {
                Input::Frame(frame) => {
                    self.meter_frame(frame.len(), now);
                    self.connection.handle_frame(now, frame);
                }
                Input::Pong => {
                    self.meter_frame(0, now);
                    self.connection.handle_pong(now);
                }
                Input::WebSocketGone(gone) => self.connection.handle_websocket_gone(gone),
                Input::PollGone => self.connection.handle_poll_gone(),
                Input::PostGone => self.connection.handle_post_gone(),
            }
            self.settle(now, cx);
            inputs += 1;
        }
        inputs == TURN
    }

    /// After each input: starts handlers for what it brought, and sends what it asks for.
    fn settle(&mut self, now: Moment, cx: &mut Context<'_>) {
        let mut is_settled = false;
        while self.tenant.has_room()
            && let Some(event) = self.connection.poll_event(now)
        {
            self.tenant.handle(
                event,
                &mut Desk {
                    connection: &mut self.connection,
                    inbox: &mut self.inbox,
                    lanes: &self.lanes,
                    now,
                },
            );
            // What one packet caused leaves before the next one can end the session.
            self.lanes.perform(&mut self.connection, cx);
            // On a WebSocket, saying that there is no other event changes nothing.
            is_settled = self.transport == Transport::WebSocket;
            if is_settled && self.connection.is_quiet() {
                break;
            }
        }
        if !is_settled {
            if !self.is_throttled || self.connection.closed().is_some() {
                self.lanes.answer_post(&self.connection);
            }
            self.lanes.perform(&mut self.connection, cx);
            self.note_transport();
        }
        // The rest is accounted for before sleeping; until then it counts as if it were here.
        if self.inbox.held() > ACCOUNT_AT {
            self.account();
        }
        if self.phase == Phase::Open && self.connection.closed().is_some() {
            self.leave(now);
        }
    }

    fn note_transport(&mut self) {
        let transport = self.connection.transport();
        if transport != self.transport {
            self.transport = transport;
            self.seat.set_transport(transport, self.inbox.mailbox());
            self.tenant.upgraded();
        }
    }

    /// The connection is over: the client is on no list from now on.
    fn leave(&mut self, now: Moment) {
        self.phase = Phase::Over;
        self.seat.give_up();
        self.lanes.end();
        if let Some(reason) = self.connection.closed() {
            let violation = self.connection.violation().map(ToString::to_string);
            tracing::debug!(
                reason = reason.as_str(),
                detail = violation.as_deref().or(reason.description()),
                "closed"
            );
            self.tenant.closed(*reason);
        }
        // Whatever still waited for room is dealt with now, the disconnects among it.
        while let Some(event) = self.connection.poll_event(now) {
            let mut desk = Desk {
                connection: &mut self.connection,
                inbox: &mut self.inbox,
                lanes: &self.lanes,
                now,
            };
            self.tenant.handle(event, &mut desk);
        }
        self.inbox.close();
    }

    /// A WebSocket that had no room for more may have some now.
    fn send_on(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        if !self.lanes.is_blocked() {
            return false;
        }
        self.settle(now, cx);
        !self.lanes.is_blocked()
    }

    /// Before sleeping: one flush for all that was sent, the accounts, the timer.
    fn rest(&mut self, now: Moment, cx: &mut Context<'_>) -> Poll<()> {
        match self.lanes.poll_flush(cx) {
            // What waited for room can be sent in the next turn.
            Poll::Ready(Ok(())) if self.lanes.is_blocked() => cx.waker().wake_by_ref(),
            Poll::Ready(Ok(())) | Poll::Pending => {}
            Poll::Ready(Err(gone)) => {
                self.connection.handle_websocket_gone(gone);
                self.settle(now, cx);
                cx.waker().wake_by_ref();
            }
        }
        let held = self.account();
        self.inbox.tell_waiters(held);
        if self.phase == Phase::Over && self.tenant.is_idle() && self.lanes.is_deserted() {
            return Poll::Ready(());
        }
        if !self.inbox.sleep(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        self.arm_timer(now, cx);
        Poll::Pending
    }

    /// Accounts for the bytes that wait here to be sent, and says how many they are.
    fn account(&mut self) -> usize {
        let frames = self.connection.queued_frames();
        let held = self.connection.queued_bytes() + frames * ENVELOPE + self.lanes.unflushed();
        self.inbox.account(held, self.lanes.take_handed_over());
        self.inbox.mailbox().set_frames(frames);
        held
    }

    fn arm_timer(&mut self, now: Moment, cx: &mut Context<'_>) {
        let paid = match (&self.meter, self.is_throttled) {
            (Some(meter), true) => meter.wait(now).map(|wait| now + wait),
            _ => None,
        };
        let deadlines = [self.connection.poll_timeout(), self.stall.until, paid];
        let deadline = deadlines.into_iter().flatten().min();
        let deadline = deadline.filter(|_| self.phase != Phase::Over);
        if self.timer.arm(now, deadline, cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    fn desk(&mut self, now: Moment) -> Desk<'_> {
        Desk {
            connection: &mut self.connection,
            inbox: &mut self.inbox,
            lanes: &self.lanes,
            now,
        }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let driver = self.get_mut();
        if driver.phase == Phase::New {
            driver.open(cx);
        }
        let mut now = clock::now();
        for _ in 0..ROUNDS {
            if !driver.round(now, cx) {
                return driver.rest(now, cx);
            }
            now = clock::now();
        }
        // There is more, but others want to run too.
        cx.waker().wake_by_ref();
        driver.rest(now, cx)
    }
}

impl Drop for Driver {
    /// Also after a panic, nobody reaches this client any more.
    fn drop(&mut self) {
        self.inbox.close();
    }
}
