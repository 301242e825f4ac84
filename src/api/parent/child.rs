//! What a namespace that belongs to a rule has beside what every namespace has.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::listeners::Listeners;

use super::ParentInner;

/// A namespace's side of its rule.
pub(crate) struct Child {
    parent: Arc<ParentInner>,
    parts: Parts,
    /// Clients that are in it or are being decided about.
    occupants: AtomicUsize,
    /// Whether the application asked for it, so that it stays.
    declared: AtomicBool,
    /// The rule's handlers and its own together, made when it has any of its own.
    merged: Mutex<Option<(usize, Arc<Listeners>)>>,
}

impl Child {
    pub(crate) fn new(parent: Arc<ParentInner>, parts: Parts) -> Child {
        Child {
            parent,
            parts,
            occupants: AtomicUsize::new(0),
            declared: AtomicBool::new(false),
            merged: Mutex::default(),
        }
    }

    pub(crate) fn parent(&self) -> &Arc<ParentInner> {
        &self.parent
    }

    pub(crate) fn part(&self, name: &str) -> Option<Range<usize>> {
        self.parts.get(name)
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let parts = self.parts.0.iter();
        parts.map(|(name, place)| (&**name, place.clone()))
    }

    /// A client counts as being there from now on. The caller keeps the namespace from being
    /// removed meanwhile.
    pub(crate) fn enter(&self) {
        self.occupants.fetch_add(1, Ordering::AcqRel);
    }

    /// A client is there no more; whether the namespace may go now.
    pub(crate) fn leave(&self) -> bool {
        let before = self.occupants.fetch_sub(1, Ordering::SeqCst);
        if before == 1 {
            self.parent.set_packed(false);
        }
        before == 1 && !self.is_declared()
    }

    /// Whether nobody is there and nobody wants it.
    pub(crate) fn is_vacant(&self) -> bool {
        self.occupants.load(Ordering::SeqCst) == 0 && !self.is_declared()
    }

    pub(crate) fn is_declared(&self) -> bool {
        self.declared.load(Ordering::Acquire)
    }

    /// The application wants it to stay.
    pub(crate) fn declare(&self) {
        if !self.declared.swap(true, Ordering::AcqRel) {
            self.parent.count_off();
        }
    }

    /// The rule's handlers, then the namespace's `own`. `changes` counts changes of these; while
    /// there was none, the rule's table serves all its namespaces.
    pub(crate) fn listeners(
        &self,
        changes: usize,
        own: impl FnOnce() -> Arc<Listeners>,
    ) -> Arc<Listeners> {
        let template = &self.parent.template;
        if changes == 0 {
            return template.listeners();
        }
        let version = self.version(changes);
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, listeners)) = &*merged
            && *known == version
        {
            return listeners.clone();
        }
        let mut listeners = Listeners::clone(&template.listeners());
        listeners.append(&own());
        let listeners = Arc::new(listeners);
        let replaced = merged.replace((version, listeners.clone()));
        drop(merged);
        // After the lock: handlers may be dropped with it.
        drop(replaced);
        listeners
    }

    /// Changes whenever the rule's handlers or the namespace's own do. Both only ever grow.
    pub(crate) fn version(&self, changes: usize) -> usize {
        self.parent.template.version().wrapping_add(changes)
    }
}

/// The named parts of a namespace's name, as places in it.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Parts(Box<[(Arc<str>, Range<usize>)]>);

impl Parts {
    pub(super) fn get(&self, name: &str) -> Option<Range<usize>> {
        let mut parts = self.0.iter();
        let (_, place) = parts.find(|(known, _)| **known == *name)?;
        Some(place.clone())
    }
}

impl FromIterator<(Arc<str>, Range<usize>)> for Parts {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Range<usize>)>>(parts: I) -> Parts {
        Parts(parts.into_iter().collect())
    }
}
