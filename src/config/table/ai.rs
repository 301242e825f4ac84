//! Who answers: the provider, and how it is asked.

use super::Table;
use crate::config::kind::Kind;

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;

pub(super) fn fill(table: &mut Table) {
    choice(table);
    manner(table);
    limits(table);
}

fn choice(table: &mut Table) {
    let mut section = table.section("ai", "AI provider");
    let one = Kind::Choice(&["gemini", "openai", "anthropic", "offline"]);
    let help = "Who answers; unless set, openai if a base URL is set, else the one whose key is \
                set, else offline";
    section
        .unset("provider", one, help)
        .without_prefix()
        .common();
    let help = "The provider's model; gemini has a default, openai and anthropic need one";
    section
        .unset("model", Kind::Text("the name of a model"), help)
        .without_prefix()
        .named("NAME")
        .common();
    let kind = Kind::Text("a URL such as https://api.example/v1 without user, query or fragment");
    let help = "Where the provider is, such as http://127.0.0.1:11434/v1; unless set, the \
                provider's public address";
    section
        .unset("base_url", kind, help)
        .without_prefix()
        .named("URL")
        .common();
    let kind = Kind::Text("the path of a file that holds nothing but the key");
    let help = "A file that holds the provider's key; the key itself is taken from AI_API_KEY or \
                the provider's own variable";
    section
        .unset("api_key_file", kind, help)
        .without_prefix()
        .named("FILE")
        .common();
}

fn manner(table: &mut Table) {
    let mut section = table.section("ai", "AI provider");
    let help = "What the model is told before every conversation";
    section
        .unset("system_prompt", Kind::Text("text"), help)
        .without_prefix()
        .common();
    let help = "The longest answer, in the provider's tokens; unless set, as the provider likes, \
                and 4096 with anthropic";
    section
        .unset("max_output_tokens", Kind::at_least(1), help)
        .without_prefix()
        .common();
    let milliseconds = Kind::Count {
        least: 1,
        most: DAY,
    };
    let help = "How long one answer may take in all, in milliseconds, further attempts included";
    section
        .add("timeout_ms", milliseconds, "180000", help)
        .without_prefix()
        .common();
    let attempts = Kind::Count {
        least: 1,
        most: 100,
    };
    let help = "How often the provider is asked before a question fails";
    section
        .add("max_attempts", attempts, "3", help)
        .without_prefix();
    let help = "Whether answers are read from the provider piece by piece";
    section
        .add("stream", Kind::Switch, "true", help)
        .without_prefix();
    let kind = Kind::Text("a level that the model knows, such as low or high");
    let help = "How much the model thinks before it answers; unless set, as the provider likes";
    section.unset("thinking_level", kind, help).without_prefix();
    let fields = Kind::Choice(&["max_tokens", "max_completion_tokens"]);
    let help = "The field in which openai is told the longest answer; newer models want the second";
    section
        .add("tokens_field", fields, "max_tokens", help)
        .without_prefix();
    let help = "Whether http:// without TLS may lead to another machine";
    section
        .add("allow_http", Kind::Switch, "false", help)
        .without_prefix();
}

fn limits(table: &mut Table) {
    let mut section = table.section("ai", "AI provider");
    let time = Kind::some_time();
    let size = Kind::Bytes { least: 1024 };
    section.add(
        "connect_timeout",
        time,
        "5s",
        "How long connecting to the provider may take",
    );
    section.add(
        "first_byte_timeout",
        time,
        "30s",
        "How long the provider may take to begin its response",
    );
    section.add(
        "idle_timeout",
        time,
        "60s",
        "How long the provider may be silent in the middle of an answer",
    );
    section.add(
        "max_event",
        size,
        "1MiB",
        "The largest event of a streamed answer",
    );
    section.add(
        "max_body",
        size,
        "8MiB",
        "The largest answer that comes as one document; a streamed one is bounded by assistant.max_answer and the time",
    );
    section.add(
        "max_error_body",
        size,
        "64KiB",
        "How much of a refusal of the provider is read",
    );
    let help = "About how long to wait before the second attempt; doubles from attempt to attempt";
    section.add("first_wait", Kind::duration(), "500ms", help);
    section.add(
        "max_wait",
        Kind::duration(),
        "8s",
        "The longest of these waits",
    );
    let help =
        "The longest wait that the provider may ask for; beyond it the question fails at once";
    section.add("longest_delay", Kind::duration(), "20s", help);
}
