//! Tests of `ai::conversations`.

use proptest::prelude::*;

use super::*;
use crate::ai::answer::{self, Answer};
use crate::ai::failure::{Code, Failure};
use crate::ai::provider::{Completion, Role};
use crate::wire::Moment;

fn key(name: &str) -> Option<Key> {
    Some(name.into())
}

fn exchange(question: &str) -> Option<Exchange> {
    Some(Exchange {
        question: question.into(),
        answer: "ok".into(),
    })
}

fn said(conversations: &Conversations<u32>, ticket: &Ticket) -> Vec<String> {
    let turns = conversations.turns(ticket, &"?".into());
    turns
        .iter()
        .map(|turn| turn.text.as_str().to_owned())
        .collect()
}

#[test]
fn one_runs_three_wait_and_the_fifth_is_refused() {
    let mut socket = Conversations::new(Limits::default());
    let places: Vec<_> = (0..5u32)
        .map(|n| socket.ask(None, Key::from("q"), n).map(|(_, place)| place))
        .collect();
    let waiting = Ok(Place::Waiting);
    assert_eq!(
        places,
        [Ok(Place::Running), waiting, waiting, waiting, Err(Busy)]
    );
    let (_, place) = socket.ask(key("other"), Key::from("q"), 9).unwrap();
    assert_eq!(place, Place::Running);
}

#[test]
fn the_next_in_line_sees_what_was_answered_before_it() {
    let mut socket = Conversations::new(Limits::default());
    let (first, _) = socket.ask(key("a"), Key::from("1"), 1).unwrap();
    let (second, _) = socket.ask(key("a"), Key::from("2"), 2).unwrap();
    let (elsewhere, _) = socket.ask(key("b"), Key::from("3"), 3).unwrap();
    assert_eq!(socket.finish(&first, exchange("one")), Some(2));
    assert_eq!(said(&socket, &second), ["one", "ok", "?"]);
    assert_eq!(said(&socket, &elsewhere), ["?"]);
    assert_eq!(socket.finish(&second, None), None);
    assert_eq!(socket.finish(&second, exchange("twice")), None);
    assert_eq!(said(&socket, &second), ["one", "ok", "?"]);
}

#[test]
fn a_waiting_question_leaves_without_a_trace() {
    let mut socket = Conversations::new(Limits::default());
    let (first, _) = socket.ask(None, Key::from("1"), 1).unwrap();
    let (second, _) = socket.ask(None, Key::from("2"), 2).unwrap();
    socket.ask(None, Key::from("3"), 3).unwrap();
    assert_eq!(socket.finish(&second, exchange("never asked")), None);
    assert_eq!(socket.finish(&first, None), Some(3));
    assert_eq!(said(&socket, &first), ["?"]);
}

#[test]
fn cancelling_takes_the_waiting_ones_out_and_leaves_the_running_one_its_place() {
    let mut socket = Conversations::new(Limits::default());
    let (first, _) = socket.ask(None, Key::from("1"), 1).unwrap();
    socket.ask(None, Key::from("2"), 2).unwrap();
    socket.ask(None, Key::from("3"), 3).unwrap();
    let one = |id: &str| Cancel::One(id.into());
    assert!(socket.cancel(&one("unknown")).is_empty());
    assert!(socket.cancel(&Cancel::Nothing).is_empty());
    assert_eq!(socket.cancel(&one("2")), [2]);
    assert_eq!(socket.cancel(&one("1")), [1]);
    let (_, place) = socket.ask(None, Key::from("4"), 4).unwrap();
    assert_eq!(place, Place::Waiting);
    assert_eq!(socket.finish(&first, None), Some(3));
    let mut all = socket.cancel(&Cancel::All);
    all.sort_unstable();
    assert_eq!(all, [3, 4]);
}

#[test]
fn the_chat_unused_for_longest_is_forgotten_but_never_a_busy_one() {
    let limits = Limits {
        max_chats: 2,
        ..Limits::default()
    };
    let mut socket = Conversations::new(limits);
    let (old, _) = socket.ask(key("old"), Key::from("1"), 1).unwrap();
    socket.finish(&old, exchange("old"));
    let (new, _) = socket.ask(key("new"), Key::from("2"), 2).unwrap();
    socket.finish(&new, exchange("new"));
    let (old, _) = socket.ask(key("old"), Key::from("3"), 3).unwrap();
    socket.ask(key("third"), Key::from("4"), 4).unwrap();
    assert_eq!(said(&socket, &old), ["old", "ok", "?"]);
    assert_eq!(said(&socket, &new), ["?"]);
    assert_eq!(
        socket.ask(key("fourth"), Key::from("5"), 5).map(|_| ()),
        Err(Busy)
    );
    assert_eq!(socket.chats(), 2);
}

#[test]
fn asking_again_keeps_a_chat_from_being_forgotten() {
    let limits = Limits {
        max_chats: 2,
        ..Limits::default()
    };
    let mut socket = Conversations::new(limits);
    let mut ticket = None;
    for (number, chat) in ["first", "second", "first", "third"]
        .into_iter()
        .enumerate()
    {
        let (asked, _) = socket
            .ask(key(chat), Key::from("q"), number as u32)
            .unwrap();
        socket.finish(&asked, exchange(chat));
        ticket = ticket.or(Some(asked));
    }
    assert_eq!(
        said(&socket, &ticket.unwrap()),
        ["first", "ok", "first", "ok", "?"]
    );
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8),
    Finish(usize),
    Cancel(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..5).prop_map(Step::Ask),
        2 => (0usize..20).prop_map(Step::Finish),
        1 => (0usize..20).prop_map(Step::Cancel),
    ]
}

/// One question as the test knows it.
struct Open {
    chat: u8,
    number: u32,
    ticket: Ticket,
    running: bool,
}

proptest! {
    #[test]
    fn each_chat_answers_one_at_a_time_in_order(steps in prop::collection::vec(step(), 0..120)) {
        let limits = Limits { max_waiting: 3, max_chats: 3, ..Limits::default() };
        let mut socket: Conversations<u32> = Conversations::new(limits);
        let mut open: Vec<Open> = Vec::new();
        let mut number = 0;
        for step in steps {
            match step {
                Step::Ask(chat) => {
                    number += 1;
                    let id = Key::from(number.to_string().as_str());
                    let before = open.iter().filter(|asked| asked.chat == chat).count();
                    match socket.ask(key(&chat.to_string()), id, number) {
                        Ok((ticket, place)) => {
                            prop_assert!(before < 4);
                            let running = place == Place::Running;
                            prop_assert_eq!(running, before == 0);
                            open.push(Open { chat, number, ticket, running });
                        }
                        Err(Busy) => prop_assert!(before == 4 || socket.chats() == 3),
                    }
                }
                Step::Finish(at) if at < open.len() => {
                    let gone = open.remove(at);
                    let next = socket.finish(&gone.ticket, exchange("q"));
                    let due = open.iter_mut().find(|asked| asked.chat == gone.chat);
                    let due = due.filter(|_| gone.running).map(|asked| {
                        asked.running = true;
                        asked.number
                    });
                    prop_assert_eq!(next, due);
                }
                Step::Cancel(at) if at < open.len() => {
                    let id = Key::from(open[at].number.to_string().as_str());
                    prop_assert_eq!(socket.cancel(&Cancel::One(id)), [open[at].number]);
                    if !open[at].running {
                        open.remove(at);
                    }
                }
                Step::Finish(_) | Step::Cancel(_) => {}
            }
            prop_assert!(socket.chats() <= 3);
        }
    }
}

proptest! {
    /// However the answers end, with whatever words before.
    #[test]
    fn the_next_prompt_alternates_and_ends_with_the_question(
        said in prop::collection::vec(
            ("[ a-z]{0,9}", "[ a-z]{0,20}", 0..Code::ALL.len() + 2, any::<bool>()),
            0..40,
        ),
    ) {
        let mut socket = Conversations::new(Limits::default());
        for (question, words, end, streamed) in said {
            let question = Text::from(format!("{question}?"));
            let (ticket, _) = socket.ask(None, Key::from("q"), 1).unwrap();
            let turns = socket.turns(&ticket, &question);
            for (at, turn) in turns.iter().enumerate() {
                prop_assert_eq!(turn.role == Role::User, at % 2 == 0);
                prop_assert!(!turn.text.trim().is_empty());
            }
            let last = turns.last().unwrap();
            prop_assert_eq!((last.role, &last.text), (Role::User, &question));

            let mut answer = Answer::new(answer::Limits::default(), streamed);
            let _ = answer.push(&words, Moment::default()); // It has room.
            let end = match Code::ALL.get(end) {
                Some(code) => Err(Failure::new(*code)),
                None => Ok(Completion { cut: end > Code::ALL.len(), usage: None }),
            };
            let is_kept = !words.trim().is_empty()
                && end.map_or_else(|failure| failure.code == Code::Cancelled, |_| true);
            let before = turns.len();
            let remembered = answer.finish(end).remembered;
            prop_assert_eq!(remembered.is_some(), is_kept, "a failure leaves nothing behind");
            let exchange = remembered.map(|answer| Exchange { question, answer });
            socket.finish(&ticket, exchange);
            let after = socket.turns(&ticket, &"?".into()).len();
            prop_assert!(is_kept || after == before);
        }
    }
}
