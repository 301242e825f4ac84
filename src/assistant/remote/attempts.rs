//! One question's way to its answer: attempts, the waiting between them, and one end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Service;
use super::body::Body;
use super::call::Request;
use super::failed::{Failed, late};
use crate::ai::{Code, Event, Failure};
use crate::clock;
use crate::wire::Moment;

/// What is said of an answer that stops without an end of its own.
const BROKEN_OFF: &str = "The answer broke off before its end.";

/// The attempts to have a question answered. Everything is in here: whoever drops it closes the
/// connection that it is using, or ends the waiting for the next attempt. (A connection that is not
/// in use, because all of a refusal was read, is kept for the next question.)
pub(super) struct Attempts {
    service: Arc<Service>,
    request: Request,
    /// How many have begun.
    count: u32,
    /// When the last one must be over; known once the first one begins.
    deadline: Option<Moment>,
    /// Whether the asker has a part of the answer, so that there is no beginning again.
    spoken: bool,
    stage: Stage,
}

enum Stage {
    /// The next attempt is to begin.
    Asking,
    /// The answer is being read.
    Reading(Box<Body>),
    /// The end was told.
    Over,
}

impl Attempts {
    pub(super) fn new(service: Arc<Service>, request: Request) -> Attempts {
        Attempts {
            service,
            request,
            count: 0,
            deadline: None,
            spoken: false,
            stage: Stage::Asking,
        }
    }

    /// The next event or the failure that ends it all; then nothing.
    pub(super) async fn next(mut self) -> Option<(Result<Event, Failure>, Attempts)> {
        if matches!(self.stage, Stage::Over) {
            return None;
        }
        let time_left = self.time_left();
        // What is always ready would never be too late.
        let event = match time_left.is_zero() {
            true => None,
            false => timeout(time_left, self.advance()).await.ok(),
        };
        let event = event.unwrap_or_else(|| {
            self.report(&late("the time for all attempts is over").into(), None);
            Err(late("").failure)
        });
        match (&event, &mut self.stage) {
            (Ok(Event::Delta(_)), _) => self.spoken = true,
            (Ok(Event::Done(_)), Stage::Reading(body)) => {
                body.finish().await;
                self.stage = Stage::Over;
            }
            _ => self.stage = Stage::Over,
        }
        Some((event, self))
    }

    async fn advance(&mut self) -> Result<Event, Failure> {
        loop {
            let failed = match &mut self.stage {
                Stage::Asking => {
                    self.count += 1;
                    match self.service.send(&self.request).await {
                        Ok(body) => {
                            self.stage = Stage::Reading(Box::new(body));
                            continue;
                        }
                        Err(failed) => failed,
                    }
                }
                Stage::Reading(body) => match body.next().await {
                    Ok(event) => return Ok(event),
                    Err(fault) => fault.into(),
                },
                Stage::Over => unreachable!("nothing is asked after the end"),
            };
            // Closes the connection before anything is waited for.
            self.stage = Stage::Asking;
            let wait = self.verdict(&failed);
            self.report(&failed, wait.as_ref().ok().copied());
            sleep(wait?).await;
        }
    }

    /// How long to wait before the next attempt, or what to tell the asker instead.
    fn verdict(&mut self, failed: &Failed) -> Result<Duration, Failure> {
        if self.spoken {
            let failure = failed.fault.failure;
            return Err(match failure.code {
                Code::Unavailable | Code::BadResponse => failure.saying(BROKEN_OFF),
                _ => failure,
            });
        }
        let time_left = self.time_left();
        let policy = &self.service.retry;
        policy.next(&failed.fault, self.count, time_left, rand::random())
    }

    fn time_left(&mut self) -> Duration {
        let now = clock::now();
        let total = self.service.limits.total;
        self.deadline.get_or_insert(now + total).since(now)
    }

    /// Tells the operator what went wrong, in the provider's words, but without the key.
    fn report(&self, failed: &Failed, wait: Option<Duration>) {
        let detail = &failed.fault.detail;
        let detail = match &self.service.key {
            Some(key) => key.redact(detail),
            None => detail.into(),
        };
        tracing::warn!(
            provider = self.request.api.as_str(),
            model = &*self.service.model,
            status = failed.status.map(|status| status.as_u16()),
            code = failed.fault.failure.code.as_str(),
            attempt = self.count,
            wait_ms = wait.map(|wait| wait.as_millis()),
            // The debug form escapes control characters.
            ?detail,
            "{}",
            match wait {
                Some(_) => "the provider is asked again",
                None => "the provider gave no full answer",
            }
        );
    }
}
