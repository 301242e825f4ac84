//! Request bodies, byte by byte.

use super::*;
use crate::ai::provider::call::alternating;
use crate::ai::provider::{Role, Turn};

fn options(stream: bool) -> Options {
    Options {
        model: "some-model".to_owned(),
        stream,
        tokens_field: TokensField::MaxTokens,
        thinking_level: None,
    }
}

fn prompt(turns: &[(Role, &str)]) -> Prompt {
    let turns = turns.iter().map(|(role, text)| Turn {
        role: *role,
        text: (*text).into(),
    });
    Prompt::new(turns.collect())
}

fn conversation() -> Prompt {
    Prompt {
        system: Some("Be \"brief\".".into()),
        max_output_tokens: Some(2048),
        ..prompt(&[
            (Role::User, "hi"),
            (Role::Assistant, "hello 🦀"),
            (Role::User, "1+1?"),
        ])
    }
}

fn body(call: &Call) -> &str {
    std::str::from_utf8(&call.body).unwrap()
}

#[test]
fn geminis_requests() {
    let call = Api::Gemini.request(&conversation(), &options(true));
    assert_eq!(
        call.path,
        "/v1beta/models/some-model:streamGenerateContent?alt=sse"
    );
    assert_eq!(
        body(&call),
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"hello 🦀"}]},{"role":"user","parts":[{"text":"1+1?"}]}],"systemInstruction":{"parts":[{"text":"Be \"brief\"."}]},"generationConfig":{"maxOutputTokens":2048}}"#
    );
    let options = Options {
        thinking_level: Some("low".to_owned()),
        ..options(false)
    };
    let call = Api::Gemini.request(&prompt(&[(Role::User, "hi")]), &options);
    assert_eq!(call.path, "/v1beta/models/some-model:generateContent");
    assert_eq!(
        body(&call),
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#
    );
}

#[test]
fn openais_requests() {
    let call = Api::OpenAi.request(&conversation(), &options(true));
    assert_eq!(call.path, "/chat/completions");
    assert_eq!(
        body(&call),
        r#"{"model":"some-model","messages":[{"role":"system","content":"Be \"brief\"."},{"role":"user","content":"hi"},{"role":"assistant","content":"hello 🦀"},{"role":"user","content":"1+1?"}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":2048}"#
    );
    let options = Options {
        tokens_field: TokensField::MaxCompletionTokens,
        thinking_level: Some("LOW".to_owned()),
        ..options(false)
    };
    let prompt = Prompt {
        max_output_tokens: Some(9),
        ..prompt(&[(Role::User, "hi")])
    };
    let call = Api::OpenAi.request(&prompt, &options);
    assert_eq!(
        body(&call),
        r#"{"model":"some-model","messages":[{"role":"user","content":"hi"}],"max_completion_tokens":9}"#
    );
}

#[test]
fn anthropics_requests() {
    let call = Api::Anthropic.request(&conversation(), &options(true));
    assert_eq!(call.path, "/v1/messages");
    assert_eq!(
        body(&call),
        r#"{"model":"some-model","max_tokens":2048,"system":"Be \"brief\".","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"hello 🦀"},{"role":"user","content":"1+1?"}],"stream":true}"#
    );
    let call = Api::Anthropic.request(&prompt(&[(Role::User, "hi")]), &options(false));
    assert_eq!(
        body(&call),
        r#"{"model":"some-model","max_tokens":4096,"messages":[{"role":"user","content":"hi"}]}"#
    );
}

#[test]
fn turns_alternate_and_none_is_blank() {
    use Role::{Assistant as A, User as U};
    let table: &[(&[(Role, &str)], &[(Role, &str)])] = &[
        (&[(U, "a")], &[(U, "a")]),
        (&[(U, "a"), (U, "b")], &[(U, "a\n\nb")]),
        (
            &[(U, "a"), (A, " \n"), (U, "b"), (A, "c"), (U, "d")],
            &[(U, "a\n\nb"), (A, "c"), (U, "d")],
        ),
        (&[(A, "a"), (A, "b"), (U, "c")], &[(U, "c")]),
        (&[(U, ""), (A, "b"), (U, "c")], &[(U, "c")]),
        (&[(U, "a"), (A, "b"), (A, "c"), (U, "")], &[(U, "a")]),
        (&[], &[]),
    ];
    for (turns, expected) in table {
        let prompt = prompt(turns);
        let turns = alternating(&prompt);
        let turns: Vec<_> = turns.iter().map(|(role, text)| (*role, &**text)).collect();
        assert_eq!(turns, *expected);
    }
}

#[test]
fn a_blank_instruction_is_left_out() {
    let prompt = Prompt {
        system: Some(" \n".into()),
        ..prompt(&[(Role::User, "hi")])
    };
    for api in Api::ALL {
        let call = api.request(&prompt, &options(false));
        assert!(!body(&call).contains("ystem"), "{}", body(&call));
    }
}

#[test]
fn geminis_models_are_named_with_or_without_their_collection() {
    let table = [
        ("gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("models/gemini-3.8-flash", "models/gemini-3.8-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("a?b#c:d é%", "models/a%3Fb%23c%3Ad%20%C3%A9%25"),
    ];
    for (model, expected) in table {
        let options = Options {
            model: model.to_owned(),
            ..options(false)
        };
        let call = Api::Gemini.request(&conversation(), &options);
        assert_eq!(call.path, format!("/v1beta/{expected}:generateContent"));
    }
}

#[test]
fn an_api_is_known_by_its_name() {
    for api in Api::ALL {
        assert_eq!(api.as_str().parse(), Ok(api));
        let base = api.default_base();
        assert!(base.starts_with("https://") && !base.ends_with('/'));
        let headers = api.headers().iter().map(|(name, _)| *name);
        for name in headers.chain([api.key_header().0]) {
            assert_eq!(name, name.to_lowercase());
        }
    }
    assert_eq!("Gemini".parse::<Api>(), Err(UnknownApi));
    assert_eq!(Api::Gemini.default_model(), Some("gemini-3.8-flash"));
    assert_eq!(Api::OpenAi.key_header(), ("authorization", "Bearer "));
}

#[test]
fn what_was_said_does_not_appear_in_debug_output() {
    let call = Api::OpenAi.request(&conversation(), &options(false));
    let expected = format!("Call(/chat/completions, {} bytes)", call.body.len());
    assert_eq!(format!("{call:?}"), expected);
}
