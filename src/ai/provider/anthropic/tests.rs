//! Tables of anthropic.
