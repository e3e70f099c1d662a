//! The pure core of Zaraba.
//!
//! `apply(state, command) -> events`: no clock, no randomness, no I/O, no async, no floats,
//! no iteration over hash maps. The same commands give the same events and the same state
//! hash on every machine. Everything the platform trades on is decided here, and nothing
//! here knows that networks, disks or databases exist.

mod answers;
pub mod auction;
#[cfg(any(test, feature = "oracle"))]
pub mod bare;
mod book;
mod check;
pub mod command;
pub mod engine;
pub mod event;
pub mod fold;
mod hash;
mod index;
pub mod instrument;
pub mod jpx;
mod ledger;
mod matching;
mod memory;
mod money;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
mod orders;
pub mod reject;
mod replica;
mod snapshot;
pub mod types;

pub use command::Command;
pub use engine::{BalanceOutlook, CorrectionOutlook, Engine, correction_outlook};
pub use event::Event;
pub use reject::Reject;
pub use replica::{Replica, StateHash};

/// Version of the exported state's layout; a snapshot of another version is refused.
pub const STATE_VERSION: u32 = 8;
