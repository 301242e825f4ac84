//! What comes back and what does not, in tables of short stories.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::rooms::{Room, Selection};
use crate::socketio::{Namespace, Outgoing};
use crate::wire::{Moment, SocketId};

const RETENTION: Duration = Duration::from_secs(95);

fn at(seconds: u64) -> Moment {
    Moment::new(Duration::from_secs(seconds))
}

/// A namespace with one socket, which is told of everything at a time.
struct Story {
    ledger: Ledger<u8>,
    budget: Arc<Budget>,
    trace: Option<Trace>,
    pid: Arc<str>,
    now: Moment,
}

impl Story {
    fn begin(config: &Config) -> Story {
        let budget = Arc::new(Budget::new(config));
        let mut ledger = Ledger::new(Tag::new(7), config, RETENTION, budget.clone());
        let mut trace = ledger.begin(&SocketId::new("me"));
        let pid: Arc<str> = "secret".into();
        ledger.enter(&mut trace, &pid, vec!["me".into()], at(0));
        Story {
            ledger,
            budget,
            trace: Some(trace),
            pid,
            now: at(0),
        }
    }

    /// Sends `name` to these rooms, without those; to the socket itself for `!`.
    fn send(&mut self, name: &str, to: &[&str], except: &[&str]) -> String {
        let rooms = |names: &[&str]| names.iter().map(|&name| Room::from(name)).collect();
        let target = match to {
            ["!"] => Target::Socket(SocketId::new("me")),
            _ => Target::Selection(Selection {
                rooms: rooms(to),
                except: rooms(except),
            }),
        };
        let in_rooms = self.trace.as_ref().map(Trace::rooms).unwrap_or_default();
        let is_in = |names: &[&str]| in_rooms.iter().any(|room| names.contains(&&**room));
        let is_meant = to == ["!"] || ((to.is_empty() || is_in(to)) && !is_in(except));
        let packet = Outgoing::event(&Namespace::from("/"), name, &()).unwrap();
        let (packet, _) = self.ledger.append(packet, target, self.now);
        if let Some(trace) = self.trace.as_mut().filter(|_| is_meant) {
            self.ledger.note(trace, self.now);
        }
        let array: Vec<String> = serde_json::from_str(packet.json()).unwrap();
        array.last().unwrap().clone()
    }

    fn join(&mut self, room: &str) {
        self.ledger.join(self.trace.as_mut().unwrap(), room);
    }

    fn leave(&mut self, room: &str) {
        self.ledger.leave(self.trace.as_mut().unwrap(), room);
    }

    fn lose(&mut self) {
        let trace = self.trace.take().unwrap();
        self.ledger.lose(trace, self.pid.clone(), 5, 0, self.now);
    }

    /// The names of what was missed; `None` for a new session.
    fn come_back(&mut self, offset: Option<&str>) -> Option<Vec<String>> {
        let claim = Claim {
            pid: self.pid.to_string(),
            offset: offset.map(str::to_owned),
        };
        let claimed = self.ledger.claim(&claim, self.now, self.now);
        let Claimed::Returning(returning) = claimed else {
            return None;
        };
        assert_eq!((*returning.data(), returning.id().as_str()), (5, "me"));
        let (resumed, _) = self.ledger.resume(*returning, usize::MAX, self.now).ok()?;
        self.trace = Some(resumed.trace);
        let name = |packet: &Arc<Outgoing>| packet.name().unwrap().to_owned();
        Some(resumed.missed.iter().map(name).collect())
    }
}

#[test]
fn a_packet_is_judged_by_the_rooms_of_its_time() {
    let mut story = Story::begin(&Config::default());
    let first = story.send("first", &[], &[]);
    story.send("too early", &["a"], &[]);
    story.join("a");
    story.send("in a", &["a"], &[]);
    story.send("in both", &["a", "me"], &[]);
    story.send("out", &[], &["a"]);
    story.leave("a");
    story.send("too late", &["a"], &[]);
    story.send("all but a", &[], &["a"]);
    story.join("b");
    story.leave("b");
    story.send("never in b", &["b"], &[]);
    story.leave("me");
    story.send("not in its own", &["me"], &[]);
    story.send("direct", &["!"], &[]);
    story.lose();
    story.send("away", &[], &[]);
    story.send("away, not", &["b"], &[]);
    let missed = ["in a", "in both", "all but a", "direct", "away"];
    assert_eq!(story.come_back(Some(&first)).unwrap(), missed);
    story.lose();
    let mut all = vec!["first".to_owned()];
    all.extend(missed.map(str::to_owned));
    assert_eq!(
        story.come_back(None),
        None,
        "it showed already that it had the first"
    );
}

#[test]
fn a_session_without_an_event_comes_back_from_its_start() {
    let mut story = Story::begin(&Config::default());
    story.lose();
    assert_eq!(story.come_back(None).unwrap(), [""; 0]);
    story.send("one", &[], &[]);
    story.lose();
    story.send("two", &[], &[]);
    assert_eq!(story.come_back(None).unwrap(), ["one", "two"]);
    story.lose();
    assert_eq!(
        story.come_back(None).unwrap(),
        ["one", "two"],
        "they did not arrive"
    );
}

#[test]
fn an_offset_of_an_earlier_session_counts_as_none() {
    let mut story = Story::begin(&Config::default());
    let old = story.send("old", &[], &[]);
    let pid: Arc<str> = "other".into();
    let mut trace = story.ledger.begin(&SocketId::new("me"));
    story.send("between", &[], &[]);
    story.ledger.enter(&mut trace, &pid, Vec::new(), at(0));
    (story.trace, story.pid) = (Some(trace), pid);
    story.send("new", &[], &[]);
    story.lose();
    assert_eq!(story.come_back(Some(&old)).unwrap(), ["new"]);
}

#[test]
fn what_the_log_dropped_matters_only_to_who_missed_it() {
    let small = Config {
        max_bytes: 600,
        ..Config::default()
    };
    // Each packet takes about 150 bytes, so the log holds four or so.
    let noise = |story: &mut Story| (0..8).for_each(|_| drop(story.send("noise", &["x"], &[])));

    let mut quiet = Story::begin(&small);
    let one = quiet.send("one", &[], &[]);
    noise(&mut quiet);
    quiet.lose();
    assert_eq!(quiet.come_back(Some(&one)).unwrap(), [""; 0]);
    noise(&mut quiet);
    quiet.send("late", &[], &[]);
    quiet.lose();
    assert_eq!(
        quiet.come_back(Some(&one)).unwrap(),
        ["late"],
        "only noise came between"
    );
    quiet.lose();
    noise(&mut quiet);
    assert_eq!(
        quiet.come_back(Some(&one)),
        None,
        "nobody knows what was in that"
    );

    let mut missing = Story::begin(&small);
    let one = missing.send("one", &[], &[]);
    missing.send("two", &[], &[]);
    noise(&mut missing);
    let three = missing.send("three", &[], &[]);
    missing.lose();
    assert_eq!(missing.come_back(Some(&one)), None);
    assert_eq!(
        missing.come_back(Some(&three)),
        None,
        "it was tried and is over"
    );
    let loss = missing.ledger.take_loss();
    assert!(loss.packets >= 5 && loss.bytes > 600, "{loss:?}");
    assert!(missing.ledger.take_loss().is_none());
}

#[test]
fn a_packet_larger_than_the_log_is_sent_and_not_kept() {
    let mut story = Story::begin(&Config {
        max_bytes: 100,
        ..Config::default()
    });
    let one = story.send("one", &[], &[]);
    let two = story.send("two", &[], &[]);
    assert_ne!(one, two);
    story.lose();
    assert_eq!(story.come_back(Some(&one)), None);
    let mut story = Story::begin(&Config {
        max_bytes: 100,
        ..Config::default()
    });
    let one = story.send("one", &[], &[]);
    story.lose();
    assert!(story.come_back(Some(&one)).is_some());
}

#[test]
fn time_ends_sessions_and_packets() {
    let mut story = Story::begin(&Config::default());
    let one = story.send("one", &[], &[]);
    story.lose();
    story.now = at(119);
    assert!(story.come_back(Some(&one)).is_some());
    story.lose();
    story.now = at(119 + 120);
    assert_eq!(story.come_back(Some(&one)), None);

    let mut story = Story::begin(&Config::default());
    story.send("one", &[], &[]);
    let kept = story.budget.bytes();
    story.now = at(50);
    story.send("two", &[], &[]);
    let (evicted, next) = story.ledger.sweep(at(99));
    assert_eq!((evicted.len(), next), (0, Some(at(100))));
    let (evicted, next) = story.ledger.sweep(at(100));
    assert_eq!((evicted.len(), next), (1, Some(at(150))));
    assert_eq!(story.budget.bytes(), kept);
    story.lose();
    let (evicted, next) = story.ledger.sweep(at(150));
    assert_eq!((evicted.len(), next), (1, Some(at(170))));
    assert_eq!(
        (story.budget.sessions(), story.ledger.is_deserted()),
        (1, false)
    );
    let (_, next) = story.ledger.sweep(at(170));
    assert_eq!((next, story.budget.bytes()), (None, 0));
    assert_eq!(
        (story.budget.sessions(), story.ledger.is_deserted()),
        (0, true)
    );
}

#[test]
fn what_nobody_can_ask_for_is_not_kept() {
    let mut story = Story::begin(&Config::default());
    story.send("one", &[], &[]);
    story.ledger.end(Some("secret"));
    assert!(story.ledger.is_deserted());
    let (evicted, next) = story.ledger.sweep(at(0));
    assert_eq!((evicted.len(), next, story.budget.bytes()), (1, None, 0));
}

#[test]
fn one_budget_serves_all_namespaces() {
    let config = Config {
        max_total_bytes: 4000,
        max_sessions: 3,
        ..Config::default()
    };
    let mut one = Story::begin(&config);
    let mut other = Story::begin(&config);
    other.ledger = Ledger::new(Tag::new(8), &config, RETENTION, one.budget.clone());
    for _ in 0..50 {
        one.send("one", &[], &[]);
        let _ = other.send("two", &[], &[]);
        assert!(one.budget.bytes() <= 3000);
    }
    for number in 0..5 {
        let trace = one.ledger.begin(&SocketId::new(number.to_string()));
        let pid = format!("pid {number}").into();
        one.ledger.lose(trace, pid, 0, 0, at(number));
        assert!(one.budget.sessions() <= 3 && one.budget.bytes() <= 4000);
    }
    assert!(!one.ledger.is_away(&SocketId::new("0")));
    assert!(one.ledger.is_away(&SocketId::new("4")));
    assert!(one.ledger.take_loss().sessions >= 2);
    let budget = one.budget.clone();
    drop((one, other));
    assert_eq!((budget.bytes(), budget.sessions()), (0, 0));
}

#[test]
fn of_two_claims_one_wins() {
    let mut story = Story::begin(&Config::default());
    let claim = |pid: &str| Claim {
        pid: pid.to_owned(),
        offset: None,
    };
    let secret = claim("secret");
    assert!(matches!(
        story.ledger.claim(&claim("guess"), at(5), at(5)),
        Claimed::Nothing
    ));
    // It is connected: whoever arrived later may wait for its end, one at a time.
    assert!(matches!(
        story.ledger.claim(&secret, at(5), at(5)),
        Claimed::Connected(_)
    ));
    assert!(matches!(
        story.ledger.claim(&secret, at(6), at(6)),
        Claimed::Nothing
    ));
    story.ledger.give_up(&secret);
    assert!(matches!(
        story.ledger.claim(&secret, at(6), at(6)),
        Claimed::Connected(_)
    ));
    story.now = at(7);
    story.lose();
    let Claimed::Returning(returning) = story.ledger.claim(&secret, at(6), at(8)) else {
        panic!("it waits");
    };
    assert!(story.ledger.is_away(&SocketId::new("me")));
    assert!(matches!(
        story.ledger.claim(&secret, at(9), at(9)),
        Claimed::Nothing
    ));
    // It is gone again before it was let in.
    story.ledger.put_back(*returning);
    let Claimed::Returning(returning) = story.ledger.claim(&secret, at(6), at(10)) else {
        panic!("it waits again");
    };
    let (resumed, _) = story.ledger.resume(*returning, 1000, at(11)).unwrap();
    assert_eq!(resumed.rooms, ["me".into()]);
    assert!(!story.ledger.is_away(&SocketId::new("me")));
    assert!(
        matches!(
            story.ledger.claim(&secret, at(10), at(12)),
            Claimed::Nothing
        ),
        "as early"
    );
    assert!(matches!(
        story.ledger.claim(&secret, at(12), at(12)),
        Claimed::Connected(_)
    ));
}

#[test]
fn more_than_a_client_may_be_sent_at_once_ends_the_session() {
    let mut story = Story::begin(&Config::default());
    story.lose();
    story.send("one", &[], &[]);
    let claim = Claim {
        pid: "secret".to_owned(),
        offset: None,
    };
    let Claimed::Returning(returning) = story.ledger.claim(&claim, at(1), at(1)) else {
        panic!("it waits");
    };
    assert!(matches!(
        story.ledger.resume(*returning, 100, at(1)),
        Err(5)
    ));
    assert!(story.ledger.is_deserted());
}

#[test]
fn how_many_rooms_a_packet_is_for_takes_nothing_of_what_a_client_may_be_sent() {
    let mut story = Story::begin(&Config::default());
    story.join("room");
    let names: Vec<_> = (0..100).map(|number| format!("room {number}")).collect();
    let rooms: Vec<_> = names.iter().map(String::as_str).chain(["room"]).collect();
    story.lose();
    story.send("one", &rooms, &[]);
    let claim = Claim {
        pid: "secret".to_owned(),
        offset: None,
    };
    let Claimed::Returning(returning) = story.ledger.claim(&claim, at(1), at(1)) else {
        panic!("it waits");
    };
    let resumed = story.ledger.resume(*returning, 200, at(1));
    assert_eq!(
        resumed.map(|(resumed, _)| resumed.missed.len()).ok(),
        Some(1)
    );
}

#[test]
fn an_offset_that_was_never_given_out_changes_nothing() {
    let mut story = Story::begin(&Config::default());
    let first = story.send("first", &[], &[]);
    story.lose();
    let beyond = Tag::new(7).write(2);
    assert_eq!(story.come_back(Some(&beyond)), None);
    assert_eq!(story.come_back(Some(&first)).unwrap(), [""; 0]);
}

#[test]
fn a_trace_keeps_no_more_than_it_needs() {
    let mut story = Story::begin(&Config::default());
    let first = story.send("first", &[], &[]);
    for number in 0..1100 {
        story.join(&format!("room {number}"));
        story.join(&format!("room {number}"));
        story.leave("nowhere");
    }
    let second = story.send("second", &["room 5"], &[]);
    story.lose();
    assert_eq!(story.trace.as_ref().map(Trace::weight), None);
    // 1,100 changes were too many, but no packet came between them.
    assert_eq!(story.come_back(Some(&first)).unwrap(), ["second"]);
    for number in 0..1100 {
        story.join(&format!("other {number}"));
        story.send("x", &[&format!("other {number}")], &[]);
    }
    story.lose();
    assert_eq!(story.come_back(Some(&second)), None);
}

#[test]
fn a_claim_is_two_texts() {
    let read = |auth: &str| Claim::read(auth).map(|claim| (claim.pid, claim.offset));
    let rows = [
        (r#"{"pid":"a"}"#, Some(("a", None))),
        (
            r#"{"pid":"a","offset":"b","token":{"x":[1]}}"#,
            Some(("a", Some("b"))),
        ),
        (
            r#"{"token":1,"offset":"\u0062","pid":"a"}"#,
            Some(("a", Some("b"))),
        ),
        (r#"{"offset":"b"}"#, None),
        (r#"{"pid":1,"offset":"b"}"#, None),
        (r#"{"pid":"a","offset":1}"#, None),
        (r#"{"pid":"a","pid":"b"}"#, None),
        ("{}", None),
    ];
    for (auth, expected) in rows {
        let expected = expected.map(|(pid, offset)| (pid.to_owned(), offset.map(str::to_owned)));
        assert_eq!(read(auth), expected, "{auth}");
    }
}

#[test]
fn a_pause_before_what_was_missed_may_be_older_than_the_log() {
    let mut story = Story::begin(&Config::default());
    story.send("one", &[], &[]);
    let two = story.send("two", &[], &[]);
    story.now = at(30);
    story.send("noise", &["x"], &[]);
    story.now = at(60);
    story.send("three", &[], &[]);
    story.lose();
    story.now = at(140);
    let (evicted, _) = story.ledger.sweep(story.now);
    assert_eq!(evicted.len(), 3);
    drop(evicted);
    assert_eq!(story.come_back(Some(&two)).unwrap(), ["three"]);
}
