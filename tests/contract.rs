//! Contracts: what a client in TypeScript is told of declared events, and which events nobody handles.
//!
//! That the TypeScript compiler and `socket.io-client` take it, and that it is true at run time, is
//! tested in `protocol-tests/typescript.test.mjs`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use trunkline::{Binary, Contract, ContractError, Error, Event, Io};
use ts_rs::TS;

#[derive(Serialize, Deserialize, TS)]
struct Inner {
    id: u64,
}

/// What is said
/// about it.
#[derive(Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
struct Outer<T> {
    the_inner: Vec<Inner>,
    #[serde(rename = "else")]
    other: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<i128>,
    #[serde(flatten)]
    flat: Flat,
    by_name: HashMap<String, f32>,
    #[serde(skip)]
    _hidden: u8,
}

#[derive(Serialize, Deserialize, TS)]
struct Flat {
    flat: bool,
}

#[derive(Event, Serialize, Deserialize, TS)]
#[event(name = "named", ack = Outer<Binary>)]
struct Named {
    outer: Outer<String>,
}

#[derive(Event)]
#[event(name = "several args", ack = (u8, Option<Inner>))]
struct Several(Outer<char>, (u8, bool));

#[derive(Event)]
#[event(name = "one", ack = (String,))]
struct One(Option<i64>);

#[derive(Event)]
#[event(name = "none", ack = ())]
struct None_;

#[derive(Event, Serialize, Deserialize, TS)]
#[event(name = "9\"lives\"")]
#[serde(tag = "t", content = "c")]
enum Choice {
    Nothing,
    #[serde(rename = "a-few")]
    AFew(u8, u8),
    Much {
        of: Binary,
    },
}

/// What is written of the events themselves, behind the types.
fn events(contract: &Contract) -> String {
    let text = contract.typescript().expect("it can be written");
    let at = text.find("export interface ClientToServerEvents");
    text[at.expect("it is there")..].to_owned()
}

#[test]
fn events_are_functions_of_their_arguments_and_the_acknowledgement() {
    let contract = Contract::new()
        .client::<Named>()
        .client::<Several>()
        .client::<One>()
        .client::<None_>()
        .client::<Choice>()
        .server::<Named>()
        .server::<Several>()
        .server::<One>()
        .server::<None_>()
        .server::<Choice>();
    let expected = r#"export interface ClientToServerEvents {
  named: (data: Named, ack: (answer: Outer<Binary> | HandlerFailure) => void) => void;
  "several args": (arg1: Outer<string>, arg2: [number, boolean], ack: (...answer: [number, Inner | null] | [HandlerFailure]) => void) => void;
  one: (data: number | null, ack: (answer: string | HandlerFailure) => void) => void;
  none: (ack: (failure?: HandlerFailure) => void) => void;
  "9\"lives\"": (data: Choice) => void;
}

export interface ServerToClientEvents {
  named: (data: Named, ack: (answer: Outer<Binary>) => void) => void;
  "several args": (arg1: Outer<string>, arg2: [number, boolean], ack: (answer1: number, answer2: Inner | null) => void) => void;
  one: (data: number | null, ack: (answer: string) => void) => void;
  none: (ack: () => void) => void;
  "9\"lives\"": (data: Choice) => void;
}
"#;
    assert_eq!(events(&contract), expected);
}

#[test]
fn types_are_declared_once_with_what_they_name_and_as_serde_writes_them() {
    let contract = Contract::new()
        .client::<Named>()
        .client::<Several>()
        .server::<Choice>();
    let text = contract.typescript().unwrap();
    for declaration in [
        "\nexport type Inner = { id: number, };\n",
        "\n/**\n * What is said\n * about it.\n */\nexport type Outer<T> = { theInner: Array<Inner>, else: T | null, \
         maybe?: number | null, byName: { [key in string]: number }, flat: boolean, };\n",
        "\nexport type Named = { outer: Outer<string>, };\n",
        "\nexport type Choice = { \"t\": \"Nothing\" } | { \"t\": \"a-few\", \"c\": [number, number] } \
         | { \"t\": \"Much\", \"c\": { of: Binary, } };\n",
        "\nexport type Binary = ArrayBuffer | Uint8Array;\n",
    ] {
        assert_eq!(
            text.matches(declaration).count(),
            1,
            "{declaration}\n{text}"
        );
    }
    assert_eq!(text.matches("export type").count(), 5, "{text}");
    let again = contract.typescript().unwrap();
    assert_eq!(text, again, "the text is the same each time");
}

/// Rooms are `/org/*/room`.
#[derive(Serialize, Deserialize, TS)]
struct Commented {
    /// Everything in `*/` is here,
    /// and `*/` again.
    _inner: u8,
}

#[derive(Event)]
#[event(name = "commented")]
struct HasComments(Commented);

#[test]
fn what_is_written_in_a_comment_does_not_end_it() {
    let contract = Contract::new().client::<HasComments>();
    let text = contract.typescript().unwrap();
    for said in [
        " * Rooms are `/org/*\\/room`.\n */\n",
        " * Everything in `*\\/` is here,\n * and `*\\/` again.\n */\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

macro_rules! declare {
    ($name:literal, $event:ident($($argument:ty),*), $ack:ty) => {
        #[derive(Event)]
        #[event(name = $name, ack = $ack)]
        struct $event($($argument),*);
    };
}

declare!("by macro", ByMacro((u8, bool), char), (u8, String));

#[test]
fn a_macro_may_pass_on_what_an_event_is_acknowledged_with() {
    let text = events(&Contract::new().server::<ByMacro>());
    let function = "(arg1: [number, boolean], arg2: string, \
                    ack: (answer1: number, answer2: string) => void) => void";
    assert!(text.contains(function), "{text}");
}

#[test]
fn a_failure_is_declared_where_the_server_acknowledges() {
    let has = |contract: Contract| {
        let text = contract.typescript().unwrap();
        text.contains("export interface HandlerFailure")
    };
    assert!(has(Contract::new().client::<One>()));
    assert!(!has(Contract::new().server::<One>().client::<Choice>()));
    assert_eq!(
        events(&Contract::new()),
        "export interface ClientToServerEvents {\n}\n\nexport interface ServerToClientEvents {\n}\n"
    );
}

mod elsewhere {
    use super::*;

    #[derive(Event, TS, Deserialize)]
    #[event(name = "named")]
    pub(super) struct Named {
        pub(super) _other: String,
    }

    #[derive(Event, TS, Deserialize)]
    #[event(name = "own")]
    pub(super) struct ServerToClientEvents {
        pub(super) _other: String,
    }
}

#[test]
fn what_would_be_declared_twice_is_refused() {
    let same_event = Contract::new()
        .client::<Named>()
        .client::<elsewhere::Named>();
    let error = ContractError::SameEvent("named".to_owned());
    assert_eq!(same_event.typescript(), Err(error));
    let same_type = Contract::new()
        .client::<Named>()
        .server::<elsewhere::Named>();
    let error = ContractError::SameType("Named".to_owned());
    assert_eq!(same_type.typescript(), Err(error));
    let own = Contract::new().client::<elsewhere::ServerToClientEvents>();
    let error = ContractError::SameType("ServerToClientEvents".to_owned());
    assert_eq!(own.typescript(), Err(error));
}

#[test]
fn events_that_nobody_handles_are_found() {
    let contract = Contract::new().client::<One>().client::<None_>();
    let contract = contract.client::<Choice>().server::<Named>();
    let io = Io::builder().build();
    let ns = io.of("/board");
    ns.on_event(async |_: None_| {});
    let unhandled = contract.check(&ns).unwrap_err();
    assert_eq!(unhandled.events(), ["one", "9\"lives\""]);
    assert_eq!(
        unhandled.to_string(),
        "/board has no handler for one, 9\"lives\""
    );
    ns.on_event(async |One(_): One| Ok::<_, Error>(String::new()));
    ns.on("9\"lives\"", async || {});
    assert_eq!(contract.check(&ns), Ok(()));

    let rooms = io.of_pattern("/room/{name}");
    assert_eq!(contract.check(&rooms).unwrap_err().events().len(), 3);
    rooms.on_event(async |_: Choice| {});
    let one = Contract::new().client::<Choice>();
    assert_eq!(one.check(&rooms), Ok(()));
    assert_eq!(one.check(&io.of("/room/a")), Ok(()));
}
