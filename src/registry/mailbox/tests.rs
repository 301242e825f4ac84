//! What a mailbox promises to those who post and to the task.

use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use tokio::sync::oneshot;

use super::*;
use crate::registry::ENVELOPE;
use crate::socketio::{Binary, Namespace, Outgoing};
use crate::wire::Frame;

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What the sizes below are counted in: the smallest packet weighs 1.
const UNIT: usize = ENVELOPE;

fn send(mailbox: &Mailbox, weight: usize) -> Result<(), DropReason> {
    let bytes = vec![0; (weight - 1) * UNIT];
    mailbox.post(Mail::Send(Frame::Binary(bytes.into())))
}

fn take(mailbox: &Mailbox) -> usize {
    let mut mails = VecDeque::new();
    mailbox.take(&mut mails);
    mails.len()
}

#[test]
fn a_packet_weighs_as_much_as_its_frames_will() {
    let parts = [7, 500].map(|size| Binary::from(vec![0; size]));
    let [one, two] = parts;
    let namespace = Namespace::from("/");
    let outgoing = Outgoing::event(&namespace, "file", &(one, two)).unwrap();
    let frames: Vec<_> = outgoing.frames().collect();
    let bytes: usize = frames.iter().map(Frame::len).sum();
    // The head, which depends on the recipient, does not count here.
    let head = frames[0].len() - outgoing.json().len();
    let (outgoing, ack) = (Arc::new(outgoing), None);
    let weight = Mail::Emit { outgoing, ack }.weight();
    assert_eq!(weight, frames.len() * ENVELOPE + bytes - head);
}

#[test]
fn mail_wakes_a_sleeping_task_once_and_a_busy_one_never() {
    let (mailbox, bell) = (Mailbox::new(100 * UNIT), Arc::new(Bell::default()));
    let rings = || bell.0.load(Ordering::Relaxed);
    assert!(mailbox.sleep(&Waker::from(bell.clone())));
    send(&mailbox, 1).unwrap();
    send(&mailbox, 1).unwrap();
    assert_eq!(rings(), 1, "the second finds the task awake");
    assert!(!mailbox.sleep(&Waker::from(bell.clone())), "there is mail");
    assert_eq!(take(&mailbox), 2);
    send(&mailbox, 1).unwrap();
    assert_eq!(rings(), 1, "a task that takes its mail needs no waking");
}

#[test]
fn a_backlog_over_the_limit_is_refused_and_noticed() {
    let mailbox = Mailbox::new(100 * UNIT);
    send(&mailbox, 60).unwrap();
    assert_eq!(take(&mailbox), 1);
    mailbox.account(60 * UNIT, 60 * UNIT);
    send(&mailbox, 40).unwrap();
    assert!(!mailbox.is_overflowing(), "exactly the limit is allowed");
    assert_eq!(send(&mailbox, 1), Err(DropReason::SlowConsumer));
    assert!(mailbox.is_overflowing());
    mailbox.account(60 * UNIT, 0);
    assert_eq!(
        send(&mailbox, 1),
        Err(DropReason::SlowConsumer),
        "once and for all"
    );
    assert!(
        mailbox.post(Mail::Close).is_ok(),
        "what weighs nothing always gets through"
    );
}

#[test]
fn what_was_handed_on_no_longer_counts() {
    let mailbox = Mailbox::new(100 * UNIT);
    send(&mailbox, 100).unwrap();
    assert_eq!(take(&mailbox), 1);
    assert!(!mailbox.is_overflowing());
    mailbox.account(100 * UNIT, 100 * UNIT);
    mailbox.account(100 * UNIT, 0);
    assert!(send(&mailbox, 100).is_ok());
}

#[test]
fn what_is_held_counts_until_its_last_clone_is_gone() {
    let mailbox = Arc::new(Mailbox::new(100 * UNIT));
    mailbox.account(0, 60 * UNIT);
    let held = mailbox.hold(60 * UNIT).attach(Bytes::from_static(b"abc"));
    let rest = held.clone().split_off(2);
    drop(held);
    assert_eq!(rest, "c");
    assert_eq!(send(&mailbox, 40), Ok(()));
    assert_eq!(take(&mailbox), 1);
    mailbox.account(40 * UNIT, 0);
    drop(rest);
    assert_eq!(send(&mailbox, 100), Ok(()));
}

#[test]
fn a_closed_mailbox_drops_its_mail_and_takes_no_more() {
    let mailbox = Mailbox::new(100 * UNIT);
    let (waiter, mut waiting) = oneshot::channel();
    mailbox.post(Mail::Flushed(waiter)).unwrap();
    mailbox.close();
    assert!(waiting.try_recv().is_err());
    assert_eq!(send(&mailbox, 1), Err(DropReason::Disconnected));
    assert_eq!(take(&mailbox), 0);
}

#[test]
fn a_closed_mailbox_has_nothing_waiting() {
    let mailbox = Mailbox::new(100 * UNIT);
    send(&mailbox, 100).unwrap();
    mailbox.close();
    assert_eq!(mailbox.lag(), Lag::default());
    // Whoever waits for room must not wait for what never comes.
    let offered = mailbox.offer(Mail::Send(Frame::from_static("")));
    assert!(matches!(
        offered,
        Err(Declined::Dropped(DropReason::Disconnected))
    ));
}

#[test]
fn of_two_who_find_room_for_one_only_one_is_taken() {
    const LIMIT: usize = 10 * UNIT;
    for _ in 0..2_000 {
        let mailbox = Mailbox::new(LIMIT);
        mailbox.account(0, LIMIT - UNIT);
        let start = Barrier::new(2);
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    start.wait();
                    // Whether it was this one does not matter.
                    let _ = mailbox.offer(Mail::Send(Frame::from_static("")));
                });
            }
        });
        assert!(!mailbox.is_overflowing(), "nobody is closed for an offer");
        assert_eq!(take(&mailbox), 1);
    }
}
