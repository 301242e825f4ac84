//! What comes to a session by HTTP: GETs, POSTs, and WebSockets that want to take over.

use std::task::{Context, Poll};

use crate::engine::Body;
use crate::server::sessions::{Arrival, PollAnswer, PostAnswer};
use crate::wire::Moment;

use super::Driver;

impl Driver {
    pub(super) fn take_arrivals(&mut self, now: Moment, cx: &mut Context<'_>) -> bool {
        let mut busy = false;
        while let Poll::Ready(arrival) = self.seat.poll_arrival(cx) {
            self.arrive(arrival, now);
            self.settle(now, cx);
            busy = true;
        }
        busy
    }

    /// Something came to the session by HTTP.
    pub(super) fn arrive(&mut self, arrival: Arrival, now: Moment) {
        match arrival {
            Arrival::Poll(answer) => match self.connection.handle_poll() {
                Ok(()) => self.lanes.park_poll(answer),
                // Whoever asked may have gone.
                Err(_) => drop(answer.send(PollAnswer::Overlap)),
            },
            Arrival::Post(answer, body) => match self.connection.handle_post() {
                Ok(()) => {
                    self.lanes.begin_post(answer);
                    if let Some(body) = body {
                        self.take_body(body, now);
                    }
                }
                Err(_) => {
                    // Whoever asked may have gone.
                    let _ = answer.send(PostAnswer::Overlap);
                    if self.connection.closed().is_some() {
                        self.lanes.cut_post();
                    }
                }
            },
            Arrival::Body(body) => self.take_body(body, now),
            Arrival::PostRefused => {
                self.lanes.forget_post();
                self.connection.handle_post_refused();
            }
            Arrival::InvalidContent => self.connection.handle_invalid_content(),
            Arrival::WebSocket(websocket, encoding) => {
                match self.connection.handle_websocket_in(now, encoding) {
                    Ok(()) => self.lanes.attach(websocket),
                    Err(_) => self.lanes.turn_away(websocket),
                }
            }
        }
    }

    fn take_body(&mut self, body: Body, now: Moment) {
        if self.lanes.post_has_body() {
            if self.meter.is_some() {
                self.meter_body(&body, now);
            }
            self.connection.handle_body(body);
        }
    }
}
