//! Packets that stay or go together, and what is left in which order.

use proptest::prelude::*;

use super::*;
use crate::socketio::Binary;

/// An event `number` with some attachments.
fn event(number: usize, parts: usize, key: Option<&str>) -> Outgoing {
    let args: Vec<Binary> = (0..parts).map(|_| Binary(vec![0; 10].into())).collect();
    let name = format!("e{number}");
    let outgoing = Outgoing::event(&"/".into(), &name, &args).unwrap();
    outgoing.with_key(key.map(Into::into))
}

fn add(sends: &mut Sends, packet: &Outgoing, may_be_lost: bool) {
    if packet.key().is_some() {
        sends.replace(packet);
    }
    let text = Frame::Text(packet.text(None));
    sends.packet(packet, text, packet.parts(), may_be_lost);
}

/// The names of the events that come out, and `+` for each attachment behind them.
fn drain(sends: &mut Sends) -> String {
    let mut said = String::new();
    while let Some((frame, _)) = sends.pop() {
        match frame {
            Frame::Text(text) => {
                let name = text.split('"').nth(1).unwrap_or(&text);
                said.push_str(&format!(" {name}"));
            }
            Frame::Binary(_) => said.push('+'),
        }
    }
    assert_eq!((sends.len(), sends.bytes()), (0, 0));
    said.trim_start().to_owned()
}

/// The names of the events among the frames that were added since the last time, and `+` for each
/// attachment.
fn new(sends: &mut Sends) -> String {
    let mut said = String::new();
    sends.show_new(|frame| match frame {
        Frame::Text(text) => said.push_str(text.split('"').nth(1).unwrap_or(text)),
        Frame::Binary(_) => said.push('+'),
    });
    said
}

#[test]
fn each_frame_is_shown_once_whatever_leaves_meanwhile() {
    let mut sends = Sends::default();
    assert_eq!(new(&mut sends), "");
    add(&mut sends, &event(0, 2, None), true);
    add(&mut sends, &event(1, 0, Some("key")), true);
    assert_eq!(new(&mut sends), "e0++e1");
    assert_eq!(new(&mut sends), "");
    // One in the place of another, at the end and before the end.
    add(&mut sends, &event(2, 1, Some("key")), true);
    assert_eq!(new(&mut sends), "e2+");
    add(&mut sends, &event(3, 0, None), true);
    add(&mut sends, &event(4, 0, Some("key")), true);
    assert_eq!(new(&mut sends), "e3e4");
    // What is not there any more is not shown.
    add(&mut sends, &event(5, 0, Some("key")), true);
    add(&mut sends, &event(6, 0, Some("key")), true);
    assert_eq!(new(&mut sends), "e6");
    assert!(sends.pop().is_some());
    sends.shed(1, 0);
    assert_eq!(new(&mut sends), "");
    add(&mut sends, &event(7, 0, None), true);
    assert_eq!(new(&mut sends), "e7");
}

#[test]
fn the_oldest_packets_go_first_and_whole() {
    let mut sends = Sends::default();
    for number in 0..3 {
        add(&mut sends, &event(number, 2, None), true);
        sends.push_back("fixed".into());
    }
    let before = sends.bytes();
    let shed = sends.shed(1, 0);
    assert_eq!((shed.packets, shed.frames), (1, 3));
    assert_eq!(sends.bytes(), before - shed.bytes);
    assert_eq!(sends.len(), 9);
    assert_eq!(drain(&mut sends), "fixed e1++ fixed e2++ fixed");
}

#[test]
fn what_has_begun_to_leave_and_what_must_arrive_stays() {
    let mut sends = Sends::default();
    add(&mut sends, &event(0, 2, None), true);
    add(&mut sends, &event(1, 1, None), false);
    add(&mut sends, &event(2, 0, None), true);
    assert!(sends.pop().is_some());
    let shed = sends.shed(usize::MAX, 0);
    assert_eq!((shed.packets, shed.frames), (1, 1));
    assert_eq!(drain(&mut sends), "++ e1+");
}

#[test]
fn a_newer_packet_takes_out_the_one_with_its_key_and_stands_at_the_end() {
    let mut sends = Sends::default();
    add(&mut sends, &event(0, 1, Some("a")), false);
    add(&mut sends, &event(1, 0, Some("b")), false);
    sends.push_back("fixed".into());
    add(&mut sends, &event(2, 1, Some("a")), false);
    assert_eq!(sends.take_replaced(), 1);
    assert_eq!(sends.take_replaced(), 0);
    assert_eq!(drain(&mut sends), "e1 fixed e2+");

    // What has left is not replaced, nor what has begun to.
    add(&mut sends, &event(3, 1, Some("a")), false);
    assert!(sends.pop().is_some());
    add(&mut sends, &event(4, 0, Some("a")), false);
    assert_eq!(sends.take_replaced(), 0);
    assert_eq!(drain(&mut sends), "+ e4");
}

#[test]
fn a_key_that_is_written_again_and_again_takes_no_room() {
    let mut sends = Sends::default();
    add(&mut sends, &event(0, 0, None), false);
    for number in 1..10_000 {
        add(&mut sends, &event(number, 1, Some("k")), false);
        assert!(sends.entries.len() < 200, "{number}");
    }
    assert_eq!(sends.take_replaced(), 9_998);
    assert_eq!(drain(&mut sends), "e0 e9999+");
    assert!(sends.keys.is_none());
}

#[test]
fn what_must_not_be_compressed_says_so() {
    let mut sends = Sends::default();
    let flags = crate::socketio::Flags {
        uncompressed: true,
        ..Default::default()
    };
    let packet = event(0, 1, None).with_flags(flags);
    add(&mut sends, &packet, false);
    add(&mut sends, &event(1, 0, None), false);
    let compressible = std::iter::from_fn(|| sends.pop()).map(|(_, compressible)| compressible);
    assert_eq!(compressible.collect::<Vec<_>>(), [false, false, true]);
}

/// One step of a random history.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add {
        parts: usize,
        key: Option<u8>,
        may_be_lost: bool,
    },
    Pop,
    Shed(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let add = (0..3_usize, proptest::option::of(0..3_u8), any::<bool>());
    prop_oneof![
        4 => add.prop_map(|(parts, key, may_be_lost)| Step::Add { parts, key, may_be_lost }),
        2 => Just(Step::Pop),
        1 => (0..200_usize).prop_map(Step::Shed),
    ]
}

/// A packet as a model keeps it: its frames that wait, its key, whether it may be lost, whether it
/// waits whole.
type Kept = (usize, Vec<usize>, Option<u8>, bool, bool);

proptest! {
    /// It is a list of packets from which whole ones are taken out.
    #[test]
    fn it_is_a_list_of_packets(steps in proptest::collection::vec(step(), 0..200)) {
        let (mut sends, mut model) = (Sends::default(), Vec::<Kept>::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Add { parts, key, may_be_lost } => {
                    let name = key.map(|key| key.to_string());
                    let packet = event(number, parts, name.as_deref());
                    add(&mut sends, &packet, may_be_lost);
                    if key.is_some() {
                        model.retain(|kept| kept.2 != key || !kept.4);
                    }
                    let sizes = packet.frames().map(|frame| frame.len()).collect();
                    model.push((number, sizes, key, may_be_lost, true));
                }
                Step::Pop => {
                    let size = sends.pop().map(|(frame, _)| frame.len());
                    let expected = model.first_mut().map(|kept| {
                        kept.4 = false;
                        kept.1.remove(0)
                    });
                    prop_assert_eq!(size, expected);
                    model.retain(|kept| !kept.1.is_empty());
                }
                Step::Shed(bytes) => {
                    let shed = sends.shed(bytes, 7);
                    let mut freed = 0;
                    let mut packets = 0;
                    model.retain(|kept| {
                        let goes = kept.3 && kept.4 && freed < bytes;
                        if goes {
                            freed += kept.1.iter().sum::<usize>() + 7 * kept.1.len();
                            packets += 1;
                        }
                        !goes
                    });
                    prop_assert_eq!((shed.packets, shed.bytes + 7 * shed.frames), (packets, freed));
                }
            }
            let frames: usize = model.iter().map(|kept| kept.1.len()).sum();
            let bytes: usize = model.iter().flat_map(|kept| &kept.1).sum();
            prop_assert_eq!((sends.len(), sends.bytes()), (frames, bytes));
            prop_assert!(sends.entries.len() <= 2 * sends.len() + 2 * FEW);
        }
    }
}
