//! The derive macro of Trunkline: events as types.
//!
//! Not used directly: `trunkline::Event` is this macro and the trait that it implements.

mod attributes;
mod expand;
mod payload;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a struct or an enum an event: its name, its arguments, and what it is acknowledged with.
///
/// | type | arguments |
/// |---|---|
/// | `struct Typing { on: bool }` | one, an object |
/// | `struct Move(u32, u32);` | one for each field |
/// | `struct Leave;` | none |
/// | `enum Change { … }` | one, as serde writes it |
///
/// Structs with named fields and enums derive serde's `Deserialize` to be listened to, and
/// `Serialize` to be emitted. Of the others only the fields need to.
///
/// # `#[event(…)]`
///
/// - `name = "…"`: the event's name on the wire. Required.
/// - `ack = Type`: what the other side acknowledges it with: one value, a tuple for several values,
///   or `()` for an acknowledgement without any. Without `ack` nobody waits for one.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    expand::event(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
