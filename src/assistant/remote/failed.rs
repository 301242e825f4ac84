//! Why an attempt failed, where it is not the service that says so.

use std::error::Error as _;

use http::StatusCode;

use crate::ai::Code;
use crate::ai::fault::{Fault, Retry};

/// Why an attempt failed.
pub(super) struct Failed {
    pub(super) fault: Fault,
    /// The status of the response, if there was one.
    pub(super) status: Option<StatusCode>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Failed {
        Failed {
            fault,
            status: None,
        }
    }
}

/// A connection that did not come about or was lost, described for the log.
pub(super) fn lost(error: reqwest::Error) -> Fault {
    // The URL adds nothing to what the log says anyway.
    let error = error.without_url();
    let mut detail = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        detail = format!("{detail}: {cause}");
        source = cause.source();
    }
    Fault::new(Code::Unavailable, Retry::Backoff, &detail)
}

/// The service took too long; asking again would take as long again.
pub(super) fn late(what: &str) -> Fault {
    Fault::new(Code::Timeout, Retry::Never, what)
}
