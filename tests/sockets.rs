//! A few real sockets: the server in this process on a free port, a small client against it.
//!
//! What is tested here is what only sockets can show: attaching to HTTP servers, connections that
//! are used again, deadlines, and the order of things between a client's frames and the handlers of
//! an application. Nothing sleeps; every test waits for what it expects, with one common deadline.

#[cfg(test)]
mod sockets {
    mod addresses;
    mod attach;
    mod backpressure;
    mod buffering;
    mod client;
    mod cluster;
    mod cluster_acks;
    mod cluster_seam;
    mod deflate;
    mod dynamic;
    mod eio3;
    mod ending;
    mod engine;
    mod engine_packets;
    mod engine_waiting;
    mod event_middlewares;
    mod gone;
    mod handlers;
    mod host;
    mod joining;
    mod kept;
    mod lapsed;
    mod last_words;
    mod leaving;
    mod limits;
    mod listening;
    mod overflow;
    mod pace;
    mod parents;
    mod parsers;
    mod particulars;
    mod plain;
    mod proxies;
    mod recovery;
    mod refusals;
    mod removing;
    mod slow;
    mod turns;
    #[cfg(feature = "macros")]
    mod typed;
    mod unwelcome;
    mod volatile;
}
