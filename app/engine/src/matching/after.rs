//! What follows once a command has traded or changed a book: the one place where quotes are
//! looked at and waiting orders are set off, in a defined order.

use crate::engine::Engine;
use crate::event::Event;
use crate::types::*;

impl Engine {
    /// Ends a command's work in an instrument; called once, after its levels are announced.
    #[inline]
    pub(crate) fn after_trading(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        if self.markets[instrument.0 as usize].session_rules {
            self.check_short_rule(instrument, events);
            self.check_quote(instrument, events);
        }
    }
}
