//! Tables of gemini.
