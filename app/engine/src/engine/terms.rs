//! Changes of what an instrument is: tick table, listed shares.

use crate::engine::Engine;
use crate::event::Event;
use crate::instrument::TickRule;
use crate::reject::Reject;
use crate::types::*;

impl Engine {
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
