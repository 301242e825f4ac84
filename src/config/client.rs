//! From settings to the configuration of one client: Engine.IO, Socket.IO, plain JSON, its events.
//!
//! No structure is filled up with `..`: a new field must be a setting, or be left out on purpose.

use trunkline::connection::PlainConfig;
use trunkline::engine::Transports;
use trunkline::{
    CrowdConfig, DispatchConfig, Frame, NamespacesConfig, Pace, Rate, Recovery, SlowClient, engine,
    socketio,
};

use super::values::Values;
use super::wrong::Wrong;

/// The configuration of each client.
pub(super) fn compose(values: &Values) -> Result<trunkline::Config, Wrong> {
    Ok(trunkline::Config {
        engine: engine(values)?,
        socketio: socketio(values),
        plain: plain(values)?,
        dispatch: dispatch(values),
        // The program makes no rules of namespaces.
        namespaces: NamespacesConfig::default(),
        recovery: recovery(values),
        crowd: CrowdConfig {
            max_clients: values.size("limits.max_clients"),
            max_clients_per_address: number(values, "limits.max_clients_per_address"),
        },
    })
}

fn engine(values: &Values) -> Result<engine::Config, Wrong> {
    let initial_packet = values.optional_text("engine.initial_packet");
    Ok(engine::Config {
        ping_interval: values.duration("engine.ping_interval"),
        ping_timeout: values.duration("engine.ping_timeout"),
        upgrade_timeout: values.duration("engine.upgrade_timeout"),
        max_payload: values.size("engine.max_payload"),
        transports: transports(values)?,
        allow_upgrades: values.switch("engine.allow_upgrades"),
        close_wait: values.duration("engine.close_wait"),
        initial_packet: initial_packet.map(Frame::from),
        allow_eio3: values.switch("engine.allow_eio3"),
    })
}

fn transports(values: &Values) -> Result<Transports, Wrong> {
    const KEY: &str = "engine.transports";
    let mut transports = Transports {
        polling: false,
        websocket: false,
    };
    for name in values.list(KEY) {
        match name.as_str() {
            "polling" => transports.polling = true,
            "websocket" => transports.websocket = true,
            other => return Err(values.wrong(KEY, other)),
        }
    }
    if transports.polling || transports.websocket {
        return Ok(transports);
    }
    Err(Wrong::refused(format!(
        "{KEY} names no transport: a client could not connect at all"
    )))
}

fn socketio(values: &Values) -> socketio::Config {
    socketio::Config {
        slow_client: slow_client(values),
        connect_timeout: values.duration("socketio.connect_timeout"),
        max_attachments: values.size("socketio.max_attachments"),
        max_attachment_bytes: values.size("socketio.max_attachment_bytes"),
        attachment_timeout: values.duration("socketio.attachment_timeout"),
        max_event_length: values.size("socketio.max_event_length"),
        max_depth: values.size("socketio.max_depth"),
        max_held_events: values.size("socketio.max_held_events"),
        max_held_bytes: values.size("socketio.max_held_bytes"),
        max_namespaces: values.size("socketio.max_namespaces"),
        max_namespace_length: values.size("socketio.max_namespace_length"),
        max_pending_acks: values.size("socketio.max_pending_acks"),
        // The page, the plain JSON frames' help and every client out of the box speak JSON.
        parser: None,
    }
}

fn plain(values: &Values) -> Result<PlainConfig, Wrong> {
    let namespace = values.text("plain.namespace");
    if !namespace.starts_with('/') {
        return Err(values.wrong("plain.namespace", namespace));
    }
    Ok(PlainConfig {
        slow_client: slow_client(values),
        namespace: namespace.to_owned(),
        // For hints; the server knows its own path better and says that.
        socket_io_path: PlainConfig::default().socket_io_path,
        ping_interval: values.duration("plain.ping_interval"),
        ping_timeout: values.duration("plain.ping_timeout"),
        admission_timeout: values.duration("plain.admission_timeout"),
        max_mistakes: values.count("plain.max_mistakes"),
        max_attachments: values.size("plain.max_attachments"),
        max_held_events: values.size("plain.max_held_events"),
        max_held_bytes: values.size("plain.max_held_bytes"),
        max_pending_acks: values.size("plain.max_pending_acks"),
        max_namespace_length: values.size("plain.max_namespace_length"),
        max_event_length: values.size("plain.max_event_length"),
        max_depth: values.size("plain.max_depth"),
    })
}

fn dispatch(values: &Values) -> DispatchConfig {
    DispatchConfig {
        max_in_flight: values.size("dispatch.max_in_flight"),
        max_waiting: values.size("dispatch.max_waiting"),
        max_waiting_bytes: values.size("dispatch.max_waiting_bytes"),
        stall_limit: values.duration("dispatch.stall_limit"),
        max_backlog: values.size("dispatch.max_backlog"),
        max_rooms: values.size("limits.max_rooms"),
        pace: Pace {
            packets: rate(values, "packets"),
            bytes: rate(values, "bytes"),
        },
    }
}

fn recovery(values: &Values) -> Option<Recovery> {
    let recovery = Recovery {
        max_disconnection: values.duration("recovery.max_disconnection"),
        // The program has none.
        skip_middlewares: true,
        max_bytes: values.size("recovery.max_bytes"),
        max_total_bytes: values.size("recovery.max_total_bytes"),
        max_sessions: values.size("recovery.max_sessions"),
    };
    values.switch("recovery.enabled").then_some(recovery)
}

fn slow_client(values: &Values) -> SlowClient {
    match values.text("dispatch.slow_client") {
        "drop-volatile-first" => SlowClient::DropVolatileFirst,
        "drop-oldest" => SlowClient::DropOldest,
        _ => SlowClient::Close,
    }
}

/// A number of which 0 means that there is no limit.
fn number(values: &Values, key: &str) -> Option<usize> {
    Some(values.size(key)).filter(|number| *number > 0)
}

fn rate(values: &Values, of: &str) -> Option<Rate> {
    let per_second = number(values, &format!("limits.{of}_per_second"))?;
    let burst = values.size(&format!("limits.{of}_burst"));
    let bounded = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Rate {
        per_second: bounded(per_second),
        burst: bounded(burst),
    })
}
