//! Tokyo's quotes: how far a price may move at once (renewal width), and what is shown while
//! orders would move it further: a special quote, or a sequential one. Source: domain rules,
//! section 2; widths: the table in `jpx`.

use crate::engine::{Engine, Market};
use crate::event::Event;
use crate::jpx;
use crate::types::*;

/// For how long trades count as one movement, and a sequential quote is held.
pub(crate) const MINUTE: u64 = 60_000_000_000;

impl Market {
    /// The price movements are measured from: the last one of today, else the base price, else
    /// the last one there was; zero: none.
    pub(crate) fn reference(&self) -> i64 {
        if self.tokyo.traded || self.base_price == 0 { self.last_price } else { self.base_price }
    }

    /// The price before the present minute of trades.
    fn window_reference(&self, now: Timestamp) -> i64 {
        let recent = now.0.saturating_sub(self.tokyo.window_from.0) < MINUTE;
        if recent && self.tokyo.window_price != 0 {
            self.tokyo.window_price
        } else {
            self.reference()
        }
    }

    /// `price` moved by `by` in the direction `side` pushes it, but not beyond the day's limit,
    /// and back to a tick.
    pub(crate) fn moved(&self, price: i64, side: Side, by: i64) -> i64 {
        match side {
            Side::Buy => {
                let to = price.saturating_add(by);
                let to = if self.limit_up != 0 { to.min(self.limit_up) } else { to };
                to - to % self.tick_at(to)
            }
            Side::Sell => {
                let to = price.saturating_sub(by).max(self.limit_down).max(1);
                let tick = self.tick_at(to);
                to.checked_add((tick - to % tick) % tick).unwrap_or(price)
            }
        }
    }

    /// How far one movement may take the price on `side`: one renewal width from the reference.
    pub(crate) fn special_reach(&self, side: Side) -> i64 {
        let reference = self.reference();
        self.moved(reference, side, jpx::renewal_width(Price(reference)))
    }

    /// How far all trades of a minute may take it: two widths from where the minute began.
    pub(crate) fn sequential_reach(&self, side: Side, now: Timestamp) -> i64 {
        let from = self.window_reference(now);
        self.moved(from, side, 2 * jpx::renewal_width(Price(from)))
    }

    /// Worst price an order of this side may trade at in continuous trading.
    pub(crate) fn quote_reach(&self, side: Side, now: Timestamp) -> i64 {
        let held = self.shown.kind == QuoteKind::Sequential && self.shown.side == side;
        if held {
            return self.shown.price.0;
        }
        if self.reference() == 0 {
            return match side {
                Side::Buy => i64::MAX,
                Side::Sell => i64::MIN + 1,
            };
        }
        let (one, two) = (self.special_reach(side), self.sequential_reach(side, now));
        match side {
            Side::Buy => one.min(two),
            Side::Sell => one.max(two),
        }
    }

    /// Price at which an order of `side` trades with a level of the other side (zero: its
    /// market orders): the level's, but while a sequential quote is held no better than that.
    pub(crate) fn trade_price(&self, side: Side, level: i64) -> i64 {
        let quote = self.shown;
        if quote.kind != QuoteKind::Sequential || quote.side == side {
            return level;
        }
        match quote.side {
            Side::Buy if level == 0 => quote.price.0,
            Side::Buy => level.min(quote.price.0),
            Side::Sell => level.max(quote.price.0),
        }
    }

    /// Remembers a trade at `price`, before it becomes the last price.
    pub(crate) fn note_trade(&mut self, price: i64, now: Timestamp) {
        let before = self.reference();
        let tokyo = &mut self.tokyo;
        if tokyo.window_price == 0 || now.0.saturating_sub(tokyo.window_from.0) >= MINUTE {
            tokyo.window_from = now;
            tokyo.window_price = before;
        }
        if price != self.last_price {
            tokyo.previous = self.last_price;
        }
        tokyo.traded = true;
        tokyo.low = if tokyo.low == 0 { price } else { tokyo.low.min(price) };
    }
}

impl Engine {
    /// Looks whether a quote has to be shown, or can go, after a change of the book.
    pub(crate) fn check_quote(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let _ = (instrument, events);
    }
}
