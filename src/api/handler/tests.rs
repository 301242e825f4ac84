//! Tests of `api::handler`.

use std::time::SystemTime;

use super::*;
use crate::Dialect;
use crate::api::{Arrival, Circumstances, Handshake};
use crate::registry::Mailbox;
use crate::wire::SocketId;

/// A call of a handler for an event whose text is a part of `message`.
fn call(message: &ByteString, name: &str, array: usize) -> Call {
    let io = Io::builder().build();
    let circumstances = Circumstances {
        address: None,
        peer: None,
        time: SystemTime::UNIX_EPOCH,
        secure: false,
        extensions: http::Extensions::new(),
    };
    let arrival = Arrival {
        id: SocketId::new("a"),
        namespace: io.inner().namespaces.get("/").unwrap(),
        io,
        mailbox: Arc::new(Mailbox::new(0)),
        handshake: Arc::new(Handshake::new(
            &http::Uri::default(),
            &http::HeaderMap::new(),
            circumstances,
        )),
        auth: None,
        dialect: Dialect::SocketIo,
        recoverable: None,
    };
    let (socket, _live) = Socket::new(arrival);
    let json = message.slice_ref(&message[array..]);
    let args = Args::new(json, name.len() + 3, Vec::new()).unwrap();
    Call {
        args: Some(args),
        ..Call::new(&socket, message.slice_ref(name))
    }
}

#[test]
fn what_a_handler_takes_raw_does_not_pin_the_read_buffer() {
    let message = ByteString::from(r#"2["name","text"]"#);
    let is_inside = |text: &str| message.as_bytes().as_ptr_range().contains(&text.as_ptr());
    let mut call = call(&message, &message[3..7], 1);
    assert!(is_inside(call.args().unwrap().json()) && is_inside(call.name()));
    let args = Args::from_call(&mut call).unwrap();
    assert_eq!(args.to(), Ok(("text".to_owned(),)));
    assert!(!is_inside(args.json()));
    let EventName(name) = EventName::from_call(&mut call).unwrap();
    assert_eq!(name, "name");
    assert!(!is_inside(&name));
}
