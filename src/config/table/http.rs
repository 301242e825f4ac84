//! The HTTP side: paths, access, CORS, the cookie, compression, WebSockets, connections.

use super::Table;
use crate::config::kind::Kind;

pub(super) fn fill(table: &mut Table) {
    http(table);
    websocket(table);
    cors(table);
    cookie(table);
    listener(table);
}

fn http(table: &mut Table) {
    let mut section = table.section("http", "HTTP");
    let path = Kind::Text("a path such as /socket.io");
    section.add("path", path, "/socket.io", "The path of Socket.IO");
    let help = "Whether a slash must follow the path";
    section.add("trailing_slash", Kind::Switch, "true", help);
    let path = Kind::Text("a path such as / or /ws, or off");
    let help =
        "The path on which a WebSocket speaks plain JSON, as the program's page does; off for none";
    section.add("plain_json", path, "/", help);
    let folder = Kind::Text("the path of a folder such as node_modules/socket.io-client/dist");
    let help = "The folder of the JavaScript client's bundles, served below the path as /socket.io/socket.io.js and so on; unless set, none are";
    section.unset("client_files", folder, help).named("FOLDER");
    let kind = Kind::Choice(&["auto", "loopback", "same-host", "listed", "any"]);
    let help = "Whose pages are welcome beside the origins: of this machine, of the host that they ask, none, all; auto is loopback on loopback addresses, else same-host";
    section.add("access", kind, "auto", help);
    let kind = Kind::List("a host name or an address without a port");
    let help = "Further host names to answer to; on a loopback address, or if any are given, others are refused";
    section.add("hosts", kind, "", help);
    let kind = Kind::List("an address or a network such as 10.0.0.0/8");
    let help = "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed";
    section.add("trusted_proxies", kind, "", help);
    let help = "Whether long answers to polling are compressed";
    section.add("compression", Kind::Switch, "true", help);
    let help = "The smallest answer that is compressed";
    let size = Kind::Bytes { least: 0 };
    section.add("compression_threshold", size, "1KiB", help);
    let help = "How long a client may take to send the body of a POST";
    section.add("body_timeout", Kind::some_time(), "60s", help);
    let help = "What Retry-After says to newcomers while the server drains";
    section.add("retry_after", Kind::duration(), "5s", help);
}

fn websocket(table: &mut Table) {
    let mut section = table.section("websocket", "WebSockets");
    let help = "Whether messages are compressed for clients that offer it (permessage-deflate)";
    section.add("compression", Kind::Switch, "false", help);
    let help = "The smallest message that is compressed";
    let size = Kind::Bytes { least: 0 };
    section.add("compression_threshold", size, "1KiB", help);
    let level = Kind::Count { least: 1, most: 9 };
    let help = "How hard to try to make messages small";
    section.add("compression_level", level, "2", help);
    let bits = Kind::Count { least: 9, most: 15 };
    let help = "How far back to look for what was there before, as a power of two; clients may ask for less";
    section.add("window_bits", bits, "15", help);
    let help = "Whether messages refer to those before them; smaller messages, but up to 420 KiB more memory per client";
    section.add("context_takeover", Kind::Switch, "false", help);
}

fn cors(table: &mut Table) {
    let mut section = table.section("cors", "CORS");
    let help = "Whether CORS headers are sent";
    section.add("enabled", Kind::Switch, "true", help);
    let kind = Kind::List("admitted, reflect, * or an origin such as https://app.example");
    let help = "Which pages may read answers: those that are admitted, whoever asks (reflect), everybody (*), or these origins";
    section.add("allow_origin", kind, "admitted", help);
    let help = "Whether pages may send cookies along; unless set, true unless everybody may read";
    section.unset("credentials", Kind::Switch, help);
    let kind = Kind::List("an HTTP method such as GET");
    let help = "The methods named in preflight answers";
    section.add("methods", kind, "GET,HEAD,PUT,PATCH,POST,DELETE", help);
    let kind = Kind::List("the name of a header");
    let help = "Request headers that a page may set; if none are given, whichever it asks for";
    section.add("allowed_headers", kind, "", help);
    let help = "Response headers that a page may read";
    section.add("exposed_headers", kind, "", help);
    let help = "How long a browser may remember a preflight answer; unless set, it decides";
    section.unset("max_age", Kind::duration(), help);
    let help = "Whether preflights go on to Engine.IO, which refuses them";
    section.add("preflight_continue", Kind::Switch, "false", help);
    let status = Kind::Count {
        least: 200,
        most: 299,
    };
    let help = "The status of a preflight answer";
    section.add("options_success_status", status, "204", help);
}

fn cookie(table: &mut Table) {
    let mut section = table.section("cookie", "Session cookie");
    let name = Kind::Text("the name of a cookie");
    let help =
        "The name of the cookie that tells load balancers the session; unless set, none is sent";
    section.unset("name", name, help);
    let path = Kind::Text("a path such as /, or off");
    section.add("path", path, "/", "Its path; off leaves it out");
    let help = "Whether it is hidden from scripts";
    section.add("http_only", Kind::Switch, "true", help);
    let same_site = Kind::Choice(&["strict", "lax", "none", "off"]);
    let help = "Its SameSite; off leaves it out";
    section.add("same_site", same_site, "lax", help);
    let help = "Its Max-Age; unless set, it ends with the browser";
    section.unset("max_age", Kind::duration(), help);
    let domain = Kind::Text("a domain such as example.com");
    section.unset("domain", domain, "Its Domain");
    let date = Kind::Text("an HTTP date such as Wed, 21 Oct 2026 07:28:00 GMT");
    section.unset("expires", date, "Its Expires");
    let help = "Whether it is sent over HTTPS alone";
    section.add("secure", Kind::Switch, "false", help);
}

fn listener(table: &mut Table) {
    let mut section = table.section("listener", "Connections");
    let help = "How long a client may take for the head of a request, and how long a connection may stay idle";
    section.add("head_timeout", Kind::some_time(), "10s", help);
    let size = Kind::Bytes { least: 8192 };
    section.add("max_head", size, "32KiB", "The largest head of a request");
    let help = "How long a client may read nothing while there is something for it";
    section.add("send_timeout", Kind::some_time(), "60s", help);
    let help = "Connections at a time; further ones wait";
    section.add("max_connections", Kind::at_least(1), "65536", help);
    let help = "How long clients and requests get to close at the end";
    section.add("drain_timeout", Kind::duration(), "2s", help);
}
