//! What is measured, one function for each: a single step, to be called again and again.

use std::hint::black_box;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use trunkline::Binary;
use trunkline::connection::{self, Connection};
use trunkline::engine::{Packet, Transmit, payload};
use trunkline::rooms::{Room, Rooms, Selection};
use trunkline::socketio::{Client, Event, IntoArgs, Namespace, Outgoing};
use trunkline::wire::{Frame, SocketId};

use crate::samples::{NAME, NOW};

/// A frame as it comes from the WebSocket, read into the type that a handler asks for.
#[inline(never)]
pub(crate) fn decode<T: DeserializeOwned>(client: &mut Client, frame: Frame) -> T {
    let Ok(Packet::Message(message)) = Packet::decode(frame) else {
        unreachable!("the frame is a message");
    };
    let event = client.handle_frame(message);
    let Ok(Some(Event::Message { name, args, .. })) = &event else {
        unreachable!("the message is an event");
    };
    black_box(name);
    let (value,) = args.to::<(T,)>().expect("the arguments fit");
    value
}

/// The same for a packet with one attachment.
#[inline(never)]
pub(crate) fn decode_binary(client: &mut Client, header: Frame, part: Frame) -> Binary {
    let Ok(Packet::Message(message)) = Packet::decode(header) else {
        unreachable!("the frame is a message");
    };
    let waits = client.handle_frame(message);
    debug_assert!(matches!(waits, Ok(None)));
    let Ok(Some(Event::Message { args, .. })) = client.handle_frame(part) else {
        unreachable!("the packet is complete");
    };
    let (value,) = args.to().expect("the argument is binary");
    value
}

/// The same array read by `serde_json` alone.
#[inline(never)]
pub(crate) fn decode_by_serde_json<T: DeserializeOwned>(json: &str) -> T {
    let (name, value) = serde_json::from_str::<(&str, T)>(json).expect("the arguments fit");
    black_box(name);
    value
}

/// A value to the finished frames that all recipients get.
#[inline(never)]
pub(crate) fn encode(namespace: &Namespace, values: &(impl IntoArgs + ?Sized)) {
    let packet = Outgoing::event(namespace, NAME, values).expect("the values serialise");
    black_box(&packet);
}

/// The same text written by `serde_json` alone.
#[inline(never)]
pub(crate) fn encode_by_serde_json(value: &impl Serialize) {
    let mut text = serde_json::to_string(&(NAME, value)).expect("the values serialise");
    text.insert_str(0, "42");
    black_box(text.as_str());
}

/// One recipient of a broadcast, up to the frame that leaves.
#[inline(never)]
pub(crate) fn deliver(connection: &mut Connection, packet: &Outgoing) -> usize {
    connection.emit(packet, None, NOW);
    let Some(Transmit::Frame(frame)) = connection.poll_transmit() else {
        unreachable!("the client is joined");
    };
    frame.len()
}

/// Members that [`rejoin`] at a time.
pub(crate) const SOME: usize = 100;

/// So many members leave their rooms and join them again.
#[inline(never)]
pub(crate) fn rejoin(rooms: &mut Rooms<u32>, members: &[(SocketId, Room)]) {
    for (id, room) in members {
        rooms.leave(id, room);
        rooms.join(id, room);
    }
}

/// Finds everybody whom broadcasts to rooms are meant for, room by room.
#[inline(never)]
pub(crate) fn reach(rooms: &Rooms<u32>, selections: &[Selection]) -> u64 {
    let mut sum = 0;
    for selection in selections {
        rooms.for_each(selection, |_, handle| sum += u64::from(*handle));
    }
    sum
}

/// An event comes in, its arguments go back out under the same name.
#[inline(never)]
pub(crate) fn echo(connection: &mut Connection, namespace: &Namespace, frame: Frame) -> usize {
    connection.handle_frame(NOW, frame);
    let event = connection.poll_event(NOW);
    let Some(connection::Event::SocketIo(Event::Message { name, args, .. })) = event else {
        unreachable!("the frame is an event");
    };
    let packet = Outgoing::event(namespace, &name, &args).expect("what came in can go out");
    connection.emit(&packet, None, NOW);
    let Some(Transmit::Frame(frame)) = connection.poll_transmit() else {
        unreachable!("the client is joined");
    };
    debug_assert!(connection.poll_event(NOW).is_none());
    frame.len()
}

/// An event that asks for an answer comes in, and is answered with its arguments.
#[inline(never)]
pub(crate) fn answer(connection: &mut Connection, namespace: &Namespace, frame: Frame) -> usize {
    connection.handle_frame(NOW, frame);
    let event = connection.poll_event(NOW);
    let Some(connection::Event::SocketIo(Event::Message {
        args,
        ack: Some(id),
        ..
    })) = event
    else {
        unreachable!("the frame is an event that asks for an answer");
    };
    let packet = Outgoing::ack(namespace, &args).expect("what came in can go out");
    connection.acknowledge(id, &packet);
    let Some(Transmit::Frame(frame)) = connection.poll_transmit() else {
        unreachable!("the client is joined");
    };
    frame.len()
}

/// The body of a POST into its packets.
#[inline(never)]
pub(crate) fn split(body: &Bytes) -> usize {
    payload::split(body.clone()).filter(Result::is_ok).count()
}

/// Frames into the answer to a GET.
#[inline(never)]
pub(crate) fn join(frames: &[Frame]) -> Bytes {
    payload::join(frames.iter())
}
