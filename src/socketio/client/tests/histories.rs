//! What one client lives through, step by step.

use super::*;

#[test]
fn connecting_is_answered_before_anything_the_application_then_emits() {
    let mut client = fresh();
    let connect = r#"connect / Some("{\"token\":\"123\"}")"#;
    assert_eq!(feed(&mut client, r#"0{"token":"123"}"#), [connect]);
    client.emit(&event("/", "early"), None, at(0)).unwrap();
    client.accept("/", &SocketId::new("abc"));
    client.emit(&event("/", "hello"), None, at(0)).unwrap();
    let frames = [r#"42["early"]"#, r#"40{"sid":"abc"}"#, r#"42["hello"]"#].map(Frame::from);
    assert_eq!(sends(&mut client), frames);
    assert_eq!(client.socket("/"), Some(&SocketId::new("abc")));
    assert_eq!(client.joined().count(), 1);
}

#[test]
fn a_refused_client_may_ask_again() {
    let mut client = fresh();
    feed(&mut client, "0/random,");
    feed(&mut client, "2/random,[\"held\"]");
    client.refuse("/random", &ConnectError::invalid_namespace());
    let refusal = r#"44/random,{"message":"Invalid namespace"}"#;
    assert_eq!(sends(&mut client), [Frame::from(refusal)]);
    assert!(events(&mut client).is_empty());
    let violation = client.handle_frame("2/random,[\"a\"]".into()).unwrap_err();
    assert!(violation.is_state());
    assert_eq!(
        feed(&mut client, "0/random,{}"),
        [r#"connect /random Some("{}")"#]
    );
    client.accept("/random", &SocketId::new("x"));
    assert!(events(&mut client).is_empty());
}

#[test]
fn a_decision_without_a_question_has_no_effect() {
    let mut client = joined(&["/"]);
    client.accept("/", &SocketId::new("other"));
    client.refuse("/", &ConnectError::new("late"));
    client.accept("/nowhere", &SocketId::new("other"));
    client.refuse("/nowhere", &ConnectError::new("late"));
    assert!(sends(&mut client).is_empty());
    assert_eq!(client.socket("/"), Some(&SocketId::new("id/")));
}

#[test]
fn packets_before_the_decision_come_out_in_order_after_it() {
    let mut client = fresh();
    feed(&mut client, "0");
    client
        .emit(&event("/", "q"), nobody(5, None), at(0))
        .unwrap();
    for frame in [
        "2[\"one\",1]",
        "27[\"two\"]",
        "35[\"yes\"]",
        "51-[\"three\"]",
    ] {
        assert!(feed(&mut client, frame).is_empty(), "{frame}");
    }
    assert!(feed(&mut client, part(b"x")).is_empty());
    assert!(feed(&mut client, "1").is_empty());
    client.accept("/", &SocketId::new("id"));
    assert_eq!(
        events(&mut client),
        [
            "message / one [1] None",
            "message / two [] Some(7)",
            "ack [\"yes\"]",
            "message / three [] [b\"x\"] None",
            "disconnect / id client namespace disconnect",
        ]
    );
    assert!(
        client
            .handle_frame("2[\"a\"]".into())
            .unwrap_err()
            .is_state()
    );
}

#[test]
fn who_has_left_before_the_decision_sends_nothing_more() {
    for text in ["2[\"a\"]", "1", "30[]", "0"] {
        let mut client = fresh();
        feed(&mut client, "0");
        feed(&mut client, "1");
        assert!(
            client.handle_frame(text.into()).unwrap_err().is_state(),
            "{text}"
        );
    }
}

#[test]
fn a_second_connect_is_a_violation_before_and_after_the_decision() {
    let mut client = fresh();
    feed(&mut client, "0");
    let violation = Violation::AlreadyJoined {
        namespace: "/".into(),
    };
    assert_eq!(client.handle_frame("0".into()).unwrap_err(), violation);
    client.accept("/", &SocketId::new("id"));
    assert_eq!(client.handle_frame("0".into()).unwrap_err(), violation);
}

#[test]
fn leaving_one_namespace_touches_no_other_and_can_be_undone() {
    let mut client = joined(&["/", "/custom"]);
    let left = "disconnect /custom id/custom client namespace disconnect";
    assert_eq!(feed(&mut client, "1/custom,"), [left]);
    assert!(sends(&mut client).is_empty());
    assert_eq!(feed(&mut client, "2[\"a\"]"), ["message / a [] None"]);
    assert_eq!(feed(&mut client, "0/custom,"), ["connect /custom None"]);
    client.accept("/custom", &SocketId::new("second"));
    assert_eq!(
        sends(&mut client),
        [Frame::from(r#"40/custom,{"sid":"second"}"#)]
    );
    assert_eq!(
        feed(&mut client, "2/custom,[\"b\"]"),
        ["message /custom b [] None"]
    );
}

#[test]
fn the_application_can_put_a_client_out() {
    let mut client = joined(&["/", "/custom"]);
    client
        .emit(&event("/custom", "q"), nobody(0, None), at(0))
        .unwrap();
    client.leave("/custom");
    client.leave("/custom");
    let frames = ["42/custom,0[\"q\"]", "41/custom,"].map(Frame::from);
    assert_eq!(sends(&mut client), frames);
    let left = "disconnect /custom id/custom server namespace disconnect";
    assert_eq!(events(&mut client), ["ack Disconnected", left]);
    let refused = client.emit(&event("/custom", "a"), nobody(1, None), at(0));
    assert_eq!(refused, Err(EmitError::NotJoined));
    assert_eq!(events(&mut client), ["ack Disconnected"]);
    let answer = Outgoing::ack(&"/custom".into(), &()).unwrap();
    assert_eq!(client.acknowledge(0, &answer), Err(EmitError::NotJoined));
    assert!(sends(&mut client).is_empty());
}

#[test]
fn nothing_may_follow_a_leave_taking_that_is_held() {
    for packet in ["2[\"a\"]", "52-[\"a\"]", "61-3[]", "1"] {
        let mut client = fresh();
        feed(&mut client, "0");
        feed(&mut client, "1");
        let refused = client.handle_frame(packet.into()).unwrap_err();
        let namespace = "/".into();
        assert_eq!(refused, Violation::NotJoined { namespace }, "{packet}");
    }
}

#[test]
fn attachments_for_a_namespace_left_in_between_are_dropped() {
    let mut client = joined(&["/", "/custom"]);
    feed(&mut client, "51-/custom,[\"a\"]");
    client.leave("/custom");
    events(&mut client);
    assert!(feed(&mut client, part(b"x")).is_empty());
    assert_eq!(feed(&mut client, "2[\"b\"]"), ["message / b [] None"]);
}

#[test]
fn answers_reach_only_waiters_of_their_namespace_and_only_once() {
    let mut client = joined(&["/", "/custom"]);
    client
        .emit(&event("/custom", "q"), nobody(3, None), at(0))
        .unwrap();
    for ignored in ["33[1]", "3/custom,4[1]", "3/custom,[1]"] {
        assert!(feed(&mut client, ignored).is_empty(), "{ignored}");
    }
    assert_eq!(feed(&mut client, "3/custom,003[1]"), ["ack [1]"]);
    assert!(feed(&mut client, "3/custom,3[2]").is_empty());
}

#[test]
fn a_late_answer_is_ignored() {
    let mut client = joined(&["/"]);
    client
        .emit(&event("/", "slow"), nobody(0, Some(5)), at(10))
        .unwrap();
    client
        .emit(&event("/", "slower"), nobody(1, Some(9)), at(10))
        .unwrap();
    client
        .emit(&event("/", "never"), nobody(2, None), at(10))
        .unwrap();
    assert_eq!(client.poll_timeout(), Some(at(15)));
    client.handle_timeout(at(14));
    assert!(events(&mut client).is_empty());
    client.handle_timeout(at(15));
    assert_eq!(events(&mut client), ["ack TimedOut"]);
    assert_eq!(AckError::TimedOut.to_string(), "operation has timed out");
    assert!(feed(&mut client, "30[]").is_empty());
    assert_eq!(client.poll_timeout(), Some(at(19)));
    assert_eq!(feed(&mut client, "31[]"), ["ack []"]);
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn events_are_answered_in_their_namespace() {
    let mut client = joined(&["/custom"]);
    assert_eq!(
        feed(&mut client, "2/custom,12[\"q\"]"),
        ["message /custom q [] Some(12)"]
    );
    let answer = Outgoing::ack(&"/custom".into(), &("yes",)).unwrap();
    client.acknowledge(12, &answer).unwrap();
    assert_eq!(sends(&mut client), [Frame::from(r#"43/custom,12["yes"]"#)]);
}

#[test]
fn an_event_for_many_is_encoded_once() {
    let (mut one, mut two) = (joined(&["/"]), joined(&["/"]));
    let values = &("x", crate::socketio::Binary::from(vec![1, 2]));
    let event = Outgoing::event(&"/".into(), "all", values).unwrap();
    one.emit(&event, None, at(0)).unwrap();
    two.emit(&event, None, at(0)).unwrap();
    let (one, two) = (sends(&mut one), sends(&mut two));
    assert_eq!(one, two);
    let text = r#"451-["all","x",{"_placeholder":true,"num":0}]"#;
    assert_eq!(one, [Frame::from(text), part(b"\x01\x02")]);
    let (Frame::Text(one), Frame::Text(two)) = (&one[0], &two[0]) else {
        panic!("a header is text");
    };
    assert_eq!(one.as_ptr(), two.as_ptr());
}

#[test]
fn the_first_join_must_come_in_time() {
    let mut client = fresh();
    assert_eq!(client.poll_timeout(), Some(at(45)));
    feed(&mut client, "0");
    client.refuse("/", &ConnectError::new("no"));
    feed(&mut client, "0/pending,");
    client.handle_timeout(at(44));
    assert!(!client.connect_timed_out());
    client.handle_timeout(at(45));
    assert!(client.connect_timed_out());
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn one_join_stops_the_clock_for_good() {
    let mut client = joined(&["/"]);
    assert_eq!(client.poll_timeout(), None);
    feed(&mut client, "1");
    client.handle_timeout(at(1000));
    assert!(!client.connect_timed_out());
    assert_eq!(feed(&mut client, "0"), ["connect / None"]);
}

#[test]
fn the_end_of_the_connection_ends_everything_once() {
    let mut client = joined(&["/", "/custom"]);
    client
        .emit(&event("/", "q"), nobody(0, Some(5)), at(0))
        .unwrap();
    feed(&mut client, "0/pending,");
    client
        .emit(&event("/pending", "q"), nobody(0, None), at(0))
        .unwrap();
    feed(&mut client, "2/pending,[\"held\"]");
    feed(&mut client, "51-[\"half\"]");
    client.handle_close(DisconnectReason::TransportClose);
    assert_eq!(
        events(&mut client),
        [
            "ack Disconnected",
            "disconnect / id/ transport close",
            "disconnect /custom id/custom transport close",
            "ack Disconnected",
            "abandoned /pending",
        ]
    );
    assert_eq!(client.poll_timeout(), None);
    client.handle_close(DisconnectReason::PingTimeout);
    client.accept("/pending", &SocketId::new("late"));
    for frame in [
        Frame::from("0"),
        "2[\"a\"]".into(),
        part(b"x"),
        "nonsense".into(),
    ] {
        assert!(feed(&mut client, frame).is_empty());
    }
    assert!(sends(&mut client).is_empty());
    assert_eq!(client.joined().count(), 0);
}

#[test]
fn events_wait_for_their_turn() {
    let mut client = fresh();
    feed(&mut client, "0");
    feed(&mut client, "2[\"one\"]");
    client.accept("/", &SocketId::new("id"));
    // The caller should have drained; the order holds all the same.
    assert_eq!(
        feed(&mut client, "2[\"two\"]"),
        ["message / one [] None", "message / two [] None"]
    );
}
