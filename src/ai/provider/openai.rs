//! OpenAI's chat completions, as OpenAI and its many imitators speak them.

use serde::{Deserialize, Serialize};

use super::call::{Call, Options, TokensField, alternating, system};
use super::lenient::{First, Gather, Gathered, OneOf, Perhaps, Words};
use super::piece::{Finish, Piece, Tally};
use super::{Prompt, Role};

/// The request's body. Strict servers refuse what they do not know, so nothing else is sent.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

pub(super) fn request(prompt: &Prompt, options: &Options) -> Call {
    let turns = alternating(prompt);
    // `system` is understood everywhere, its successor `developer` is not.
    let instruction = system(prompt).map(|content| Message {
        role: "system",
        content,
    });
    let messages = turns.iter().map(|(role, text)| Message {
        role: match role {
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content: text,
    });
    let limit = |field| {
        let is_asked = options.tokens_field == field;
        prompt.max_output_tokens.filter(|_| is_asked)
    };
    let body = Body {
        model: &options.model,
        messages: instruction.into_iter().chain(messages).collect(),
        stream: options.stream.then_some(true),
        stream_options: options.stream.then_some(StreamOptions {
            include_usage: true,
        }),
        max_tokens: limit(TokensField::MaxTokens),
        max_completion_tokens: limit(TokensField::MaxCompletionTokens),
    };
    Call::new("/chat/completions", &body)
}

/// A whole answer (`chat.completion`) or a piece of one (`chat.completion.chunk`).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    choices: Perhaps<First<Choice>>,
    usage: Perhaps<UsageCount>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choice {
    message: Perhaps<Said>,
    delta: Perhaps<Said>,
    finish_reason: Perhaps<String>,
}

/// What is said. `reasoning` and `reasoning_content`, which some servers add, are no part of it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    content: Perhaps<OneOf<Words, Gathered<Parts>>>,
    refusal: Perhaps<String>,
}

/// A part, where the content is a list.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ContentPart {
    #[serde(rename = "type")]
    kind: Perhaps<String>,
    text: Perhaps<Words>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct UsageCount {
    prompt_tokens: Perhaps<u64>,
    completion_tokens: Perhaps<u64>,
}

/// The texts of the parts.
#[derive(Default)]
struct Parts(String);

impl Gather for Parts {
    type Item = Perhaps<ContentPart>;

    fn add(&mut self, part: Perhaps<ContentPart>) {
        let part = part.or_default();
        if part.kind.0.as_deref() == Some("text") {
            self.0.push_str(&part.text.or_default().0);
        }
    }
}

/// Reads one answer, or one piece of one.
pub(super) fn read(json: &str) -> serde_json::Result<Piece> {
    let answer: Answer = serde_json::from_str(json)?;
    let choice = answer.choices.or_default().0.unwrap_or_default();
    let said = choice.delta.0.or(choice.message.0).unwrap_or_default();
    let refusal = said.refusal.or_default();
    let (finish, reason) = if refusal.is_empty() {
        let reason = choice.finish_reason.or_default();
        (finish(&reason), reason)
    } else {
        // Its words are the model's, and not for the log.
        (Some(Finish::Blocked), "refusal".to_owned())
    };
    let usage = answer.usage.or_default();
    Ok(Piece {
        text: match said.content.0 {
            Some(OneOf::This(Words(text))) => text,
            Some(OneOf::That(Gathered(Parts(text)))) => text,
            None => String::new(),
        },
        finish,
        reason,
        tally: Tally {
            input: usage.prompt_tokens.0,
            output: usage.completion_tokens.0,
        },
        is_last: false,
    })
}

fn finish(reason: &str) -> Option<Finish> {
    Some(match reason {
        "" => return None,
        "length" => Finish::Cut,
        "content_filter" => Finish::Blocked,
        "error" => Finish::Faulty,
        // `stop`; `tool_calls` and `function_call`, for which we did not ask; what is yet to come.
        _ => Finish::Stop,
    })
}

#[cfg(test)]
mod tests;
