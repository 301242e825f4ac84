//! Histories in virtual time: 300 ms between pings, 200 ms for a pong.

use super::*;

const RHYTHM: Rhythm = Rhythm {
    interval: Duration::from_millis(300),
    timeout: Duration::from_millis(200),
};

fn at(ms: u64) -> Moment {
    Moment::new(Duration::from_millis(ms))
}

#[derive(Clone, Copy)]
enum Step {
    Pong(u64),
    Other(u64),
    Pause(u64),
    Resume(u64),
}
use Step::{Other, Pause, Pong, Resume};

/// Plays the steps, fires every deadline on time, and tells when it pinged and when it gave up.
fn play(steps: &[Step], until: u64) -> (Vec<u64>, Option<u64>) {
    let mut heartbeat = Heartbeat::start(at(0), RHYTHM);
    let mut pings = Vec::new();
    let mut steps = steps.iter().peekable();
    loop {
        let step_at = steps.peek().map_or(at(until), |step| match **step {
            Pong(ms) | Other(ms) | Pause(ms) | Resume(ms) => at(ms),
        });
        if let Some(due) = heartbeat.poll_timeout().filter(|due| *due <= step_at) {
            let due_ms = due.since_start().as_millis() as u64;
            match heartbeat.handle_timeout(due, RHYTHM) {
                Some(Beat::Ping) => pings.push(due_ms),
                Some(Beat::PongTooLate) => return (pings, Some(due_ms)),
                None => panic!("a deadline at which nothing is due"),
            }
            continue;
        }
        match steps.next() {
            Some(&Pong(ms)) => heartbeat.handle_pong(at(ms), RHYTHM),
            Some(&Other(ms)) => heartbeat.handle_other(at(ms), RHYTHM),
            Some(&Pause(ms)) => heartbeat.pause(at(ms)),
            Some(&Resume(ms)) => heartbeat.resume(at(ms)),
            None => return (pings, None),
        }
    }
}

/// What happens, until when it is watched, when it pings and when it gives up.
type History = (
    &'static str,
    &'static [Step],
    u64,
    &'static [u64],
    Option<u64>,
);

fn check(histories: &[History]) {
    for &(name, steps, until, pings, late) in histories {
        assert_eq!(play(steps, until), (pings.to_vec(), late), "{name}");
    }
}

#[test]
fn pings_follow_pongs() {
    check(&[
        ("nobody answers", &[], 1000, &[300], Some(500)),
        (
            "each pong, one interval",
            &[Pong(403), Pong(803)],
            1200,
            &[300, 703, 1103],
            None,
        ),
        (
            "an early pong moves the next ping",
            &[Pong(200)],
            600,
            &[500],
            None,
        ),
        (
            "so does a repeated one",
            &[Pong(310), Pong(400)],
            850,
            &[300, 700],
            None,
        ),
        ("a pong just in time", &[Pong(499)], 900, &[300, 799], None),
        ("a pong too late", &[Pong(501)], 900, &[300], Some(500)),
    ]);
}

#[test]
fn another_packet_prolongs_the_wait_for_a_pong_once_per_ping() {
    check(&[
        ("once", &[Other(455)], 1000, &[300], Some(655)),
        (
            "not twice",
            &[Other(455), Other(600)],
            1000,
            &[300],
            Some(655),
        ),
        (
            "next ping",
            &[Other(400), Pong(550), Other(900)],
            2000,
            &[300, 850],
            Some(1100),
        ),
        (
            "not before the ping",
            &[Other(100), Other(299)],
            1000,
            &[300],
            Some(500),
        ),
    ]);
}

#[test]
fn a_pong_is_not_timed_in_a_pause() {
    let once = &[Pause(400), Other(410), Resume(1000), Other(1100)];
    let twice = &[Pause(400), Pause(450), Resume(500)];
    let outlived = &[Pause(400), Pong(450), Resume(5000)];
    check(&[
        (
            "the clock stands still",
            &[Pause(400)],
            60_000,
            &[300],
            None,
        ),
        (
            "it goes on afterwards",
            &[Pause(400), Resume(9000)],
            60_000,
            &[300],
            Some(9100),
        ),
        ("pings go on", &[Pause(100)], 60_000, &[300], None),
        (
            "they are timed afterwards",
            &[Pause(100), Resume(1000)],
            60_000,
            &[300],
            Some(1200),
        ),
        (
            "no trace of one before a ping",
            &[Pause(1), Resume(2)],
            900,
            &[300],
            Some(500),
        ),
        ("twice is once", twice, 900, &[300], Some(600)),
        (
            "a pong counts",
            &[Pause(400), Pong(450)],
            9000,
            &[300, 750],
            None,
        ),
        (
            "the pause outlives that pong",
            outlived,
            9000,
            &[300, 750],
            Some(5200),
        ),
        (
            "another packet prolongs the wait, once",
            once,
            9000,
            &[300],
            Some(1200),
        ),
    ]);
}

#[test]
fn a_ping_that_is_late_gives_its_pong_the_whole_time() {
    let mut heartbeat = Heartbeat::start(at(0), RHYTHM);
    assert_eq!(heartbeat.handle_timeout(at(299), RHYTHM), None);
    assert_eq!(heartbeat.handle_timeout(at(350), RHYTHM), Some(Beat::Ping));
    assert_eq!(heartbeat.poll_timeout(), Some(at(550)));
    assert_eq!(heartbeat.handle_timeout(at(549), RHYTHM), None);
    assert_eq!(
        heartbeat.handle_timeout(at(550), RHYTHM),
        Some(Beat::PongTooLate)
    );
}
