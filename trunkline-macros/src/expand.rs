//! The implementation of `trunkline::Event`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Result, Type};

use crate::attributes::Attributes;
use crate::payload::{Payload, several};

/// Implements the trait for a type.
pub(crate) fn event(input: &DeriveInput) -> Result<TokenStream> {
    let Attributes { name, ack } = Attributes::of(input)?;
    let payload = Payload::of(input)?;
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let ack = ack_type(ack.as_ref());
    let members = members(&payload);
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::trunkline::Event for #ident #arguments #bounds {
            const NAME: &'static str = #name;
            type Ack = #ack;
            #members
        }
    })
}

/// The values of the acknowledgement: a single one is a tuple as well.
fn ack_type(ack: Option<&Type>) -> TokenStream {
    match ack {
        None => quote!(::trunkline::NoAck),
        Some(tuple) if several(tuple).is_some() => quote!(#tuple),
        Some(value) => quote!((#value,)),
    }
}

/// The types of the arguments, owned and borrowed, and how they are joined and taken apart.
fn members(payload: &Payload<'_>) -> TokenStream {
    match payload {
        Payload::Whole => quote! {
            type Args = (Self,);
            type Values<'__values> = (&'__values Self,) where Self: '__values;
            fn from_args((event,): Self::Args) -> Self {
                event
            }
            fn values(&self) -> Self::Values<'_> {
                (self,)
            }
        },
        Payload::Nothing => quote! {
            type Args = ();
            type Values<'__values> = () where Self: '__values;
            fn from_args((): Self::Args) -> Self {
                Self {}
            }
            fn values(&self) -> Self::Values<'_> {}
        },
        Payload::Fields(types) => {
            let names: Vec<_> = (0..types.len())
                .map(|at| format_ident!("field{at}"))
                .collect();
            quote! {
                type Args = (#(#types,)*);
                type Values<'__values> = (#(&'__values #types,)*) where Self: '__values;
                fn from_args((#(#names,)*): Self::Args) -> Self {
                    Self(#(#names),*)
                }
                fn values(&self) -> Self::Values<'_> {
                    let Self(#(#names),*) = self;
                    (#(#names,)*)
                }
            }
        }
    }
}
