//! Tests of `api::listeners`.

use super::*;
use crate::api::handler::erase_handler;

fn listener() -> Listener<EventHandler> {
    Listener::new(ListenerId::next(), erase_handler(async || {}))
}

fn ids<H>(listeners: &[Listener<H>]) -> Vec<ListenerId> {
    listeners.iter().map(|listener| listener.id).collect()
}

#[test]
fn those_of_an_event_stay_in_order_until_they_are_taken_off() {
    let mut listeners = Listeners::default();
    let [a, b, c] = [listener(), listener(), listener()];
    let (first, second, other) = (a.id, b.id, c.id);
    listeners.add("x", a, End::Back);
    listeners.add("x", b, End::Back);
    listeners.add("y", c, End::Back);
    assert_eq!(listeners.event_names(), ["x", "y"]);
    assert_eq!(ids(listeners.event("x")), [first, second]);
    assert!(!listeners.off(first).is_empty());
    assert!(listeners.off(first).is_empty(), "it is gone");
    assert_eq!(ids(listeners.event("x")), [second]);
    assert!(!listeners.off(other).is_empty());
    assert_eq!(listeners.event_names(), ["x"], "no name without listeners");
}

#[test]
fn those_for_one_call_are_gone_when_it_is_made() {
    let mut listeners = Listeners::default();
    let [a, b] = [listener(), listener()];
    let stays = b.id;
    listeners.add("x", a.once(), End::Back);
    listeners.add("x", b, End::Back);
    listeners.add("y", listener().once(), End::Back);
    assert!(listeners.has_once("x") && !listeners.has_once("z"));
    assert_eq!(listeners.call_up("x").len(), 2);
    assert_eq!(ids(listeners.event("x")), [stays]);
    assert!(!listeners.has_once("x"));
    assert_eq!(listeners.call_up("x").len(), 1);
    assert_eq!(listeners.call_up("y").len(), 1);
    assert_eq!(listeners.call_up("y").len(), 0);
    assert_eq!(listeners.event_names(), ["x"]);
}

#[test]
fn those_of_every_event_have_two_ends_and_stay_when_events_are_cleared() {
    let mut listeners = Listeners::default();
    let each = [listener(), listener(), listener()];
    let [a, b, c] = each.clone().map(|listener| listener.id);
    for (listener, end) in each.into_iter().zip([End::Back, End::Front, End::Back]) {
        listeners.add_any(listener, end);
    }
    assert_eq!(ids(listeners.any()), [b, a, c]);
    let outgoing: OutgoingListener = Arc::new(|_, _, _| {});
    let seeing = Listener::new(ListenerId::next(), outgoing);
    let d = seeing.id;
    listeners.add_any_outgoing(seeing, End::Back);
    listeners.add("x", listener(), End::Back);
    listeners.add("y", listener(), End::Back);
    assert!(listeners.remove_all(Some("z")).is_empty());
    assert!(!listeners.remove_all(Some("x")).is_empty());
    assert_eq!(listeners.event_names(), ["y"]);
    assert!(!listeners.remove_all(None).is_empty());
    assert!(listeners.event_names().is_empty());
    assert_eq!(ids(listeners.any()), [b, a, c]);
    assert!(!listeners.off(a).is_empty());
    assert_eq!(ids(listeners.any()), [b, c]);
    assert!(listeners.off_any(Some(d)).is_empty(), "of another kind");
    assert!(!listeners.off_any(None).is_empty());
    assert!(listeners.any().is_empty());
    assert_eq!(ids(listeners.any_outgoing()), [d]);
    assert!(!listeners.off_any_outgoing(Some(d)).is_empty());
    assert!(listeners.any_outgoing().is_empty());
}
