//! The sockets of one client that want to see what is sent to them.

use crate::registry::Watch;
use crate::socketio::Outgoing;

/// Nobody for nearly every client, which then pays for nothing but the question.
#[derive(Default)]
pub(super) struct Watches(Option<Box<List>>);

#[derive(Default)]
struct List(Vec<Box<dyn Watch>>);

impl Watches {
    /// A socket wants to see what is sent to it from now on.
    pub(super) fn add(&mut self, watch: Box<dyn Watch>) {
        let List(watches) = &mut **self.0.get_or_insert_default();
        // It may have asked before; or another one of its namespace has, which has left.
        watches.retain(|other| other.namespace() != watch.namespace());
        watches.push(watch);
    }

    /// An event is about to be handed to the connection.
    #[inline]
    pub(super) fn tell(&mut self, outgoing: &Outgoing) {
        if let Some(list) = &mut self.0
            && !list.tell(outgoing)
        {
            self.0 = None;
        }
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

impl List {
    /// False when nobody wants to see more.
    fn tell(&mut self, outgoing: &Outgoing) -> bool {
        let List(watches) = self;
        watches.retain(|watch| watch.namespace() != outgoing.namespace() || watch.sent(outgoing));
        !watches.is_empty()
    }
}
