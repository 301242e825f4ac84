//! Tables of retry.
