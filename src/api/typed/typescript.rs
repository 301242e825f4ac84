//! Events in TypeScript, in the form that `socket.io-client` takes: an interface of functions whose
//! parameters are the arguments, the last one being the acknowledgement.
//!
//! The crate `ts-rs` says what a Rust type is in TypeScript; what is here collects these types, and
//! adds the events.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use ts_rs::{Config, TS, TypeVisitor};

use crate::socketio::Binary;

use super::contract::{ContractError, Declared};
use super::{Event, NoAck};

/// What a handler that failed answers.
const FAILURE: &str = "HandlerFailure";

/// Names that the file declares itself.
const OWN: [&str; 3] = ["ClientToServerEvents", "ServerToClientEvents", FAILURE];

/// Arguments, or the values of an acknowledgement, of which TypeScript can be told: a tuple of types
/// that implement [`ts_rs::TS`], or [`NoAck`].
#[diagnostic::on_unimplemented(
    message = "TypeScript cannot be told of `{Self}`",
    note = "the types in it implement `ts_rs::TS`: `#[derive(ts_rs::TS)]`"
)]
pub trait Signature: 'static {
    /// What the values are in TypeScript; `None` if there is no acknowledgement.
    fn types(config: &Config) -> Option<Vec<String>>;

    /// Visits the types of the values.
    fn visit(visitor: &mut impl TypeVisitor);
}

impl Signature for NoAck {
    fn types(_: &Config) -> Option<Vec<String>> {
        None
    }

    fn visit(_: &mut impl TypeVisitor) {}
}

macro_rules! signature {
    ($($name:ident)*) => {
        impl<$($name: TS + 'static),*> Signature for ($($name,)*) {
            #[allow(clippy::allow_attributes, unused_variables, reason = "there may be none")]
            fn types(config: &Config) -> Option<Vec<String>> {
                Some(vec![$($name::name(config)),*])
            }

            #[allow(clippy::allow_attributes, unused_variables, reason = "there may be none")]
            fn visit(visitor: &mut impl TypeVisitor) {
                $(visitor.visit::<$name>();)*
            }
        }
    };
}

signature!();
signature!(A);
signature!(A B);
signature!(A B C);
signature!(A B C D);
signature!(A B C D E);
signature!(A B C D E F);
signature!(A B C D E F G);
signature!(A B C D E F G H);

/// Browsers get an `ArrayBuffer`, Node gets a `Buffer`, which is an `Uint8Array`; either can be sent.
impl TS for Binary {
    type WithoutGenerics = Binary;
    type OptionInnerType = Binary;

    fn docs() -> Option<String> {
        let said =
            "Bytes: browsers get an `ArrayBuffer`, Node gets a `Buffer`; either can be sent.";
        Some(format!("/**\n * {said}\n */\n"))
    }

    fn name(_: &Config) -> String {
        "Binary".to_owned()
    }

    fn inline(_: &Config) -> String {
        "ArrayBuffer | Uint8Array".to_owned()
    }

    fn decl(config: &Config) -> String {
        format!("type Binary = {};", Binary::inline(config))
    }

    fn decl_concrete(config: &Config) -> String {
        Binary::decl(config)
    }

    fn output_path() -> Option<PathBuf> {
        Some(PathBuf::from("Binary.ts"))
    }
}

/// An event's types in TypeScript.
pub(super) struct Form {
    arguments: Vec<String>,
    ack: Option<Vec<String>>,
}

impl Form {
    /// Describes an event, and collects the types that it names.
    pub(super) fn of<E>(declarations: &mut Declarations) -> Form
    where
        E: Event<Args: Signature, Ack: Signature>,
    {
        E::Args::visit(declarations);
        E::Ack::visit(declarations);
        Form {
            arguments: E::Args::types(&declarations.config).unwrap_or_default(),
            ack: E::Ack::types(&declarations.config),
        }
    }

    /// The function that an event of clients is.
    fn sent(&self) -> String {
        let ack = self.ack.as_deref().map(|values| match values {
            [] => format!("failure?: {FAILURE}"),
            [value] => format!("answer: {value} | {FAILURE}"),
            values => format!("...answer: [{}] | [{FAILURE}]", values.join(", ")),
        });
        self.function(ack)
    }

    /// The function that an event of the server is.
    fn received(&self) -> String {
        let ack = self.ack.as_deref().map(|values| named("answer", values));
        self.function(ack.map(|values| values.join(", ")))
    }

    fn function(&self, ack: Option<String>) -> String {
        let mut parameters = match &self.arguments[..] {
            [argument] => vec![format!("data: {argument}")],
            arguments => named("arg", arguments),
        };
        parameters.extend(ack.map(|ack| format!("ack: ({ack}) => void")));
        format!("({}) => void", parameters.join(", "))
    }
}

/// Parameters of these types; several are numbered from 1.
fn named(name: &str, types: &[String]) -> Vec<String> {
    match types {
        [only] => vec![format!("{name}: {only}")],
        types => {
            let numbered = types.iter().zip(1..);
            numbered
                .map(|(of, at)| format!("{name}{at}: {of}"))
                .collect()
        }
    }
}

/// The types that events name, each declared once.
pub(super) struct Declarations {
    config: Config,
    seen: HashSet<TypeId>,
    /// By name, so that the text is the same each time.
    texts: BTreeMap<String, String>,
    /// Names that stand for more than one type.
    torn: BTreeSet<String>,
}

impl Declarations {
    fn new() -> Declarations {
        Declarations {
            // JSON has numbers only.
            config: Config::new().with_large_int("number"),
            seen: HashSet::new(),
            texts: BTreeMap::new(),
            torn: BTreeSet::new(),
        }
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
        // Whatever has no file of its own is said where it is used.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        let declaration = T::decl(&self.config);
        let text = format!("{}export {declaration}\n", T::docs().unwrap_or_default());
        let text = commented(text);
        // A generic type is declared alike for all its parameters.
        let before = self.texts.insert(name.clone(), text);
        let is_torn = before.is_some_and(|before| before != self.texts[&name]);
        if is_torn || OWN.contains(&name.as_str()) {
            self.torn.insert(name);
        }
    }
}

/// A declaration whose comments end where they should, whatever is written in them: each of their
/// lines begins with a star.
fn commented(text: String) -> String {
    let ends = |line: &str| line.starts_with(" * ") && line.contains("*/");
    if !text.lines().any(ends) {
        return text;
    }
    let lines = text.split_inclusive('\n').map(|line| match ends(line) {
        true => line.replace("*/", "*\\/"),
        false => line.to_owned(),
    });
    lines.collect()
}

/// Writes the file.
pub(super) fn write(client: &[Declared], server: &[Declared]) -> Result<String, ContractError> {
    let mut declarations = Declarations::new();
    let client = forms(client, &mut declarations)?;
    let server = forms(server, &mut declarations)?;
    if let Some(name) = declarations.torn.pop_first() {
        return Err(ContractError::SameType(name));
    }
    let mut text =
        "// Written by the server from the events it declares. Changes here are lost.\n".to_owned();
    for declaration in declarations.texts.values() {
        text.push('\n');
        text.push_str(declaration);
    }
    if client.iter().any(|(_, form)| form.ack.is_some()) {
        text.push_str("\n/**\n * What the server acknowledges an event with that could not be handled.\n */\n");
        text.push_str("export interface HandlerFailure {\n");
        text.push_str("  error: { code: string; message: string; data?: unknown };\n}\n");
    }
    interface(&mut text, OWN[0], &client, Form::sent);
    interface(&mut text, OWN[1], &server, Form::received);
    Ok(text)
}

type Forms = Vec<(&'static str, Form)>;

/// Describes events of one direction.
fn forms(events: &[Declared], declarations: &mut Declarations) -> Result<Forms, ContractError> {
    let mut names = HashSet::new();
    let described = events.iter().map(|event| {
        if !names.insert(event.name) {
            return Err(ContractError::SameEvent(event.name.to_owned()));
        }
        Ok((event.name, (event.describe)(declarations)))
    });
    described.collect()
}

/// Writes the events of one direction.
fn interface(
    text: &mut String,
    name: &str,
    events: &[(&'static str, Form)],
    function: fn(&Form) -> String,
) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "\nexport interface {name} {{");
    for (event, form) in events {
        let _ = writeln!(text, "  {}: {};", key(event), function(form));
    }
    text.push_str("}\n");
}

/// A name as a member of an interface, in quotes where it needs them.
fn key(name: &str) -> String {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == '$';
    let mut letters = name.chars();
    let is_plain = letters.next().is_some_and(is_letter)
        && letters.all(|letter| is_letter(letter) || letter.is_ascii_digit());
    if is_plain {
        return name.to_owned();
    }
    // A text always has a JSON form, which TypeScript reads as the same text.
    serde_json::to_string(name).unwrap_or_default()
}
