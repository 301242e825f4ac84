//! `ai_contract`: what a client asks the assistant.

use serde_json::Value;
use trunkline::ai::contract::{Cancel, Config, Request};

/// Any JSON is read, the same way each time; an accepted question is neither blank nor too long,
/// and a request that names no id gets ours.
pub fn ai_contract(data: &[u8]) {
    let Ok(arguments) = serde_json::from_slice::<Vec<Value>>(data) else {
        return;
    };
    let config = Config {
        max_input_bytes: 64,
        ..Config::default()
    };
    let request = Request::read(arguments.clone(), false, "own", &config);
    let again = Request::read(arguments.clone(), false, "own", &config);
    assert_eq!(request.question, again.question);
    assert_eq!(request.address.id(), again.address.id());
    if let Ok(question) = &request.question {
        assert!(!question.text.trim().is_empty());
        assert!(question.text.len() <= config.max_input_bytes);
        assert!(question.typing || !question.stream);
        assert_eq!(arguments.len(), 1);
    }
    assert!(
        Request::read(arguments.clone(), true, "own", &config)
            .question
            .is_err()
    );
    match (Cancel::read(&arguments), arguments.first()) {
        (Cancel::All, None | Some(Value::Null | Value::Object(_))) => {}
        (Cancel::All, Some(other)) => panic!("{other} cancels everything"),
        (Cancel::One(_) | Cancel::Nothing, _) => {}
    }
}
