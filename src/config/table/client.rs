//! What one client may do: Engine.IO, Socket.IO, plain JSON, and the queues of its events.

use super::Table;
use crate::config::kind::Kind;

const SIZE: Kind = Kind::Bytes { least: 1 };

pub(super) fn fill(table: &mut Table) {
    engine(table);
    socketio(table);
    plain(table);
    dispatch(table);
    limits(table);
    recovery(table);
}

fn engine(table: &mut Table) {
    let mut section = table.section("engine", "Engine.IO");
    let time = Kind::some_time();
    let help = "How often the server asks whether a client is still there";
    section.add("ping_interval", time, "25s", help).common();
    let help = "How long a client may take to answer; then it is gone";
    section.add("ping_timeout", time, "20s", help).common();
    let help = "How long a WebSocket may take to take over from polling; then polling goes on";
    section.add("upgrade_timeout", time, "10s", help);
    let size = Kind::Bytes { least: 1024 };
    let help = "The largest request body and the largest WebSocket message";
    section.add("max_payload", size, "1MB", help).common();
    let kind = Kind::List("polling or websocket");
    let help = "The transports on offer: polling, websocket or both";
    section.add("transports", kind, "polling,websocket", help);
    let help = "Whether a polling client may move to a WebSocket";
    section.add("allow_upgrades", Kind::Switch, "true", help);
    let help = "How long a graceful close waits until what is queued has been fetched";
    section.add("close_wait", Kind::duration(), "30s", help);
    let help = "A message that follows each open packet, without its type digit";
    section.unset("initial_packet", Kind::Text("text"), help);
    let help = "Whether clients of Socket.IO 2 (Engine.IO 3) are served as well; what is known of their sockets' ids opens their sessions";
    section.add("allow_eio3", Kind::Switch, "false", help);
}

fn socketio(table: &mut Table) {
    let mut section = table.section("socketio", "Socket.IO");
    let help = "How long a client may stay without joining a namespace";
    section.add("connect_timeout", Kind::some_time(), "45s", help);
    let help = "The most attachments of one packet";
    section.add("max_attachments", Kind::at_least(0), "10", help);
    let help = "The largest packet with attachments, its text included";
    section.add("max_attachment_bytes", SIZE, "10MB", help);
    let help = "How long the attachments of a packet may take to arrive";
    section.add("attachment_timeout", Kind::some_time(), "30s", help);
    let help = "The longest name of an event, in bytes";
    section.add("max_event_length", Kind::at_least(1), "512", help);
    let help = "How deep arrays and objects may be nested";
    section.add("max_depth", Kind::at_least(1), "32", help);
    let help = "The most events held until a join is decided";
    section.add("max_held_events", Kind::at_least(0), "64", help);
    section.add(
        "max_held_bytes",
        SIZE,
        "1MB",
        "The most bytes of such events",
    );
    let help = "The most namespaces of one client";
    section.add("max_namespaces", Kind::at_least(1), "64", help);
    let help = "The longest name of a namespace, in bytes";
    section.add("max_namespace_length", Kind::at_least(1), "512", help);
    let help = "The most acknowledgements that a client may owe";
    section.add("max_pending_acks", Kind::at_least(0), "1000", help);
}

fn plain(table: &mut Table) {
    let mut section = table.section("plain", "Plain JSON on WebSockets");
    let time = Kind::some_time();
    let help = "The namespace of a client whose query names none";
    let name = Kind::Text("the name of a namespace, such as / or /chat");
    section.add("namespace", name, "/", help);
    let help = "How often the server asks whether a client is still there";
    section.add("ping_interval", time, "25s", help);
    let help = "How long a client may take to answer; then it is gone";
    section.add("ping_timeout", time, "20s", help);
    let help = "How long it may take to let a client in; then it is refused";
    section.add("admission_timeout", time, "45s", help);
    let help = "Mistakes in a row that close the connection";
    section.add("max_mistakes", Kind::at_least(1), "20", help);
    let help = "The most binary values of one frame";
    section.add("max_attachments", Kind::at_least(0), "10", help);
    let help = "The most events held until a client is let in";
    section.add("max_held_events", Kind::at_least(0), "64", help);
    section.add(
        "max_held_bytes",
        SIZE,
        "1MB",
        "The most bytes of such events",
    );
    let help = "The most acknowledgements that a client may owe";
    section.add("max_pending_acks", Kind::at_least(0), "1000", help);
    let help = "The longest name of a namespace, in bytes";
    section.add("max_namespace_length", Kind::at_least(1), "512", help);
    let help = "The longest name of an event, in bytes";
    section.add("max_event_length", Kind::at_least(1), "512", help);
    let help = "How deep arrays and objects may be nested";
    section.add("max_depth", Kind::at_least(1), "32", help);
}

fn dispatch(table: &mut Table) {
    let mut section = table.section("dispatch", "Events of one client");
    let help = "How many handlers of one client may run at a time; further events wait";
    section.add("max_in_flight", Kind::at_least(1), "64", help);
    let help = "How many events may wait; beyond it the client is not read";
    section.add("max_waiting", Kind::at_least(1), "256", help);
    let help = "How many bytes of events may wait; beyond it the client is not read";
    section.add("max_waiting_bytes", SIZE, "4MiB", help);
    let help = "How long a client may stay unread before it is closed";
    section.add("stall_limit", Kind::some_time(), "60s", help);
    let help = "How many bytes may wait for a client; beyond it slow_client decides";
    section.add("max_backlog", Kind::Bytes { least: 1024 }, "4MiB", help);
    let policies = Kind::Choice(&["close", "drop-volatile-first", "drop-oldest"]);
    let help = "What becomes of packets for which a client that reads too slowly has no room";
    section.add("slow_client", policies, "close", help);
}

fn recovery(table: &mut Table) {
    let mut section = table.section("recovery", "Clients that were cut off and come back");
    let help = "Whether a client that was cut off can come back to its session, and is sent what it missed";
    section.add("enabled", Kind::Switch, "false", help);
    let help = "How long after its loss a session can be recovered";
    section.add("max_disconnection", Kind::some_time(), "2m", help);
    let help = "The most bytes of packets that one namespace keeps; the oldest are dropped first";
    section.add("max_bytes", SIZE, "16MiB", help);
    let help = "The most bytes that all namespaces keep together";
    section.add("max_total_bytes", SIZE, "64MiB", help);
    let help = "The most lost sessions that are kept in all namespaces";
    section.add("max_sessions", Kind::at_least(0), "100000", help);
}

/// Those of numbers and speed; most are off in the library, or higher.
fn limits(table: &mut Table) {
    let mut section = table.section("limits", "Numbers and speed of clients");
    let any = Kind::at_least(0);
    let help = "How many clients there may be; further ones get 503";
    section.add("max_clients", Kind::at_least(1), "65536", help);
    let help = "How many clients with one address, but for loopback; further ones get 429; 0 is any number";
    section.add("max_clients_per_address", any, "500", help);
    let help = "How many rooms one socket may be in";
    section.add("max_rooms", any, "1000", help);
    let help = "How many packets a client may send in a second; beyond it it is read more slowly; 0 is any number";
    section.add("packets_per_second", any, "200", help);
    let help = "How many packets at once after a rest";
    section.add("packets_burst", any, "2000", help);
    let size = Kind::Bytes { least: 0 };
    let help = "How many bytes a client may send in a second; beyond it it is read more slowly; 0 is any number";
    section.add("bytes_per_second", size, "2MB", help);
    let help = "How many bytes at once after a rest";
    section.add("bytes_burst", size, "20MB", help);
}
