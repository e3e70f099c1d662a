//! Ids, checked integers, inline text and enumerations: the vocabulary of the whole platform.
//!
//! Nothing here knows a rule. Every number is an integer with a named unit; arithmetic
//! that can overflow is checked and says so in its type (`Option`), never wraps.

/// An enumeration with a number and a stable code for each of its values.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal => $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)+ }

        impl $name {
            /// All of them, in order of number.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// Stable code, as in the public contract.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $code,)+ }
            }

            /// The one with this number, as written in journals and snapshots.
            pub fn from_number(number: u8) -> Option<$name> {
                match number { $($number => Some($name::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use code;

mod account;
mod ids;
mod market;
mod order;
mod text;

pub use account::*;
pub use ids::*;
pub use market::*;
pub use order::*;
pub use text::*;
