//! What follows once a command has traded or changed a book: the one place where quotes are
//! looked at and waiting orders are set off, in a defined order.

use crate::engine::Engine;
use crate::event::Event;
use crate::types::*;

impl Engine {
    /// Ends a command's work in an instrument; called once, after its levels are announced.
    #[inline(always)]
    pub(crate) fn after_trading(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &mut self.markets[instrument.0 as usize];
        if market.guarded || market.stirred() {
            return self.after_more(instrument, events);
        }
        market.looked_at();
    }

    /// Looks at the quote, sets off what waits for the prices met, one after the other, and sets
    /// the timer by what is left.
    #[inline(never)]
    fn after_more(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        // Before anything is set off: it is measured from these prices.
        self.note_price(instrument);
        self.look_at_quote(instrument, events);
        while self.set_off_next(instrument, events) {
            self.look_at_quote(instrument, events);
        }
        if self.markets[instrument.0 as usize].session_rules {
            self.serve_odd_lots(instrument, events);
        } else {
            self.note_price(instrument);
        }
        self.retime(instrument);
    }

    fn look_at_quote(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        if market.session_rules {
            self.check_short_rule(instrument, events);
            self.check_quote(instrument, events);
        }
    }
}
