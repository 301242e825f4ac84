//! What concerns the program as a whole.

use super::Table;
use crate::config::kind::Kind;

pub(super) fn fill(table: &mut Table) {
    let mut section = table.section("", "Program");
    section
        .add(
            "host",
            Kind::List("an address such as 127.0.0.1, 0.0.0.0 or ::1, or a host name"),
            "localhost",
            "Addresses or names to listen on; localhost is 127.0.0.1 and ::1, :: is every address",
        )
        .named("ADDRESSES")
        .without_prefix()
        .common();
    section
        .add(
            "port",
            Kind::Count {
                least: 0,
                most: 65535,
            },
            "3000",
            "Port to listen on; 0 takes a free one and prints it",
        )
        .without_prefix()
        .common();
    section
        .add(
            "origin",
            Kind::List("an origin such as https://app.example:8443, or *"),
            "",
            "Origins whose pages are welcome too, such as https://app.example; * welcomes all",
        )
        .named("URLS")
        .common();
    section
        .add(
            "grace",
            Kind::duration(),
            "10s",
            "How long open questions may take once the program is told to stop",
        )
        .common();
    section
        .add(
            "log",
            Kind::Text("levels and modules such as info, debug or trunkline=debug,hyper=warn"),
            "info",
            "What is logged: a level, or levels of modules, such as info,trunkline=debug",
        )
        .named("LEVELS")
        .common();
    section
        .add(
            "log_format",
            Kind::Choice(&["text", "json"]),
            "text",
            "Lines for people, or one JSON object per line",
        )
        .common();
}
