//! How far Tokyo's prices may move: from where movements are measured, one renewal width at once, two in a
//! minute, and what the trades of a day are remembered for. What is shown when orders would move them
//! further: [`super::quotes`]. Source: domain rules, section 2; widths: the table in `jpx`.

use crate::auction::Priority;
use crate::book::Books;
use crate::engine::Market;
use crate::jpx;
use crate::orders::Hot;
use crate::types::*;

/// For how long trades count as one movement, and a sequential quote is held.
pub(crate) const MINUTE: u64 = 60_000_000_000;

/// Parts of the day a place in the queue can be of.
pub(crate) mod stage {
    /// Before the first price of the morning (and what earlier days left).
    pub(crate) const OPENING: u8 = 1;
    /// Before the first price of the afternoon.
    pub(crate) const AFTERNOON_OPENING: u8 = 3;
    /// For the close.
    pub(crate) const CLOSING: u8 = 5;
    /// For the close of a day without an afternoon.
    pub(crate) const HALF_DAY_CLOSING: u8 = 6;

    /// Whether orders gather for the close of the day.
    pub(crate) fn closes(stage: u8) -> bool {
        stage >= CLOSING
    }
}

impl Market {
    /// The price movements are measured from, zero: none. A special quote counts if one was shown
    /// since it traded.
    pub(crate) fn reference(&self) -> i64 {
        let today = if self.traded_today() { self.last_price } else { 0 };
        let [special, today, base, last] =
            [self.tokyo.special, today, self.base_price, self.last_price].map(Price);
        crate::instrument::reference(special, today, base, last).0
    }

    /// Whether the last price is of the present day; without sessions, whether there is one.
    pub(crate) fn traded_today(&self) -> bool {
        if self.session_rules { self.tokyo.traded } else { self.last_price != 0 }
    }

    /// The special quote that is measured from while orders gather for a session's auction; zero:
    /// none.
    pub(crate) fn carried(&self) -> Price {
        let gathers = matches!(self.phase, Phase::PreOpen | Phase::PreClose);
        Price(if gathers { self.tokyo.special } else { 0 })
    }

    /// How an order of the book stands to others at an auction's price: the rank of its group,
    /// and how the orders of that stand to each other. Orders from before the session's first
    /// price are simultaneous, then those of continuous trading go by time; at the close those
    /// that came for it are simultaneous again.
    pub(crate) fn group(&self, hot: &Hot) -> (u8, Priority) {
        if !self.session_rules {
            return (0, Priority::Time);
        }
        // The last stage before the present session's first price.
        let opening = match self.stage {
            stage::AFTERNOON_OPENING..=stage::CLOSING => stage::AFTERNOON_OPENING,
            _ => stage::OPENING,
        };
        match hot.stage & !Hot::CONDITIONED {
            at if at <= opening => (0, Priority::Simultaneous),
            at if stage::closes(at) => (2, Priority::Simultaneous),
            _ => (1, Priority::Time),
        }
    }

    /// Remembers the bound of a market order that comes to rest.
    pub(crate) fn note_market_order(&mut self, side: Side, bound: i64, books: &Books) {
        let first = books.market_queue(&self.sides[side as usize]).is_none();
        let known = &mut self.tokyo.market_bounds[side as usize];
        *known = match side {
            _ if first => bound,
            Side::Buy => bound.min(*known),
            Side::Sell => bound.max(*known),
        };
    }

    /// The price before the present minute of trades.
    pub(super) fn window_reference(&self, now: Timestamp) -> i64 {
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

    /// The day's lowest and highest price on tick; zero where there is no limit.
    pub(crate) fn extremes(&self) -> (i64, i64) {
        self.ticks().extremes(self.limit_down, self.limit_up)
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

    /// As [`Market::reach`], once a trade at `price` has printed in the same command.
    pub(crate) fn reach_after(&self, side: Side, price: i64, now: Timestamp) -> i64 {
        if !self.session_rules || self.reference() == 0 {
            return self.reach(side, now);
        }
        let one = self.moved(price, side, jpx::renewal_width(Price(price)));
        match side {
            Side::Buy => one.min(self.sequential_reach(side, now)),
            Side::Sell => one.max(self.sequential_reach(side, now)),
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
            _ if level == 0 => quote.price.0,
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
        if matches!(self.stage, stage::OPENING | stage::AFTERNOON_OPENING) {
            self.stage += 1;
        }
        tokyo.traded = true;
        if tokyo.first == 0 {
            tokyo.first = price;
        }
        tokyo.priced = true;
        tokyo.high = tokyo.high.max(price);
        tokyo.special = 0;
        tokyo.low = if tokyo.low == 0 { price } else { tokyo.low.min(price) };
    }
}
