//! Halts by order kind and side, circuit breakers, and call auctions begun by hand.

use crate::command::Breaker;
use crate::engine::Engine;
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

impl Engine {
    /// Sets an instrument's halts.
    pub(super) fn set_halts(
        &mut self,
        instrument: InstrumentId,
        halts: Halts,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.markets.get_mut(instrument.0 as usize);
        let market = market.ok_or(Reject::UnknownInstrument)?;
        if !Halts::ALL.has(halts) {
            return Err(Reject::InvalidSpec);
        }
        market.halts = halts;
        events.push(Event::HaltsChanged { instrument, halts });
        Ok(())
    }

    /// Sets an instrument's circuit breaker.
    pub(super) fn set_breaker(
        &mut self,
        instrument: InstrumentId,
        breaker: &Breaker,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (instrument, breaker, events);
        Err(Reject::InvalidSpec)
    }

    /// Begins a call auction.
    pub(super) fn start_call(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        seconds: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (instrument, kind, seconds, events);
        Err(Reject::NotInCall)
    }
}
