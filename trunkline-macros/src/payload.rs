//! Which arguments an event has.

use syn::punctuated::Punctuated;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Result, Token, Type};

/// As many values as a packet can be read into.
pub(crate) const MOST: usize = 8;

/// How a type is laid out as arguments.
pub(crate) enum Payload<'a> {
    /// The type itself is the only argument.
    Whole,
    /// Each field is an argument, of this type.
    Fields(Vec<&'a Type>),
    /// A struct without fields.
    Nothing,
}

impl<'a> Payload<'a> {
    /// The arguments of a type.
    pub(crate) fn of(input: &'a DeriveInput) -> Result<Payload<'a>> {
        let fields = match &input.data {
            Data::Struct(data) => &data.fields,
            Data::Enum(_) => return Ok(Payload::Whole),
            Data::Union(_) => {
                let message = "an event is a struct or an enum";
                return Err(Error::new(input.ident.span(), message));
            }
        };
        match fields {
            Fields::Named(_) => Ok(Payload::Whole),
            Fields::Unit => Ok(Payload::Nothing),
            Fields::Unnamed(fields) => arguments(input, &fields.unnamed),
        }
    }
}

/// The types in a tuple type; `None` if it is another type.
///
/// A type that a macro of the application passed on stands in an invisible group.
pub(crate) fn several(ack: &Type) -> Option<&Punctuated<Type, Token![,]>> {
    match ack {
        Type::Tuple(tuple) => Some(&tuple.elems),
        Type::Group(group) => several(&group.elem),
        Type::Paren(paren) => several(&paren.elem),
        _ => None,
    }
}

/// The arguments of a struct whose fields have no names.
fn arguments<'a>(
    input: &'a DeriveInput,
    fields: &'a Punctuated<Field, Token![,]>,
) -> Result<Payload<'a>> {
    if fields.len() > MOST {
        let message = format!("an event has at most {MOST} arguments");
        return Err(Error::new(input.ident.span(), message));
    }
    for field in fields {
        refuse_unread(&field.attrs)?;
    }
    Ok(match fields.len() {
        0 => Payload::Nothing,
        _ => Payload::Fields(fields.iter().map(|field| &field.ty).collect()),
    })
}

/// Each field is an argument of its own, so what is said about it as a part of the struct would go
/// unheard.
fn refuse_unread(attributes: &[Attribute]) -> Result<()> {
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("serde") || path.is_ident("ts") {
            let message = "each field of this struct is an argument of its own, for which this \
                           attribute does not count; give the argument a type that has it, or \
                           the fields names";
            return Err(Error::new_spanned(attribute, message));
        }
    }
    Ok(())
}
