//! Tests of `ai::provider::offline`.

use proptest::prelude::*;

use super::*;
use crate::ai::failure::Code;
use crate::ai::history::{Exchange, History, Limits};

const SCENE: Scene = Scene {
    unix_seconds: 1_795_271_100,
    seed: 1,
};
const HOOKS: Config = Config {
    pause: Duration::ZERO,
    test_hooks: true,
};

fn prompt(before: &[&str], question: &str) -> Prompt {
    let mut history = History::new(Limits::default());
    for said in before {
        history.commit(Exchange {
            question: (*said).into(),
            answer: "ok".into(),
        });
    }
    Prompt::new(history.turns_with(&question.into()))
}

fn told(prompt: &Prompt, config: &Config) -> (String, Result<Completion, Failure>) {
    let mut text = String::new();
    for event in answer(prompt, SCENE, config) {
        match event {
            Ok(Event::Delta(delta)) => text.push_str(&delta),
            Ok(Event::Done(completion)) => return (text, Ok(completion)),
            Err(failure) => return (text, Err(failure)),
        }
    }
    panic!("an answer ends with Done or a failure");
}

fn said(question: &str) -> String {
    told(&prompt(&[], question), &Config::default()).0
}

/// Questions, and how the answer to each of them begins.
const RULES: &[(&[&str], &str)] = &[
    (
        &["hello", "Hi!", "hey there", "Good morning to you"],
        "Hello!",
    ),
    (
        &["help", "/help", "What can you do?", "who are you"],
        "I am the offline assistant",
    ),
    (&["thanks", "Thank you very much!"], "You are welcome"),
    (&["bye", "Good night."], "Goodbye"),
    (
        &[
            "time",
            "What time is it?",
            "what’s the time now",
            "tell me the time please",
        ],
        "It is 14:25 UTC.",
    ),
    (
        &[
            "date",
            "What day is it today?",
            "what is the date",
            "what's today's date?",
        ],
        "It is Saturday, 21 November 2026 (UTC).",
    ),
    (
        &["date and time"],
        "It is Saturday, 21 November 2026, 14:25 UTC.",
    ),
    (
        &[
            "echo Hello  World ",
            "ECHO: Hello  World",
            "repeat Hello  World",
            "Repeat after me: Hello  World",
        ],
        "Hello  World",
    ),
    (&["echo", "repeat:"], "There is nothing to repeat"),
    (
        &["2 + 3 × 4", "What is 2+3*4?", "calculate: 2 + 3 × 4 ="],
        "2",
    ),
    (&["1/0", "what is (1 + 1) ÷ 0?"], "That divides by zero"),
    (&["what is 2 +"], "I could not read that as a sum"),
    (
        &[
            "count words: a b  c",
            "How many words in “a b c”?",
            "how many words are in a b c?",
        ],
        "That is 3 words.",
    ),
    (
        &["count characters: 🦀b", "How many characters in \"🦀b\"?"],
        "That is 2 characters.",
    ),
    (&["count the letters: a1"], "That is 1 letter."),
    (&["count words"], "Write the text to count behind a colon"),
    (&["flip a coin", "coin", "toss a coin please"], "Tails."),
    (
        &["roll a die", "roll 2d6", "Throw the dice!"],
        "You rolled ",
    ),
    (
        &["what did I say before?", "What did I just say?"],
        "You have not said anything before.",
    ),
    (
        &[
            "tell me about the sea",
            "hello, can you explain monads to me",
            "what is the time complexity of a sort",
            "/fail timeout",
            "echoes of the past",
            "5",
            "what is love?",
        ],
        "You wrote “",
    ),
];

#[test]
fn every_rule_answers_its_questions() {
    for (questions, start) in RULES {
        for question in *questions {
            let answer = said(question);
            assert!(answer.starts_with(start), "{question}: {answer}");
        }
    }
}

#[test]
fn a_sum_is_shown_with_its_result() {
    assert_eq!(said("What is 2 + 3 × 4?"), "2 + 3 × 4 = 14");
    assert_eq!(said("10/3"), "10/3 ≈ 3.3333333333");
}

#[test]
fn what_was_said_before_is_recalled_from_the_history() {
    let prompt = prompt(&["first", "my name\nis Ada"], "What did I say before?");
    assert_eq!(
        told(&prompt, &Config::default()).0,
        "You said before: “my name is Ada”"
    );
}

#[test]
fn where_no_rule_fits_the_answer_quotes_and_admits() {
    assert_eq!(
        said("tell me\nabout  the sea"),
        "You wrote “tell me about the sea”.\nNo AI provider is configured, so that is all I can \
         say; ask for “help” to see my rules."
    );
    let long = said(&"🦀".repeat(4_000));
    assert!(long.contains('…') && long.len() < 400);
}

#[test]
fn an_echo_is_cut_at_a_kibibyte_and_says_so() {
    let (text, end) = told(&prompt(&[], &format!("echo {}", "é".repeat(2_000))), &HOOKS);
    assert!(text.ends_with("é…") && text.len() <= 1024);
    assert!(end.unwrap().cut);
    let (text, end) = told(&prompt(&[], &format!("echo {}", "e".repeat(1_024))), &HOOKS);
    assert!(text.len() == 1024 && !end.unwrap().cut);
}

#[test]
fn usage_counts_characters() {
    let (_, end) = told(&prompt(&["é"], "echo 🦀🦀"), &Config::default());
    let usage = Usage {
        input: 1 + 2 + 7,
        output: 2,
        unit: Unit::Characters,
    };
    assert_eq!(
        end,
        Ok(Completion {
            cut: false,
            usage: Some(usage)
        })
    );
}

#[test]
fn test_hooks_are_obeyed_only_if_they_are_on() {
    for code in Code::ALL {
        let order = prompt(&[], &format!("/fail {}", code.as_str()));
        assert_eq!(told(&order, &HOOKS), (String::new(), Err(code.into())));
        assert!(told(&order, &Config::default()).1.is_ok());
    }
    let slow = prompt(&[], "/slow 250");
    assert_eq!(
        answer(&slow, SCENE, &HOOKS).pause(),
        Duration::from_millis(250)
    );
    assert_eq!(
        answer(&slow, SCENE, &Config::default()).pause(),
        Duration::ZERO
    );
    let (text, _) = told(&prompt(&[], "/long 300000"), &HOOKS);
    assert!(text.len() == 300_000 && text.starts_with("word0 word1 "));
    for oops in [
        "/fail",
        "/fail oops",
        "/slow -1",
        "/long x",
        "/other 5",
        "/",
    ] {
        assert!(
            told(&prompt(&[], oops), &HOOKS).0.starts_with("You wrote"),
            "{oops}"
        );
    }
}

#[test]
fn a_configured_pause_holds_for_every_answer() {
    let config = Config {
        pause: Duration::from_millis(5),
        test_hooks: true,
    };
    for question in ["hello", "/long 10", "/slow 1"] {
        assert_eq!(
            answer(&prompt(&[], question), SCENE, &config).pause(),
            config.pause
        );
    }
}

#[test]
fn an_answer_comes_word_by_word() {
    let script = answer(
        &prompt(&[], "echo one two  three"),
        SCENE,
        &Config::default(),
    );
    let deltas = script.filter_map(|event| match event {
        Ok(Event::Delta(delta)) => Some(delta.as_str().to_owned()),
        _ => None,
    });
    assert_eq!(deltas.collect::<Vec<_>>(), ["one ", "two ", " ", "three"]);
}

proptest! {
    #[test]
    fn any_question_has_a_bounded_answer_that_ends_once(
        question in "(echo |what is |count words: |roll |what did i say )?(\\PC|[ \n]){0,300}",
        before in ".{0,2000}",
        seed: u64,
        unix_seconds: u64,
    ) {
        let prompt = prompt(&[&before], &question);
        let scene = Scene { seed, unix_seconds };
        let events: Vec<_> = answer(&prompt, scene, &Config::default()).collect();
        let bytes: usize = events.iter().map(|event| match event {
            Ok(Event::Delta(delta)) => delta.len(),
            _ => 0,
        }).sum();
        prop_assert!(0 < bytes && bytes <= MAX_ANSWER);
        let ends = events.iter().filter(|event| !matches!(event, Ok(Event::Delta(_)))).count();
        prop_assert!(ends == 1 && matches!(events.last(), Some(Ok(Event::Done(_)))));
    }
}
