//! What the measured servers share: how they are started, and what the floors answer.
//!
//! A floor is a server that does the transport's work and nothing else: it neither checks nor
//! remembers what a client says, beats no heart and answers from a table. What it costs is what no
//! server on the same transport can save.

pub mod audience;
pub mod canned;
pub mod echo;
pub mod launch;
