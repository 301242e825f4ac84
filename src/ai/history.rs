//! What one chat remembers: its latest exchanges, within limits.

use std::collections::VecDeque;

use super::provider::{Role, Turn};
use super::text::Text;

/// How much is remembered of one chat. What goes beyond is forgotten, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Turns, counting questions and answers (20).
    pub max_turns: usize,
    /// Bytes of text (32 KiB).
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_turns: 20,
            max_bytes: 32 * 1024,
        }
    }
}

/// A question and its answer: they are remembered together or not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// What the user asked.
    pub question: Text,
    /// What the assistant answered.
    pub answer: Text,
}

impl Exchange {
    fn bytes(&self) -> usize {
        self.question.len() + self.answer.len()
    }
}

/// A bounded memory of whole exchanges.
///
/// Because it holds exchanges, its turns begin with the user's and alternate by construction,
/// which is what every provider demands. A question that failed was never in it.
#[derive(Clone, Debug)]
pub struct History {
    limits: Limits,
    exchanges: VecDeque<Exchange>,
    bytes: usize,
}

impl History {
    /// A memory of nothing.
    pub fn new(limits: Limits) -> History {
        History {
            limits,
            exchanges: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Remembers `exchange`, and forgets the oldest ones until the limits hold again.
    ///
    /// An exchange without text on either side is not kept, because providers refuse empty turns.
    /// One that is larger than the limit by itself leaves nothing behind.
    pub fn commit(&mut self, exchange: Exchange) {
        if exchange.question.is_empty() || exchange.answer.is_empty() {
            return;
        }
        self.bytes += exchange.bytes();
        self.exchanges.push_back(exchange);
        while self.len() > self.limits.max_turns || self.bytes > self.limits.max_bytes {
            let Some(oldest) = self.exchanges.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
    }

    /// The remembered turns with `question` as the last: what a provider is asked.
    pub fn turns_with(&self, question: &Text) -> Vec<Turn> {
        let mut turns = Vec::with_capacity(self.len() + 1);
        for Exchange { question, answer } in &self.exchanges {
            turns.push(Turn {
                role: Role::User,
                text: question.clone(),
            });
            turns.push(Turn {
                role: Role::Assistant,
                text: answer.clone(),
            });
        }
        turns.push(Turn {
            role: Role::User,
            text: question.clone(),
        });
        turns
    }

    /// How many turns are remembered.
    pub fn len(&self) -> usize {
        self.exchanges.len() * 2
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    /// How many bytes of text are remembered.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exchange(question: &str, answer: &str) -> Exchange {
        Exchange {
            question: question.into(),
            answer: answer.into(),
        }
    }

    fn texts(history: &History, question: &str) -> Vec<String> {
        let turns = history.turns_with(&question.into());
        turns
            .iter()
            .map(|turn| turn.text.as_str().to_owned())
            .collect()
    }

    #[test]
    fn the_oldest_exchange_is_forgotten_as_a_whole() {
        let mut history = History::new(Limits {
            max_turns: 5,
            max_bytes: 100,
        });
        for n in 1..=3 {
            history.commit(exchange(&format!("q{n}"), &format!("a{n}")));
        }
        assert_eq!(texts(&history, "q4"), ["q2", "a2", "q3", "a3", "q4"]);
        history.commit(exchange("long", &"a".repeat(90)));
        assert_eq!(texts(&history, "?")[..3], ["q3", "a3", "long"]);
    }

    #[test]
    fn ten_exchanges_are_remembered_by_default() {
        let mut history = History::new(Limits::default());
        for n in 0..30 {
            history.commit(exchange(&n.to_string(), "ok"));
        }
        assert_eq!(history.len(), 20);
        assert_eq!(texts(&history, "?")[0], "20");
        history.commit(exchange("q", &"a".repeat(32 * 1024)));
        assert!(history.is_empty() && history.bytes() == 0);
    }

    #[test]
    fn an_empty_answer_is_not_remembered() {
        let mut history = History::new(Limits::default());
        history.commit(exchange("q", ""));
        assert!(history.is_empty());
    }

    proptest! {
        #[test]
        fn turns_alternate_within_the_limits_and_end_with_the_question(
            max_turns in 0usize..12,
            max_bytes in 0usize..200,
            said in prop::collection::vec((".{0,20}", ".{0,40}"), 0..30),
        ) {
            let mut history = History::new(Limits { max_turns, max_bytes });
            for (question, answer) in said {
                history.commit(exchange(&question, &answer));
                let turns = history.turns_with(&"now?".into());
                let (last, before) = turns.split_last().unwrap();
                prop_assert_eq!(last, &Turn { role: Role::User, text: "now?".into() });
                prop_assert!(before.len() <= max_turns);
                let bytes: usize = before.iter().map(|turn| turn.text.len()).sum();
                prop_assert!(bytes <= max_bytes && bytes == history.bytes());
                for (at, turn) in turns.iter().enumerate() {
                    prop_assert_eq!(turn.role == Role::User, at % 2 == 0);
                    prop_assert!(!turn.text.is_empty());
                }
            }
        }
    }
}
