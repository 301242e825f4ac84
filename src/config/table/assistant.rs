//! The rules of `ai-message`.

use super::Table;
use crate::config::kind::Kind;

pub(super) fn fill(table: &mut Table) {
    questions(table);
    answers(table);
    let mut section = table.section("offline", "Offline provider");
    section.add(
        "pause",
        Kind::duration(),
        "0s",
        "How long the offline provider waits before each word, to show streaming",
    );
}

fn questions(table: &mut Table) {
    let mut section = table.section("assistant", "Questions and answers");
    let help = "The longest question; a longer one is refused as invalid_request";
    section.add("max_input", Kind::Bytes { least: 1 }, "16KiB", help);
    let help = "How many questions a socket may ask at once after a rest";
    section.add("rate_burst", Kind::at_least(1), "20", help);
    let help = "How long until a socket may ask one more; 0s means no limit";
    section.add("rate_interval", Kind::duration(), "500ms", help);
    let help =
        "How many questions all sockets of one address together may ask at once after a rest";
    section.add("address_rate_burst", Kind::at_least(1), "60", help);
    let help = "How long until an address may ask one more; unless set, addresses have no limit";
    section.unset("address_rate_interval", Kind::some_time(), help);
    let help = "How many questions a socket may have open; less than dispatch.max_in_flight";
    section.add("max_open", Kind::at_least(1), "32", help);
    let help = "How many questions may wait in a chat while one is answered";
    section.add("max_waiting", Kind::at_least(0), "3", help);
    let help = "How many chats are remembered of a socket; beyond it the one unused for longest is forgotten";
    section.add("max_chats", Kind::at_least(1), "64", help);
    let help = "How many turns of a chat are remembered, questions and answers counted";
    section.add("history_turns", Kind::at_least(0), "20", help);
    let help = "How much text of a chat is remembered";
    section.add("history_bytes", Kind::Bytes { least: 0 }, "32KiB", help);
    let help = "How many answers are fetched at a time, for all sockets together";
    section.add("max_running", Kind::at_least(1), "64", help);
    let help = "How long a question waits for its place among them; then it fails as busy";
    section.add("max_wait", Kind::some_time(), "10s", help);
}

fn answers(table: &mut Table) {
    let mut section = table.section("assistant", "Questions and answers");
    let forms = Kind::Choice(&["mirror", "string", "object"]);
    let help =
        "The form of replies: that of the question, text for everyone, an object for everyone";
    section.add("form", forms, "mirror", help);
    let help = "The event that carries the reply";
    let name = Kind::Text("the name of an event that is not one of Socket.IO's own");
    section.add("reply_event", name, "ai-message-response", help);
    let help = "The longest answer; what goes beyond is cut";
    section.add("max_answer", Kind::Bytes { least: 1 }, "256KiB", help);
    let help = "The largest piece of a streamed answer";
    section.add("chunk_bytes", Kind::Bytes { least: 1 }, "1KiB", help);
    let help = "How long a smaller piece waits for more";
    section.add("chunk_wait", Kind::duration(), "40ms", help);
    let help = "How long a socket may take to read what was streamed to it; then its answer ends as timeout";
    section.add("max_stall", Kind::some_time(), "60s", help);
    let help = "How long fetching an answer may take, whoever the provider is; unless set, a second longer than ai.timeout_ms";
    section.unset("max_duration", Kind::some_time(), help);
}
