//! The broker's own order kinds: stop, OCO, if-done, period orders.

use crate::command::Contingent;
use crate::engine::{Engine, refuse};
use crate::event::Event;
use crate::reject::Reject;

impl Engine {
    /// Handles a contingent order.
    pub(super) fn place_contingent(&mut self, contingent: &Contingent, events: &mut Vec<Event>) {
        let _ = contingent;
        refuse(Reject::InvalidTrigger, events);
    }
}
