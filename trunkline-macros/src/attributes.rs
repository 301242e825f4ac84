//! What `#[event(…)]` says.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Error, LitStr, Result, Type};

use crate::payload::{MOST, several};

/// Names that the protocol's libraries keep for themselves.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// The attribute, read.
pub(crate) struct Attributes {
    pub(crate) name: LitStr,
    pub(crate) ack: Option<Type>,
}

impl Attributes {
    /// Reads all `#[event(…)]` of a type.
    pub(crate) fn of(input: &DeriveInput) -> Result<Attributes> {
        let (mut name, mut ack) = (None, None);
        let attributes = input.attrs.iter();
        for attribute in attributes.filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    set(&mut name, &meta, read_name)
                } else if meta.path.is_ident("ack") {
                    set(&mut ack, &meta, read_ack)
                } else {
                    Err(meta.error("an event has `name = \"…\"` and `ack = Type`"))
                }
            })?;
        }
        let name = name.ok_or_else(|| {
            let message = "the event needs a name: `#[event(name = \"…\")]`";
            Error::new(input.ident.span(), message)
        })?;
        Ok(Attributes { name, ack })
    }
}

/// Reads a value that may be given once.
fn set<T>(
    place: &mut Option<T>,
    meta: &ParseNestedMeta<'_>,
    read: fn(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if place.is_some() {
        return Err(meta.error("given twice"));
    }
    *place = Some(read(meta)?);
    Ok(())
}

fn read_name(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let name: LitStr = meta.value()?.parse()?;
    let text = name.value();
    if RESERVED.contains(&text.as_str()) {
        let message = format!("the protocol keeps the name `{text}` for itself");
        return Err(Error::new(name.span(), message));
    }
    Ok(name)
}

fn read_ack(meta: &ParseNestedMeta<'_>) -> Result<Type> {
    let ack: Type = meta.value()?.parse()?;
    match several(&ack) {
        Some(values) if values.len() > MOST => {
            let message = format!("an acknowledgement has at most {MOST} values");
            Err(Error::new(ack.span(), message))
        }
        _ => Ok(ack),
    }
}
