//! One attempt: a request, and the response up to its body.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use tokio::time::timeout;

use super::body::Body;
use super::config::Limits;
use super::failed::{Failed, late, lost};
use crate::ai::Code;
use crate::ai::fault::{Fault, Retry};
use crate::ai::provider::api::{Api, Refusal};
use crate::ai::provider::reader::{ReadLimits, Reader, Shape};
use crate::clock;

/// How long the rest of a refusal may take once its head is there.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// A question as it is sent, as often as it takes.
pub(super) struct Request {
    pub(super) api: Api,
    pub(super) url: Url,
    pub(super) body: Bytes,
    /// The shape of the answer that was asked for.
    pub(super) shape: Shape,
}

impl Request {
    /// Sends the request and reads the head of the response.
    pub(super) async fn send(&self, client: &Client, limits: &Limits) -> Result<Body, Failed> {
        let speak_by = clock::now() + limits.first_byte;
        let sent = client.post(self.url.clone()).body(self.body.clone()).send();
        let response = timeout(limits.first_byte, sent)
            .await
            .map_err(|_| late("no response in time"))?
            .map_err(lost)?;
        let status = response.status();
        let failed = |fault| Failed {
            fault,
            status: Some(status),
        };
        if status != StatusCode::OK {
            return Err(failed(self.refusal(response, limits).await));
        }
        let shape = shape(&response, self.shape).map_err(failed)?;
        let read = ReadLimits {
            max_event: limits.max_event,
            max_body: limits.max_body,
        };
        let reader = Reader::new(self.api, shape, read);
        Ok(Body::new(response, reader, speak_by, limits.idle))
    }

    /// What the service says instead of an answer.
    async fn refusal(&self, mut response: Response, limits: &Limits) -> Fault {
        let body = beginning(&mut response, limits.max_error_body).await;
        let header = |name| response.headers().get(name)?.to_str().ok();
        let since_1970 = clock::wall_time().duration_since(UNIX_EPOCH);
        self.api.refusal(&Refusal {
            status: response.status().as_u16(),
            retry_after: header(RETRY_AFTER.as_str()),
            retry_after_ms: header("retry-after-ms"),
            should_retry: header("x-should-retry"),
            // A clock before 1970 is wrong anyway.
            unix_now: since_1970.map_or(0, |time| time.as_secs()),
            body: &body,
        })
    }
}

/// The shape of a body by its declared type; what is declared as nothing is taken for what was
/// `asked` for.
fn shape(response: &Response, asked: Shape) -> Result<Shape, Fault> {
    let Some(value) = response.headers().get(CONTENT_TYPE) else {
        return Ok(asked);
    };
    let declared = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    match essence {
        "text/event-stream" => Ok(Shape::Events),
        "application/json" => Ok(Shape::Whole),
        _ if essence.ends_with("+json") => Ok(Shape::Whole),
        // Such as the page of a proxy, or of a web site behind a wrong base URL.
        _ => {
            let detail = format!("an answer of type {essence:?}");
            Err(Fault::new(Code::BadResponse, Retry::Never, &detail))
        }
    }
}

/// The beginning of a body, as much as is sent in time and without a fault.
async fn beginning(response: &mut Response, max_bytes: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(bytes)) = response.chunk().await {
            let room = max_bytes - body.len();
            if bytes.len() > room {
                body.extend_from_slice(&bytes[..room]);
                break;
            }
            body.extend_from_slice(&bytes);
        }
    };
    // What has come by then is enough.
    let _ = timeout(REFUSAL_TIME, reading).await;
    body
}
