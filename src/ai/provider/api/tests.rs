//! Tables of api.
