//! What is kept beyond the call that brought it lies in memory of its own.

use super::*;

/// Whether some bytes are a part of the frame's.
fn is_inside(bytes: &[u8], frame: &Frame) -> bool {
    let whole = match frame {
        Frame::Text(text) => text.as_bytes(),
        Frame::Binary(bytes) => bytes,
    };
    whole.as_ptr_range().contains(&bytes.as_ptr())
}

fn message(event: Option<Event>) -> (bytestring::ByteString, Args) {
    match event {
        Some(Event::Message { name, args, .. }) => (name, args),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_event_that_is_passed_on_at_once_is_not_copied() {
    let frame = Frame::from(r#"2["name",{"a":"text"}]"#);
    let (name, args) = message(joined(&["/"]).handle_frame(frame.clone()).unwrap());
    assert!(is_inside(name.as_bytes(), &frame));
    assert!(is_inside(args.json().as_bytes(), &frame));
    assert!(!is_inside(args.detach().json().as_bytes(), &frame));
}

#[test]
fn an_event_that_is_held_is_copied() {
    let mut client = fresh();
    client.handle_frame("0".into()).unwrap();
    let frame = Frame::from(r#"2["name",{"a":"text"}]"#);
    assert!(client.handle_frame(frame.clone()).unwrap().is_none());
    client.accept("/", &SocketId::new("id"));
    let (name, args) = message(client.poll_event());
    assert!(!is_inside(name.as_bytes(), &frame));
    assert!(!is_inside(args.json().as_bytes(), &frame));
}

#[test]
fn a_packet_that_waits_for_attachments_is_copied() {
    let mut client = joined(&["/"]);
    let header = Frame::from(r#"52-["name",{"_placeholder":true,"num":1}]"#);
    let (first, last) = (part(b"first"), part(b"last"));
    assert!(client.handle_frame(header.clone()).unwrap().is_none());
    assert!(client.handle_frame(first.clone()).unwrap().is_none());
    let (name, args) = message(client.handle_frame(last.clone()).unwrap());
    assert!(!is_inside(name.as_bytes(), &header));
    assert!(!is_inside(args.json().as_bytes(), &header));
    assert!(!is_inside(&args.attachments()[0], &first));
    // The last one did not wait.
    assert!(is_inside(&args.attachments()[1], &last));
    assert!(!is_inside(&args.detach().attachments()[1], &last));
}

#[test]
fn an_attachment_goes_through_a_handler_uncopied_unless_it_shares_its_buffer() {
    let (buffer, main) = (Bytes::from(vec![7; 1000]), Namespace::from("/"));
    for (part, is_shared) in [(Bytes::from(vec![7; 9]), true), (buffer.slice(..9), false)] {
        let start = part.as_ptr();
        let mut client = joined(&["/"]);
        let header = Frame::from(r#"51-["name",{"_placeholder":true,"num":0}]"#);
        assert!(client.handle_frame(header).unwrap().is_none());
        let (_, args) = message(client.handle_frame(part.into()).unwrap());
        let (value,) = args.to::<(crate::socketio::Binary,)>().unwrap();
        assert_eq!(value.as_ref(), [7; 9]);
        assert_eq!(value.as_ref().as_ptr() == start, is_shared);
        let packet = Outgoing::event(&main, "name", &(&value,)).unwrap();
        assert_eq!(packet.attachments()[0].as_ptr(), value.as_ref().as_ptr());
        let (again,) = args.to::<(crate::socketio::Binary,)>().unwrap();
        assert_eq!(again, value);
    }
}

#[test]
fn credentials_and_the_namespace_are_copied() {
    let frame = Frame::from(r#"0/a,{"token":"secret"}"#);
    let event = fresh().handle_frame(frame.clone()).unwrap();
    let Some(Event::Connect { namespace, auth }) = event else {
        panic!("{event:?}");
    };
    assert!(!is_inside(namespace.as_bytes(), &frame));
    assert!(!is_inside(auth.unwrap().as_bytes(), &frame));
}

#[test]
fn an_answer_is_copied() {
    let mut client = joined(&["/"]);
    client
        .emit(&event("/", "q"), nobody(1, None), at(0))
        .unwrap();
    client
        .emit(&event("/", "q"), nobody(2, None), at(0))
        .unwrap();
    let frames = [
        Frame::from(r#"31["text"]"#),
        Frame::from(r#"61-2[{"_placeholder":true,"num":0}]"#),
        part(b"bytes"),
    ];
    let mut answers = Vec::new();
    for frame in &frames {
        if let Some(Event::Ack { outcome, .. }) = client.handle_frame(frame.clone()).unwrap() {
            answers.push(outcome.unwrap());
        }
    }
    assert_eq!(answers.len(), 2);
    for frame in &frames {
        for answer in &answers {
            assert!(!is_inside(answer.json().as_bytes(), frame));
            assert!(
                answer
                    .attachments()
                    .iter()
                    .all(|part| !is_inside(part, frame))
            );
        }
    }
}
