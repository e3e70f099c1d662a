//! The call auction (itayose): which price, how much, and who gets it when one price level is
//! only partly filled. Pure functions over levels and claims: no book, order, account or phase
//! is known here, so the engine's auctions, the indicative price of a reader's copy and both
//! market profiles use the same code.
//!
//! `price` answers the first two questions in one walk over the levels that trade; `share`
//! answers the third. `twin` says the same rules once more, slowly, for tests.

mod price;
mod share;
#[cfg(test)]
mod tests;
#[cfg(any(test, feature = "oracle"))]
pub mod twin;

pub use price::{Outcome, Terms, at_close, price};
pub use share::{Claim, Priority, Sharing};
