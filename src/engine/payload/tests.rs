//! Tables whose rows come from the protocol.
