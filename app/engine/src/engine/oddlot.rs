//! Odd lots: orders below the trading unit, against the house.

use crate::command::{OddLot, OddLotTerms};
use crate::engine::{Engine, refuse};
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

impl Engine {
    /// Handles an odd-lot order.
    pub(super) fn place_odd_lot(&mut self, order: &OddLot, events: &mut Vec<Event>) {
        let _ = order;
        refuse(Reject::OddLotUnavailable, events);
    }

    /// Sets an instrument's terms.
    pub(super) fn set_odd_lot_terms(
        &mut self,
        instrument: InstrumentId,
        terms: &OddLotTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (instrument, terms, events);
        Err(Reject::InvalidSpec)
    }
}
