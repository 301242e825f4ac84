//! Tables of sse.
