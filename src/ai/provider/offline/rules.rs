//! The rules, in the order in which they are tried; the first that fits answers.

use super::calendar::{self, Date};
use super::{MAX_ANSWER, Said, Scene, arithmetic, chance, quoted};
use crate::ai::provider::Prompt;
use crate::ai::text::beginning;

/// How many words of a question the rules for short phrases look at.
const MAX_WORDS: usize = 12;

const GREETING: &str =
    "Hello! I am the offline assistant: I answer by simple rules. Ask for “help” to see them.";
const ABILITIES: &str = "I am the offline assistant: I answer by simple rules and know nothing \
     about the world. I can greet you, tell the time and the date, echo a text (“echo …”), work \
     out a sum (“2 + 3 × 4”), count the words or characters of a text (“count words: …”), flip a \
     coin, roll dice (“roll 2d6”), and recall what you said before.";
const NO_PROVIDER: &str =
    "No AI provider is configured, so that is all I can say; ask for “help” to see my rules.";

/// Answers the prompt's question.
pub(super) fn answer(prompt: &Prompt, scene: Scene) -> Said {
    let asked = Asked::new(prompt.question());
    echo(&asked)
        .or_else(|| recall(&asked, prompt).map(Said::from))
        .or_else(|| phrase(&asked).map(Said::from))
        .or_else(|| clock(&asked, scene).map(Said::from))
        .or_else(|| count(&asked).map(Said::from))
        .or_else(|| throw(&asked, scene.seed).map(Said::from))
        .or_else(|| sum(&asked).map(Said::from))
        .unwrap_or_else(|| format!("You wrote {}.\n{NO_PROVIDER}", quoted(asked.text, 200)).into())
}

/// A question, as the rules look at it.
struct Asked<'a> {
    text: &'a str,
    /// Its first words in lower case, one space between them, without punctuation.
    phrase: String,
    /// How many words that are, or more than [`MAX_WORDS`].
    words: usize,
}

impl<'a> Asked<'a> {
    fn new(text: &'a str) -> Asked<'a> {
        let text = text.trim();
        let of_a_word = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’');
        let words = text
            .split(|c| !of_a_word(c))
            .filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take(MAX_WORDS + 1).collect();
        let phrase = words.join(" ").to_lowercase().replace('’', "'");
        Asked {
            text,
            phrase,
            words: words.len(),
        }
    }

    /// Whether the question has at most `max` words.
    fn is_short(&self, max: usize) -> bool {
        self.words <= max
    }

    fn starts_with_any(&self, phrases: &[&str]) -> bool {
        let words_of = |start: &&str| {
            let rest = self.phrase.strip_prefix(*start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        phrases.iter().any(words_of)
    }

    fn has_word(&self, word: &str) -> bool {
        self.phrase.split(' ').any(|other| other == word)
    }
}

fn echo(asked: &Asked<'_>) -> Option<Said> {
    let verbs = ["echo", "repeat after me", "repeat"];
    let rest = verbs
        .iter()
        .find_map(|verb| after_prefix(asked.text, verb))?;
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    if rest.is_empty() {
        return Some("There is nothing to repeat: write “echo”, and the text behind it.".into());
    }
    if rest.len() <= MAX_ANSWER {
        return Some(rest.into());
    }
    let text = format!("{}…", beginning(rest, MAX_ANSWER - "…".len()));
    Some(Said {
        cut: true,
        ..text.into()
    })
}

/// What follows `prefix` (ASCII, in any case) if it stands at the start as whole words.
fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    let whole = rest
        .chars()
        .next()
        .is_none_or(|next| next == ':' || next.is_whitespace());
    (start.eq_ignore_ascii_case(prefix) && whole).then_some(rest)
}

fn recall(asked: &Asked<'_>, prompt: &Prompt) -> Option<String> {
    let phrases = [
        "did i say",
        "did i just say",
        "i said before",
        "have i said",
        "did i write",
        "did i ask",
        "my last message",
        "my previous message",
    ];
    if !asked.is_short(MAX_WORDS) || !phrases.iter().any(|said| asked.phrase.contains(said)) {
        return None;
    }
    let answer = match prompt.said_before().next() {
        Some(before) => format!("You said before: {}", quoted(before, 800)),
        None => "You have not said anything before.".to_owned(),
    };
    Some(answer)
}

/// Short phrases with a fixed answer.
fn phrase(asked: &Asked<'_>) -> Option<&'static str> {
    let abilities = [
        "help",
        "help me",
        "what can you do",
        "who are you",
        "what are you",
        "what do you do",
    ];
    let greetings = ["hi", "hello", "hey", "hiya", "howdy", "greetings"];
    let times_of_day = ["good morning", "good afternoon", "good evening", "good day"];
    let thanks = ["thanks", "thank you", "thx", "many thanks"];
    let farewells = [
        "bye",
        "goodbye",
        "good bye",
        "see you",
        "good night",
        "farewell",
    ];
    if asked.is_short(6) && asked.starts_with_any(&abilities) {
        return Some(ABILITIES);
    }
    if asked.is_short(3) && asked.starts_with_any(&greetings)
        || asked.is_short(4) && asked.starts_with_any(&times_of_day)
    {
        return Some(GREETING);
    }
    if asked.is_short(6) && asked.starts_with_any(&thanks) {
        return Some("You are welcome.");
    }
    (asked.is_short(4) && asked.starts_with_any(&farewells)).then_some("Goodbye, and take care.")
}

fn clock(asked: &Asked<'_>, scene: Scene) -> Option<String> {
    let mut phrase = asked.phrase.as_str();
    for filler in [" please", " today", " right now", " now"] {
        phrase = phrase.strip_suffix(filler).unwrap_or(phrase);
    }
    let starts = [
        &["what is ", "what's ", "tell me ", "what "][..],
        &["the "],
        &["current "],
    ];
    for alternatives in starts {
        let rest = alternatives
            .iter()
            .find_map(|start| phrase.strip_prefix(start));
        phrase = rest.unwrap_or(phrase);
    }
    let date = Date::at(scene.unix_seconds);
    let time = calendar::time_of_day(scene.unix_seconds);
    match phrase {
        "time" | "time is it" => Some(format!("It is {time} UTC.")),
        "date" | "date is it" | "today's date" | "day" | "day is it" => {
            Some(format!("It is {date} (UTC)."))
        }
        "date and time" | "time and date" => Some(format!("It is {date}, {time} UTC.")),
        _ => None,
    }
}

fn count(asked: &Asked<'_>) -> Option<String> {
    let starts = [
        "how many ",
        "count ",
        "count the ",
        "count all ",
        "number of ",
    ];
    let counted = |thing: &str| {
        let mut rests = starts
            .iter()
            .filter_map(|start| asked.phrase.strip_prefix(start));
        rests.any(|rest| rest.split(' ').next() == Some(thing))
    };
    let words = counted("words") || asked.starts_with_any(&["word count"]);
    let letters = counted("letters") || asked.starts_with_any(&["letter count"]);
    let characters = counted("characters") || asked.starts_with_any(&["character count"]);
    if !words && !letters && !characters {
        return None;
    }
    let Some(subject) = subject(asked.text) else {
        return Some("Write the text to count behind a colon, as in “count words: …”.".to_owned());
    };
    let (number, thing) = if words {
        (subject.split_whitespace().count(), "word")
    } else if letters {
        (
            subject.chars().filter(|c| c.is_alphabetic()).count(),
            "letter",
        )
    } else {
        (subject.chars().count(), "character")
    };
    let plural = if number == 1 { "" } else { "s" };
    Some(format!("That is {number} {thing}{plural}."))
}

/// The text that a question is about: behind a colon or the word `in`, without its quotation marks.
fn subject(text: &str) -> Option<&str> {
    let colon = text.find(':').map(|at| (at, &text[at + 1..]));
    let word_in = text.to_ascii_lowercase().find(" in ").map(|at| {
        let rest = text[at + " in ".len()..].trim();
        (at, rest.strip_suffix('?').unwrap_or(rest))
    });
    let first = [colon, word_in]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at);
    let subject = first.map(|(_, rest)| rest.trim())?;
    let quotes = [('"', '"'), ('“', '”'), ('\'', '\''), ('‘', '’')];
    let inside = |(open, close)| subject.strip_prefix(open)?.strip_suffix(close);
    Some(quotes.into_iter().find_map(inside).unwrap_or(subject)).filter(|text| !text.is_empty())
}

fn throw(asked: &Asked<'_>, seed: u64) -> Option<String> {
    if !asked.is_short(7) {
        return None;
    }
    let thrown = ["flip", "toss", "throw", "roll"]
        .iter()
        .any(|verb| asked.has_word(verb));
    if asked.has_word("coin") && (thrown || asked.is_short(2)) {
        return Some(chance::coin(seed).to_owned());
    }
    thrown.then(|| chance::dice(asked.phrase.split(' '), seed))?
}

fn sum(asked: &Asked<'_>) -> Option<String> {
    let questions = ["what is", "what's", "how much is", "calculate", "compute"];
    let rest = questions
        .iter()
        .find_map(|question| after_prefix(asked.text, question));
    let sum = rest.unwrap_or(asked.text).trim_start_matches(':');
    let sum = sum
        .trim_end_matches(|c: char| matches!(c, '?' | '=') || c.is_whitespace())
        .trim();
    if !arithmetic::is_sum(sum) {
        return None;
    }
    let answer = match arithmetic::evaluate(sum) {
        Ok(result) if sum.len() <= MAX_ANSWER / 2 => format!("{sum} {result}"),
        Ok(result) => format!("The result {result}"),
        Err(arithmetic::Trouble::DividedByZero) => {
            "That divides by zero, which has no result; try another number.".to_owned()
        }
        Err(arithmetic::Trouble::TooLarge) => "Those numbers are too large for me.".to_owned(),
        Err(arithmetic::Trouble::TooLong) => "That sum is too long for me.".to_owned(),
        Err(arithmetic::Trouble::Malformed) => {
            "I could not read that as a sum; I know + − × ÷ and parentheses.".to_owned()
        }
    };
    Some(answer)
}
