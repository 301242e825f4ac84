//! Laws of random conversations, through real sockets.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use tokio::runtime::Runtime;
use trunkline::ai::Api;

use crate::answers::cut;
use crate::client::Client;
use crate::fake::{Finish, Script, Speech, Then};
use crate::house::{House, usage};

/// How many random cases each law gets for each API.
const CASES: u32 = 24;

/// A fake that plays the script of the moment, and a socket to ask it.
struct Stage {
    runtime: Runtime,
    script: Arc<Mutex<Script>>,
    house: House,
}

impl Stage {
    fn new(api: Api, stream: bool) -> Stage {
        let script = Arc::new(Mutex::new(Script::nothing(Then::Stall)));
        let played = script.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let house = runtime.block_on(House::directed(
            api,
            move |_, _| played.lock().unwrap().clone(),
            |settings| settings.remote.stream = stream,
        ));
        Stage {
            runtime,
            script,
            house,
        }
    }

    fn client(&self) -> Client {
        self.runtime.block_on(self.house.client())
    }

    fn plays(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }
}

/// Runs `law` on random values.
fn check<S: Strategy>(what: &str, strategy: &S, law: impl Fn(S::Value) -> TestCaseResult) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    println!("{what}: {CASES} random cases");
    TestRunner::new(config).run(strategy, law).unwrap();
}

/// Pieces of text with a word among them, and where to cut what spells them.
fn pieces() -> impl Strategy<Value = (Vec<String>, Vec<Index>)> {
    let text = prop_oneof![
        "[a-z ]{0,12}",
        "(?s).{0,6}",
        select(vec![
            "🦀", "\r\n", "\\\"", "data: ", "\u{2028}", "é", "[DONE]"
        ])
        .prop_map(str::to_owned),
    ];
    // It stands for a torn character in every other test.
    let text = text.prop_map(|text| text.replace('\u{fffd}', ""));
    let texts = vec(text, 1..8).prop_map(|mut texts| {
        texts.push("word".to_owned());
        texts
    });
    (texts, vec(any::<Index>(), 0..40))
}

fn cut_anywhere(wire: &str, borders: &[Index]) -> Vec<Bytes> {
    let mut borders: Vec<usize> = borders.iter().map(|at| at.index(wire.len())).collect();
    borders.sort_unstable();
    cut(wire, &borders)
}

fn any_split_gives_the_same_answer(api: Api) {
    let stage = Stage::new(api, true);
    let ends = select(vec!["\n", "\r\n", "\r"]);
    check("splits of a stream", &(pieces(), ends), |(pieces, end)| {
        let (texts, borders) = pieces;
        let deltas: Vec<&str> = texts.iter().map(String::as_str).collect();
        let events = api.stream(&deltas);
        let wire: String = events.iter().map(|event| event.spelt(end)).collect();
        stage.plays(Script::events().all(cut_anywhere(&wire, &borders)));
        let mut client = stage.client();
        let answer = stage.runtime.block_on(client.ask("say it"));
        answer.expect_stop(&texts.concat());
        assert_eq!(answer.reply()["usage"], usage());
        Ok(())
    });
}

fn any_split_of_a_document_gives_the_same_answer(api: Api) {
    let stage = Stage::new(api, false);
    check("splits of a document", &pieces(), |(texts, borders)| {
        let document = api.document(&texts.concat(), Finish::Stop).to_string();
        let script = Script::chunked(200, "application/json");
        stage.plays(script.all(cut_anywhere(&document, &borders)));
        let mut client = stage.client();
        let answer = stage.runtime.block_on(client.ask("say it"));
        answer.expect_stop(&texts.concat());
        Ok(())
    });
}

/// What becomes of one question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Answered,
    Cut,
    Refused,
    Blocked,
    BlockedMidway,
    Lost,
    Unended,
    Empty,
}

impl Fate {
    fn script(self, api: Api, text: &str) -> Script {
        let ends = |finish| {
            let events = api.begins(&[text]);
            events.all(api.ending(finish))
        };
        match self {
            Fate::Answered => ends(Finish::Stop),
            Fate::Cut => ends(Finish::Length),
            Fate::Refused => api.refuses(400),
            Fate::Blocked => api.begins(&[]).all(api.ending(Finish::Blocked)),
            Fate::BlockedMidway => ends(Finish::Blocked),
            Fate::Lost => api.begins(&[text]).then(Then::Fin),
            Fate::Unended => api.begins(&[text]),
            Fate::Empty => api.begins(&[]).all(api.ending(Finish::Length)),
        }
    }

    fn is_remembered(self) -> bool {
        matches!(self, Fate::Answered | Fate::Cut)
    }
}

fn history_holds_what_succeeded(api: Api) {
    let stage = Stage::new(api, true);
    let fate = select(vec![
        Fate::Answered,
        Fate::Answered,
        Fate::Cut,
        Fate::Refused,
        Fate::Blocked,
        Fate::BlockedMidway,
        Fate::Lost,
        Fate::Unended,
        Fate::Empty,
    ]);
    check("histories", &vec(fate, 1..10), |fates| {
        let mut client = stage.client();
        let mut expected = Vec::new();
        for (number, fate) in fates.into_iter().enumerate() {
            let (question, text) = (format!("question {number}"), format!("answer {number}"));
            stage.plays(fate.script(api, &text));
            let before = stage.house.fake.attempts().len();
            let answer = stage.runtime.block_on(client.ask(&question));
            let attempts = stage.house.fake.attempts();
            let kept = expected.len();
            expected.push(question);
            assert_eq!(attempts[before].request.said(), expected, "{fate:?}");
            assert_eq!(attempts.len(), before + 1, "{fate:?}");
            if fate.is_remembered() {
                assert_eq!(answer.text(), text);
                expected.push(text);
            } else {
                expected.truncate(kept);
            }
        }
        Ok(())
    });
}

macro_rules! laws {
    ($($law:ident),+ $(,)?) => { $(
        mod $law {
            use trunkline::ai::Api;

            #[test]
            fn gemini() {
                super::$law(Api::Gemini);
            }

            #[test]
            fn openai() {
                super::$law(Api::OpenAi);
            }

            #[test]
            fn anthropic() {
                super::$law(Api::Anthropic);
            }
        }
    )+ };
}

laws!(
    any_split_gives_the_same_answer,
    any_split_of_a_document_gives_the_same_answer,
    history_holds_what_succeeded,
);
