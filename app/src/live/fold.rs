//! The order a command made, as it stands after all of the command's events: the live view and
//! the REST answers both use it, so that they cannot disagree.

use zaraba_engine::engine::OrderState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

pub use zaraba_engine::fold::amended_condition;

/// The first order of a command; `None` when it was refused without a record or was a repeat.
pub fn placed(command: &Command, events: &[Event], at: Timestamp, seq: Seq) -> Option<OrderState> {
    let made = |event: &Event| match event {
        Event::Attached { .. } => None,
        event => OrderState::made(command, event, at, seq),
    };
    let mut order = events.iter().find_map(made)?;
    for event in events {
        order.follow(command, event, at, seq);
    }
    Some(order)
}

/// Whether an amendment asked for what its order is already: it stands alone, moved no level and
/// no lock, and is told nowhere.
pub fn repeats(events: &[Event]) -> bool {
    matches!(events, [Event::Amended { kept_priority: true, .. }])
}
