//! Changes of what an instrument is: tick table, listed shares.

use crate::engine::Engine;
use crate::event::Event;
use crate::instrument::TickRule;
use crate::reject::Reject;
use crate::types::*;

/// Trading days the short-sale price rule binds, the one that sets it off included.
const SHORT_DAYS: u8 = 2;

impl Engine {
    /// Whether the short-sale price rule begins to bind: once a trade prints at 90% of the base
    /// price or lower, until the end of the next day.
    pub(crate) fn check_short_rule(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &mut self.markets[instrument.0 as usize];
        let (low, base) = (i128::from(market.tokyo.low), i128::from(market.base_price));
        if low == 0 || low * 10 > base * 9 || market.tokyo.short_days == SHORT_DAYS {
            return;
        }
        market.tokyo.short_days = SHORT_DAYS;
        if !market.short_restricted {
            market.short_restricted = true;
            events.push(Event::ShortSaleRule { instrument, on: true });
        }
    }

    /// Sets an instrument's tick table.
    pub(super) fn set_ticks(
        &mut self,
        instrument: InstrumentId,
        ticks: TickRule,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (instrument, ticks, events);
        Err(Reject::InvalidSpec)
    }

    /// Sets an instrument's listed shares.
    pub(super) fn set_listed_shares(
        &mut self,
        instrument: InstrumentId,
        shares: Quantity,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (instrument, shares, events);
        Err(Reject::InvalidSpec)
    }
}
