//! Tables of complaint.
