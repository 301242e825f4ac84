//! What a mailbox takes when there is no room, by policy.

use std::collections::VecDeque;

use super::*;
use crate::registry::ENVELOPE;
use crate::socketio::{AckRequest, Flags, Outgoing, Waiter};

/// A packet of about so many bytes, envelope included.
fn packet(name: &str, size: usize) -> Outgoing {
    let text = "x".repeat(size - ENVELOPE - name.len() - 7);
    Outgoing::event(&"/".into(), name, &text).unwrap()
}

fn mail(outgoing: Outgoing) -> Mail {
    Mail::Emit {
        outgoing: Arc::new(outgoing),
        ack: None,
    }
}

fn asking(outgoing: Outgoing) -> Mail {
    Mail::Emit {
        outgoing: Arc::new(outgoing),
        ack: Some(Box::new(AckRequest {
            id: 1,
            timeout: None,
            waiter: Waiter::new(|_| ()),
        })),
    }
}

fn volatile(outgoing: Outgoing) -> Outgoing {
    outgoing.with_flags(Flags {
        volatile: true,
        ..Flags::default()
    })
}

/// The names of what waits, in order.
fn names(mailbox: &Mailbox) -> Vec<String> {
    let mut mails = VecDeque::new();
    mailbox.take(&mut mails);
    let names = mails.iter().map(|mail| match mail {
        Mail::Emit { outgoing, .. } => outgoing.name().unwrap_or_default().to_owned(),
        _ => String::new(),
    });
    names.collect()
}

#[test]
fn by_default_one_packet_too_much_is_the_end() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::Close);
    assert_eq!(mailbox.post(mail(packet("a", 500))), Ok(()));
    let posted = mailbox.post(mail(volatile(packet("b", 501))));
    assert_eq!(posted, Err(DropReason::SlowConsumer));
    assert!(mailbox.is_given_up());
    assert_eq!(mailbox.lag().dropped, 0, "it is closed, and counts nothing");
}

#[test]
fn volatile_packets_make_room_for_others() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::DropVolatileFirst);
    for (name, is_volatile) in [("a", true), ("b", false), ("c", true)] {
        let packet = packet(name, 300);
        let packet = if is_volatile {
            volatile(packet)
        } else {
            packet
        };
        assert_eq!(mailbox.post(mail(packet)), Ok(()));
    }
    let posted = mailbox.post(mail(volatile(packet("d", 300))));
    assert_eq!(posted, Err(DropReason::NoRoom));
    assert_eq!(mailbox.post(mail(packet("e", 300))), Ok(()));
    assert_eq!((mailbox.lag().dropped, mailbox.lag().lost), (3, 0));
    let posted = mailbox.post(mail(packet("f", 500)));
    assert_eq!(posted, Err(DropReason::SlowConsumer));
    assert_eq!(names(&mailbox), ["b", "e"]);
}

#[test]
fn the_oldest_packets_make_room_but_not_those_that_are_waited_for() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::DropOldest);
    assert_eq!(mailbox.post(asking(packet("a", 300))), Ok(()));
    for name in ["b", "c", "d", "e"] {
        assert_eq!(mailbox.post(mail(packet(name, 300))), Ok(()));
    }
    assert_eq!((mailbox.lag().dropped, mailbox.lag().lost), (2, 2));
    assert!(mailbox.lag().bytes <= 1_000);
    let must = packet("f", 600).with_policy(Some(SlowClient::Close));
    assert_eq!(mailbox.post(mail(must)), Err(DropReason::SlowConsumer));
    assert_eq!(names(&mailbox), ["a", "d", "e"]);
}

#[test]
fn an_emit_may_say_itself_that_it_can_be_lost() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::Close);
    let lossy = |name, size| mail(packet(name, size).with_policy(Some(SlowClient::DropOldest)));
    assert_eq!(mailbox.post(lossy("a", 400)), Ok(()));
    assert_eq!(mailbox.post(mail(packet("b", 400))), Ok(()));
    assert_eq!(mailbox.post(lossy("c", 400)), Ok(()));
    assert!(!mailbox.is_given_up());
    assert_eq!(names(&mailbox), ["b", "c"]);
}

#[test]
fn while_the_task_holds_much_as_much_again_may_come() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::DropOldest);
    mailbox.account(0, 900);
    assert_eq!(mailbox.post(mail(packet("a", 900))), Ok(()));
    assert!(mailbox.is_overflowing() && !mailbox.is_given_up());
    assert_eq!(mailbox.excess(), 1_800 - 875);
}

#[test]
fn of_packets_with_one_key_the_newest_stays() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::Close);
    let newest = |name, key: &str| mail(packet(name, 300).with_key(Some(key.into())));
    for (name, key) in [("a", "1"), ("b", "2"), ("c", "1"), ("d", "1")] {
        assert_eq!(mailbox.post(newest(name, key)), Ok(()), "{name}");
    }
    assert_eq!((mailbox.lag().dropped, mailbox.lag().lost), (2, 2));
    assert_eq!(names(&mailbox), ["b", "d"]);
}

#[tokio::test]
async fn room_is_waited_for_until_half_of_the_budget_is_free() {
    let mailbox = Mailbox::new(1_000).with_policy(SlowClient::Close);
    mailbox.room(1_000).await;
    mailbox.room(1_001).await;
    mailbox.account(0, 800);
    let offered = mailbox.offer(mail(packet("a", 300)));
    assert!(matches!(offered, Err(Declined::NoRoom(_))));
    assert!(!mailbox.is_given_up());
    for (held, weight, expected) in [
        (501, 300, false),
        (500, 300, true),
        (500, 501, false),
        (0, 1_000, true),
    ] {
        let before = mailbox.lag().bytes;
        mailbox.account(before, held);
        assert_eq!(mailbox.has_caught_up(weight), expected, "{held} {weight}");
    }
}
