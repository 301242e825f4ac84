//! What holds in every history.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::socketio::{All, Binary};

#[derive(Clone, Debug)]
enum Step {
    Feed(Frame),
    Accept(&'static str),
    Refuse(&'static str),
    Emit(&'static str, Option<u64>),
    Leave(&'static str),
    Wait(u64),
}

const NAMESPACES: [&str; 3] = ["/", "/a", "/b"];

fn step() -> impl Strategy<Value = Step> {
    let namespace = || prop::sample::select(NAMESPACES.to_vec());
    let text = prop_oneof![
        namespace().prop_map(|ns| format!("0{ns},")),
        namespace().prop_map(|ns| format!("1{ns},")),
        namespace().prop_map(|ns| format!("2{ns},1[\"e\"]")),
        (namespace(), 0..4_u8).prop_map(|(ns, id)| format!("3{ns},{id}[1]")),
        namespace().prop_map(|ns| format!("51-{ns},[\"e\",{{\"_placeholder\":true,\"num\":0}}]")),
        "[0-9]{1,2}[-/,a]{0,3}[0-9]?(\\[\"e\"\\])?",
    ];
    prop_oneof![
        4 => text.prop_map(|text| Step::Feed(text.into())),
        1 => Just(Step::Feed(part(b"x"))),
        3 => namespace().prop_map(Step::Accept),
        1 => namespace().prop_map(Step::Refuse),
        2 => (namespace(), prop::option::of(0..9_u64)).prop_map(|(ns, t)| Step::Emit(ns, t)),
        1 => namespace().prop_map(Step::Leave),
        1 => (1..6_u64).prop_map(Step::Wait),
    ]
}

/// Keeps the books of what a client's events say.
#[derive(Default)]
struct Books {
    /// Accepted minus disconnected, per namespace.
    present: BTreeMap<String, i32>,
    asked: usize,
    decided: usize,
}

impl Books {
    fn enter(&mut self, event: Event) {
        match event {
            Event::Connect { .. } => self.asked += 1,
            Event::Message { namespace, .. } => assert_eq!(self.present[&*namespace], 1),
            Event::Ack { waiter, outcome } => waiter.answer(outcome),
            Event::Disconnect { namespace, .. } => {
                *self.present.get_mut(&*namespace).unwrap() -= 1;
            }
            Event::Unsent { error, .. } => unreachable!("{error}"),
            Event::Abandoned { .. } => self.decided += 1,
        }
    }
}

proptest! {
    #[test]
    fn who_came_has_left_and_every_waiter_is_told_once(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut client = fresh();
        let mut books = Books::default();
        let answered = Arc::new(AtomicUsize::new(0));
        let (mut waiting, mut now) = (0, 0);
        for step in steps {
            match step {
                Step::Feed(frame) => match client.handle_frame(frame) {
                    Ok(event) => event.into_iter().for_each(|event| books.enter(event)),
                    Err(_) => client.handle_close(DisconnectReason::ForcedClose),
                },
                Step::Accept(namespace) => {
                    let pending = client.pending(namespace).is_some();
                    client.accept(namespace, &SocketId::new("id"));
                    if pending {
                        books.decided += 1;
                        *books.present.entry(namespace.to_owned()).or_default() += 1;
                    }
                }
                Step::Refuse(namespace) => {
                    books.decided += usize::from(client.pending(namespace).is_some());
                    client.refuse(namespace, &ConnectError::new("no"));
                }
                Step::Emit(namespace, timeout) => {
                    let (id, answered) = (waiting, answered.clone());
                    waiting += 1;
                    let waiter = Waiter::new(move |_| {
                        answered.fetch_add(1, Ordering::Relaxed);
                    });
                    let timeout = timeout.map(Duration::from_secs);
                    let ack = AckRequest { id: id % 4, timeout, waiter };
                    let joined = client.seat(namespace).is_some();
                    let emitted = client.emit(&event(namespace, "q"), Some(ack), at(now));
                    prop_assert_eq!(emitted.is_ok(), joined);
                }
                Step::Leave(namespace) => client.leave(namespace),
                Step::Wait(seconds) => {
                    now += seconds;
                    client.handle_timeout(at(now));
                    prop_assert!(client.poll_timeout().is_none_or(|timeout| timeout > at(now)));
                }
            }
            while let Some(event) = client.poll_event() {
                books.enter(event);
            }
            while client.poll_send().is_some() {}
            for (namespace, present) in &books.present {
                prop_assert_eq!(*present, i32::from(client.socket(namespace).is_some()));
            }
        }
        client.handle_close(DisconnectReason::TransportClose);
        while let Some(event) = client.poll_event() {
            books.enter(event);
        }
        prop_assert!(books.present.values().all(|present| *present == 0));
        prop_assert_eq!(books.asked, books.decided);
        prop_assert_eq!(answered.load(Ordering::Relaxed) as u64, waiting);
    }

    #[test]
    fn what_is_emitted_arrives_as_it_was(
        namespace in "/[a-z?=/\\[\"]{0,9}",
        name in any::<String>().prop_filter("reserved", |name| !crate::socketio::is_reserved(name)),
        texts in prop::collection::vec(any::<String>(), 0..3),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..10),
        id in any::<Option<u64>>(),
    ) {
        let parts: Vec<Binary> = parts.into_iter().map(Binary::from).collect();
        let values = (texts, parts);
        let packet = Outgoing::event(&namespace.as_str().into(), &name, &values).unwrap();
        let mut client = joined(&[&namespace]);
        let mut event = None;
        for frame in arriving(&packet, id) {
            prop_assert!(event.is_none());
            event = client.handle_frame(frame).unwrap();
        }
        let Some(Event::Message { namespace: there, name: called, args, ack }) = event else {
            return Err(TestCaseError::fail("no message"));
        };
        prop_assert_eq!((&*there, &*called, ack), (&*namespace, &*name, id));
        prop_assert_eq!(args.to(), Ok(values));
    }

    #[test]
    fn answers_arrive_as_they_were(texts in prop::collection::vec(any::<String>(), 0..5), id: u64) {
        let mut client = joined(&["/a"]);
        client.emit(&event("/a", "q"), nobody(id, None), at(0)).unwrap();
        let answer = Outgoing::ack(&"/a".into(), &(&texts, Binary::from(vec![1]))).unwrap();
        let mut told = None;
        for frame in arriving(&answer, Some(id)) {
            told = client.handle_frame(frame).unwrap();
        }
        let Some(Event::Ack { outcome: Ok(args), .. }) = told else {
            return Err(TestCaseError::fail("no answer"));
        };
        prop_assert_eq!(args.to(), Ok((texts, Binary::from(vec![1]))));
    }

    /// When the application decides makes no difference to what it is told.
    #[test]
    fn holding_changes_nothing(
        packets in prop::collection::vec(("[a-c]", any::<Option<u64>>(), 0..3_usize), 0..20),
        decided_after in 0..20_usize,
    ) {
        let (mut early, mut late) = (fresh(), fresh());
        let (mut told_early, mut told_late) = (Vec::new(), Vec::new());
        told_early.extend(feed(&mut early, "0"));
        told_late.extend(feed(&mut late, "0"));
        early.accept("/", &SocketId::new("id"));
        for (index, (name, id, count)) in packets.into_iter().enumerate() {
            if index == decided_after {
                late.accept("/", &SocketId::new("id"));
            }
            let parts = vec![Binary::from(vec![7]); count];
            let packet = Outgoing::event(&"/".into(), &name, &parts).unwrap();
            for frame in arriving(&packet, id) {
                told_early.extend(feed(&mut early, frame.clone()));
                told_late.extend(feed(&mut late, frame));
            }
        }
        late.accept("/", &SocketId::new("id"));
        told_late.extend(events(&mut late));
        prop_assert_eq!(told_early, told_late);
    }

    #[test]
    fn any_text_at_all_is_survived(texts in prop::collection::vec(".{0,20}", 0..9)) {
        let mut client = joined(&["/"]);
        for text in texts {
            // What comes of it is open; the other tests say what must.
            if let Ok(Some(Event::Message { args, .. })) = client.handle_frame(text.as_str().into()) {
                let checked = args.check().is_ok();
                prop_assert_eq!(args.to::<()>().is_ok(), checked);
                prop_assert!(checked || args.to::<All<serde_json::Value>>().is_err());
            }
        }
    }
}
