//! Hands shared bytes through serde, which knows bytes only as slices, without copying them.
//!
//! Who gives a slice away leaves the [`Bytes`] that it belongs to where the receiver, further down
//! the same call, can find it.

#[cfg(test)]
mod tests;

use std::cell::Cell;

use bytes::Bytes;

thread_local! {
    /// What is being passed just now.
    static PASSING: Cell<Option<Bytes>> = const { Cell::new(None) };
}

/// Empties the place, also when a panic ends the call.
struct Clear;

impl Drop for Clear {
    fn drop(&mut self) {
        exchange(None);
    }
}

/// Gives `to` the bytes as a slice, for which it may [`claim`] the whole.
pub(in crate::socketio) fn pass<T>(bytes: &Bytes, to: impl FnOnce(&[u8]) -> T) -> T {
    let _clear = Clear;
    exchange(Some(bytes.clone()));
    to(bytes)
}

/// The bytes of a slice: those that were passed with it, else a copy.
pub(in crate::socketio) fn claim(slice: &[u8]) -> Bytes {
    match exchange(None) {
        Some(bytes) if std::ptr::eq(&*bytes, slice) => bytes,
        _ => Bytes::copy_from_slice(slice),
    }
}

/// Without the place, as at a thread's end, there is nothing to be found in it.
fn exchange(bytes: Option<Bytes>) -> Option<Bytes> {
    PASSING.try_with(|place| place.replace(bytes)).ok()?
}
