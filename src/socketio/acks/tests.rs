//! Tests of `socketio::acks`.

use std::sync::mpsc;

use super::*;

fn request(id: u64, seconds: Option<u64>) -> (AckRequest, mpsc::Receiver<AckOutcome>) {
    let (sender, receiver) = mpsc::channel();
    let waiter = Waiter::new(move |outcome| sender.send(outcome).unwrap());
    (
        AckRequest {
            id,
            timeout: seconds.map(Duration::from_secs),
            waiter,
        },
        receiver,
    )
}

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

#[test]
fn an_answer_finds_its_waiter_once() {
    let mut acks = Acks::default();
    let (first, answered) = request(0, None);
    acks.wait(first, at(0));
    assert!(acks.handle_answer(1).is_none());
    acks.handle_answer(0)
        .unwrap()
        .answer(Err(AckError::TooMany));
    assert_eq!(answered.recv().unwrap().unwrap_err(), AckError::TooMany);
    assert!(acks.handle_answer(0).is_none());
    assert_eq!(acks.len(), 0);
}

#[test]
fn deadlines_pass_in_their_order_and_answers_remove_them() {
    let mut acks = Acks::default();
    assert_eq!(acks.poll_timeout(), None);
    for (id, seconds) in [(1, Some(9)), (2, Some(3)), (3, None), (4, Some(5))] {
        acks.wait(request(id, seconds).0, at(1));
    }
    assert_eq!(acks.poll_timeout(), Some(at(4)));
    assert!(acks.handle_answer(2).is_some());
    assert_eq!(acks.poll_timeout(), Some(at(6)));
    assert!(acks.handle_timeout(at(5)).is_none());
    assert!(acks.handle_timeout(at(6)).is_some());
    assert!(acks.handle_timeout(at(6)).is_none());
    assert!(acks.handle_answer(4).is_none());
    assert_eq!(acks.poll_timeout(), Some(at(10)));
    assert_eq!(acks.drain().count(), 2);
    assert_eq!((acks.poll_timeout(), acks.len()), (None, 0));
}

#[test]
fn an_id_used_twice_gives_back_its_first_waiter() {
    let mut acks = Acks::default();
    assert!(acks.wait(request(1, Some(1)).0, at(0)).is_none());
    assert!(acks.wait(request(1, None).0, at(0)).is_some());
    assert_eq!((acks.poll_timeout(), acks.len()), (None, 1));
}

#[test]
fn a_timeout_beyond_all_time_never_ends() {
    let mut acks = Acks::default();
    let (mut never, _answered) = request(1, None);
    never.timeout = Some(Duration::MAX);
    acks.wait(never, at(1));
    assert!(acks.handle_timeout(at(1_000_000)).is_none());
}
