//! Tokyo's quotes: what is shown while orders would move a price further than it may go: a special
//! quote, or a sequential one. How far that is: [`super::reach`]. Source: domain rules, section 2.

use crate::auction::Outcome;
use crate::engine::{Engine, Market};
use crate::event::Event;
use crate::jpx;
use crate::matching::reach::MINUTE;
use crate::matching::stage;
use crate::types::*;

/// For how long a special quote stands before it is renewed.
const RENEWAL: u64 = 3 * MINUTE;

/// Most times one command looks at a quote again after it traded or changed: from a quote to
/// an auction, to the opposite quote, and out.
const ROUNDS_MAX: u32 = 8;

impl Market {
    /// A special quote as it is shown from now on: without a time of renewal at the day's limit.
    fn special(&self, side: Side, price: i64, now: Timestamp) -> Quote {
        let width = jpx::renewal_width(Price(price));
        let due = if self.moved(price, side, width) == price { 0 } else { now.0 + RENEWAL };
        Quote { kind: QuoteKind::Special, side, price: Price(price), due: Timestamp(due) }
    }

    /// Prices from `widths` renewal widths below `price` to as many above, within the limits.
    pub(crate) fn around(&self, price: i64, widths: i64) -> (i64, i64) {
        if price == 0 {
            let high = if self.limit_up == 0 { i64::MAX } else { self.limit_up };
            return (self.limit_down.max(1), high);
        }
        let by = widths * jpx::renewal_width(Price(price));
        (self.moved(price, Side::Sell, by), self.moved(price, Side::Buy, by))
    }

    /// Prices an auction out of its special quote may have: from the quote, or from `price` that
    /// it moves on to, back to one width beyond where it came from.
    fn inside_quote(&self, price: i64) -> (i64, i64) {
        let (low, high) = self.around(price, 2);
        match self.shown.side {
            Side::Buy => (low, price),
            Side::Sell => (price, high),
        }
    }

    /// Which auction the book leads to while no quote is shown: the opening's, if that has found
    /// no price yet.
    fn free_auction(&self) -> AuctionKind {
        match self.stage {
            stage::OPENING => AuctionKind::Opening,
            stage::AFTERNOON_OPENING => AuctionKind::AfternoonOpening,
            _ => AuctionKind::Quote,
        }
    }

    /// Whether the last minute's trades went as far towards `side` as they may.
    fn ran_out(&self, side: Side, now: Timestamp) -> bool {
        let (from, last) = (self.window_reference(now), self.last_price);
        let (one, two) = (self.special_reach(side), self.sequential_reach(side, now));
        if self.tokyo.window_price == 0 {
            return false;
        }
        match side {
            Side::Buy => from < last && last <= two && two <= one,
            Side::Sell => from > last && last >= two && two >= one,
        }
    }
}

impl Engine {
    /// Looks whether a quote has to be shown, or can go, after a change of the book. A halted
    /// instrument's book waits as it is.
    pub(crate) fn check_quote(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        for _ in 0..ROUNDS_MAX {
            let market = &self.markets[instrument.0 as usize];
            if market.phase != Phase::Continuous || market.status != InstrumentStatus::Open {
                return;
            }
            let changed = match market.shown.kind {
                QuoteKind::Free => self.check_free(instrument, events),
                QuoteKind::Special => self.check_special(instrument, events),
                QuoteKind::Sequential => self.check_sequential(instrument, events),
            };
            if !changed {
                return;
            }
        }
    }

    /// Best bid and ask.
    fn touch(&self, market: &Market) -> (Option<i64>, Option<i64>) {
        let [bid, ask] = [0, 1].map(|i| self.books.best(&market.sides[i]).map(|l| l.price));
        (bid, ask)
    }

    /// Which side presses beyond what may trade now, if any: market orders left over, a book
    /// that is crossed, a best price further away than one width.
    fn pressing(&self, market: &Market) -> Option<Side> {
        let (bid, ask) = self.touch(market);
        let [buys, sells] = [0, 1].map(|i| self.books.market_queue(&market.sides[i]).is_some());
        if buys || sells {
            return Some(if buys { Side::Buy } else { Side::Sell });
        }
        if let (Some(bid), Some(ask)) = (bid, ask)
            && bid >= ask
        {
            let beyond = ask > market.reach(Side::Buy, self.at);
            return Some(if beyond { Side::Buy } else { Side::Sell });
        }
        if market.reference() == 0 {
            return None;
        }
        if bid.is_some_and(|bid| bid > market.special_reach(Side::Buy)) {
            return Some(Side::Buy);
        }
        ask.is_some_and(|ask| ask < market.special_reach(Side::Sell)).then_some(Side::Sell)
    }

    fn check_free(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) -> bool {
        // The order that a quote had come to may be gone by now.
        self.forget_special(instrument);
        let market = &self.markets[instrument.0 as usize];
        let Some(side) = self.pressing(market) else { return false };
        let against = &market.sides[side.opposite() as usize];
        let would_trade = self.books.best(against).is_some()
            && self.books.market_queue(against).is_none()
            && (self.books.market_queue(&market.sides[side as usize]).is_some()
                || matches!(self.touch(market), (Some(bid), Some(ask)) if bid >= ask));
        if would_trade && market.ran_out(side, self.at) {
            let price = Price(market.sequential_reach(side, self.at));
            let due = Timestamp(self.at.0 + MINUTE);
            let quote = Quote { kind: QuoteKind::Sequential, side, price, due };
            self.show(instrument, quote, events);
            return false;
        }
        let range = market.around(market.reference(), 1);
        let kind = market.free_auction();
        self.auction_or_quote(instrument, kind, range, events)
    }

    /// Holds the auction that the book allows now, if it does, in continuous trading: out of a
    /// special quote, or the one with the first price. Whether it did.
    pub(crate) fn try_auction(
        &mut self,
        instrument: InstrumentId,
        events: &mut Vec<Event>,
    ) -> bool {
        let market = &self.markets[instrument.0 as usize];
        let (kind, range) = match market.shown.kind {
            QuoteKind::Special => (AuctionKind::Quote, market.inside_quote(market.shown.price.0)),
            _ => (market.free_auction(), market.around(market.reference(), 1)),
        };
        let outcome = self.outlook(instrument, range);
        let priced = outcome.end == AuctionEnd::Priced;
        if priced {
            self.trade_at(instrument, kind, outcome, events);
        }
        priced
    }

    fn check_special(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) -> bool {
        let market = &self.markets[instrument.0 as usize];
        let (range, shown) = (market.inside_quote(market.shown.price.0), market.shown.side);
        let outcome = self.outlook(instrument, range);
        if outcome.end == AuctionEnd::Unpriced && outcome.excess() == Some(shown) {
            return false;
        }
        self.auction_or_quote(instrument, AuctionKind::Quote, range, events)
    }

    fn check_sequential(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) -> bool {
        let market = &self.markets[instrument.0 as usize];
        let Quote { side, price, .. } = market.shown;
        let [own, other] = [side, side.opposite()]
            .map(|side| self.books.market_queue(&market.sides[side as usize]).is_some());
        // Market orders of both sides can only meet in an auction.
        let stands = own != other && own
            || !other
                && match (self.touch(market), side) {
                    ((Some(bid), Some(ask)), Side::Buy) => bid >= ask && ask > price.0,
                    ((Some(bid), Some(ask)), Side::Sell) => bid >= ask && bid < price.0,
                    _ => false,
                };
        if stands {
            return false;
        }
        self.markets[instrument.0 as usize].tokyo.window_price = 0;
        self.show(instrument, Quote::FREE, events);
        true
    }

    /// Trades at an admissible price of the range if there is one; else a special quote stands
    /// at its end. Whether there is more to look at.
    fn auction_or_quote(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        range: (i64, i64),
        events: &mut Vec<Event>,
    ) -> bool {
        let outcome = self.outlook(instrument, range);
        match (outcome.end, outcome.excess()) {
            (AuctionEnd::Unpriced, excess) => {
                // Both sides press alike only where limits set by hand leave no price at all.
                let side = excess.unwrap_or(Side::Buy);
                let market = &self.markets[instrument.0 as usize];
                let quote = market.special(side, outcome.price, self.at);
                self.show(instrument, quote, events);
                false
            }
            (AuctionEnd::Priced, _) => {
                self.trade_at(instrument, kind, outcome, events);
                true
            }
            _ => self.quote_ends(instrument, events),
        }
    }

    /// Holds an auction that found a price in continuous trading, which is free again then. With the
    /// session's first price what was for its opening alone ends; later there is nothing of that in
    /// the book, and it is not looked through.
    fn trade_at(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        outcome: Outcome,
        events: &mut Vec<Event>,
    ) {
        let first = self.markets[instrument.0 as usize].awaits_first_price();
        self.hold_auction(instrument, kind, outcome, events);
        self.quote_ends(instrument, events);
        if first {
            self.end_after_auction(instrument, events);
        }
    }

    /// Trading is free again. Whether a quote ended.
    fn quote_ends(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) -> bool {
        let market = &mut self.markets[instrument.0 as usize];
        market.tokyo.window_price = 0;
        let shown = market.shown.kind != QuoteKind::Free;
        self.show(instrument, Quote::FREE, events);
        self.forget_special(instrument);
        shown
    }

    /// What is no longer shown measures nothing: the last price does again. Unless the quote has
    /// moved up to an order that would press against the last price at once: it would begin from
    /// there, over and over.
    fn forget_special(&mut self, instrument: InstrumentId) {
        let special = std::mem::take(&mut self.markets[instrument.0 as usize].tokyo.special);
        if special != 0 && self.pressing(&self.markets[instrument.0 as usize]).is_some() {
            self.markets[instrument.0 as usize].tokyo.special = special;
        }
    }

    /// Shows a quote, or none.
    pub(crate) fn show(&mut self, instrument: InstrumentId, quote: Quote, events: &mut Vec<Event>) {
        let market = &mut self.markets[instrument.0 as usize];
        if market.shown == quote {
            return;
        }
        market.shown = quote;
        if quote.kind == QuoteKind::Special {
            market.tokyo.special = quote.price.0;
        }
        self.retime(instrument);
        events.push(Event::QuoteChanged { instrument, quote });
    }

    /// A special quote whose time came during a halt stands for its three minutes again when that
    /// ends, so that orders can answer it. A sequential one ends then.
    pub(crate) fn resume_quote(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        let quote = market.shown;
        let missed = quote.due.0 != 0 && quote.due <= self.at;
        if market.status == InstrumentStatus::Open && quote.kind == QuoteKind::Special && missed {
            let due = Timestamp(self.at.0 + RENEWAL);
            self.show(instrument, Quote { due, ..quote }, events);
        }
    }

    /// The day's limits are others now: a special quote that stood at the old one moves on again, and
    /// one beyond the new one comes back to it. One on its way keeps its time.
    pub(crate) fn hold_quote_within_limits(
        &mut self,
        instrument: InstrumentId,
        events: &mut Vec<Event>,
    ) {
        let market = &self.markets[instrument.0 as usize];
        let Quote { kind, side, price, due } = market.shown;
        if kind != QuoteKind::Special {
            return;
        }
        let quote = market.special(side, market.moved(price.0, side, 0), self.at);
        if quote.price != price || (quote.due.0 == 0) != (due.0 == 0) {
            self.show(instrument, quote, events);
            self.after_trading(instrument, events);
        }
    }

    /// The time of a quote has come: a special quote moves on by one width, a sequential one
    /// ends in an auction.
    pub(crate) fn quote_due(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &self.markets[instrument.0 as usize];
        let Quote { kind, side, price, .. } = market.shown;
        match kind {
            QuoteKind::Free => {}
            QuoteKind::Special => {
                let to = market.moved(price.0, side, jpx::renewal_width(price));
                // A price on the way there comes first, the one nearest to the quote as it stood.
                let outcome = self.outlook(instrument, market.inside_quote(to));
                if outcome.end == AuctionEnd::Priced {
                    self.trade_at(instrument, AuctionKind::Quote, outcome, events);
                } else {
                    let quote = market.special(side, to, self.at);
                    self.show(instrument, quote, events);
                }
            }
            QuoteKind::Sequential => {
                let range = market.around(price.0, 1);
                self.auction_or_quote(instrument, AuctionKind::Quote, range, events);
            }
        }
        self.check_quote(instrument, events);
    }
}
