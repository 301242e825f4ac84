//! The part of a socket that its client's task owns and that ends with it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::api::listeners::Listeners;
use crate::rooms::Room;

/// A socket's own listeners and values.
///
/// Handles point here weakly, so a listener that captures its own socket makes no circle. Nothing
/// of it is allocated before it is used.
#[derive(Default)]
pub(crate) struct Live {
    listeners: OnceLock<Box<RwLock<Listeners>>>,
    values: Mutex<Option<Box<Values>>>,
    /// Rooms joined while the socket was still being decided about.
    early_rooms: Mutex<Vec<Room>>,
    left: Notify,
}

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Live {
    /// The socket's own listeners, if it ever had any.
    pub(crate) fn listeners(&self) -> Option<&RwLock<Listeners>> {
        self.listeners.get().map(Box::as_ref)
    }

    pub(super) fn alter<R>(&self, change: impl FnOnce(&mut Listeners) -> R) -> R {
        let listeners = self.listeners.get_or_init(Box::default);
        change(&mut listeners.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set<T: Send + Sync + 'static>(&self, value: T) {
        let replaced = lock(&self.values)
            .get_or_insert_default()
            .insert(TypeId::of::<T>(), Arc::new(value));
        // Dropped after the lock: a value's own drop may come back here.
        drop(replaced);
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = lock(&self.values)
            .as_ref()?
            .get(&TypeId::of::<T>())?
            .clone();
        value.downcast().ok()
    }

    /// The rooms joined so far by a socket that is not let in yet. While this is held, it is not.
    pub(super) fn early_rooms(&self) -> MutexGuard<'_, Vec<Room>> {
        lock(&self.early_rooms)
    }

    /// Notices [`tell_left`](Live::tell_left) from now on.
    pub(super) fn left(&self) -> Notified<'_> {
        self.left.notified()
    }

    pub(super) fn tell_left(&self) {
        self.left.notify_waiters();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while these locks are held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
