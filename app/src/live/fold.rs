//! The order a command made, as it stands after all of the command's events: the live view and
//! the REST answers both use it, so that they cannot disagree.

use zaraba_engine::engine::OrderState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

/// The first order of a command; `None` when it was refused without a record or was a repeat.
pub fn placed(command: &Command, events: &[Event], at: Timestamp, seq: Seq) -> Option<OrderState> {
    let made = |event: &Event| match event {
        Event::Attached { .. } => None,
        event => OrderState::made(command, event, at, seq),
    };
    let mut order = events.iter().find_map(made)?;
    for event in events {
        order.follow(event, at, seq);
    }
    Some(order)
}
