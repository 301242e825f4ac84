//! The server's frames.

use std::fmt::Write;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Mistake, binary};
use crate::socketio::{ConnectError, DisconnectReason, Outgoing};
use crate::wire::{Frame, SocketId};

/// An event, and under which id it is to be answered, if at all.
///
/// `None` if its arguments, passed on unread ([`Args`](crate::socketio::Args)), are not JSON:
/// they could forge the frame's other members.
pub fn event(packet: &Outgoing, ack: Option<u64>) -> Option<Frame> {
    let array = binary::put_in(packet);
    let elements = elements(&array)?;
    let (name, args) = elements.split_first()?;
    // Offsets are between Socket.IO clients and recovery.
    let args = &args[..args.len() - usize::from(packet.has_offset())];
    let mut text = String::with_capacity(array.len() + 64);
    text.push_str(r#"{"event":"#);
    text.push_str(name.get());
    push_args(&mut text, args);
    if let Some(id) = ack {
        write!(text, r#","ack":{id}"#).expect("writing to a String does not fail");
    }
    text.push('}');
    Some(text.into())
}

/// The answer to the event to which the client gave `id`; `None` as for [`event`].
pub fn answer(id: u64, packet: &Outgoing) -> Option<Frame> {
    let array = binary::put_in(packet);
    let args = elements(&array)?;
    let mut text = String::with_capacity(array.len() + 64);
    write!(text, r#"{{"ack":{id}"#).expect("writing to a String does not fail");
    push_args(&mut text, &args);
    text.push('}');
    Some(text.into())
}

/// The client is accepted.
pub fn connect(socket: &SocketId) -> Frame {
    let sid = Value::from(socket.as_str());
    format!(r#"{{"event":"connect","data":{{"sid":{sid}}}}}"#).into()
}

/// The client is refused.
pub fn connect_error(error: &ConnectError) -> Frame {
    let data = error.to_json();
    format!(r#"{{"event":"connect_error","data":{data}}}"#).into()
}

/// The client is put out.
pub fn disconnect(reason: DisconnectReason) -> Frame {
    format!(r#"{{"event":"disconnect","data":{{"reason":"{reason}"}}}}"#).into()
}

/// The client's last frame was not understood; see [`Mistake::hint`] for the path.
pub fn error(mistake: &Mistake, socket_io_path: &str) -> Frame {
    let message = Value::from(mistake.to_string());
    let hint = Value::from(mistake.hint(socket_io_path));
    let data = format!(r#"{{"code":"bad_frame","message":{message},"hint":{hint}}}"#);
    format!(r#"{{"event":"error","data":{data}}}"#).into()
}

/// The elements of an array, as they are spelled.
fn elements(array: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array).ok()
}

fn push_args(text: &mut String, args: &[&RawValue]) {
    match args {
        [] => {}
        [data] => {
            text.push_str(r#","data":"#);
            text.push_str(data.get());
        }
        [first, others @ ..] => {
            text.push_str(r#","args":["#);
            text.push_str(first.get());
            for other in others {
                text.push(',');
                text.push_str(other.get());
            }
            text.push(']');
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
