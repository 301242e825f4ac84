//! The body of an answer: read as it is asked for, and no further.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Response;
use tokio::time::timeout;

use super::failed::{late, lost};
use crate::ai::fault::{Fault, Retry};
use crate::ai::provider::Reader;
use crate::ai::{Code, Event};
use crate::clock;
use crate::wire::Moment;

/// What may follow an answer until its connection is given up instead of being used again.
const REST_TIME: Duration = Duration::from_millis(100);
const REST_BYTES: usize = 4096;

/// An answer on its way. Dropping it closes its connection, unless it was read to its end.
pub(super) struct Body {
    response: Response,
    reader: Reader,
    /// When the first byte is due; gone once it is there.
    speak_by: Option<Moment>,
    idle: Duration,
    ended: bool,
}

impl Body {
    pub(super) fn new(
        response: Response,
        reader: Reader,
        speak_by: Moment,
        idle: Duration,
    ) -> Body {
        Body {
            response,
            reader,
            speak_by: Some(speak_by),
            idle,
            ended: false,
        }
    }

    /// The next event; the last one is `Done` or a fault.
    pub(super) async fn next(&mut self) -> Result<Event, Fault> {
        loop {
            if let Some(event) = self.reader.poll_event() {
                return event;
            }
            if self.ended || self.reader.is_over() {
                return Err(no_end());
            }
            // A service that sends without a pause lets others run now and then.
            tokio::task::consume_budget().await;
            match self.read().await? {
                Some(bytes) => self.reader.handle_bytes(&bytes),
                None => {
                    self.ended = true;
                    self.reader.handle_end();
                }
            }
        }
    }

    /// Reads what follows the answer, if it is little and comes at once: the connection can then
    /// be used again.
    pub(super) async fn finish(&mut self) {
        let rest = async {
            let mut room = REST_BYTES;
            while let Ok(Some(bytes)) = self.response.chunk().await {
                if bytes.len() > room {
                    break;
                }
                room -= bytes.len();
            }
        };
        if !self.ended {
            // Too late is as well: the connection is closed instead.
            let _ = timeout(REST_TIME, rest).await;
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, Fault> {
        let wait = match self.speak_by {
            Some(moment) => moment.since(clock::now()),
            None => self.idle,
        };
        let read = timeout(wait, self.response.chunk()).await;
        let bytes = read.map_err(|_| late("no more in time"))?.map_err(lost)?;
        if bytes.as_ref().is_some_and(|bytes| !bytes.is_empty()) {
            self.speak_by = None;
        }
        Ok(bytes)
    }
}

/// The answer stopped without an end.
fn no_end() -> Fault {
    Fault::new(Code::BadResponse, Retry::Backoff, "the answer has no end")
}
