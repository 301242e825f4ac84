//! Tables of reader.
