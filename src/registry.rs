//! What clients share: a mailbox each, and one roster per namespace.
//!
//! A [`Mailbox`] is how the rest of the program reaches the task that owns a client; it has its own
//! short lock and counts every byte that waits for that client. A [`Roster`] says who is in a
//! namespace and in which rooms; its lock is never held across an `.await`. The transport's session
//! ids are not here: they are credentials and stay in the server.

mod mail;
mod mailbox;
mod roster;

pub use mail::DropReason;
pub(crate) use mail::{ENVELOPE, Mail, Watch, weight_of};
pub use mailbox::Lag;
pub(crate) use mailbox::{Declined, Held, MAILS_KEPT, Mailbox};
pub(crate) use roster::{Reach, Roster};
