//! What a socket heard about one question, and what must be true of it in every case.

use serde_json::{Value, json};
use trunkline::ai::Code;

/// Everything that was heard about one question.
#[derive(Clone, Default, Debug)]
pub(crate) struct Answer {
    pub(crate) chunks: Vec<Value>,
    pub(crate) typing: Vec<bool>,
    pub(crate) errors: Vec<Value>,
    pub(crate) replies: Vec<Value>,
    pub(crate) acks: Vec<Value>,
    /// The events in their order, each once in a row.
    order: Vec<String>,
}

impl Answer {
    /// Takes one event in.
    pub(crate) fn take(&mut self, name: &str, payload: &Value) {
        if self.order.last().is_none_or(|last| last != name) {
            self.order.push(name.to_owned());
        }
        let list = match name {
            "ai-message-chunk" => &mut self.chunks,
            "ai-message-error" => &mut self.errors,
            "ai-message-response" => &mut self.replies,
            "ai-typing" => {
                let typing = payload["typing"].as_bool();
                return self.typing.push(typing.expect("typing is true or false"));
            }
            _ => panic!("an unknown event: {name}"),
        };
        list.push(payload.clone());
    }

    pub(crate) fn is_over(&self) -> bool {
        !self.replies.is_empty() && !self.acks.is_empty()
    }

    /// The laws of every answer, whatever happened to it.
    pub(crate) fn check(&self) {
        assert_eq!(self.replies.len(), 1, "not one reply: {self:?}");
        assert_eq!(self.acks, self.replies, "another acknowledgement");
        assert!(
            matches!(self.typing[..], [] | [true, false]),
            "typing is not ended: {self:?}"
        );
        let reply = self.reply();
        assert_eq!(reply["response"], reply["content"]);
        assert!(!self.text().trim().is_empty(), "an empty bubble: {reply}");
        if !self.chunks.is_empty() {
            let mut text = String::new();
            for (seq, chunk) in self.chunks.iter().enumerate() {
                assert_eq!(chunk["seq"], json!(seq), "a gap: {chunk}");
                text += chunk["delta"].as_str().unwrap();
            }
            assert_eq!(text, self.text(), "the chunks are not the reply");
        }
        let late = ["ai-message-response"];
        assert!(self.order.ends_with(&late.map(str::to_owned)), "{self:?}");
        match self.finish() {
            "stop" | "length" => {
                assert!(reply.get("error").is_none() && self.errors.is_empty());
            }
            finish => {
                let error = &reply["error"];
                let expected = json!({"id": reply["id"], "error": error});
                let told = self.errors.iter().map(|told| {
                    let mut told = told.clone();
                    for label in ["chat", "chatId", "conversationId"] {
                        told.as_object_mut().unwrap().remove(label);
                    }
                    told
                });
                assert_eq!(told.collect::<Vec<_>>(), [expected]);
                let code: Code = error["code"].as_str().unwrap().parse().unwrap();
                let named = match code {
                    Code::Blocked => "blocked",
                    Code::Cancelled => "cancelled",
                    _ => "error",
                };
                assert_eq!(finish, named, "{reply}");
            }
        }
    }

    pub(crate) fn reply(&self) -> &Value {
        &self.replies[0]
    }

    pub(crate) fn text(&self) -> &str {
        self.reply()["response"].as_str().unwrap()
    }

    /// What the chunks say so far.
    pub(crate) fn said(&self) -> String {
        let deltas = self.chunks.iter().map(|chunk| chunk["delta"].as_str());
        deltas.map(Option::unwrap).collect()
    }

    pub(crate) fn finish(&self) -> &str {
        self.reply()["finish"].as_str().unwrap()
    }

    /// The error, or null.
    pub(crate) fn error(&self) -> &Value {
        &self.reply()["error"]
    }

    pub(crate) fn code(&self) -> &str {
        self.error()["code"].as_str().unwrap_or("none")
    }

    /// That all was said.
    pub(crate) fn expect_stop(&self, text: &str) {
        assert_eq!((self.finish(), self.text()), ("stop", text));
    }

    /// That it failed without a word of the answer, with the sentence for this code alone.
    pub(crate) fn expect_failure(&self, code: Code) {
        self.expect_failure_saying(code, code.message());
    }

    /// The same with a sentence of ours that fits the case better.
    pub(crate) fn expect_failure_saying(&self, code: Code, sentence: &str) {
        assert_eq!(self.code(), code.as_str(), "{}", self.reply());
        assert_eq!(self.text(), sentence);
        assert_eq!(self.error()["message"], sentence);
        assert!(self.chunks.is_empty(), "{self:?}");
    }

    /// That it failed after this was said.
    pub(crate) fn expect_partial(&self, code: Code, text: &str) {
        assert_eq!((self.code(), self.text()), (code.as_str(), text));
        assert!(!self.chunks.is_empty());
    }
}
