//! Tables of openai.
